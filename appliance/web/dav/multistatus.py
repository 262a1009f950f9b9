"""The XML of WebDAV: what a PROPFIND or PROPPATCH asks for, and 207 answers (RFC 4918 13, 14).

Element names carry the prefix `D:` as the reference's do, because known clients look them up so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from appliance.errors import invalid
from appliance.metadata.entries import Entry
from appliance.pubky.timestamp import http_date, rfc3339
from appliance.web.http_cache import etag_of

LARGEST_BODY_BYTES = 64 * 1024
MOST_PROPERTIES = 100

HEADER = b'<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'
FOOTER = b"</D:multistatus>"

_DAV = "{DAV:}"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# XML 1.0 cannot say these at all; a name that holds one is shown with a mark in its place.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which properties a client asked for; None: all of them."""

    names: tuple[str, ...] | None = None
    only_names: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One resource in an answer, with its properties as name and XML content."""

    href: str
    properties: dict[str, str] = field(default_factory=dict)


def parse_propfind(body: bytes) -> Wanted:
    """What a PROPFIND asks for; an empty body asks for all. Raises PubkyError invalid."""
    if not body.strip():
        return Wanted()
    root = _parsed(body, "propfind")
    if root.find(_DAV + "propname") is not None:
        return Wanted(only_names=True)
    asked = root.find(_DAV + "prop")
    return Wanted(_names(asked)) if asked is not None else Wanted()


def parse_proppatch(body: bytes) -> tuple[str, ...]:
    """The properties that a PROPPATCH would change; raises PubkyError invalid."""
    root = _parsed(body, "propertyupdate")
    return tuple(name for asked in root.iter(_DAV + "prop") for name in _names(asked))


def file_properties(entry: Entry, name: str) -> dict[str, str]:
    """The properties of a file."""
    return {
        "displayname": _text(name),
        "getcontentlength": str(entry.content_length),
        "getcontenttype": _text(entry.content_type),
        "getetag": _text(etag_of(entry)),
        "getlastmodified": http_date(entry.modified_us),
        "creationdate": rfc3339(entry.created_us),
        "resourcetype": "",
        "supportedlock": _SUPPORTED_LOCK,
    }


def folder_properties(name: str) -> dict[str, str]:
    """The properties of a folder."""
    return {
        "displayname": _text(name),
        "resourcetype": "<D:collection/>",
        "supportedlock": _SUPPORTED_LOCK,
    }


def response(shown: Shown, wanted: Wanted) -> bytes:
    """One `D:response`: found properties with 200, those that there are not with 404."""
    if wanted.only_names:
        found = "".join(f"<D:{name}/>" for name in shown.properties)
        return _response(shown.href, [(found, "200 OK")])
    if wanted.names is None:
        names: Iterable[str] = (_DAV + name for name in shown.properties)
    else:
        names = wanted.names
    found, missing = "", ""
    for name in names:
        content = shown.properties.get(name.removeprefix(_DAV)) if name.startswith(_DAV) else None
        if content is None:
            missing += _empty_element(name)
        else:
            local = name.removeprefix(_DAV)
            found += f"<D:{local}>{content}</D:{local}>" if content else f"<D:{local}/>"
    parts = [(found, "200 OK")] if found or not missing else []
    return _response(shown.href, parts + ([(missing, "404 Not Found")] if missing else []))


def refused_patch(href: str, names: tuple[str, ...]) -> bytes:
    """The answer to PROPPATCH: these properties are computed and cannot be set."""
    elements = "".join(map(_empty_element, names))
    return HEADER + _response(href, [(elements, "403 Forbidden")]) + FOOTER


def lock_discovery(href: str, token: str) -> bytes:
    """The answer to LOCK. Nothing is locked: clients that insist get a token and go on."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<D:prop xmlns:D="DAV:"><D:lockdiscovery>'
        "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:exclusive/>"
        "</D:lockscope><D:depth>infinity</D:depth><D:timeout>Second-600</D:timeout>"
        f"<D:locktoken><D:href>{token}</D:href></D:locktoken>"
        f"<D:lockroot><D:href>{_text(href)}</D:href></D:lockroot></D:activelock>"
        "</D:lockdiscovery></D:prop>"
    ).encode()


_SUPPORTED_LOCK = (
    "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope>"
    "<D:locktype><D:write/></D:locktype></D:lockentry>"
)


def _parsed(body: bytes, expected: str) -> ElementTree.Element:
    try:
        # As text, because a parser that chooses the encoding may see what a look at bytes does not,
        # and takes names in other encodings that it would refuse in UTF-8 (RFC 4918 19: both).
        text = body.decode("utf-16" if body.startswith(_UTF_16_MARKS) else "utf-8-sig")
        # By zero bytes the parser recognises UTF-16 even then; no XML may hold the character.
        if "\0" in text:
            raise invalid("Invalid XML: a zero character")
        # No document of ours has a type declaration, and entities are how XML is made to explode.
        if "<!" in text:
            raise invalid("Declarations are not allowed in this XML")
        root = ElementTree.fromstring(text)  # noqa: S314 - declarations are refused above
    except (ElementTree.ParseError, ValueError) as error:
        raise invalid(f"Invalid XML: {error}") from error
    if root.tag != _DAV + expected:
        raise invalid(f"A DAV: {expected} element is needed")
    return root


def _names(asked: ElementTree.Element) -> tuple[str, ...]:
    names = tuple(child.tag for child in asked)
    if len(names) > MOST_PROPERTIES:
        raise invalid(f"At most {MOST_PROPERTIES} properties can be asked for")
    return names


def _empty_element(name: str) -> str:
    space, _, local = name.rpartition("}")
    if not space:
        return f"<{local}/>"
    return f'<X:{local} xmlns:X="{_text(space[1:])}"/>'


def _response(href: str, parts: list[tuple[str, str]]) -> bytes:
    stats = "".join(
        f"<D:propstat><D:prop>{elements}</D:prop><D:status>HTTP/1.1 {status}</D:status>"
        "</D:propstat>"
        for elements, status in parts
    )
    return f"<D:response><D:href>{_text(href)}</D:href>{stats}</D:response>".encode()


def _text(text: str) -> str:
    return escape(_UNSAYABLE.sub("\ufffd", text), {'"': "&quot;"})
