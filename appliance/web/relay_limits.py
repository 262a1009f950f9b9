"""How often one address may ask a relay: so many requests a second, and ten times that at once.

It stands inside of CORS, so that a page can read the refusal and no preflight is counted.
"""

from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.homeserver.rate_limits import NS_PER_S, NS_PER_US, Buckets, Flow, address_key
from appliance.web.answers import send_refusal
from appliance.web.asgi import ASGIApp, Receive, Scope, Send
from appliance.web.client_address import client_address

# A sign-up by one client needs four requests within a second (discovery 6.5).
BURST_S = 10


class RelayLimits:
    """The buckets of one relay; `requests_per_second` 0 means no limit."""

    def __init__(
        self, requests_per_second: int, trusted_proxies: tuple[str, ...], clock: Clock
    ) -> None:
        self._flow = Flow(requests_per_second, NS_PER_S, requests_per_second * BURST_S)
        self._trusted_proxies = trusted_proxies
        self._clock = clock
        self._buckets = Buckets()
        self.refused = 0

    def admits(self, scope: Scope) -> bool:
        """Count a request, unless it is one too many."""
        client = client_address(scope, self._trusted_proxies)
        if not self._flow.cells or client is None:
            return True
        key, now_ns = address_key(client), self._clock() * NS_PER_US
        if self._buckets.wait_ns(key, self._flow, now_ns):
            self.refused += 1
            return False
        self._buckets.take(key, self._flow, now_ns)
        return True


def with_relay_limits(app: ASGIApp, limits: RelayLimits | None) -> ASGIApp:
    """Refuse what is too much with 429."""
    if limits is None:
        return app

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if limits.admits(scope):
            await app(scope, receive, send)
        else:
            error = PubkyError("rate_limited", "Too many requests", **{"retry-after": "1"})
            await send_refusal(send, error, head=scope["method"] == "HEAD", extra=[])

    return limited
