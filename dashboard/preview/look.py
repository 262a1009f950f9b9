"""What an object page shows of the bytes: media by address, a JSON tree, text, or a hex head."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from dashboard.doors.storage import ObjectFacts
from dashboard.preview import json_view
from dashboard.preview.media_types import Kind, preview_kind

HEAD_BYTES = 64 * 1024
_HEX_BYTES = 256
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

Shown = Literal["empty", "image", "video", "audio", "json", "text", "hex"]


@dataclass(frozen=True, slots=True)
class HexRow:
    """Sixteen bytes: where they begin, their hex and their printable ASCII."""

    offset: str
    digits: str
    ascii: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`shown` says which of the others is filled. `shown_bytes` is what of the object was read."""

    shown: Shown
    shown_bytes: int = 0
    text: str | None = None
    tree: json_view.JsonNode | None = None
    json_problem: str | None = None
    rows: tuple[HexRow, ...] = ()


async def preview(read: Callable[[int], Awaitable[bytes]], facts: ObjectFacts) -> Preview:
    """Look at an object by its stated type, then by its first bytes, which `read` gives."""
    kind = preview_kind(facts.content_type)
    if facts.byte_count == 0:
        return Preview("empty")
    match kind:
        case "image" | "video" | "audio":
            return Preview(kind)
    whole = facts.byte_count <= json_view.MAX_BYTES
    body = await read(json_view.MAX_BYTES if whole else HEAD_BYTES)
    return of_bytes(kind, body, is_whole=whole)


def of_bytes(kind: Kind, body: bytes, *, is_whole: bool) -> Preview:
    """The preview of bytes that were read: JSON where it is stated or looks so, text, or hex."""
    text = _decoded(body, is_whole=is_whole)
    if text is None:
        return Preview("hex", min(len(body), _HEX_BYTES), rows=_hex_rows(body[:_HEX_BYTES]))
    if is_whole and (kind == "json" or text.lstrip()[:1] in {"{", "["}):
        try:
            return Preview("json", len(body), text=text, tree=json_view.view(body))
        except json_view.JsonViewError as problem:
            if kind == "json":
                return Preview("text", len(body), text=text, json_problem=str(problem))
    return Preview("text", len(body), text=text)


def _decoded(body: bytes, *, is_whole: bool) -> str | None:
    encoding = next((name for mark, name in _BOMS if body.startswith(mark)), "utf-8")
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        # The head of a longer text may end inside a character; that is no reason to call it binary.
        if is_whole or error.start < len(body) - 4:
            return None
        text = body[: error.start].decode(encoding)
    return None if "\x00" in text else text


def _hex_rows(body: bytes) -> tuple[HexRow, ...]:
    return tuple(
        HexRow(
            f"{start:04x}",
            body[start : start + 16].hex(" "),
            "".join(chr(b) if 0x20 <= b < 0x7F else "·" for b in body[start : start + 16]),
        )
        for start in range(0, len(body), 16)
    )
