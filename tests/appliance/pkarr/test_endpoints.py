"""Where the official client went with 41 sets of packets, and where we would go."""

from urllib.parse import urlsplit, urlunsplit

import pytest

from appliance.pkarr.endpoints import endpoints
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket
from tests.support.pkarr import resolver_of
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("pkarr")
RUNS = entries(VECTORS, "resolve_wasm_0_6_0")


async def where_to(entry: Entry) -> str | None:
    """The URL that a browser's client goes to instead (discovery 4.1); None where it gives up."""
    resolver = resolver_of()
    for z32, payload in entry["packets"].items():
        key = PublicKey.parse(z32)
        resolver.cache.see(SignedPacket.from_relay_payload(key, bytes.fromhex(payload)))
    url = urlsplit(entry["fetch_url"])
    host = url.hostname or ""
    async for endpoint in endpoints(resolver, host):
        if endpoint.domain is None:
            continue
        scheme, port = url.scheme, endpoint.port or url.port
        if endpoint.domain in ("localhost", entry["testnet_host"]):
            if endpoint.http_port is None:
                return None
            scheme, port = "http", endpoint.http_port
        user, at, _ = url.netloc.rpartition("@")
        place = f"{user}{at}{endpoint.domain}" + (f":{port}" if port else "")
        return urlunsplit((scheme, place, url.path, url.query, url.fragment))
    return None


@pytest.mark.parametrize("entry", RUNS, ids=[entry["name"] for entry in RUNS])
async def test_we_find_the_place_that_the_official_client_finds(entry: Entry) -> None:
    requested = [request["url"] for request in entry["requests"]]
    found = await where_to(entry)
    assert ([_normal(found)] if found else []) == [_normal(url) for url in requested]


def _normal(url: str) -> tuple[str, str, int | None, str, str]:
    """Ports that are a scheme's own need not be written."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}[parts.scheme]
    port = None if parts.port == default else parts.port
    return parts.scheme, parts.hostname or "", port, parts.path, parts.query
