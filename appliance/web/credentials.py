"""Who is asking: the cookie named after the tenant (client API 6.1), and over which scheme."""

import ipaddress
from functools import lru_cache

from appliance.homeserver.sessions import ActiveSession, Sessions
from appliance.pubky.keys import PublicKey
from appliance.pubky.sessions import parse_cookies
from appliance.web.asgi import Scope, header


async def find_session(
    sessions: Sessions, scope: Scope, tenant: PublicKey | None
) -> ActiveSession | None:
    """The session of this request, if any; bad credentials count as none."""
    if tenant is None:
        return None
    lines = [
        value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"cookie"
    ]
    secret = parse_cookies(lines).get(tenant.z32) if lines else None
    return await sessions.find(secret, tenant) if secret else None


def came_over_tls(scope: Scope, trusted_proxies: tuple[str, ...]) -> bool:
    """Whether the client's side of this request is encrypted.

    A proxy's word for it counts only when the proxy is a trusted one: cookies get `Secure` by it.
    """
    if scope["scheme"] == "https":
        return True
    peer = scope.get("client")
    if peer is None or not _is_trusted(peer[0], trusted_proxies):
        return False
    forwarded = header(scope, b"x-forwarded-proto")
    return forwarded is not None and forwarded.split(b",")[0].strip().lower() == b"https"


@lru_cache(maxsize=1024)
def _is_trusted(peer: str, trusted_proxies: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in trusted_proxies)
