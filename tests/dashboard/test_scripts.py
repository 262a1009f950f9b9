"""What scripts add in a real browser, and that nobody else's ever runs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.async_api import Page, Route, async_playwright

from dashboard.sign_in import create_login_link
from tests.dashboard.people import Owner, approve, put_file, sign_up
from tests.dashboard.test_audiences import declared_routes
from tests.screenshots import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.support.appliance import Appliance, Person

pytestmark = pytest.mark.system

NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
});
"""


@pytest.fixture
async def page(appliance: Appliance) -> AsyncIterator[Page]:
    """Chromium, signed in by a link of the shell; every refusal of a policy is noted."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = await context.new_page()
        await page.add_init_script(NOTE_VIOLATIONS)
        await page.goto(await create_login_link(appliance.dashboard_store, appliance.dashboard_url))
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(appliance.dashboard_url + "/")
        yield page
        await browser.close()


async def violations(page: Page) -> list[str]:
    """What the policy of the page that is open has refused so far."""
    found: list[str] = await page.evaluate("violations")
    return found


async def test_our_own_pages_break_no_policy(
    page: Page, owner: Owner, alice: Person, appliance: Appliance
) -> None:
    hostile = b'{"name": "<script>alert(1)</script><img src=x onerror=alert(1)>"}'
    await put_file(alice, "/pub/pubky.app/profile.json", hostile)
    await put_file(alice, "/pub/<img src=x onerror=alert(1)>.json", hostile)
    invite = await owner.admin.create_invite("<script>alert(1)</script>", None)
    for path in (
        "/",
        "/users",
        f"/users/{alice.z32}",
        "/invites",
        f"/invites/{invite.id}",
        f"/invites/sheet?id={invite.id}",
        f"/browse/{alice.z32}/pub/",
        f"/object/{alice.z32}/pub/pubky.app/profile.json",
        "/setup",
        "/account",
        "/no-such-page",
    ):
        await page.goto(appliance.dashboard_url + path)
        assert await violations(page) == [], path
        assert await page.locator("dialog").count() == 1, "scripts ran"


async def test_no_route_of_the_table_breaks_its_policy(
    page: Page, alice: Person, appliance: Appliance
) -> None:
    """As the operator, then as somebody with an account; a refusal is a page as well."""
    pages = {
        address
        for rule, address, method, declared in declared_routes(appliance)
        if method == "GET" and declared.policy in ("page", "new-key") and rule != "/logout"
    }
    assert len(pages) > 30
    for visitor in ("operator", "tenant"):
        if visitor == "tenant":
            await signed_in_by_phone(page, alice, appliance)
        for address in sorted(pages):
            await page.goto(appliance.dashboard_url + address)
            assert await violations(page) == [], address


@pytest.mark.parametrize("name", ["a.js", "a.txt", "a.html", "a.bin"])
async def test_a_stored_file_is_never_a_script(
    page: Page, alice: Person, appliance: Appliance, name: str
) -> None:
    await put_file(alice, f"/pub/{name}", b"window.stolen = true")
    await page.goto(f"{appliance.dashboard_url}/users/{alice.z32}")
    # As if markup had got through: the parser makes the element, so no type stands in its way.
    address = f"/raw/{alice.z32}/pub/{name}"
    await page.route(
        "**/account",
        lambda route: _with_markup(route, f'<script src="{address}"></script>'),
    )
    await page.goto(f"{appliance.dashboard_url}/account")
    assert await page.evaluate("window.stolen") is None
    assert [line.partition(":")[0] for line in await violations(page)] == ["script-src-elem"]


async def _with_markup(route: Route, markup: str) -> None:
    answer = await route.fetch()
    body = (await answer.text()).replace("</main>", f"{markup}</main>")
    await route.fulfill(response=answer, body=body)


@pytest.mark.parametrize(
    ("markup", "directive"),
    [
        ('<img src="/nothing.png" onerror="window.stolen = true">', "script-src-attr"),
        ("<script>window.stolen = true</script>", "script-src-elem"),
        ('<p style="color: red">x</p>', "style-src-attr"),
        ('<iframe src="/login"></iframe>', "frame-src"),
        ('<base href="https://a.example/">', "base-uri"),
    ],
)
async def test_markup_that_gets_through_does_nothing(
    page: Page, appliance: Appliance, markup: str, directive: str
) -> None:
    await page.route("**/account", lambda route: _with_markup(route, markup))
    await page.goto(f"{appliance.dashboard_url}/account")
    assert await page.evaluate("window.stolen") is None
    assert directive in [line.partition(":")[0] for line in await violations(page)]


async def test_a_script_of_ours_that_writes_markup_is_stopped(
    page: Page, appliance: Appliance
) -> None:
    await page.goto(f"{appliance.dashboard_url}/account")
    stopped = await page.evaluate(
        "() => { try { document.body.innerHTML = 'x'; } catch (error) { return error.name; } }"
    )
    assert stopped == "TypeError"


async def test_a_text_is_copied(page: Page, owner: Owner, appliance: Appliance) -> None:
    invite = await owner.admin.create_invite(None, None)
    await page.goto(f"{appliance.dashboard_url}/invites/{invite.id}")
    await page.get_by_role("button", name="Copy").first.click()
    await page.get_by_role("button", name="Copied").wait_for()
    assert await page.evaluate("navigator.clipboard.readText()") == invite.code


async def test_keys_walk_through_a_list_and_open_an_entry(
    page: Page, owner: Owner, appliance: Appliance
) -> None:
    first, second = [await owner.admin.create_invite(None, None) for _ in range(2)]
    await page.goto(f"{appliance.dashboard_url}/invites")
    for key in ("j", "j", "j", "k", "j", "o"):
        await page.keyboard.press(key)
    await page.wait_for_url(f"**/invites/{first.id}")
    await page.keyboard.press("u")
    await page.wait_for_url("**/invites")
    await page.keyboard.press("j")
    await page.keyboard.press("o")
    await page.wait_for_url(f"**/invites/{second.id}")


async def test_keys_do_nothing_in_a_field_or_when_they_are_turned_off(
    page: Page, appliance: Appliance
) -> None:
    await page.goto(f"{appliance.dashboard_url}/invites")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    field = page.locator("#note")
    await field.focus()
    await page.keyboard.type("?jo")
    assert await field.input_value() == "?jo"
    assert not await dialog.is_visible()
    await field.blur()
    await page.keyboard.press("?")
    assert await dialog.is_visible()
    await dialog.get_by_role("button", name="Turn them off").click()
    await dialog.get_by_role("button", name="Close").click()
    await page.reload()
    await page.keyboard.press("?")
    assert not await dialog.is_visible()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await dialog.get_by_role("button", name="Turn them on").click()
    await dialog.get_by_role("button", name="Close").click()
    await page.keyboard.press("?")
    assert await dialog.is_visible()


@pytest.fixture
async def at_home(page: Page, alice: Person, appliance: Appliance) -> Page:
    """Alice's browser: signed in by phone, and connected."""
    return await signed_in_by_phone(page, alice, appliance)


