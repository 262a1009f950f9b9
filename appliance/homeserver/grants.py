"""How a signed grant becomes a bearer, and how grants are found, listed and ended (document 9)."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import STAMP_EVERY_US, ActiveSession
from appliance.homeserver.signup import Signup, parse_invite
from appliance.metadata import grants, nonces, users
from appliance.metadata.events import Author
from appliance.metadata.grants import GrantRow, GrantTerms
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.capabilities import is_root, list_text, parse_list
from appliance.pubky.grants import (
    BEARER_BYTES,
    BEARER_LIFETIME_S,
    PROOF_WINDOW_S,
    Grant,
    ProofOfPossession,
    bearer_token,
    parse_random_id,
)
from appliance.pubky.jws import Jws
from appliance.pubky.keys import PublicKey
from appliance.pubky.sessions import secret_hash
from appliance.pubky.timestamp import US_PER_SECOND

SIGNUP_CLIENT_ID = "pubky.signup"
SIGNUP_LIFETIME_S = 300
SIGNUP_SKEW_S = 180


@dataclass(frozen=True, slots=True)
class GrantSession(ActiveSession):
    """A session by bearer; `id` is the grant's row, `jti` its name, `_s` are seconds."""

    jti: str
    client_id: str
    bearer_expires_s: int
    grant_expires_s: int

    @property
    def author(self) -> Author:
        """See `ActiveSession.author`."""
        return Author(grant_id=self.id)

    @property
    def credential(self) -> str:
        """See `ActiveSession.credential`."""
        return _credential(self.id)

    @property
    def auth_method(self) -> str:
        """See `ActiveSession.auth_method`."""
        return "grant"


@dataclass(frozen=True, slots=True)
class NewBearer:
    """A bearer that was just made, which only its client will keep, and what it stands for."""

    token: str
    session: GrantSession


