"""A fresh proof for what is hard to undo: when it is asked for, and which proofs count."""

import httpx
import pytest

from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, Owner, Page, approve, claim_node, make_stale, sign_up
from tests.support.appliance import Appliance, Person


@pytest.fixture
async def bob(http: httpx.AsyncClient, owner: Owner) -> Person:
    invite = await owner.admin.create_invite("Bob", None)
    return await sign_up(http, invite.code)


async def test_right_after_the_link_nothing_more_is_asked(owner: Owner) -> None:
    assert (await owner.post("/setup/claim")).headers["Location"] == "/scan"
    assert (await owner.get("/confirm?back=/setup")).headers["Location"] == "/setup"


async def test_after_five_minutes_a_proof_is_asked_for(owner: Owner, appliance: Appliance) -> None:
    make_stale(appliance)
    answer = await owner.post("/setup/claim")
    assert answer.headers["Location"] == "/confirm?back=%2Fsetup"
    assert "Is it still you?" in Page(await owner.get("/confirm?back=/setup")).text


async def test_a_scan_with_the_same_key_is_a_proof(
    browser: Browser, alice: Person, owner: Owner, appliance: Appliance
) -> None:
    await claim_node(owner, alice)
    await browser.sign_in(alice)
    make_stale(appliance)
    assert (await browser.post("/setup/release")).headers["Location"] == "/confirm?back=%2Fsetup"
    before = dict(browser.http.cookies)
    await browser.post("/confirm", {"back": "/setup"})
    await approve(alice, await browser.shown_link())
    assert (await browser.get("/scan")).headers["Location"] == "/setup"
    assert dict(browser.http.cookies) != before
    released = await browser.post("/setup/release", {"public_key": alice.z32})
    assert released.headers["Location"] == "/setup?done=released"


async def test_the_secret_from_before_a_proof_opens_nothing(
    browser: Browser, alice: Person, origin: str, appliance: Appliance
) -> None:
    await browser.sign_in(alice)
    make_stale(appliance)
    stolen = dict(browser.http.cookies)
    await browser.post("/confirm", {"back": "/account"})
    await approve(alice, await browser.shown_link())
    await browser.get("/scan")
    async with httpx.AsyncClient(base_url=origin, cookies=stolen) as thief:
        assert (await thief.get("/account")).status_code == 303
    assert (await browser.get("/account")).status_code == 200


async def test_somebody_elses_key_is_no_proof(
    browser: Browser, alice: Person, bob: Person, appliance: Appliance
) -> None:
    await browser.sign_in(alice)
    make_stale(appliance)
    await browser.post("/confirm", {"back": "/account"})
    await approve(bob, await browser.shown_link())
    answer = await browser.get("/scan")
    assert answer.status_code == 403
    assert "another key" in Page(answer).text


async def test_who_came_by_link_proves_it_with_the_owners_key_only(
    owner: Owner, alice: Person, bob: Person, appliance: Appliance, origin: str
) -> None:
    await claim_node(owner, alice)
    async with httpx.AsyncClient(base_url=origin) as http:
        await http.post(await create_login_link(appliance.dashboard_store, origin))
        by_link = Browser(http)
        for person, status in ((bob, 403), (alice, 303)):
            make_stale(appliance)
            await by_link.post("/confirm", {"back": "/setup"})
            await approve(person, await by_link.shown_link())
            assert (await by_link.get("/scan")).status_code == status


async def test_a_new_link_from_the_shell_is_a_proof(
    owner: Owner, appliance: Appliance, origin: str
) -> None:
    make_stale(appliance)
    link = await create_login_link(appliance.dashboard_store, origin)
    assert (await owner.post(link.removeprefix(origin))).headers["Location"] == "/"
    assert (await owner.post("/setup/claim")).headers["Location"] == "/scan"
    assert "1 browser signed in" in Page(await owner.get("/account")).text


async def test_a_scan_for_one_purpose_is_not_taken_for_another(
    browser: Browser, alice: Person, appliance: Appliance
) -> None:
    """The approval of a sign-in cannot be finished as a proof, nor the other way round."""
    await browser.sign_in(alice)
    make_stale(appliance)
    await browser.post("/confirm", {"back": "/account"})
    await approve(alice, await browser.shown_link())
    assert (await browser.get("/login/wait")).headers["Location"] == "/login"
    assert (await browser.get("/scan")).headers["Location"] == "/account"


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
async def test_the_way_back_stays_here(owner: Owner, back: str) -> None:
    assert (await owner.http.get("/confirm", params={"back": back})).headers["Location"] == "/"


async def test_nothing_to_wait_for_is_said_so(owner: Owner) -> None:
    answer = await owner.get("/scan")
    assert answer.status_code == 410
    assert "no longer works" in Page(answer).text
