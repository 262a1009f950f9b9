"""One PUT or DEL in the log: its two texts, a feed line and an SSE frame, and cursors to it."""

import re
from dataclasses import dataclass

from appliance.errors import PubkyError, invalid
from appliance.pubky import crockford
from appliance.pubky.content_hash import ContentHash

LARGEST_ID = 2**63 - 1

_U64 = 2**64 - 1
# Rust's number parser, whose verdicts clients know, takes a plus sign and leading zeros.
_NUMBER = re.compile(r"\+?[0-9]{1,40}")
_TIMESTAMP_CHARACTERS = 13


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the log: after the event with this id, or after the one of this time.

    Exactly one of the two is set. Times are the cursors of old clients: microseconds since the
    Unix epoch, equal to the creation time of some event.
    """

    id: int | None = None
    created_us: int | None = None


def parse_cursor(text: str) -> Cursor:
    """A cursor of the feed or a stream (client API 12): a number or 13 Crockford characters.

    Numbers beyond the largest possible id mean the largest one. Raises `invalid` with "Invalid
    cursor".
    """
    while text.startswith("pubky://"):
        text = text.removeprefix("pubky://")
    if _NUMBER.fullmatch(text):
        number = int(text)
        if number <= _U64:
            return Cursor(id=min(number, LARGEST_ID))
    if len(text) == _TIMESTAMP_CHARACTERS:
        try:
            raw = crockford.decode(text)
        except PubkyError:
            raise invalid("Invalid cursor") from None
        return Cursor(created_us=min(int.from_bytes(raw), LARGEST_ID))
    raise invalid("Invalid cursor")


def feed_line(kind: str, user: str, path: str) -> str:
    """An event's line in `GET /events/`, without a line end (client API 12)."""
    return f"{kind} pubky://{user}{path}"


def sse_frame(event_id: int, kind: str, user: str, path: str, content_hash: bytes | None) -> bytes:
    """An event's frame in `GET /events-stream`, ending with the empty line (client API 13.4).

    `content_hash` is present exactly for PUT.
    """
    frame = f"event: {kind}\ndata: pubky://{user}{path}\ndata: cursor: {event_id}\n"
    if content_hash is not None:
        frame += f"data: content_hash: {ContentHash(content_hash).base64}\n"
    return f"{frame}\n".encode()
