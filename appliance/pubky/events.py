"""One PUT or DEL in the log, and the two texts it has: a feed line and an SSE frame."""

from dataclasses import dataclass
from typing import Literal

from appliance.pubky.content_hash import ContentHash
from appliance.pubky.keys import PublicKey

EventKind = Literal["PUT", "DEL"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the log.

    `id` is its cursor: global, from 1, strictly increasing, with gaps. `path` is the storage path
    with its leading slash. `content_hash` is present exactly for PUT. `created_us` counts
    microseconds since the Unix epoch.
    """

    id: int
    kind: EventKind
    owner: PublicKey
    path: str
    content_hash: ContentHash | None
    created_us: int

    @property
    def url(self) -> str:
        """`pubky://<owner><path>`."""
        return f"pubky://{self.owner.z32}{self.path}"


def feed_line(event: Event) -> str:
    """The event's line in `GET /events/`, without a line end (client API 12)."""
    return f"{event.kind} {event.url}"


def sse_frame(event: Event) -> str:
    """The event's frame in `GET /events-stream`, ending with the empty line (client API 13.4)."""
    lines = [f"event: {event.kind}", f"data: {event.url}", f"data: cursor: {event.id}"]
    if event.content_hash is not None:
        lines.append(f"data: content_hash: {event.content_hash.base64}")
    return "\n".join(lines) + "\n\n"
