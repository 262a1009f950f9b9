"""Signing in with a phone: who gets in, in which browser, how often, and who does not."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance.pubky.deep_links import DeepLink
from dashboard.sign_in import create_login_link
from tests.dashboard.people import (
    OWN_FORM,
    Browser,
    Owner,
    Page,
    approve,
    browser_at,
    connect,
    sign_up,
)
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.wallet import Wallet, channel_id, seal


async def test_somebody_with_an_account_signs_in_by_scanning(
    browser: Browser, alice: Person
) -> None:
    answer = await browser.sign_in(alice)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
    assert alice.z32 in (await browser.get("/account")).text


async def test_the_cookie_of_the_attempt_goes_and_a_new_secret_comes(
    browser: Browser, alice: Person
) -> None:
    link = await browser.begin_sign_in()
    before = dict(browser.http.cookies)
    await approve(alice, link)
    await browser.get("/login/wait")
    assert before.keys() == {"pkd-pre"}
    assert browser.http.cookies.keys() == {"pkd"}
    assert browser.http.cookies["pkd"] not in before.values()


async def test_the_link_asks_for_nothing_but_names_this_dashboard(
    browser: Browser, origin: str
) -> None:
    link = DeepLink.parse(await browser.begin_sign_in())
    (capability,) = link.capabilities
    host = origin.removeprefix("http://").replace(":", "_")
    assert capability.scope.startswith(f"/pub/pubky-appliance.login/{host}/")
    assert (capability.read, capability.write) == (True, False)
    assert link.relay == f"{origin}/relay/inbox"
    assert link.x_callback.source == f"Pubky node {origin.removeprefix('http://')}"


async def test_another_browser_cannot_finish(browser: Browser, alice: Person, origin: str) -> None:
    await approve(alice, await browser.begin_sign_in())
    async with browser_at(origin) as other:
        assert (await other.get("/login/wait")).status_code == 410
        await other.begin_sign_in()
        assert (await other.get("/login/wait")).status_code == 200
        assert "pkd" not in other.http.cookies
    assert (await browser.get("/login/wait")).status_code == 303


async def test_a_cookie_that_somebody_else_chose_is_not_taken_over(
    browser: Browser, origin: str
) -> None:
    browser.http.cookies.set("pkd-pre", "chosen-by-a-neighbour")
    started = await browser.post("/login/start")
    assert "chosen-by-a-neighbour" not in started.headers["Set-Cookie"]
    async with httpx.AsyncClient(
        base_url=origin, cookies={"pkd-pre": "chosen-by-a-neighbour"}
    ) as neighbour:
        assert (await neighbour.get("/login/wait")).status_code == 410


async def test_a_key_that_nobody_knows_is_named_to_this_browser_and_gets_nothing(
    browser: Browser, http: httpx.AsyncClient, owner: Owner
) -> None:
    stranger = Person(keypair_of("mallory"), http)
    answer = await browser.sign_in(stranger)
    assert answer.status_code == 403
    assert stranger.z32 in answer.text
    assert "pkd" not in browser.http.cookies
    assert (await browser.get("/login/wait")).status_code == 410
    assert stranger.z32 not in (await owner.get("/account")).text


async def test_a_disabled_account_does_not_sign_in(
    browser: Browser, alice: Person, owner: Owner
) -> None:
    await owner.admin.disable_user(alice.z32)
    answer = await browser.sign_in(alice)
    assert answer.status_code == 403
    assert "disabled" in Page(answer).text


async def test_an_account_that_is_disabled_later_sees_nothing_more(
    browser: Browser, alice: Person, owner: Owner
) -> None:
    await browser.sign_in(alice)
    assert (await browser.get("/connect")).status_code == 200
    await owner.admin.disable_user(alice.z32)
    assert (await browser.get("/connect")).status_code == 403
    assert (await browser.get("/account")).status_code == 200


async def test_an_approval_is_used_once(browser: Browser, alice: Person) -> None:
    await approve(alice, await browser.begin_sign_in())
    answers = await asyncio.gather(*(browser.get("/login/wait") for _ in range(6)))
    cookies = [answer.headers.get("Set-Cookie", "") for answer in answers]
    assert len([cookie for cookie in cookies if cookie.startswith("pkd=")]) == 1


async def test_a_token_that_was_spent_elsewhere_signs_nobody_in(
    browser: Browser, alice: Person
) -> None:
    """Whoever sees the code can post what they caught; the replay table is one with the API's."""
    link = DeepLink.parse(await browser.begin_sign_in())
    assert link.secret is not None
    caught = seal_token(alice, link)
    assert (await alice.http.post("/session", content=caught)).status_code == 200
    await post_answer(alice.http, link, seal(caught, link.secret, bytes(24)))
    assert (await browser.get("/login/wait")).status_code == 200


def seal_token(person: Person, link: DeepLink) -> bytes:
    return Wallet(person.keypair).answer_to(link)


async def post_answer(http: httpx.AsyncClient, link: DeepLink, body: bytes) -> httpx.Response:
    assert link.secret is not None
    return await http.post(f"{link.relay}/{channel_id(link.secret)}", content=body)


async def test_nonsense_leaves_the_code_alone_until_it_is_too_much(
    browser: Browser, alice: Person
) -> None:
    text = await browser.begin_sign_in()
    link = DeepLink.parse(text)
    for _ in range(9):
        assert (await post_answer(alice.http, link, b"nonsense" * 20)).status_code == 200
    assert (await browser.get("/login/wait")).status_code == 200
    assert (await post_answer(alice.http, link, b"")).status_code == 200
    answer = await browser.get("/login/wait")
    assert answer.status_code == 410
    assert "spoiled" in Page(answer).text
    assert (await approve(alice, text)).status_code == 404


