"""Where another homeserver answers over HTTP: people who move there have to reach it."""

import re
from ipaddress import ip_address

from quart import Blueprint, Response, jsonify

from appliance.pkarr.endpoints import Endpoint, endpoints
from appliance.web.admin.pages import key_of
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:write"
_LOCAL = "localhost"
# A target is a stranger's text: `@`, `/` or `#` in it would lead a URL elsewhere.
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")


def routes(services: AdminServices) -> Blueprint:
    """`GET /network/homeservers/{key}`."""
    blueprint = Blueprint("homeservers", __name__)
    network = services.network
    may_be_local = _is_loopback(services.pkdns.public_ip)

    @blueprint.get("/network/homeservers/<pubkey>")
    async def show(pubkey: str) -> Response:
        key = key_of(pubkey)
        found = None
        async for endpoint in endpoints(network.resolver, key):
            found = http_address(endpoint, may_be_local=may_be_local)
            if found is not None:
                break
        return jsonify(
            {
                "public_key": key,
                "asked": network.resolver.has_network,
                "url": found,
                "is_local": found is not None and found.startswith("http://"),
            }
        )

    return blueprint


def http_address(endpoint: Endpoint, *, may_be_local: bool) -> str | None:
    """The base URL of an endpoint with a domain, as browsers' clients read it (discovery 5.1).

    `localhost` counts on nodes that publish nothing else themselves: a stranger's record must not
    lead a public node to its own machine.
    """
    domain = (endpoint.domain or "").lower().rstrip(".")
    if domain == _LOCAL:
        port = endpoint.http_port
        return f"http://{_LOCAL}:{port}" if may_be_local and port else None
    if not _DOMAIN.fullmatch(domain) or len(domain) > 253 or _is_address(domain):
        return None
    return f"https://{domain}:{endpoint.port}" if endpoint.port else f"https://{domain}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(public_ip: str) -> bool:
    """Whether a node publishes no address but its own machine's, as in a testnet."""
    return _is_address(public_ip) and ip_address(public_ip).is_loopback
