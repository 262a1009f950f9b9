"""Storage paths: absolute, canonical, decoded text (client API 5).

A path that ends in `/` is directory-shaped, any other is file-shaped, and neither turns into the
other. The error texts are part of the contract with clients.
"""

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Self
from urllib.parse import quote, unquote_to_bytes

from appliance.errors import PubkyError, invalid
from appliance.pubky.keys import PublicKey

# `<z32>` and path together fit the 1024 bytes that object stores allow a key.
MAX_PATH_BYTES = 972
MAX_SEGMENT_BYTES = 255

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class StoragePath:
    """A path without its tenant. The constructor trusts its caller; use `parse` or `normalize`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The strict parser for stored rows, cursors and scopes: nothing is rewritten.

        Raises `invalid` with a text of client API 5.4.
        """
        _check_absolute(text)
        _check_path_length(text)
        segments = text[1:].split("/")
        if segments[-1] == "":  # the root, or one trailing slash
            segments.pop()
        for segment in segments:
            if segment == "":
                raise invalid("path contains an empty segment")
            if segment in {".", ".."}:
                raise invalid(f"path contains a `{segment}` segment")
            _check_segment(segment)
        _check_end(text)
        return cls(text)

    @classmethod
    def normalize(cls, text: str) -> Self:
        """The parser for request paths: drops empty and `.` segments and resolves `..`.

        Raises `invalid` with a text of client API 5.4.
        """
        _check_absolute(text)
        segments = text[1:].split("/")
        is_directory = segments[-1] in {"", ".", ".."}
        kept: list[str] = []
        for segment in segments:
            if segment in {"", "."}:
                continue
            if segment == "..":
                if not kept:
                    raise invalid("path traverses above root")
                kept.pop()
                continue
            # Checked before a later `..` can remove it.
            _check_segment(segment)
            kept.append(segment)
        normal = "/" + "/".join(kept)
        if is_directory and kept:
            normal += "/"
        _check_path_length(normal)
        _check_end(normal)
        return cls(normal)

    def __str__(self) -> str:
        return self.text

    @property
    def is_directory(self) -> bool:
        """True for directory shape; says nothing about what is stored."""
        return self.text.endswith("/")

    @property
    def is_public(self) -> bool:
        """True under `/pub/`; `/pub` itself is outside."""
        return self.text.startswith("/pub/")

    @property
    def is_private(self) -> bool:
        """True under `/priv/`; `/priv` itself is outside."""
        return self.text.startswith("/priv/")

    @property
    def name(self) -> str:
        """The last segment without slashes; empty for the root."""
        return self.text.rstrip("/").rpartition("/")[2]

    def ancestors(self) -> tuple[str, ...]:
        """The file paths that cannot exist beside this one, shortest first, root excluded.

        `/pub/a/b` and `/pub/a/b/` both give `/pub` and `/pub/a`.
        """
        parents = self.text.strip("/").split("/")[:-1]
        return tuple(accumulate(f"/{parent}" for parent in parents))


def _check_absolute(text: str) -> None:
    if not text.startswith("/"):
        raise invalid("path must be absolute")


def _byte_length(text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair
        raise invalid("not valid UTF-8") from None


def _check_path_length(text: str) -> None:
    length = _byte_length(text)
    if length > MAX_PATH_BYTES:
        raise invalid(f"path is {length} bytes; maximum is {MAX_PATH_BYTES}")


def _check_segment(segment: str) -> None:
    length = _byte_length(segment)
    if length > MAX_SEGMENT_BYTES:
        raise invalid(f"path segment is {length} bytes; maximum is {MAX_SEGMENT_BYTES}")
    if _CONTROL.search(segment):
        raise invalid("path contains a control character")
    if "\\" in segment:
        raise invalid("path must not contain a backslash")


def _check_end(text: str) -> None:
    # `isspace` differs from Unicode White_Space only in control characters, refused before.
    if text[-1].isspace():
        raise invalid("path must not end in whitespace")


@dataclass(frozen=True, slots=True)
class EntryPath:
    """A storage path with its tenant, written `pubky://<z32><path>`."""

    owner: PublicKey
    path: StoragePath

    @classmethod
    def parse_cursor(cls, text: str) -> Self:
        """A listing cursor (client API 11.1): `<z32>/<path>` after any number of `pubky://`.

        Raises `invalid` with the text of the listing, whatever was wrong.
        """
        while text.startswith("pubky://"):
            text = text.removeprefix("pubky://")
        owner, slash, rest = text.partition("/")
        try:
            return cls(PublicKey.parse(owner), StoragePath.parse(slash + rest))
        except PubkyError:
            raise invalid("Invalid cursor") from None

    def __str__(self) -> str:
        return f"pubky://{self.owner.z32}{self.path.text}"


def decode_percent(raw: bytes) -> str:
    """Percent-decodes once: `+` stays, a `%` without two digits stays, UTF-8 is strict.

    Raises `invalid` with "not valid UTF-8"; callers put their own text in its place.
    """
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise invalid("not valid UTF-8") from None


def encode_percent(text: str) -> str:
    """The path as clients write it in a URL: all but `A-Z a-z 0-9 - _ . ~ /` escaped."""
    return quote(text, safe="/")
