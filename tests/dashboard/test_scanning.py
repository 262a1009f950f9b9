"""Answers over a stranger's relay, for pages that phones cannot reach."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from dashboard.doors.answers import DoorError
from dashboard.doors.relay import RelayDoor
from tests.dashboard.people import Browser, Page, approve
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.eventually import PATIENCE_S


async def test_a_phone_answers_over_the_relay_of_the_settings(
    tmp_path: Path, appliance: Appliance
) -> None:
    """The relay is another node's; the pages fetch the answer and the relay forgets it."""
    relay = f"{appliance.node.http_relay_url}/inbox"
    config = config_on_free_ports()
    config = replace(config, dashboard=replace(config.dashboard, login_relay=relay))
    (tmp_path / "other").mkdir()
    async with (
        running_appliance(tmp_path / "other", config) as node,
        httpx.AsyncClient(base_url=node.client_url) as client,
        httpx.AsyncClient(base_url=node.dashboard_url) as http,
    ):
        alice = Person(keypair_of("alice"), client)
        (await alice.sign_up()).raise_for_status()
        browser = Browser(http)
        assert "A phone cannot sign in here" not in Page(await browser.get("/login")).text
        link = await browser.begin_sign_in()
        shown = Page(await browser.get("/login/wait")).text
        assert relay.partition("://")[2].partition("/")[0] in shown
        await approve(alice, link)

        async with asyncio.timeout(PATIENCE_S):
            while (await browser.get("/login/wait")).status_code == 200:
                pass  # every request lets the pages fetch the answer meanwhile
        assert alice.z32 in (await browser.get("/account")).text
        # The inbox of the pages themselves is of no use then, but does no harm either.
        assert (await http.post("/relay/inbox/nowhere")).status_code == 404


async def test_what_a_relay_holds_is_fetched_and_acknowledged(appliance: Appliance) -> None:
    relay = RelayDoor(f"{appliance.node.http_relay_url}/inbox/")
    async with httpx.AsyncClient(base_url=f"{appliance.node.http_relay_url}/inbox") as http:
        await http.post("/channel", content=b"an answer")
        assert await relay.wait("channel") == b"an answer"
        await relay.acknowledge("channel")
        assert (await http.get("/channel/ack")).text == "true"
    await relay.close()


@pytest.mark.parametrize(
    "answer", [httpx.Response(500), httpx.Response(200, content=bytes(16 * 1024 + 1))]
)
async def test_a_relay_that_misbehaves_is_a_door_error(answer: httpx.Response) -> None:
    relay = RelayDoor("http://relay.example", httpx.MockTransport(lambda _: answer))
    with pytest.raises(DoorError):
        await relay.wait("channel")
    await relay.close()


async def test_a_relay_with_nothing_yet_says_so() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(408))
    relay = RelayDoor("http://relay.example", transport)
    assert await relay.wait("channel") is None
    await relay.close()