async def test_an_honest_answer_after_nonsense_still_counts(
    browser: Browser, alice: Person
) -> None:
    text = await browser.begin_sign_in()
    await post_answer(alice.http, DeepLink.parse(text), b"nonsense")
    await approve(alice, text)
    assert (await browser.get("/login/wait")).headers["Location"] == "/home"


async def test_a_new_code_makes_the_one_before_worthless(browser: Browser, alice: Person) -> None:
    first = await browser.begin_sign_in()
    second = await browser.begin_sign_in()
    assert (await approve(alice, first)).status_code == 404
    assert (await approve(alice, second)).status_code == 200


async def test_an_address_begins_ten_times_and_is_then_shown_the_shell(browser: Browser) -> None:
    for _ in range(10):
        await browser.begin_sign_in()
    answer = await browser.post("/login/start")
    assert answer.status_code == 429
    assert "pubky-appliance login-link" in Page(answer).text


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://a.example"}, {"Origin": "null"}],
)
async def test_a_strangers_page_begins_nothing(
    visitor: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await visitor.post("/login/start", headers=headers)).status_code == 403


async def test_a_form_without_any_origin_is_refused_once_there_is_a_cookie(
    browser: Browser,
) -> None:
    await browser.begin_sign_in()
    assert (await browser.http.post("/login/start")).status_code == 403


async def test_the_page_looks_by_itself_and_can_be_told_not_to(browser: Browser) -> None:
    await browser.begin_sign_in()
    assert (await browser.get("/login/wait")).headers["Refresh"] == "3;url=/login/wait"
    calm = await browser.get("/login/wait?calm")
    assert "Refresh" not in calm.headers
    assert "/login/wait" in Page(calm).links


async def test_on_loopback_the_page_says_that_phones_cannot_answer(browser: Browser) -> None:
    words = Page(await browser.get("/login")).text
    assert "A phone cannot sign in here" in words
    assert "pubky-appliance login-link" in words
    await browser.begin_sign_in()
    assert "a phone cannot reach these pages" in Page(await browser.get("/login/wait")).text


async def test_who_is_signed_in_is_not_asked_to_scan(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    assert (await browser.get("/login")).headers["Location"] == "/home"
    assert (await browser.get("/login/wait")).headers["Location"] == "/login"


async def test_a_link_from_the_shell_ends_what_somebody_else_left_open(
    browser: Browser, alice: Person, appliance: Appliance, origin: str
) -> None:
    await browser.sign_in(alice)
    before = dict(browser.http.cookies)
    link = await create_login_link(appliance.dashboard_store, origin)
    assert (await browser.http.post(link, headers=OWN_FORM)).headers["Location"] == "/"
    assert alice.z32 not in (await browser.get("/account")).text
    async with httpx.AsyncClient(base_url=origin, cookies=before) as old:
        assert (await old.get("/account")).status_code == 303


async def test_two_people_in_two_browsers_do_not_meet(
    browser: Browser, http: httpx.AsyncClient, owner: Owner, alice: Person, origin: str
) -> None:
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code)
    await browser.sign_in(alice)
    async with browser_at(origin) as other:
        await other.sign_in(bob)
        seen = (await other.get("/account")).text
        assert bob.z32 in seen
        assert alice.z32 not in seen


async def test_wallets_that_know_grants_only_sign_in_too(tmp_path: Path) -> None:
    config = config_on_free_ports()
    config = replace(config, dashboard=replace(config.dashboard, login_link="grant"))
    async with (
        running_appliance(tmp_path, config) as appliance,
        httpx.AsyncClient(base_url=appliance.client_url) as client,
        browser_at(appliance.dashboard_url) as browser,
    ):
        alice = Person(keypair_of("alice"), client)
        (await alice.sign_up()).raise_for_status()
        text = await browser.begin_sign_in()
        assert DeepLink.parse(text).intent == "signin_grant"
        await approve(alice, text)
        assert (await browser.get("/login/wait")).headers["Location"] == "/home"
        # Real rights are spent as a token, so they are asked for as one.
        assert (await connect(browser, alice)).headers["Location"] == "/connect?done=connected"


async def test_no_secret_of_a_sign_in_is_logged(
    browser: Browser, alice: Person, appliance: Appliance, caplog: pytest.LogCaptureFixture
) -> None:
    # As `set_up_logs` has it: these would print what passes through them.
    for name in ("aiosqlite", "asyncio", "httpcore", "httpx"):
        caplog.set_level(logging.WARNING, logger=name)
    caplog.set_level(logging.DEBUG)
    text = await browser.begin_sign_in()
    link = DeepLink.parse(text)
    assert link.secret is not None
    pre_cookie = browser.http.cookies["pkd-pre"]
    await post_answer(alice.http, link, b"nonsense")
    await approve(alice, text)
    await browser.get("/login/wait")
    await connect(browser, alice)
    with closing(sqlite3.connect(appliance.dashboard_store)) as store:
        (lent,) = store.execute("SELECT secret FROM connections").fetchone()
    await browser.post("/logout")
    secrets = {
        "link": text,
        "link's secret": text.partition("secret=")[2].partition("&")[0],
        "nonce": str(link.capabilities[0]).rpartition("/")[2],
        "cookie": pre_cookie,
        "session": lent,
    }
    assert "login_attempts" in caplog.text, "the test sees what is logged"
    assert [name for name, secret in secrets.items() if secret in caplog.text] == []