async def signed_in_by_phone(page: Page, person: Person, appliance: Appliance) -> Page:
    """The same browser, used by this person, who lent the dashboard all of their data."""
    await page.context.clear_cookies()
    await page.goto(appliance.dashboard_url)
    await page.get_by_role("button", name="Sign in with Pubky Ring").click()
    await approve(person, await _link_shown(page))
    await page.wait_for_url("**/home")
    await page.goto(f"{appliance.dashboard_url}/connect")
    await page.locator("input[name=rights][value=everything]").check()
    await page.get_by_role("button", name="Ask my wallet").click()
    await approve(person, await _link_shown(page))
    await page.wait_for_url("**/connect?done=connected")
    return page


async def _link_shown(page: Page) -> str:
    link = await page.locator("a[href^='pubkyauth:']").get_attribute("href")
    assert link is not None
    return link


async def test_files_are_sent_one_by_one_with_a_bar_each(
    at_home: Page, alice: Person, appliance: Appliance, tmp_path: Path
) -> None:
    names = ["one.txt", "two <b>.txt"]
    for name in names:
        (tmp_path / name).write_text(f"This is {name}.", encoding="utf-8")
    posts: list[str] = []
    at_home.on("request", lambda asked: posts.append(asked.url) if asked.method == "POST" else None)
    await at_home.goto(f"{appliance.dashboard_url}/own/upload/pub/app/")
    await at_home.locator("input[type=file]").set_input_files([tmp_path / name for name in names])
    await at_home.get_by_role("button", name="Upload").click()
    await at_home.wait_for_url("**?done=uploaded")
    assert len(posts) == 2
    for name in ("one.txt", "two%20%3Cb%3E.txt"):
        assert (await alice.get(f"/pub/app/{name}")).is_success


