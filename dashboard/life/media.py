"""Media of one's own posts: from an address to bytes on this node, in at most two hops.

What lies elsewhere stays an address: fetching it would tell strangers who looks (landscape 5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dashboard.addresses import OwnPath
from dashboard.kinds import text
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.files import File
from dashboard.kinds.paths import MEDIA_TYPES, classify
from dashboard.kinds.posts import Attachment
from dashboard.life.reading import Life, each, find
from dashboard.preview.media_types import preview_kind

Shown = Literal["image", "video", "audio", "file", "missing", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Medium:
    """A medium; `path` leads to its bytes and `file` to v0's words about them.

    `shown` is `elsewhere` for what is not the visitor's own; then `href` is the address if it may
    be a link, and `host` where that leads.
    """

    shown: Shown
    uri: str
    name: str = ""
    alt: str | None = None
    path: OwnPath | None = None
    file: OwnPath | None = None
    content_type: str = ""
    byte_count: int | None = None
    href: str | None = None
    host: str = ""


async def media(life: Life, attachments: Sequence[Attachment]) -> tuple[Medium, ...]:
    """All of these media, in order."""
    return tuple(await each(lambda attachment: medium(life, attachment), attachments))


async def medium(life: Life, attachment: Attachment) -> Medium:
    """One medium; raises `DoorError`."""
    uri, alt = attachment.uri, attachment.alt
    path = life.own_path(parse_address(uri))
    if path is None:
        link = text.href(uri)
        is_web = link is not None and not uri.startswith("pubky")
        name, host = attachment.name or "", text.host(uri) if is_web else ""
        return Medium("elsewhere", uri, name, alt, href=link if is_web else None, host=host)
    at = classify(path.text)
    if at.kind == "media":
        kind = MEDIA_TYPES.get(at.extension or "", "")
        return Medium(shown_as(kind), uri, attachment.name or path.name, alt, path, None, kind)
    if at.kind == "file":
        return await _of_file(life, path, attachment)
    facts = await life.door.find_object(path)
    if facts is None:
        return Medium("missing", uri, path.name, alt, path)
    kind = facts.content_type
    return Medium(shown_as(kind), uri, path.name, alt, path, None, kind, facts.byte_count)


def shown_as(content_type: str) -> Shown:
    """How a page shows bytes of this type."""
    match preview_kind(content_type):
        case "image":
            return "image"
        case "video":
            return "video"
        case "audio":
            return "audio"
    return "file"


async def _of_file(life: Life, path: OwnPath, attachment: Attachment) -> Medium:
    stored = await find(life, path)
    if stored is None or not isinstance(stored.parsed.value, File):
        return Medium("missing", attachment.uri, path.name, attachment.alt, path)
    file = stored.parsed.value
    source = life.own_path(parse_address(file.src or ""))
    if source is None:
        return Medium("missing", attachment.uri, file.name, attachment.alt, path, path)
    return Medium(
        shown_as(file.content_type),
        attachment.uri,
        file.name,
        attachment.alt,
        source,
        path,
        file.content_type,
        file.size,
    )
