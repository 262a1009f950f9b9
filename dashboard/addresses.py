"""Where a stored file lives: a public key and a path below `/pub/`, parsed once from a request.

Everything that becomes part of a URL, ours or a door's, goes through these values, so `..`, encoded
separators and control characters cannot reach the client API or a link.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Self
from urllib.parse import quote

# 52 characters carry 260 bits; the last character of a key's canonical text holds one bit only.
_PUBLIC_KEY = re.compile(r"[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo]")
_KEY_IN_TEXT = re.compile(rf"(?<![a-z0-9])(?:pubky)?({_PUBLIC_KEY.pattern})(?![a-z0-9])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LOCAL_PAGE = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]{0,2000})?")
_MAX_SEGMENT_BYTES = 255
_MAX_PATH_BYTES = 972


class AddressError(ValueError):
    """The text is not a key, or not a path in the public tree; the message says why."""


def parse_public_key(text: str) -> str:
    """The canonical z-base-32 text of a key. Raises `AddressError`."""
    if not _PUBLIC_KEY.fullmatch(text):
        raise AddressError("This is not a public key: 52 characters of z-base-32 are expected.")
    return text


def keys_in(text: str) -> tuple[str, ...]:
    """The keys that a text names, by themselves or in addresses, each once."""
    return tuple(dict.fromkeys(_KEY_IN_TEXT.findall(text)))


@dataclass(frozen=True, slots=True)
class StoredPath:
    """A normalised path of a stored file (client API 5.2): a folder exactly if it ends in a slash.

    The two kinds below say which of the trees it may lie in.
    """

    text: str

    ROOTS: ClassVar[tuple[str, ...]] = ()
    COMPLAINT: ClassVar[str] = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Accept a decoded path; it is never decoded again. Raises `AddressError`."""
        if not text.startswith(cls.ROOTS):
            raise AddressError(cls.COMPLAINT)
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
    def parent(self) -> Self | None:
        """The folder that holds this path, or None for the top of its tree."""
        if self.text in self.ROOTS:
            return None
        return type(self)(self.text.rstrip("/").rpartition("/")[0] + "/")

    @property
    def ancestors(self) -> tuple[Self, ...]:
        """Every folder above this path, the top first."""
        found: list[Self] = []
        above = self.parent
        while above is not None:
            found.append(above)
            above = above.parent
        return tuple(reversed(found))

    @property
    def as_folder(self) -> Self:
        """The same path as a folder."""
        return self if self.is_folder else type(self)(self.text + "/")

    @property
    def as_file(self) -> Self:
        """The same path as a file; the top of a tree stays a folder."""
        return type(self)(self.text.rstrip("/")) if self.parent is not None else self

    @property
    def quoted(self) -> str:
        """The percent-encoded path for a URL."""
        return quote(self.text, safe="/")


class PublicPath(StoredPath):
    """A path below `/pub/`, which anybody may read."""

    __slots__ = ()
    ROOTS = ("/pub/",)
    COMPLAINT = "Only the public tree is shown here; its paths begin with /pub/."


class OwnPath(StoredPath):
    """A path of somebody's own files, public or private."""

    __slots__ = ()
    ROOTS = ("/pub/", "/priv/")
    COMPLAINT = "Paths begin with /pub/ or /priv/."


def _check_segment(segment: str) -> None:
    if segment in {"", ".", ".."}:
        raise AddressError("The path has an empty, '.' or '..' segment.")
    if len(segment.encode()) > _MAX_SEGMENT_BYTES:
        raise AddressError(f"A name in the path is longer than {_MAX_SEGMENT_BYTES} bytes.")
    if _CONTROL.search(segment) or "\\" in segment:
        raise AddressError("The path has a control character or a backslash.")


def local_page(text: str) -> str:
    """An address of ours to go on to, as a form or a query names it; the front page for any other.

    Browsers take `//` and `/\\` at its start for another host, and drop tabs and line breaks.
    """
    return text if _LOCAL_PAGE.fullmatch(text) else "/"


def page_address(public_key: str, path: PublicPath) -> str:
    """The address of our page about a path: a folder's listing or an object's facts."""
    family = "browse" if path.is_folder else "object"
    return f"/{family}/{public_key}{path.quoted}"


def own_address(path: OwnPath) -> str:
    """The address of the page about one of the visitor's own folders or objects."""
    return f"/{'files' if path.is_folder else 'own/object'}{path.quoted}"


def own_raw_address(path: OwnPath) -> str:
    """The address of the inert route that hands out the bytes of one's own object."""
    return f"/own/raw{path.quoted}"


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
