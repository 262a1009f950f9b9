"""The node's first owner: who may claim it, when, and what that changes."""

from dataclasses import replace
from pathlib import Path

import httpx

from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, Owner, Page, approve, claim_node, sign_up
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)


async def test_who_came_by_link_claims_the_node_by_scanning(
    owner: Owner, browser: Browser, alice: Person
) -> None:
    assert "Nobody's key runs this node yet" in Page(await owner.get("/")).text
    await claim_node(owner, alice)
    assert alice.z32 in (await owner.get("/setup")).text
    assert "Nobody's key" not in Page(await owner.get("/")).text
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
