"""The closed list of types that leave this origin as what they are; everything else is a download.

Never a script, style sheet, page or XML: a stored file served as one of those could be *used* by a
page of ours even though its own response is sandboxed (measured in Chromium).
"""

from typing import Literal
from urllib.parse import quote

from dashboard.wording import visible_name

Kind = Literal["image", "video", "audio", "text", "json", "other"]

OPAQUE = "application/octet-stream"
SVG = "image/svg+xml"
PLAIN_TEXT = "text/plain"

# Left what a server may say, right what we say.
_INLINE = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/avif": "image/avif",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "audio/mpeg": "audio/mpeg",
    "audio/mp3": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    PLAIN_TEXT: f"{PLAIN_TEXT}; charset=utf-8",
}


def essence(content_type: str) -> str:
    """`type/subtype` in lower case, without parameters."""
    return content_type.partition(";")[0].strip().lower()


def served_type(content_type: str) -> str:
    """The `Content-Type` that the raw route sends for a stated one."""
    stated = essence(content_type)
    return SVG if stated == SVG else _INLINE.get(stated, OPAQUE)


def is_inline(content_type: str, fetch_dest: str | None) -> bool:
    """Whether the raw route leaves a browser free to show the bytes.

    An SVG only where the browser says that it draws an `<img>`: there no script runs.
    """
    stated = essence(content_type)
    return fetch_dest == "image" if stated == SVG else stated in _INLINE


def preview_kind(content_type: str) -> Kind:
    """How an object of this stated type is previewed; `other` needs a look at its bytes."""
    stated = essence(content_type)
    if stated == SVG or served_type(stated).startswith("image/"):
        return "image"
    if served_type(stated).startswith("video/"):
        return "video"
    if served_type(stated).startswith("audio/"):
        return "audio"
    if stated == "application/json" or stated.endswith("+json"):
        return "json"
    return "text" if stated.startswith("text/") else "other"


def content_disposition(disposition: Literal["inline", "attachment"], name: str) -> str:
    """RFC 6266: a plain ASCII name for old readers and the exact one in RFC 8187 form.

    Control and direction characters are spelled out, so `gpj.exe` cannot pose as a picture.
    """
    shown = visible_name(name)
    plain = "".join(
        character if character.isascii() and character not in '"\\%' else "_" for character in shown
    )
    exact = quote(shown, safe="")
    return f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{exact}"
