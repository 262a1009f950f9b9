"""Records of a packet as people read them, like zone files (RFC 1035 5, RFC 9460 2.1)."""

from ipaddress import IPv4Address, IPv6Address

from appliance.errors import PubkyError
from appliance.pubky.dns_message import (
    PARAM_HTTP_PORT,
    PARAM_IPV4HINT,
    PARAM_IPV6HINT,
    PARAM_PORT,
    TYPE_A,
    TYPE_AAAA,
    TYPE_CNAME,
    TYPE_HTTPS,
    TYPE_SVCB,
    TYPE_TXT,
    Name,
    Record,
    ServiceBinding,
    name_text,
)

_TYPES = {
    TYPE_A: "A",
    TYPE_AAAA: "AAAA",
    TYPE_CNAME: "CNAME",
    TYPE_TXT: "TXT",
    TYPE_SVCB: "SVCB",
    TYPE_HTTPS: "HTTPS",
}


def type_text(record: Record) -> str:
    """The name of its type; RFC 3597 5 for those without one here."""
    return _TYPES.get(record.record_type, f"TYPE{record.record_type}")


def owner_text(record: Record, origin: Name) -> str:
    """The owner below the packet's key; `@` is the key itself."""
    owner = record.owner
    if owner[-len(origin) :] == origin:
        owner = owner[: -len(origin)]
        return printable(name_text(owner)) or "@"
    return printable(name_text(owner)) + "."


def content_text(record: Record) -> str:
    """What the record says; what cannot be read is shown in hexadecimal."""
    try:
        if record.record_type in (TYPE_HTTPS, TYPE_SVCB):
            return _binding_text(ServiceBinding.from_rdata(record.rdata))
        if record.record_type == TYPE_A:
            return str(IPv4Address(record.rdata))
        if record.record_type == TYPE_AAAA:
            return str(IPv6Address(record.rdata))
    except (PubkyError, ValueError):  # a stranger's record
        return record.rdata.hex() or "-"
    if record.record_type == TYPE_TXT:
        return " ".join(_texts(record.rdata)) or "-"
    return record.rdata.hex() or "-"


def printable(text: str) -> str:
    """A stranger's text without what a terminal would obey."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _binding_text(binding: ServiceBinding) -> str:
    words = [str(binding.priority), printable(name_text(binding.target)) or "."]
    for number, value in sorted(binding.params.items()):
        words.append(_param_text(number, value))
    return " ".join(words)


def _param_text(number: int, value: bytes) -> str:
    if number in (PARAM_PORT, PARAM_HTTP_PORT) and len(value) == 2:
        name = "port" if number == PARAM_PORT else f"key{number}"
        return f"{name}={int.from_bytes(value, 'big')}"
    if number == PARAM_IPV4HINT and len(value) == 4:
        return f"ipv4hint={IPv4Address(value)}"
    if number == PARAM_IPV6HINT and len(value) == 16:
        return f"ipv6hint={IPv6Address(value)}"
    return f"key{number}={value.hex()}"


def _texts(rdata: bytes) -> list[str]:
    """The strings of a TXT record, each behind its length."""
    found, at = [], 0
    while at < len(rdata):
        end = at + 1 + rdata[at]
        found.append('"' + printable(rdata[at + 1 : end].decode("utf-8", "replace")) + '"')
        at = end
    return found
