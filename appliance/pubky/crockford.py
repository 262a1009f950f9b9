"""Crockford base32, the text form of session secrets and signup tokens."""

import base64
import re

from appliance.errors import invalid

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FROM_RFC4648 = str.maketrans(_RFC4648, ALPHABET, "=")
_TO_RFC4648 = str.maketrans(ALPHABET, _RFC4648)
_LOOKALIKES = str.maketrans("OIL", "011")
_VALID = re.compile("[0-9A-TV-Za-tv-z]*")


def encode(data: bytes) -> str:
    """Upper-case text, most significant bit first, without padding, surplus bits zero."""
    return base64.b32encode(data).decode("ascii").translate(_FROM_RFC4648)


def decode(text: str) -> bytes:
    """The whole bytes in `text`: either case, `I` and `L` are 1, `O` is 0, surplus bits ignored.

    Raises `invalid` for any other character, hyphens and `U` included.
    """
    if not _VALID.fullmatch(text):
        raise invalid("Invalid Crockford base32 text")
    padded = canonical(text).translate(_TO_RFC4648) + "A" * (-len(text) % 8)
    return base64.b32decode(padded)[: len(text) * 5 // 8]


def canonical(text: str) -> str:
    """`text` in the letters that `encode` uses; other characters stay, so hyphens may remain."""
    return text.upper().translate(_LOOKALIKES)
