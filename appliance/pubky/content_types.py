"""The media type of an uploaded file: its first bytes decide, then its name's extension.

Decided once, at write time; the request's `Content-Type` is ignored (client API 10).
"""

from appliance.pubky.content_signatures import SIGNATURES
from appliance.pubky.content_type_tables import TYPE_OF_EXTENSION

SNIFF_BYTES = 8192
OCTET_STREAM = "application/octet-stream"


def detect_content_type(head: bytes, size: int, file_name: str) -> str:
    """The type of a file of `size` bytes whose first min(`SNIFF_BYTES`, `size`) bytes are `head`.

    Anything longer is cut, so that the result never depends on how the upload was chunked.
    `file_name` is the last segment of the storage path. Never adds a charset.
    """
    sniffed = head[: min(SNIFF_BYTES, size)]
    for media_type, matches in SIGNATURES:
        if matches(sniffed):
            return media_type
    stem, _, extension = file_name.rpartition(".")
    if not stem:
        return OCTET_STREAM
    return TYPE_OF_EXTENSION.get(extension.lower(), OCTET_STREAM)
