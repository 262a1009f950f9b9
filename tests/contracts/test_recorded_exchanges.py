"""What the official client was recorded sending is answered as it needs (auth.json)."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator

import httpx
import pytest

from appliance import testnet
from tests.support.appliance import Person, auth_token, keypair_of
from tests.support.grant_client import GrantClient
from tests.support.vectors import load_vectors
from tests.support.wallet import Wallet, channel_id, channel_url, unseal

VECTORS = load_vectors("auth")
RECORDED = VECTORS["http_exchanges_0_6_0_node"]["requests"]
SECRET = bytes(range(32))
NONCE = bytes(24)


@pytest.fixture
async def net() -> AsyncIterator[testnet.Testnet]:
    """A testnet on free ports."""
    ports = testnet.TestnetPorts(0, 0, 0, 0, 0, 0, 0)
    async with testnet.running_testnet(ports) as running:
        yield running


async def test_every_recorded_request_has_its_answer(net: testnet.Testnet) -> None:
    """The same methods, paths and headers, with our own people's keys, cookies and tokens."""
    async with httpx.AsyncClient(base_url=net.node.client_url) as http:
        dora = Person(keypair_of("dora"), http)
        await dora.sign_up()
        eve = keypair_of("eve")
        statuses = []
        for request in RECORDED:
            if "relay" in request["server"]:
                continue
            headers = {
                name: value
                for name, value in request["headers"].items()
                if name not in ("host", "content-length", "cookie")
            }
            headers["pubky-host"] = dora.z32
            if "cookie" in request["headers"]:
                headers["cookie"] = dora.headers["cookie"]
            body = None
            if request["method"] == "POST":
                body = auth_token(eve if "/signup" in request["path"] else dora.keypair)
            elif request["body_len"]:
                body = b"x" * request["body_len"]
            response = await http.request(
                request["method"], request["path"], headers=headers, content=body
            )
            statuses.append(
                (request["method"], request["path"].split("?")[0], response.status_code)
            )
            if request["method"] == "POST" and "/session" in request["path"]:
                dora.cookies[dora.z32] = (
                    response.headers["set-cookie"].split("=", 1)[1].split(";")[0]
                )
    assert statuses[:6] == [
        ("POST", "/signup", 200),
        ("PUT", "/pub/a%2520b/x.txt", 201),
        ("GET", "/session", 200),
        ("DELETE", "/session", 200),
        ("GET", "/session", 404),
        ("POST", "/session", 200),
    ]
    assert all(status == 200 for _, path, status in statuses[6:] if path == "/session")


def test_clients_take_only_404_for_signed_out() -> None:
    """The recorded reactions are why `GET /session` answers 404 and never 401."""
    reactions = {
        entry["status"]: entry["client"] for entry in VECTORS["http_client_reaction_0_6_0"]
    }
    assert "session gone" in reactions[404]
    assert "server failure" in reactions[401]


@pytest.mark.parametrize("kind", ["link", "inbox"])
async def test_an_app_signs_in_by_cookie_through_the_relay(net: testnet.Testnet, kind: str) -> None:
    """The app shows a link, the wallet answers through the relay, the app spends the answer."""
    async with httpx.AsyncClient(base_url=net.node.client_url, timeout=20) as http:
        dora = Person(keypair_of("dora"), http)
        await dora.sign_up()
        relay = f"{net.http_relay_url}/{kind}"
        link = _link("signin", relay)
        token = await _answer(http, Wallet(dora.keypair), link, relay, kind)
        response = await http.post("/session", content=token)
        assert response.status_code == 200
        cookie = response.headers["set-cookie"].split(";")[0]
        headers = {"pubky-host": dora.z32, "cookie": cookie}
        assert (await http.put("/pub/app/a", content="x", headers=headers)).status_code == 201
        assert (await http.put("/pub/other", content="x", headers=headers)).status_code == 403


async def test_an_app_signs_in_by_grant_through_the_relay(net: testnet.Testnet) -> None:
    """As by cookie, with a key of the app's own and a bearer at the end."""
    async with httpx.AsyncClient(base_url=net.node.client_url, timeout=20) as http:
        dora = Person(keypair_of("dora"), http)
        await dora.sign_up()
        homeserver = net.node.keypair.public_key.z32
        app = GrantClient.of(http, homeserver, dora.keypair, "/pub/app/:rw")
        relay = f"{net.http_relay_url}/inbox"
        link = _link("signin_grant", relay) + f"&cid=example.app&cpk={app.key.public_key.z32}"
        signed = await _answer(http, Wallet(dora.keypair), link, relay, "inbox")
        kept = app.credential.split(":")
        from_wallet = GrantClient.restored(
            http, dora.keypair, ":".join([*kept[:3], signed.decode()])
        )
        assert (await from_wallet.exchange()).status_code == 200
        assert (await from_wallet.put("/pub/app/a", b"x")).status_code == 201
        assert (await from_wallet.put("/pub/other", b"x")).status_code == 403


def _link(intent: str, relay: str) -> str:
    secret = urlsafe_b64encode(SECRET).rstrip(b"=").decode()
    return f"pubkyauth://{intent}?caps=/pub/app/:rw&relay={relay}&secret={secret}"


async def _answer(
    http: httpx.AsyncClient, wallet: Wallet, link: str, relay: str, kind: str
) -> bytes:
    """What the app reads: it waits while the wallet posts."""
    url = channel_url(relay, channel_id(SECRET))
    waiting, posted = await asyncio.gather(http.get(url), wallet.approve(link, NONCE, http))
    assert (waiting.status_code, posted.status_code) == (200, 200)
    if kind == "inbox":
        assert (await http.delete(url)).status_code == 200
    return unseal(waiting.content, SECRET)
