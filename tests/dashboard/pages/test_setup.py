"""The first run: its steps, who may claim the node, when, and what that changes."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance import testnet as testnets
from appliance.cli.node import pages
from appliance.data_folder import DASHBOARD_FILE
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, Owner, Page, approve, claim_node, sign_up
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)


async def states(owner: Owner) -> dict[str, str]:
    """Every step with how it is now."""
    said = (await owner.get("/json/setup")).json()
    return {step["name"]: step["state"] for step in said["steps"]}


async def test_a_new_node_has_steps_to_do_and_says_so_in_front(owner: Owner) -> None:
    found = await states(owner)
    assert found["shell"] == "done"
    assert (found["name"], found["link"], found["invite"]) == ("open", "open", "open")
    front = Page(await owner.get("/"))
    assert {"/setup#name", "/setup#link", "/setup#invite"} <= set(front.links)
    assert "/setup#shell" not in front.links


async def test_each_step_is_done_when_it_is_so_and_the_list_goes_when_all_are(
    owner: Owner, alice: Person
) -> None:
    assert (await states(owner))["invite"] == "done", "Alice lives here"
    await owner.post("/setup/name", {"name": "  The   attic "})
    await claim_node(owner, alice)
    assert set((await states(owner)).values()) == {"done"}
    assert "First steps" not in Page(await owner.get("/")).text
    shown = Page(await owner.get("/setup")).text
    assert "The attic" in shown
    assert alice.z32 in shown


async def test_an_invite_that_waits_counts_as_the_first(owner: Owner) -> None:
    await owner.admin.create_invite(None, None)
    assert (await states(owner))["invite"] == "done"


@pytest.mark.usefixtures("fetched_client")
async def test_the_name_is_shown_on_every_page_and_to_newcomers(owner: Owner) -> None:
    await owner.post("/setup/name", {"name": "<b>Attic</b>"})
    host = f"localhost:{owner.http.base_url.port}"
    for page in (await owner.get("/users"), await owner.get("/join", Host=host)):
        assert "&lt;b&gt;Attic" in page.text
        assert "<b>Attic" not in page.text
    await owner.post("/setup/name", {"name": " "})
    assert (await states(owner))["name"] == "open"


async def test_a_name_that_is_too_long_comes_back_with_the_form(owner: Owner) -> None:
    response = await owner.post("/setup/name", {"name": "n" * 41})
    assert response.status_code == 400
    assert "at most 40 characters" in response.text
    assert f'value="{"n" * 41}"' in response.text


async def test_the_steps_in_front_can_be_put_away(owner: Owner) -> None:
    assert "First steps" in (await owner.get("/")).text
    response = await owner.post("/setup/end")
    assert response.headers["Location"] == "/setup?done=set-up"
    assert "First steps" not in (await owner.get("/")).text
    assert "Link my key" in (await owner.get("/setup")).text


async def test_publishing_by_hand_says_what_came_of_it() -> None:
    async with testnets.running_testnet(
        testnets.TestnetPorts(0, 0, 0, 0, 0, 0, 0, 0), dashboard=pages
    ) as testnet:
        origin = testnet.node.dashboard_url or ""
        async with httpx.AsyncClient(base_url=origin, timeout=20) as http:
            await http.post(await create_login_link(testnet.data_dir / DASHBOARD_FILE, origin))
            browser = Browser(http)
            said = (await browser.get("/json/setup")).json()
            (step,) = [step for step in said["steps"] if step["name"] == "publish"]
            assert step["state"] == "done"
            answer = await browser.post("/setup/publish")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/setup?done=published"


async def test_who_came_by_link_claims_the_node_by_scanning(
    owner: Owner, browser: Browser, alice: Person
) -> None:
    assert "/setup#link" in Page(await owner.get("/")).links
    await claim_node(owner, alice)
    assert alice.z32 in (await owner.get("/setup")).text
    assert "/setup#link" not in Page(await owner.get("/")).links
    assert (await browser.sign_in(alice)).headers["Location"] == "/"
    assert (await browser.get("/users")).status_code == 200


async def test_a_claimed_key_needs_no_account_here(
    owner: Owner, browser: Browser, http: httpx.AsyncClient
) -> None:
    carol = Person(keypair_of("carol"), http)
    await claim_node(owner, carol)
    assert (await browser.sign_in(carol)).headers["Location"] == "/"
    assert (await browser.get("/connect")).status_code == 403


async def test_of_two_claims_one_counts(
    owner: Owner, alice: Person, http: httpx.AsyncClient, appliance: Appliance, origin: str
) -> None:
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code)
    async with httpx.AsyncClient(base_url=origin) as http_of_other:
        await http_of_other.post(await create_login_link(appliance.dashboard_store, origin))
        other = Browser(http_of_other)
        await other.post("/setup/claim")
        link = await other.shown_link()
        await claim_node(owner, alice)
        await approve(bob, link)
        assert (await other.get("/scan")).status_code == 409
        assert (await other.post("/setup/claim")).status_code == 409
    assert bob.z32 not in (await owner.get("/setup")).text


async def test_who_signed_in_by_phone_claims_nothing(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    assert (await browser.get("/setup")).status_code == 403
    assert (await browser.post("/setup/claim")).status_code == 403


async def test_a_claim_that_is_taken_back_ends_the_keys_power_at_once(
    owner: Owner, browser: Browser, alice: Person
) -> None:
    await claim_node(owner, alice)
    await browser.sign_in(alice)
    assert (await browser.get("/users")).status_code == 200
    await owner.post("/setup/release", {"public_key": alice.z32})
    assert (await browser.get("/users")).status_code == 403
    assert (await browser.get("/connect")).status_code == 200


async def test_keys_of_the_settings_run_the_node_and_are_not_taken_back(tmp_path: Path) -> None:

    config = config_on_free_ports()
    key = keypair_of("alice").public_key.z32
    config = replace(config, dashboard=replace(config.dashboard, operators=(key,)))
    async with (
        running_appliance(tmp_path, config) as appliance,
        httpx.AsyncClient(base_url=appliance.dashboard_url) as http,
    ):
        browser = Browser(http)
        alice = Person(keypair_of("alice"), http)
        assert (await browser.sign_in(alice)).headers["Location"] == "/"
        shown = Page(await browser.get("/setup"))
        assert "the settings" in shown.text
        assert "Take back" not in shown.text
        assert (await browser.post("/setup/claim")).status_code == 409
        await browser.post("/setup/release", {"public_key": key})
        assert (await browser.get("/users")).status_code == 200
