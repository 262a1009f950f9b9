"""What a homeserver publishes about itself, and where a user's packet points."""

import re
from ipaddress import ip_address

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
    public_ip: str,
    pubky_tls_port: int,
    icann_domain: str | None,
    icann_http_port: int,
) -> tuple[Record, ...]:
    """The records of a homeserver's own packet in their fixed order (discovery 8.1).

    `icann_http_port` is published only for the domain `localhost`, where clients need it; for real
    domains they use 443. Raises `invalid` when the address or the domain is none.
    """
    try:
        address = ip_address(public_ip)
    except ValueError:
        raise invalid(f"Invalid public IP address: {public_ip}") from None
    is_ipv4 = address.version == 4
    direct = ServiceBinding(
        _DIRECT_PRIORITY,
        (),
        {
            PARAM_PORT: _u16(pubky_tls_port),
            PARAM_IPV4HINT if is_ipv4 else PARAM_IPV6HINT: address.packed,
        },
    )
    records = [_service(_APEX, direct)]
    if icann_domain:
        params = {PARAM_HTTP_PORT: _u16(icann_http_port)} if icann_domain == "localhost" else {}
        records.append(
            _service(_APEX, ServiceBinding(_ICANN_PRIORITY, parse_name(icann_domain), params))
        )
    address_type = TYPE_A if is_ipv4 else TYPE_AAAA
    return (*records, Record(_APEX, address_type, RECORD_TTL_S, address.packed))


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
