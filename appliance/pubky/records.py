"""What a homeserver publishes about itself, and where a user's packet points."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from appliance.errors import PubkyError, invalid
from appliance.pubky import z32
from appliance.pubky.dns_message import (
    PARAM_HTTP_PORT,
    PARAM_IPV4HINT,
    PARAM_IPV6HINT,
    PARAM_PORT,
    TYPE_A,
    TYPE_AAAA,
    TYPE_HTTPS,
    TYPE_SVCB,
    Name,
    Record,
    ServiceBinding,
    name_text,
    parse_name,
)
from appliance.pubky.keys import Z32_CHARACTERS, PublicKey
from appliance.pubky.signed_packets import SignedPacket

RECORD_TTL_S = 3600
_APEX: Name = ()
_USER_LABEL = b"_pubky"
# Lower wins (RFC 9460 2.4.1): a direct connection comes before the ICANN domain.
_DIRECT_PRIORITY = 1
_ICANN_PRIORITY = 10


def homeserver_records(
    public_ips: Sequence[str],
    pubky_tls_port: int | None,
    icann_domain: str | None,
    icann_http_port: int,
) -> tuple[Record, ...]:
    """The records of a homeserver's own packet in their fixed order (discovery 8.1).

    Without an address or without `pubky_tls_port` the direct way is left out, and with it the
    addresses: behind a tunnel only the domain is of use. `icann_http_port` is published only for
    the domain `localhost`, where clients need it; for real domains they use 443. Raises `invalid`
    when an address or the domain is none.
    """
    records = []
    addresses = _addresses(public_ips) if pubky_tls_port is not None else []
    if addresses and pubky_tls_port is not None:
        params = {PARAM_PORT: _u16(pubky_tls_port)}
        for address in addresses:
            hint = PARAM_IPV4HINT if address.version == 4 else PARAM_IPV6HINT
            params[hint] = params.get(hint, b"") + address.packed
        records.append(_service(_APEX, ServiceBinding(_DIRECT_PRIORITY, (), params)))
    if icann_domain:
        params = {PARAM_HTTP_PORT: _u16(icann_http_port)} if icann_domain == "localhost" else {}
        records.append(
            _service(_APEX, ServiceBinding(_ICANN_PRIORITY, parse_name(icann_domain), params))
        )
    records += [
        Record(
            _APEX,
            TYPE_A if address.version == 4 else TYPE_AAAA,
            RECORD_TTL_S,
            address.packed,
        )
        for address in addresses
    ]
    return tuple(records)


def _addresses(texts: Sequence[str]) -> list[IPv4Address | IPv6Address]:
    try:
        return [ip_address(text) for text in texts]
    except ValueError as error:
        raise invalid(f"Invalid public IP address: {error}") from None


def user_record(homeserver: PublicKey) -> Record:
    """The `_pubky` record by which a user's packet points to a homeserver (discovery 8.2)."""
    return _service((_USER_LABEL,), ServiceBinding(0, parse_name(homeserver.z32)))


def homeserver_of(packet: SignedPacket) -> PublicKey | None:
    """The homeserver a user's packet points to; `None` when it points to none.

    Only the first `_pubky` record of type HTTPS or SVCB counts, whatever its priority, as in
    official clients (discovery 4).
    """
    owner = (_USER_LABEL, packet.public_key.z32.encode())
    for record in packet.records:
        if record.owner == owner and record.record_type in {TYPE_HTTPS, TYPE_SVCB}:
            try:
                return lenient_key(name_text(ServiceBinding.from_rdata(record.rdata).target))
            except PubkyError:  # a target that is no key, or a record without content
                return None
    return None


def lenient_key(text: str) -> PublicKey:
    """The key in a text, URL or host name, read as official relays read it (discovery 1).

    Up to 52 characters are a key as they stand. Anything longer loses scheme, user, port, path,
    query, fragment and trailing dots, and its last label counts. Raises `invalid`.
    """
    if len(text) > Z32_CHARACTERS:
        text = text.partition(":")[2] if ":" in text else text
        text = text.removeprefix("//")
        text = text.partition("@")[2] if "@" in text else text
        text = re.split("[:/?#]", text, maxsplit=1)[0]
        text = text.rstrip(".").rpartition(".")[2]
    return PublicKey.from_bytes(z32.decode(text))


def _service(owner: Name, binding: ServiceBinding) -> Record:
    return Record(owner, TYPE_HTTPS, RECORD_TTL_S, binding.to_rdata())


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "big")
