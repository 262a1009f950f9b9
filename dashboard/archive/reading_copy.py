"""`profile.html`: what somebody wrote, to read without any program but a browser. No script.

It is a courtesy beside the files: what cannot be read is left out here, as the file itself is not.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from tempfile import SpooledTemporaryFile
from typing import Any

from dashboard.addresses import OwnPath
from dashboard.wording import visible_name, visible_text

PROFILE = OwnPath("/pub/pubky.app/profile.json")
POSTS = OwnPath("/pub/pubky.app/posts/")
# Longer than any post that apps accept.
_MAX_BYTES = 256 * 1024
_SPOOL_BYTES = 1024 * 1024
# Nothing in it may run or be fetched, should a reader's own escaping ever be wrong.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{max-width:40rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui;"
    "color-scheme:light dark}p{white-space:pre-wrap;overflow-wrap:anywhere}"
    "article{border-top:1px solid #8886}time{color:GrayText}"
)


class ReadingCopy:
    """Collects texts while files pass by. Close it in every outcome."""

    def __init__(self) -> None:
        self._name, self._bio = "", ""
        self._posts = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - see `close`
        self._post_count = 0
        self._passing: bytearray | None = None

    def begin(self, path: OwnPath) -> None:
        """A file begins to pass by."""
        is_read = path.parent == POSTS or path == PROFILE
        self._passing = bytearray() if is_read else None

    def take(self, data: bytes) -> None:
        """The next bytes of it; a file that is too long for a text is forgotten."""
        if self._passing is not None:
            self._passing += data
            if len(self._passing) > _MAX_BYTES:
                self._passing = None

    def end(self, path: OwnPath, modified_at: datetime) -> None:
        """It has passed by."""
        if self._passing is not None:
            self._add(path, bytes(self._passing), modified_at)
            self._passing = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found to read."""
        return not (self._name or self._bio or self._post_count)

    def pieces(self) -> Iterator[bytes]:
        """The page."""
        name = escape(visible_name(self._name)) or "Somebody without a name"
        yield (
            '<!doctype html><html lang="und"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{name}</title><style>{_STYLE}</style></head><body>\n<h1>{name}</h1>"
            f"<p>{escape(visible_text(self._bio))}</p>\n"
        ).encode()
        self._posts.seek(0)
        while piece := self._posts.read(_SPOOL_BYTES):
            yield piece
        yield b"</body></html>\n"

    def close(self) -> None:
        """Forget everything."""
        self._posts.close()

    def _add(self, path: OwnPath, body: bytes, modified_at: datetime) -> None:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        if path == PROFILE:
            self._name, self._bio = _text(said, "name"), _text(said, "bio")
            return
        text = _text(said, "content")
        if not text:
            return
        title, text = _article(text) if said.get("kind") == "long" else ("", text)
        heading = f"<h2>{escape(visible_name(title))}</h2>" if title else ""
        moment = modified_at.astimezone(UTC)
        self._posts.write(
            f'<article>{heading}<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M}'
            f"</time><p>{escape(visible_text(text))}</p></article>\n".encode()
        )
        self._post_count += 1


def _text(said: dict[str, Any], member: str) -> str:
    value = said.get(member)
    # Half a surrogate pair is valid in JSON and nowhere else.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _article(text: str) -> tuple[str, str]:
    """The title and body of a long post, which has both as JSON in its text."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return "", text
    if not isinstance(said, dict):
        return "", text
    return _text(said, "title"), _text(said, "body")
