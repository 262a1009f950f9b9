"""What a setting may be, beside its type: each check gives its complaint, or None."""

import ipaddress
import re
from collections.abc import Callable

from appliance.config.globs import Glob

# The 52 characters of a key; the last one carries a single bit (client API 4.4).
_Z32 = re.compile(r"[ybndrfg8ejkmcpqxot1uwisza345h769]{51}[yo]")


def at_least(minimum: int) -> Callable[[int], str | None]:
    """A number not below this one."""
    return lambda value: None if value >= minimum else f"must be {minimum} or more"


def some_of(known: tuple[str, ...]) -> Callable[[tuple[str, ...]], str | None]:
    """At least one of these parts and nothing else."""

    def check(parts: tuple[str, ...]) -> str | None:
        unknown = [part for part in parts if part not in known]
        if unknown:
            return f"unknown part '{unknown[0]}'; the parts are {', '.join(known)}"
        return None if parts else "must name at least one part"

    return check


def networks(values: tuple[str, ...]) -> str | None:
    """IP addresses, or networks such as 10.0.0.0/8."""
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError:
            return f"'{value}' is not an IP address or network"
    return None


def public_keys(values: tuple[str, ...]) -> str | None:
    """Keys in the 52-character form."""
    for value in values:
        if not _Z32.fullmatch(value):
            return f"'{value}' is not a public key"
    return None


def sqlite_url(value: str) -> str | None:
    """`sqlite:FILE`."""
    if value.startswith("sqlite:") and value != "sqlite:":
        return None
    return "must be sqlite:FILE"


def files_url(value: str) -> str | None:
    """`files:FOLDER`."""
    if value.startswith("files:") and value != "files:":
        return None
    return "must be files:FOLDER"


def published_address(value: str) -> str | None:
    """One IP address, `auto` or `none`."""
    if value in ("auto", "none"):
        return None
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return f"'{value}' is not an IP address, auto or none"
    return None


def published_ipv6(value: str) -> str | None:
    """One IPv6 address, `auto`, or nothing."""
    if value in ("", "auto"):
        return None
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return f"'{value}' is not an IPv6 address or auto"
    return None


def port(value: int) -> str | None:
    """A port that others can connect to."""
    return None if 1 <= value <= 65535 else "must be between 1 and 65535"


def host_ports(values: tuple[str, ...]) -> str | None:
    """Hosts or addresses, each with a port."""
    for value in values:
        host, colon, number = value.rpartition(":")
        if not host or not colon or not number.isdecimal() or port(int(number)) is not None:
            return f"'{value}' is not a host and a port such as 127.0.0.1:6881"
    return None


def web_addresses(values: tuple[str, ...]) -> str | None:
    """Addresses of web servers."""
    return next((complaint for value in values if (complaint := _web_address(value))), None)


def optional_web_address(value: str) -> str | None:
    """The address of a web page, or nothing."""
    return _web_address(value) if value else None


def optional_https_address(value: str) -> str | None:
    """The https base address of a web API, or nothing."""
    plain = value.startswith("https://") and not any(mark in value for mark in "%@&#+? ")
    if not value or (plain and _web_address(value) is None):
        return None
    return f"'{value}' is not an address such as https://nexus.example.org"


def optional_inbox_address(value: str) -> str | None:
    """The base address of a relay's inbox, or nothing."""
    if not value:
        return None
    if _web_address(value) is not None or any(mark in value for mark in "%&#+? "):
        return f"'{value}' is not an address such as https://relay.example.org/inbox"
    if not value.removesuffix("/").endswith("/inbox"):
        return "must end in /inbox: the older link protocol cannot be waited for here"
    return None


def _web_address(value: str) -> str | None:
    scheme, colon, rest = value.partition("://")
    if scheme in ("http", "https") and colon and rest and not rest.startswith("/"):
        return None
    return f"'{value}' is not an address such as https://example.org"


def optional_host_name(value: str) -> str | None:
    """A DNS host name, or nothing."""
    if not value:
        return None
    labels = value.split(".")
    if len(value) <= 253 and all(
        0 < len(label) <= 63
        and label.replace("-", "").isalnum()
        and label.isascii()
        and label[0] != "-"
        and label[-1] != "-"
        for label in labels
    ):
        return None
    return f"'{value}' is not a host name"


def path_glob(value: str) -> str | None:
    """A pattern of paths."""
    try:
        Glob.parse(value)
    except ValueError as error:
        return str(error)
    return None


def method(value: str) -> str | None:
    """One HTTP method."""
    if value in ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"):
        return None
    return f"'{value}' is not a method; write it in capitals, such as GET"
