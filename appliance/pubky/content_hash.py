"""The BLAKE3 hash of a body and its two texts: the ETag and the feed's `content_hash`."""

from base64 import b64encode
from dataclasses import dataclass

from blake3 import blake3


@dataclass(frozen=True, slots=True)
class ContentHash:
    """A 32-byte BLAKE3 hash."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise ValueError("a content hash has 32 bytes")

    @property
    def base64(self) -> str:
        """Standard base64 with padding, 44 characters: the form of event streams."""
        return b64encode(self.raw).decode("ascii")

    @property
    def etag(self) -> str:
        """The strong entity tag, quotes included (client API 9.2)."""
        return f'"{self.base64}"'


def content_hash(data: bytes) -> ContentHash:
    """The hash of a whole body; a stream is hashed where it is written."""
    return ContentHash(blake3(data).digest())
