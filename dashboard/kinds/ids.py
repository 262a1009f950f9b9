"""The names of objects: moments and hashes in Crockford's base32, and people's keys in z-base-32.

v0 decodes leniently (lower case, O for 0, I and L for 1, surplus bits), so one id has several
spellings and each is a stored key of its own: they are read, flagged, and never merged. v1 accepts
the canonical spelling only.
"""

import base64
import re
from dataclasses import dataclass

from blake3 import blake3

from dashboard.addresses import AddressError, parse_public_key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# v0 readers accept no timestamp id before 2024-10-01 and none two hours ahead of their clock.
EARLIEST_US = 1_727_740_800_000_000
AHEAD_US = 2 * 3600 * 1_000_000

_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FROM_RFC4648 = str.maketrans(_RFC4648, ALPHABET, "=")
_TO_RFC4648 = str.maketrans(ALPHABET, _RFC4648)
_ALIASES = str.maketrans("OIL", "011")
# Without U: the reference's decoder (base32 0.4 and 0.5, tried) does not take it for V.
_LENIENT = re.compile("[0-9A-TV-Za-tv-z]+")
_KEY_LETTERS = re.compile("[ybndrfg8ejkmcpqxot1uwisza345h769]{52}")


@dataclass(frozen=True, slots=True)
class Id:
    """An id's bytes, and whether its text is the one spelling that encoding them gives."""

    text: str
    data: bytes

    @property
    def is_canonical(self) -> bool:
        """Whether every reader takes this spelling for this id."""
        return encode(self.data) == self.text

    @property
    def us(self) -> int:
        """Microseconds since 1970, if it is a timestamp id."""
        return int.from_bytes(self.data, signed=True)


def encode(data: bytes) -> str:
    """Upper-case Crockford base32, most significant bit first, without padding."""
    return base64.b32encode(data).decode("ascii").translate(_FROM_RFC4648)


def timestamp_id(us: int) -> str:
    """The 13 characters for a moment in microseconds since 1970, 0 to 2**63 - 1.

    Their order as text is their order in time. Raises `OverflowError` beyond that range.
    """
    if us < 0:
        raise OverflowError("timestamp ids begin in 1970")
    return encode(us.to_bytes(8, signed=True))


def hash_id(data: bytes) -> str:
    """The 26 characters for the first half of the BLAKE3 hash of `data`."""
    return encode(blake3(data).digest()[:16])


def text_hash_id(text: str) -> str:
    """The hash id of a text in UTF-8."""
    return hash_id(text.encode())


def parse_timestamp_id(text: str) -> Id | None:
    """Read 13 characters as v0 does, or None if they are no id."""
    return _parse(text, 13, 8)


def parse_hash_id(text: str) -> Id | None:
    """Read 26 characters as v0's aliases allow, or None if they are no id."""
    return _parse(text, 26, 16)


def is_key(text: str) -> bool:
    """Whether this is the canonical text of a public key."""
    try:
        parse_public_key(text)
    except AddressError:
        return False
    return True


def is_loosely_a_key(text: str) -> bool:
    """Whether v0 takes this for a key: 52 letters, whatever their four surplus bits."""
    return _KEY_LETTERS.fullmatch(text) is not None


def _parse(text: str, characters: int, size: int) -> Id | None:
    if len(text) != characters or not _LENIENT.fullmatch(text):
        return None
    rfc4648 = text.upper().translate(_ALIASES).translate(_TO_RFC4648)
    return Id(text, base64.b32decode(rfc4648 + "=" * (-len(text) % 8))[:size])
