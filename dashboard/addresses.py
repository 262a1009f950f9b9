"""Where a stored file lives: a public key and a path below `/pub/`, parsed once from a request.

Everything that becomes part of a URL, ours or a door's, goes through these values, so `..`, encoded
separators and control characters cannot reach the client API or a link.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

# 52 characters carry 260 bits; the last character of a key's canonical text holds one bit only.
_PUBLIC_KEY = re.compile(r"[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_SEGMENT_BYTES = 255
_MAX_PATH_BYTES = 972


class AddressError(ValueError):
    """The text is not a key, or not a path in the public tree; the message says why."""


def parse_public_key(text: str) -> str:
    """The canonical z-base-32 text of a key. Raises `AddressError`."""
    if not _PUBLIC_KEY.fullmatch(text):
        raise AddressError("This is not a public key: 52 characters of z-base-32 are expected.")
    return text


@dataclass(frozen=True, slots=True)
class PublicPath:
    """A normalised path below `/pub/` (client API 5.2): a folder exactly if it ends in a slash."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "PublicPath":
        """Accept a decoded path; it is never decoded again. Raises `AddressError`."""
        if not text.startswith("/pub/"):
            raise AddressError("Only the public tree is shown here; its paths begin with /pub/.")
        try:
            length = len(text.encode())
        except UnicodeEncodeError as error:
            raise AddressError("The path is not valid Unicode.") from error
        if length > _MAX_PATH_BYTES:
            raise AddressError(f"The path is longer than {_MAX_PATH_BYTES} bytes.")
        for segment in text[1:].removesuffix("/").split("/"):
            _check_segment(segment)
        if text[-1].isspace():
            raise AddressError("A path does not end in white space.")
        return cls(text)

    @property
    def is_folder(self) -> bool:
        """Whether the path names a folder."""
        return self.text.endswith("/")

    @property
    def name(self) -> str:
        """The last segment, without a slash."""
        return self.text.rstrip("/").rpartition("/")[2]

    @property
    def parent(self) -> "PublicPath | None":
        """The folder that holds this path, or None for `/pub/` itself."""
        if self.text == "/pub/":
            return None
        return PublicPath(self.text.rstrip("/").rpartition("/")[0] + "/")

    @property
    def ancestors(self) -> tuple["PublicPath", ...]:
        """Every folder above this path, `/pub/` first."""
        found: list[PublicPath] = []
        above = self.parent
        while above is not None:
            found.append(above)
            above = above.parent
        return tuple(reversed(found))

    @property
    def as_folder(self) -> "PublicPath":
        """The same path as a folder."""
        return self if self.is_folder else PublicPath(self.text + "/")

    @property
    def as_file(self) -> "PublicPath":
        """The same path as a file; `/pub/` itself stays a folder."""
        return PublicPath(self.text.rstrip("/")) if self.parent is not None else self

    @property
    def quoted(self) -> str:
        """The percent-encoded path for a URL."""
        return quote(self.text, safe="/")


def _check_segment(segment: str) -> None:
    if segment in {"", ".", ".."}:
        raise AddressError("The path has an empty, '.' or '..' segment.")
    if len(segment.encode()) > _MAX_SEGMENT_BYTES:
        raise AddressError(f"A name in the path is longer than {_MAX_SEGMENT_BYTES} bytes.")
    if _CONTROL.search(segment) or "\\" in segment:
        raise AddressError("The path has a control character or a backslash.")


def page_address(public_key: str, path: PublicPath) -> str:
    """The address of our page about a path: a folder's listing or an object's facts."""
    family = "browse" if path.is_folder else "object"
    return f"/{family}/{public_key}{path.quoted}"


def raw_address(public_key: str, path: PublicPath) -> str:
    """The address of the inert route that hands out the bytes."""
    return f"/raw/{public_key}{path.quoted}"


def page_of_pubky_address(text: str) -> str | None:
    """Our page for a `pubky://` address in someone's text, or None if it names no public path."""
    public_key, slash, rest = text.removeprefix("pubky://").partition("/")
    if not text.startswith("pubky://") or not slash:
        return None
    try:
        return page_address(parse_public_key(public_key), PublicPath.parse("/" + rest))
    except AddressError:
        return None  # a private path, an older form, or simply not an address: it stays text
