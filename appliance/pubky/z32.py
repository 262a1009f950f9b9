"""z-base-32, the text form of public keys: lower case, most significant bit first, unpadded."""

import base64
import re

from appliance.errors import invalid

ALPHABET = "ybndrfg8ejkmcpqxot1uwisza345h769"

_RFC4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FROM_RFC4648 = str.maketrans(_RFC4648, ALPHABET, "=")
_TO_RFC4648 = str.maketrans(ALPHABET, _RFC4648)
_VALID = re.compile(f"[{ALPHABET}]*")


def encode(data: bytes) -> str:
    """The canonical text of `data`: eight characters for every five bytes, surplus bits zero."""
    return base64.b32encode(data).decode("ascii").translate(_FROM_RFC4648)


def decode(text: str) -> bytes:
    """The whole bytes in `text`; surplus bits are ignored, so several texts give the same bytes.

    Compare, store and print only what `encode` returns. Raises `invalid` for any character outside
    the alphabet, upper case included.
    """
    if not _VALID.fullmatch(text):
        raise invalid("Invalid z-base-32 text")
    # Padding with zero bits instead of `=` lets every length through, as other decoders do.
    padded = text.translate(_TO_RFC4648) + "A" * (-len(text) % 8)
    return base64.b32decode(padded)[: len(text) * 5 // 8]
