"""Where a request comes from: its connection, or what a trusted proxy says (client API 17.3).

A client can send any X-Forwarded-For. Proxies append to it, so only the right-most part is theirs:
reading goes from the right and ends at the first address that is no trusted proxy.
"""

import ipaddress
from functools import lru_cache

from appliance.homeserver.rate_limits import IPAddress
from appliance.web.asgi import Scope, header


def client_address(scope: Scope, trusted_proxies: tuple[str, ...]) -> IPAddress | None:
    """The client's address; None when the connection has none."""
    peer = _peer(scope)
    if peer is None or not _is_trusted(peer, trusted_proxies):
        return peer
    forwarded = _forwarded(scope)
    if not forwarded:
        real = header(scope, b"x-real-ip")
        return (_parsed(real.decode("latin-1")) if real is not None else None) or peer
    hop = peer
    for text in reversed(forwarded):
        address = _parsed(text)
        if address is None:
            # Only a proxy that we trust can have passed this on, so it is the last one known.
            return hop
        hop = address
        if not _is_trusted(hop, trusted_proxies):
            return hop
    return hop


def peer_is_trusted_proxy(scope: Scope, trusted_proxies: tuple[str, ...]) -> bool:
    """Whether the other end of the connection may speak for its clients."""
    peer = _peer(scope)
    return peer is not None and _is_trusted(peer, trusted_proxies)


def _peer(scope: Scope) -> IPAddress | None:
    client = scope.get("client")
    return _parsed(client[0]) if client else None


def _forwarded(scope: Scope) -> list[str]:
    lines = [
        value.decode("latin-1")
        for name, value in scope["headers"]
        if name.lower() == b"x-forwarded-for"
    ]
    return ",".join(lines).split(",") if lines else []


def _parsed(text: str) -> IPAddress | None:
    """An address as proxies write it: bare, with a port, in brackets, IPv4 inside IPv6."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


@lru_cache(maxsize=1024)
def _is_trusted(address: IPAddress, trusted_proxies: tuple[str, ...]) -> bool:
    return any(address in ipaddress.ip_network(network) for network in trusted_proxies)
