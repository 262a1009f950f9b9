"""Connecting one's own data: what is asked for, what comes of it, and when it ends."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from appliance.pubky.deep_links import DeepLink
from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.tenant import TenantDoor, TenantDoors
from dashboard.sign_in import IDLE_S
from tests.dashboard.people import Browser, Owner, Page, browser_at, claim_node, connect, sign_up
from tests.support.appliance import Appliance, Person, keypair_of, running_appliance
from tests.support.eventually import eventually
from tests.support.wallet import Wallet


def lent_session(appliance: Appliance) -> tuple[str, str] | None:
    """Key and secret of the one session that the dashboard holds."""
    with closing(sqlite3.connect(appliance.dashboard_store)) as store:
        row: tuple[str, str] | None = store.execute(
            "SELECT public_key, secret FROM connections"
        ).fetchone()
    return row


@pytest.fixture
async def doors(appliance: Appliance) -> AsyncIterator[TenantDoors]:
    doors = TenantDoors(appliance.client_url)
    yield doors
    await doors.close()


async def door_of(appliance: Appliance, doors: TenantDoors) -> TenantDoor:
    lent = lent_session(appliance)
    assert lent is not None
    return doors.of(*lent)


async def test_signing_in_alone_opens_nothing(
    browser: Browser, alice: Person, appliance: Appliance
) -> None:
    await browser.sign_in(alice)
    assert "cannot open your files" in Page(await browser.get("/connect")).text
    assert lent_session(appliance) is None


async def test_the_chosen_rights_are_asked_for_and_no_others(
    browser: Browser, alice: Person
) -> None:
    await browser.sign_in(alice)
    await browser.post("/connect", {"rights": "read"})
    link = DeepLink.parse(await browser.shown_link())
    assert list(map(str, link.capabilities)) == ["/pub/:r", "/priv/:r"]


async def test_what_was_approved_becomes_a_session_of_the_dashboard(
    browser: Browser, alice: Person, appliance: Appliance, doors: TenantDoors
) -> None:
    await alice.put("/priv/diary", "dear diary")
    await browser.sign_in(alice)
    answer = await connect(browser, alice)
    assert answer.headers["Location"] == "/connect?done=connected"
    door = await door_of(appliance, doors)
    assert await door.read(OwnPath("/priv/diary"), 100) == b"dear diary"
    await door.put(OwnPath("/priv/b"), b"b", "text/plain")
    assert (await alice.get("/priv/b")).text == "b"
    shown = (await browser.get("/connect")).text
    assert "/pub/:rw,/priv/:rw" in shown
    assert (lent_session(appliance) or ("", ""))[1] not in shown


async def test_reading_rights_write_nothing(
    browser: Browser, alice: Person, appliance: Appliance, doors: TenantDoors
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    door = await door_of(appliance, doors)
    with pytest.raises(DoorRefusedError) as caught:
        await door.put(OwnPath("/pub/a"), b"a", "text/plain")
    assert caught.value.status == 403


@pytest.mark.parametrize("way", ["/connect/end", "/logout"])
async def test_it_ends_at_the_client_api_too(
    browser: Browser, alice: Person, appliance: Appliance, doors: TenantDoors, way: str
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice)
    door = await door_of(appliance, doors)
    assert await door.has_session()
    await browser.post(way)
    assert not await door.has_session()
    assert lent_session(appliance) is None


async def test_connecting_again_ends_the_session_before(
    browser: Browser, alice: Person, appliance: Appliance, doors: TenantDoors
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice)
    first = await door_of(appliance, doors)
    await connect(browser, alice, "read")
    second = await door_of(appliance, doors)
    assert (await first.has_session(), await second.has_session()) == (False, True)


async def test_a_session_that_ended_elsewhere_is_not_shown_as_connected(
    browser: Browser, alice: Person, appliance: Appliance, doors: TenantDoors
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice)
    await (await door_of(appliance, doors)).end_session()
    assert "cannot open your files" in Page(await browser.get("/connect")).text
    assert lent_session(appliance) is None


async def test_somebody_elses_approval_connects_nothing(
    browser: Browser, alice: Person, http: httpx.AsyncClient, owner: Owner, appliance: Appliance
) -> None:
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code)
    await browser.sign_in(alice)
    assert (await connect(browser, bob)).status_code == 403
    assert lent_session(appliance) is None


async def test_an_owner_with_an_account_connects_it_too(
    owner: Owner, alice: Person, appliance: Appliance
) -> None:
    await claim_node(owner, alice)
    await connect(Browser(owner.http), alice)
    assert (lent_session(appliance) or ("", ""))[0] == alice.z32


async def test_rights_that_nobody_offered_are_refused(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    assert (await browser.post("/connect", {"rights": "/:rw"})).status_code == 400


async def test_the_approval_of_a_sign_in_opens_no_session(browser: Browser, alice: Person) -> None:
    """Even whoever caught the token of a sign-in gets a session for nothing at the client API."""
    link = DeepLink.parse(await browser.begin_sign_in())
    token = Wallet(alice.keypair).answer_to(link)
    caught = Person(alice.keypair, alice.http)
    response = await alice.http.post("/session", content=token)
    caught._keep_cookie(response)
    assert (await caught.put("/pub/a", "a")).status_code == 403
    assert (await caught.get("/priv/")).status_code == 403


async def test_what_an_ended_sign_in_left_behind_is_ended_by_itself(tmp_path: Path) -> None:
    """Nobody signs out of a browser that was closed: the dashboard looks after it."""
    async with (
        running_appliance(tmp_path) as appliance,
        httpx.AsyncClient(base_url=appliance.client_url) as client,
        browser_at(appliance.dashboard_url) as browser,
    ):
        alice = Person(keypair_of("alice"), client)
        (await alice.sign_up()).raise_for_status()
        await browser.sign_in(alice)
        await connect(browser, alice)
        lent = lent_session(appliance)
        assert lent is not None
        with closing(sqlite3.connect(appliance.dashboard_store)) as store, store:
            store.execute("UPDATE sign_ins SET last_seen_at = last_seen_at - ?", (IDLE_S,))
    async with running_appliance(tmp_path) as appliance:
        await eventually(lambda: lent_session(appliance) is None)
        doors = TenantDoors(appliance.client_url)
        assert not await doors.of(*lent).has_session()
        await doors.close()
