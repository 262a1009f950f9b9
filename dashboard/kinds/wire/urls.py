"""Web addresses in the spelling that the URL standard gives them, which v0 stores and hashes.

The reference runs every address through a URL library. This is the part of the WHATWG standard
that its objects need; where an answer would take more of it (international host names, odd IPv4
spellings, user names, `file:`), the result says that it is not certain. Tried against the library.
"""

import ipaddress
import re
from dataclasses import dataclass

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
_EDGES = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
_FORBIDDEN_HOST = re.compile(r"[\x00\t\n\r #/:<>?@\[\\\]^|]")
_FORBIDDEN_DOMAIN = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_PORT = re.compile(r"[0-9]*")
_NUMBER_LABEL = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_DOTS = re.compile(r"(?:\.|%2[eE]){1,2}")

_CONTROL = "\x00-\x1f\x7f-\U0010ffff"
_IN_OPAQUE = re.compile(f"[{_CONTROL}]")
_IN_FRAGMENT = re.compile(f'[{_CONTROL} "<>`]')
_IN_QUERY = re.compile(f'[{_CONTROL} "#<>]')
_IN_SPECIAL_QUERY = re.compile(f"[{_CONTROL} \"#<>']")
_IN_PATH = re.compile(f'[{_CONTROL} "#<>?`{{}}]')
# Editions of the standard differ about escaping these two in a path, and about drive letters.
_UNSETTLED = re.compile(r"[\^|]|/[A-Za-z]:(?:/|$)")


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute address. `text` is its standard spelling if `is_certain`, else as it was given.

    `host` is None when there is no `//`, as in `mailto:` and `geo:`.
    """

    text: str
    scheme: str
    host: str | None
    is_certain: bool = True


def parse(text: str) -> Url | None:
    """Read an absolute address, or None if the standard refuses it (a relative one included)."""
    given = text.strip(_EDGES).translate(_DROPPED)
    match = _SCHEME.match(given)
    if match is None:
        return None
    scheme = match[1].lower()
    rest, hash_mark, fragment = given[match.end() :].partition("#")
    tail = "#" + _escaped(fragment, _IN_FRAGMENT) if hash_mark else ""
    if scheme == "file":
        return Url(given, scheme, "", is_certain=False)
    if scheme in _DEFAULT_PORTS:
        return _special(given, scheme, rest, tail)
    return _other(given, scheme, rest, tail)


def _special(given: str, scheme: str, rest: str, tail: str) -> Url | None:
    before, mark, query = rest.partition("?")
    authority, _, path = before.replace("\\", "/").lstrip("/").partition("/")
    _, at, host_and_port = authority.rpartition("@")
    host, port = _split_port(host_and_port)
    if not host or port is None:
        return None
    spelled = _domain(host)
    if spelled is None:
        return None
    if port == _DEFAULT_PORTS[scheme]:
        port = ""
    path = _path(path, is_special=True)
    text = f"{scheme}://{spelled.lower()}{':' + port if port else ''}/{path}"
    if mark:
        text += "?" + _escaped(query, _IN_SPECIAL_QUERY)
    certain = not at and _is_plain_domain(spelled) and not _UNSETTLED.search(before)
    return _settled(given, text + tail, scheme, spelled.lower(), is_certain=certain)


def _other(given: str, scheme: str, rest: str, tail: str) -> Url | None:
    before, mark, query = rest.partition("?")
    queried = "?" + _escaped(query, _IN_QUERY) if mark else ""
    if not before.startswith("/"):
        # Trailing spaces of an opaque path depend on what follows and on the edition.
        opaque = _escaped(before, _IN_OPAQUE)
        certain = not before.endswith(" ")
        return _settled(
            given, f"{scheme}:{opaque}{queried}{tail}", scheme, None, is_certain=certain
        )
    if not before.startswith("//"):
        path = "/" + _path(before[1:], is_special=False)
        certain = not path.startswith("//") and not _UNSETTLED.search(before)
        return _settled(given, f"{scheme}:{path}{queried}{tail}", scheme, None, is_certain=certain)
    authority, slash, path = before[2:].partition("/")
    _, at, host_and_port = authority.rpartition("@")
    host, port = _split_port(host_and_port)
    if port is None or (not host and host_and_port):
        return None
    if host.startswith("["):
        if not _is_ipv6(host):
            return None
    elif _FORBIDDEN_HOST.search(host):
        return None
    spelled = _escaped(host, _IN_OPAQUE)
    text = f"{scheme}://{spelled}{':' + port if port else ''}"
    text += slash + _path(path, is_special=False) if slash else ""
    certain = not at and not host.startswith("[") and not _UNSETTLED.search(before)
    return _settled(given, text + queried + tail, scheme, spelled, is_certain=certain)


def _settled(given: str, text: str, scheme: str, host: str | None, *, is_certain: bool) -> Url:
    return Url(text if is_certain else given, scheme, host, is_certain)


def _split_port(authority: str) -> tuple[str, str | None]:
    """Host and port text; the port is "" when there is none and None when it is no port."""
    bracket = authority.rfind("]")
    colon = authority.find(":", bracket + 1)
    if colon < 0:
        return authority, ""
    host, port = authority[:colon], authority[colon + 1 :]
    # Stripped first, because Python refuses to convert thousands of digits.
    digits = port.lstrip("0")
    if not _PORT.fullmatch(port) or len(digits) > 5 or int(digits or 0) > 65535:
        return host, None
    return host, (digits or "0") if port else ""


def _domain(host: str) -> str | None:
    if host.startswith("["):
        return host if _is_ipv6(host) else None
    if "%" in host or not host.isascii():
        return host
    return None if _FORBIDDEN_DOMAIN.search(host) else host


def _is_plain_domain(host: str) -> bool:
    """Whether lower case is all that the standard does to this host."""
    if not host.isascii() or "%" in host or host.startswith("["):
        return False
    labels = host.removesuffix(".").split(".")
    if _NUMBER_LABEL.fullmatch(labels[-1]):
        return bool(_IPV4.fullmatch(host)) and all(int(label) < 256 for label in labels)
    return not any(label.lower().startswith("xn--") for label in labels)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return host.endswith("]") and "%" not in host


def _path(path: str, *, is_special: bool) -> str:
    """The path after its first slash: dot segments resolved, the rest escaped."""
    if is_special:
        path = path.replace("\\", "/")
    segments = path.split("/")
    kept: list[str] = []
    for index, segment in enumerate(segments):
        if not _DOTS.fullmatch(segment):
            kept.append(_escaped(segment, _IN_PATH))
            continue
        if segment.lower().replace("%2e", ".") == ".." and kept:
            kept.pop()
        if index == len(segments) - 1:
            kept.append("")
    return "/".join(kept)


def _escaped(text: str, escaped: re.Pattern[str]) -> str:
    return escaped.sub(
        lambda match: "".join(f"%{byte:02X}" for byte in match.group().encode(errors="replace")),
        text,
    )
