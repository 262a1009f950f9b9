"""Grants and proofs of possession: what the user signs, and what the app signs (document 9).

A user signs a grant for an app's key once; the app proves with each exchange that it holds that
key, for this homeserver and at this time, and gets a bearer that lives for an hour.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from appliance.errors import PubkyError, invalid
from appliance.pubky.capabilities import Capability
from appliance.pubky.jws import (
    Jws,
    base64url_encode,
    integer_claim,
    sign_jws,
    text_claim,
    texts_claim,
)
from appliance.pubky.keys import Keypair, PublicKey

GRANT_TYPE = "pubky-grant"
PROOF_TYPE = "pubky-pop"
MAX_CLIENT_ID_BYTES = 253
RANDOM_ID_BYTES = 16
PROOF_WINDOW_S = 180
BEARER_BYTES = 32
BEARER_LIFETIME_S = 3600

_RANDOM_ID = re.compile("[A-Za-z0-9_-]{1,22}")
# Half a surrogate pair has no bytes, and some databases cannot hold a zero character.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_AUTHORIZATION = re.compile(r"Bearer ([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allows an app: `cnf` is the app's key, `jti` names the grant, times in seconds.

    The app chooses `jti`, so it names a grant only together with the issuer.
    """

    issuer: PublicKey
    client_id: str
    capabilities: tuple[Capability, ...]
    cnf: PublicKey
    jti: str
    issued_s: int
    expires_s: int

    @classmethod
    def verify(cls, jws: Jws, now_s: int) -> Self:
        """Checks form, signature, type and age in the order of 9.3; `issued_s` is not judged.

        Raises PubkyError invalid or unauthenticated with the words of 9.3.
        """
        try:
            grant = cls._from_claims(jws.claim_members())
        except PubkyError:
            raise invalid("Invalid grant: invalid grant format") from None
        if not jws.is_signed_by(grant.issuer):
            raise PubkyError("unauthenticated", "Invalid grant: invalid grant signature")
        if jws.header_members().get("typ") != GRANT_TYPE:
            raise invalid(f"Invalid grant: invalid grant header type, expected {GRANT_TYPE}")
        if grant.expires_s <= now_s:
            raise PubkyError("unauthenticated", "Invalid grant: grant has expired")
        return grant

    @classmethod
    def _from_claims(cls, claims: dict[str, Any]) -> Self:
        client_id = text_claim(claims, "client_id")
        if _UNSTORABLE.search(client_id) or not 0 < len(client_id.encode()) <= MAX_CLIENT_ID_BYTES:
            raise invalid("`client_id` must have 1 to 253 bytes")
        return cls(
            issuer=PublicKey.parse(text_claim(claims, "iss")),
            client_id=client_id,
            capabilities=tuple(map(Capability.parse, texts_claim(claims, "caps"))),
            cnf=PublicKey.parse(text_claim(claims, "cnf")),
            jti=parse_random_id(text_claim(claims, "jti")),
            issued_s=integer_claim(claims, "iat"),
            expires_s=integer_claim(claims, "exp"),
        )

    def signed(self, user: Keypair) -> str:
        """The grant as its issuer hands it out; `user` should be the issuer."""
        claims = {
            "iss": self.issuer.z32,
            "client_id": self.client_id,
            "caps": [str(capability) for capability in self.capabilities],
            "cnf": self.cnf.z32,
            "jti": self.jti,
            "iat": self.issued_s,
            "exp": self.expires_s,
        }
        return sign_jws(user, GRANT_TYPE, claims)


@dataclass(frozen=True, slots=True)
class ProofOfPossession:
    """That the holder of a grant's `cnf` key speaks to this homeserver now; time in seconds."""

    audience: PublicKey
    grant_id: str
    nonce: str
    issued_s: int

    @classmethod
    def verify(cls, jws: Jws, grant: Grant, audience: PublicKey, now_s: int) -> Self:
        """Checks in the order of 9.3 step 6; exactly 180 s of difference still pass.

        A nonce is the caller's step. Raises PubkyError unauthenticated with the words of 9.3.
        """
        try:
            proof = cls._from_claims(jws.claim_members())
        except PubkyError:
            raise _unproven("invalid PoP signature") from None
        if not jws.is_signed_by(grant.cnf):
            raise _unproven("invalid PoP signature")
        if jws.header_members().get("typ") != PROOF_TYPE:
            raise _unproven(f"invalid PoP header type, expected {PROOF_TYPE}")
        if proof.audience != audience:
            raise _unproven("PoP audience mismatch")
        if proof.grant_id != grant.jti:
            raise _unproven("PoP grant ID mismatch")
        if abs(proof.issued_s - now_s) > PROOF_WINDOW_S:
            raise _unproven("PoP timestamp out of range")
        return proof

    @classmethod
    def _from_claims(cls, claims: dict[str, Any]) -> Self:
        return cls(
            audience=PublicKey.parse(text_claim(claims, "aud")),
            grant_id=parse_random_id(text_claim(claims, "gid")),
            nonce=parse_random_id(text_claim(claims, "nonce")),
            issued_s=integer_claim(claims, "iat"),
        )

    def signed(self, client: Keypair) -> str:
        """The proof as an app sends it; `client` should hold the grant's `cnf` key."""
        claims = {
            "aud": self.audience.z32,
            "gid": self.grant_id,
            "nonce": self.nonce,
            "iat": self.issued_s,
        }
        return sign_jws(client, PROOF_TYPE, claims)


def parse_random_id(text: str) -> str:
    """Checks the name of a grant or a nonce (9.1); raises `invalid`."""
    if not _RANDOM_ID.fullmatch(text):
        raise invalid("an id has 1 to 22 characters of base64url")
    return text


def random_id(random: bytes) -> str:
    """The id of 16 random bytes: 22 characters."""
    if len(random) != RANDOM_ID_BYTES:
        raise ValueError(f"an id is made of {RANDOM_ID_BYTES} bytes")
    return base64url_encode(random)


def bearer_token(random: bytes) -> str:
    """The bearer of 32 random bytes: 43 characters."""
    if len(random) != BEARER_BYTES:
        raise ValueError(f"a bearer is made of {BEARER_BYTES} bytes")
    return base64url_encode(random)


def bearer_of(authorization: str) -> str | None:
    """The bearer in an `Authorization` value of exactly the form of 9.4; None for any other."""
    match = _AUTHORIZATION.fullmatch(authorization)
    return match[1] if match else None


def _unproven(reason: str) -> PubkyError:
    return PubkyError("unauthenticated", f"Invalid PoP proof: {reason}")
