"""Compact JWS as the grant flow uses it: EdDSA over `header.claims`, JSON read strictly.

Two readers that disagree about a signed text are an attack, so what JSON leaves open is refused
here: repeated names, other encodings than UTF-8, base64url that has a second spelling.
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, Self

from appliance.errors import PubkyError, invalid
from appliance.pubky.keys import Keypair, PublicKey

# As generous as for the cookie flow's tokens; room for hundreds of capabilities.
MAX_CHARACTERS = 65_536
ALGORITHM = "EdDSA"
# The largest integer that a database column holds.
MAX_INTEGER = 2**63 - 1

_BASE64URL = re.compile("[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Jws:
    """The three texts between the dots, not decoded yet."""

    header: str
    claims: str
    signature: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Splits a compact JWS; raises `invalid` unless it is three parts of ASCII."""
        parts = text.split(".", 3) if len(text) <= MAX_CHARACTERS and text.isascii() else []
        if len(parts) != 3:
            raise invalid("a JWS has three parts")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.header}.{self.claims}.{self.signature}"

    def header_members(self) -> dict[str, Any]:
        """The header's members; raises `invalid`."""
        return _json_object(base64url_decode(self.header))

    def claim_members(self) -> dict[str, Any]:
        """The claims as they stand, before any signature is looked at; raises `invalid`."""
        return _json_object(base64url_decode(self.claims))

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether the header says EdDSA and the signature is this key's."""
        try:
            algorithm = self.header_members().get("alg")
            signature = base64url_decode(self.signature)
        except PubkyError:
            return False
        message = f"{self.header}.{self.claims}".encode("ascii")
        return algorithm == ALGORITHM and key.verify(message, signature)


def sign_jws(keypair: Keypair, typ: str, claims: dict[str, Any]) -> str:
    """A compact JWS by `keypair`; the claims are signed as given, in their order."""
    header = {"alg": ALGORITHM, "typ": typ}
    message = ".".join(base64url_encode(_compact(part)) for part in (header, claims))
    return f"{message}.{base64url_encode(keypair.sign(message.encode('ascii')))}"


def text_claim(claims: dict[str, Any], name: str) -> str:
    """A claim that must be text; raises `invalid`."""
    value = claims.get(name)
    if not isinstance(value, str):
        raise invalid(f"`{name}` must be a string")
    return value


def integer_claim(claims: dict[str, Any], name: str) -> int:
    """A claim that must be an integer from 0 to 2^63 - 1; raises `invalid`."""
    value = claims.get(name)
    # JSON's true and false are integers to Python.
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise invalid(f"`{name}` must be a non-negative integer")
    return value


def texts_claim(claims: dict[str, Any], name: str) -> list[str]:
    """A claim that must be an array of texts; raises `invalid`."""
    value = claims.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(f"`{name}` must be an array of strings")
    return value


def strict_json(data: bytes) -> Any:
    """The value of a JSON text in UTF-8 whose objects name nothing twice; raises `invalid`."""
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        # Also for numbers of thousands of digits, and for nesting that only an attacker writes.
        raise invalid("not a JSON text") from None


def base64url_encode(data: bytes) -> str:
    """RFC 4648 section 5 without padding."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def base64url_decode(text: str) -> bytes:
    """The bytes of unpadded base64url; raises `invalid` for any but the canonical spelling."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise invalid("not unpadded base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url_encode(data) != text:
        raise invalid("base64url with surplus bits")
    return data


def _json_object(data: bytes) -> dict[str, Any]:
    value = strict_json(data)
    if not isinstance(value, dict):
        raise invalid("not a JSON object")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is given twice")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _compact(members: dict[str, Any]) -> bytes:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
