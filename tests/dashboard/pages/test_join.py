"""The newcomer's page as the server sends it, and the packets that it passes on."""

from pathlib import Path

import httpx
import pytest
from quart.typing import TestClientProtocol as Client

from appliance.pubky.record_text import content_text
from appliance.pubky.signed_packets import SignedPacket
from dashboard.app import DashboardSettings, create_app
from tests.dashboard.people import Owner, Page
from tests.support.appliance import Appliance, keypair_of

OWN = {"Sec-Fetch-Site": "same-origin"}


def local(url: str) -> str:
    """A loopback address by its name, as the node's own packet says it."""
    return url.replace("127.0.0.1", "localhost")


async def joining(appliance: Appliance) -> httpx.Response:
    """The page."""
    async with httpx.AsyncClient(base_url=local(appliance.dashboard_url)) as http:
        return await http.get("/join")


@pytest.mark.usefixtures("missing_client")
async def test_a_missing_client_is_said_with_the_command_that_fetches_it(
    appliance: Appliance,
) -> None:
    page = Page(await joining(appliance))
    assert "make sdk" in page.text
    assert "script" not in [name for name, _ in page.elements]


async def test_the_browser_is_held_to_this_node_alone(appliance: Appliance) -> None:
    answer = await joining(appliance)
    policy = answer.headers["Content-Security-Policy"]
    own, client = local(appliance.dashboard_url), local(appliance.client_url)
    assert f"connect-src {' '.join(sorted([f'{own}/relay/packets/', client]))};" in policy
    assert f"script-src {own}/static/ 'wasm-unsafe-eval';" in policy
    assert "form-action 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("fetched_client")
async def test_the_page_is_the_same_for_whoever_is_signed_in(owner: Owner) -> None:
    host = f"localhost:{owner.http.base_url.port}"
    page = Page(await owner.get("/join", Host=host))
    assert "Make my key" in page.text
    assert "form" not in [name for name, at in page.elements if at.get("action")]
    assert "Sign out" not in page.text


async def test_an_address_by_number_leads_to_the_name_that_cookies_need(
    appliance: Appliance, visitor: httpx.AsyncClient
) -> None:
    answer = await visitor.get("/join")
    assert answer.headers["Location"] == f"{local(appliance.dashboard_url)}/join"


async def test_a_packet_is_passed_on_both_ways(
    appliance: Appliance, visitor: httpx.AsyncClient
) -> None:
    keypair = keypair_of("dora")
    packet = SignedPacket.sign(keypair, (), 1_700_000_000_000_000)
    address = f"/relay/packets/{keypair.public_key.z32}"
    assert (await visitor.get(address)).status_code == 404
    stored = await visitor.put(address, content=packet.relay_payload, headers=OWN)
    assert stored.status_code == 204
    assert (await visitor.get(address)).content == packet.relay_payload
    async with httpx.AsyncClient(base_url=appliance.node.pkarr_relay_url or "") as http:
        told = await http.get(f"/{keypair.public_key.z32}")
    assert told.content == packet.relay_payload
    older = SignedPacket.sign(keypair, (), 1_600_000_000_000_000)
    refused = await visitor.put(address, content=older.relay_payload, headers=OWN)
    assert refused.status_code == 409


async def test_a_node_that_publishes_nothing_is_found_by_who_asks_it_here(
    appliance: Appliance, visitor: httpx.AsyncClient
) -> None:
    answer = await visitor.get(f"/relay/packets/{appliance.homeserver}")
    packet = SignedPacket.from_relay_payload(appliance.node.keypair.public_key, answer.content)
    said = [content_text(record) for record in packet.records]
    assert any("localhost" in text for text in said), said
    async with httpx.AsyncClient(base_url=appliance.node.pkarr_relay_url or "") as http:
        assert (await http.get(f"/{appliance.homeserver}")).status_code == 404


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://a.b"}])
async def test_pages_of_others_publish_nothing_here(
    visitor: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    address = f"/relay/packets/{keypair_of('dora').public_key.z32}"
    assert (await visitor.put(address, content=b"x" * 100, headers=headers)).status_code == 403


async def test_what_is_no_packet_or_no_key_is_refused(visitor: httpx.AsyncClient) -> None:
    address = f"/relay/packets/{keypair_of('dora').public_key.z32}"
    assert (await visitor.put(address, content=b"x" * 100, headers=OWN)).status_code == 400
    assert (await visitor.put(address, content=b"x" * 1073, headers=OWN)).status_code == 413
    assert (await visitor.get("/relay/packets/nobody")).status_code == 404


async def test_strangers_in_a_hurry_are_sent_away(visitor: httpx.AsyncClient) -> None:
    answers = [(await visitor.get("/relay/packets/nobody")).status_code for _ in range(61)]
    assert answers == [404] * 60 + [429]


async def test_a_node_without_a_relay_says_so(tmp_path: Path) -> None:
    app = create_app(
        DashboardSettings("http://127.0.0.1:1", "http://a", "http://a", "", tmp_path / "x")
    )
    await app.startup()
    browser: Client = app.test_client()
    key = keypair_of("dora").public_key.z32
    answer = await browser.get(f"/relay/packets/{key}", headers={"Host": "127.0.0.1:1"})
    await app.shutdown()
    assert answer.status_code == 404
    assert "runs no pkarr relay" in await answer.get_data(as_text=True)