async def test_a_file_that_is_dropped_is_sent(
    at_home: Page, alice: Person, appliance: Appliance
) -> None:
    await at_home.goto(f"{appliance.dashboard_url}/own/upload/pub/app/")
    await at_home.evaluate(
        """() => {
          const dropped = new DataTransfer();
          dropped.items.add(new File(["dropped"], "dropped.txt", {type: "text/plain"}));
          const happened = new DragEvent("drop", {dataTransfer: dropped, bubbles: true});
          document.querySelector("form[data-upload]").dispatchEvent(happened);
        }"""
    )
    await at_home.wait_for_url("**?done=uploaded")
    assert (await alice.get("/pub/app/dropped.txt")).text == "dropped"


async def test_what_became_of_each_file_is_said(
    at_home: Page, alice: Person, appliance: Appliance, tmp_path: Path
) -> None:
    await put_file(alice, "/pub/app/there.txt", b"kept")
    (tmp_path / "there.txt").write_text("new", encoding="utf-8")
    await at_home.goto(f"{appliance.dashboard_url}/own/upload/pub/app/")
    await at_home.locator("input[type=file]").set_input_files(tmp_path / "there.txt")
    await at_home.locator("select[name=collision]").select_option("keep")
    await at_home.get_by_role("button", name="Upload").click()
    await at_home.get_by_text("0 of 1 stored.").wait_for()
    assert "it was kept" in await at_home.locator(".sending").inner_text()
    assert (await alice.get("/pub/app/there.txt")).text == "kept"


async def test_an_invites_page_says_who_joined_without_being_asked(
    page: Page, owner: Owner, http: httpx.AsyncClient, appliance: Appliance
) -> None:
    invite = await owner.admin.create_invite(None, None)
    await page.goto(f"{appliance.dashboard_url}/invites/{invite.id}")
    await page.get_by_text("Live", exact=True).wait_for()
    bob = await sign_up(http, invite.code)
    await page.get_by_text("Somebody joined with it").wait_for()
    assert await page.locator(f"a[href='/users/{bob.z32}']").count() >= 1
    assert await violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_code_to_scan_is_large_and_dark_on_white_in_both_themes(
    page: Page, owner: Owner, appliance: Appliance, theme: Literal["light", "dark"]
) -> None:
    invite = await owner.admin.create_invite(None, None)
    await page.emulate_media(color_scheme=theme)
    for path in (f"/invites/{invite.id}", f"/invites/sheet?id={invite.id}"):
        await page.goto(appliance.dashboard_url + path)
        width, height, around = await page.locator(".qr").evaluate(
            "code => [code.clientWidth, code.clientHeight,"
            " getComputedStyle(code.parentElement).backgroundColor]"
        )
        assert min(width, height) >= 240
        assert around == "rgb(255, 255, 255)"


async def test_a_page_without_scripts_asks_again_by_itself(
    owner: Owner, appliance: Appliance, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    link = await create_login_link(appliance.dashboard_store, appliance.dashboard_url)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        page = await (await browser.new_context(java_script_enabled=False)).new_page()
        await page.goto(link)
        await page.get_by_role("button", name="Sign in").click()
        await page.goto(f"{appliance.dashboard_url}/invites/{invite.id}")
        assert await page.get_by_role("button", name="Copy").count() == 0
        await sign_up(http, invite.code)
        await page.get_by_text("Somebody joined with it").wait_for()
        await browser.close()


async def test_a_live_tail_writes_names_as_text(
    at_home: Page, alice: Person, appliance: Appliance
) -> None:
    await at_home.goto(f"{appliance.dashboard_url}/activity?live=1")
    await at_home.get_by_text("Live", exact=True).wait_for()
    await put_file(alice, "/pub/app/<img src=x onerror=alert(1)>", b"1")
    row = at_home.locator("[data-rows] li")
    await row.wait_for()
    assert "<img src=x onerror=alert(1)>" in await row.inner_text()
    assert await row.locator("img").count() == 0
    await put_file(alice, "/pub/app/second", b"1")
    await at_home.locator("[data-rows] li").nth(1).wait_for()
    await row.first.get_by_role("link").click()
    await at_home.get_by_role("heading", name="second").wait_for()
    assert await violations(at_home) == []
