"""What only a real browser can show: the policies hold, and the pages fit a phone."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from playwright.async_api import Page, Response, async_playwright

from dashboard.sign_in import create_login_link
from tests.dashboard.people import Owner, approve, make_stale, put_file
from tests.screenshots import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.support.appliance import Appliance, Person

pytestmark = pytest.mark.system

# Sends the visitor's cookies to the dashboard as a form does, from the page's own origin.
ATTACK = """<!doctype html><form method="post" action="{action}"><input name="lifetime"></form>
<script>document.forms[0].submit()</script>"""


@pytest.fixture
async def page(appliance: Appliance) -> AsyncIterator[Page]:
    """Chromium on a phone's width, signed in by the printed link; page scripts are off."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.goto(await create_login_link(appliance.dashboard_store, appliance.dashboard_url))
        await page.get_by_role("button", name="Sign in").click()
        yield page
        await browser.close()


async def test_every_page_fits_a_phone_and_breaks_no_policy(
    page: Page, owner: Owner, alice: Person, appliance: Appliance
) -> None:
    long_name = "a-long-name-without-any-break" * 5
    await put_file(alice, f"/pub/app/{long_name}.json", b'{"a": [1, {"b": "' + b"x" * 300 + b'"}]}')
    await put_file(alice, "/pub/app/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    await put_file(alice, "/pub/app/a.bin", bytes(300))
    invite = await owner.admin.create_invite("n" * 150, 86_400)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    tree = f"{alice.z32}/pub"
    for path in (
        "/",
        "/users",
        f"/users/{alice.z32}",
        f"/users/{alice.z32}/disable",
        "/invites",
        f"/invites/{invite.id}",
        f"/invites/sheet?id={invite.id}",
        f"/browse/{tree}/",
        f"/browse/{tree}/app/",
        f"/object/{tree}/app/{long_name}.json",
        f"/object/{tree}/app/a.svg",
        f"/object/{tree}/app/a.bin",
        "/account",
        "/setup",
    ):
        response = await page.goto(appliance.dashboard_url + path)
        assert response is not None
        assert response.ok, path
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert await page.locator("h1").count() == 1, path
    assert complaints == []


async def test_an_svg_is_drawn_and_runs_nothing(
    page: Page, owner: Owner, alice: Person, appliance: Appliance
) -> None:
    body = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20">'
        b"<script>fetch('/logout', {method: 'POST'})</script></svg>"
    )
    await put_file(alice, "/pub/a.svg", body)
    await page.goto(f"{appliance.dashboard_url}/object/{alice.z32}/pub/a.svg")
    assert await page.locator(".picture img").evaluate("image => image.naturalWidth") == 30
    assert (await page.goto(appliance.dashboard_url + "/account")) is not None
    assert page.url.endswith("/account")
    assert (await owner.get("/account")).status_code == 200


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml"])
async def test_an_active_file_opened_at_our_origin_is_a_download(
    page: Page, alice: Person, appliance: Appliance, name: str
) -> None:
    await put_file(alice, f"/pub/{name}", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    await page.goto(f"{appliance.dashboard_url}/object/{alice.z32}/pub/{name}")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Download").first.click()
    assert (await download.value).suggested_filename == name


async def test_a_strangers_page_next_door_cannot_press_our_buttons(
    page: Page, owner: Owner, appliance: Appliance
) -> None:
    attack = ATTACK.format(action=f"{appliance.dashboard_url}/invites")
    before = (await owner.admin.invites("all", 10)).total
    answers: list[int] = []
    page.on("response", partial(_note_post, answers))
    # The same host on another port is the same site: the browser sends our cookie along.
    await page.route(
        "**/evil.html", lambda route: route.fulfill(body=attack, content_type="text/html")
    )
    async with page.expect_navigation(url=f"{appliance.dashboard_url}/invites"):
        await page.goto(f"{appliance.client_url}/evil.html")
    assert answers == [403]
    assert (await owner.admin.invites("all", 10)).total == before


async def link_shown(page: Page) -> str:
    """The link of the code on the page that is open."""
    link = await page.locator("a[href^='pubkyauth:']").get_attribute("href")
    assert link is not None
    return link


async def fits(page: Page) -> bool:
    """Whether the page that is open fits a phone."""
    width: int = await page.evaluate("document.documentElement.scrollWidth")
    return width <= 390


@pytest.fixture
async def stranger(appliance: Appliance) -> AsyncIterator[Page]:
    """Chromium on a phone's width, not signed in."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await browser.new_context(viewport={"width": 390, "height": 844})
        page = await context.new_page()
        await page.goto(appliance.dashboard_url)
        yield page
        await browser.close()


async def test_a_person_scans_and_the_pages_go_on_by_themselves(
    stranger: Page, alice: Person, appliance: Appliance
) -> None:
    page, complaints = stranger, list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    assert page.url.endswith("/login")
    assert await fits(page)
    await page.get_by_role("button", name="Sign in with Pubky Ring").click()
    assert await fits(page)
    await approve(alice, await link_shown(page))
    await page.wait_for_url("**/home")
    assert await fits(page)
    await page.goto(f"{appliance.dashboard_url}/connect")

    await page.get_by_label("Read my files").check()
    await page.get_by_role("button", name="Ask my wallet").click()
    await approve(alice, await link_shown(page))
    await page.wait_for_url("**/connect?done=connected")
    assert await page.get_by_text("/pub/:r,/priv/:r").count() == 1
    assert await fits(page)

    make_stale(appliance)
    await page.goto(f"{appliance.dashboard_url}/confirm?back=/account")
    assert await fits(page)
    await page.get_by_role("button", name="Prove it with Pubky Ring").click()
    await approve(alice, await link_shown(page))
    await page.wait_for_url("**/account")
    assert await fits(page)
    assert complaints == []


async def test_an_owner_is_made_in_the_browser(
    page: Page, alice: Person, appliance: Appliance
) -> None:
    await page.goto(appliance.dashboard_url)
    await page.get_by_role("link", name="Link my key").click()
    await page.get_by_role("button", name="Link my key").click()
    await approve(alice, await link_shown(page))
    await page.wait_for_url("**/setup?done=claimed")
    assert await page.locator("#keys").get_by_text(alice.z32).count() == 1
    assert await fits(page)


def _note_post(answers: list[int], response: Response) -> None:
    if response.request.method == "POST":
        answers.append(response.status)