class Grants:
    """Signing up and in by grant, being recognised, and revoking."""

    def __init__(
        self,
        metadata: Metadata,
        clock: Clock,
        homeserver: PublicKey,
        signup: Signup,
        revocations: Revocations,
    ) -> None:
        self._metadata = metadata
        self._clock = clock
        self._homeserver = homeserver
        self._signup = signup
        self._revocations = revocations

    async def sign_up(self, grant_jws: Jws, proof_jws: Jws, invite: str | None) -> None:
        """A new user, no session and no grant (9.3, sign-up grants, in that order).

        Raises PubkyError invalid, unauthenticated, forbidden or conflict; then nothing but the
        spent nonce has changed.
        """
        parsed = parse_invite(invite)
        now_us = self._clock()
        grant = Grant.verify(grant_jws, now_us // US_PER_SECOND)
        _check_signup_grant(grant, now_us // US_PER_SECOND)
        await self._accept_proof(proof_jws, grant, now_us)
        await self._signup.create_user(grant.issuer, parsed)

    async def exchange(self, grant_jws: Jws, proof_jws: Jws) -> NewBearer:
        """A bearer for a grant, the first one or the next; the one before ends (9.3).

        Raises PubkyError invalid, unauthenticated, not_found or forbidden.
        """
        now_us = self._clock()
        grant = Grant.verify(grant_jws, now_us // US_PER_SECOND)
        known = await self._metadata.peek(grants.find, grant.issuer.z32, grant.jti)
        if known is not None and known.revoked_us is not None:
            raise _revoked()
        await self._accept_proof(proof_jws, grant, now_us)
        token = bearer_token(secrets.token_bytes(BEARER_BYTES))
        session = await self._metadata.write(_mint, grant, secret_hash(token), now_us)
        return NewBearer(token, session)

    async def find(self, bearer: str) -> GrantSession | None:
        """The session of this bearer, while bearer and grant are neither expired nor revoked."""
        now_us = self._clock()
        found = await self._metadata.peek(
            grants.find_by_bearer, secret_hash(bearer), now_us // US_PER_SECOND
        )
        if found is None:
            return None
        if now_us - found.grant.last_used_us > STAMP_EVERY_US:
            # Reads go on when the disk is full; the stamp waits for better days.
            with suppress(PubkyError):
                await self._metadata.write(grants.stamp_use, found.grant.id, now_us)
        return _session(found.grant, found.expires_s, found.grant.created_us)

    async def list_open(self, session: ActiveSession) -> list[GrantRow]:
        """The user's grants that still work; raises PubkyError forbidden without root."""
        _require_root(session)
        now_s = self._clock() // US_PER_SECOND
        return await self._metadata.read(grants.list_open, session.user.z32, now_s)

    async def revoke(self, session: ActiveSession, grant_id: str) -> None:
        """End a grant of the session's user by its name, for ever.

        Raises PubkyError forbidden without root, invalid for a malformed name, not_found for one
        that this user never signed: whether somebody else did is nobody's business.
        """
        _require_root(session)
        try:
            jti = parse_random_id(grant_id)
        except PubkyError:
            raise invalid("Invalid grant ID format") from None
        row_id = await self._metadata.write(_revoke_by_name, session.user.z32, jti, self._clock())
        self._revocations.announce(_credential(row_id))

    async def sign_out(self, session: GrantSession) -> None:
        """End the grant of this very session for ever."""
        await self._metadata.write(grants.revoke, session.id, self._clock())
        self._revocations.announce(session.credential)

    async def _accept_proof(self, proof_jws: Jws, grant: Grant, now_us: int) -> None:
        """Verify a proof and spend its nonce; raises PubkyError unauthenticated.

        Spent in a commit of its own before any later step, so that no proof is ever used twice,
        whatever becomes of the request.
        """
        now_s = now_us // US_PER_SECOND
        proof = ProofOfPossession.verify(proof_jws, grant, self._homeserver, now_s)
        fresh = await self._metadata.write(
            nonces.spend_pop_nonce,
            grant.cnf.z32,
            proof.nonce,
            proof.issued_s + PROOF_WINDOW_S,
            now_s,
        )
        if not fresh:
            raise PubkyError("unauthenticated", "PoP nonce already used")


def _check_signup_grant(grant: Grant, now_s: int) -> None:
    if grant.client_id != SIGNUP_CLIENT_ID:
        raise invalid(f"signup grants must use client_id {SIGNUP_CLIENT_ID}")
    if not is_root(grant.capabilities):
        raise PubkyError("forbidden", "Root capability required")
    if grant.issued_s > now_s + SIGNUP_SKEW_S:
        raise invalid("signup grant iat is too far in the future")
    if grant.expires_s - grant.issued_s > SIGNUP_LIFETIME_S:
        raise invalid("signup grant lifetime exceeds 5 minutes")


def _mint(tx: Tx, grant: Grant, bearer_hash: bytes, now_us: int) -> GrantSession:
    user = users.find(tx, grant.issuer.z32)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    if user.suspended:
        raise PubkyError("forbidden", "User is suspended")
    terms = GrantTerms(
        grant.jti,
        grant.client_id,
        grant.cnf.z32,
        list_text(grant.capabilities),
        grant.issued_s,
        grant.expires_s,
    )
    grants.create(tx, user.id, terms, now_us)
    row = grants.find(tx, user.public_key, grant.jti)
    # A bearer stands for the stored terms. If a second grant could take an earlier one's name, its
    # holder would get rights that this grant does not give (9.3).
    if row is None or row.terms != terms:
        raise PubkyError("unauthenticated", "Invalid grant: invalid grant signature")
    if row.revoked_us is not None:
        raise _revoked()
    bearer_expires_s = now_us // US_PER_SECOND + BEARER_LIFETIME_S
    grants.replace_bearer(tx, row.id, bearer_hash, bearer_expires_s, now_us)
    return _session(row, bearer_expires_s, now_us)


def _revoke_by_name(tx: Tx, user: str, jti: str, now_us: int) -> int:
    row = grants.find(tx, user, jti)
    if row is None:
        raise PubkyError("not_found", "Not Found")
    grants.revoke(tx, row.id, now_us)
    return row.id


def _session(row: GrantRow, bearer_expires_s: int, created_us: int) -> GrantSession:
    return GrantSession(
        id=row.id,
        user=PublicKey.parse(row.user),
        capabilities=parse_list(row.terms.capabilities),
        created_us=created_us,
        jti=row.terms.jti,
        client_id=row.terms.client_id,
        bearer_expires_s=bearer_expires_s,
        grant_expires_s=row.terms.expires_s,
    )


def _credential(row_id: int) -> str:
    return f"grant:{row_id}"


def _require_root(session: ActiveSession) -> None:
    if not is_root(session.capabilities):
        raise PubkyError("forbidden", "Root capability required")


def _revoked() -> PubkyError:
    return PubkyError("unauthenticated", "Grant has been revoked")
