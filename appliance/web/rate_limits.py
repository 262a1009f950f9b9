"""Counts a request before anybody asks who sends it (client API 1.2 and 17.1)."""

from appliance.errors import PubkyError
from appliance.homeserver.rate_limits import count_request, would_refuse
from appliance.pubky.paths import StoragePath, decode_percent
from appliance.web.asgi import Scope
from appliance.web.client_address import client_address
from appliance.web.services import Services
from appliance.web.tenant import Address

# It says what the server can do, and clients ask it before anything else.
EXEMPT = b"/info"


def limit_request(services: Services, scope: Scope, address: Address) -> None:
    """Count this request; raises PubkyError rate_limited, or invalid without a key to count by."""
    if address.raw_path == EXEMPT:
        return
    limits = services.rate_limits.covering(scope["method"], _paths(address))
    if limits:
        count_request(
            limits,
            client_address(scope, services.trusted_proxies),
            address.tenant.z32 if address.tenant else None,
            services.clock(),
        )


def admits(services: Services, scope: Scope, address: Address) -> bool:
    """Count this request unless a limit would refuse it; then the slow way says so."""
    limits = services.rate_limits.covering(scope["method"], _paths(address))
    if not limits:
        return True
    client = client_address(scope, services.trusted_proxies)
    user = address.tenant.z32 if address.tenant else None
    now_us = services.clock()
    if would_refuse(limits, client, user, now_us):
        return False
    count_request(limits, client, user, now_us)
    return True


def _paths(address: Address) -> tuple[str, ...]:
    """The path as limits see it: raw, or of storage in its normal form.

    A raw path can be written in many ways that reach the same file; its normal form counts too.
    """
    if address.path is not None:
        return (address.path.text,)
    raw = address.raw_path
    text = raw.decode("latin-1")
    if b"%" not in raw and b"//" not in raw and b"/." not in raw:
        return (text,)
    try:
        return (text, StoragePath.normalize(decode_percent(raw)).text)
    except PubkyError:
        return (text,)
