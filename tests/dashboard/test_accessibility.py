"""axe-core over every page, in both themes, on a phone and at a desk: nothing to complain of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from playwright.async_api import Page, async_playwright

from dashboard.sign_in import create_login_link
from tests.dashboard.people import Owner, approve, make_stale, put_file
from tests.sample_life.lived_in import lived_in_node
from tests.screenshots import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.support.appliance import Appliance, Person, keypair_of

pytestmark = pytest.mark.system

AXE = Path(__file__).parent.parent / "npm" / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESK = (390, 844), (1280, 900)
FLEET = """{"at": "2026-11-01T00:00:00Z", "nodes": [
  {"name": "pi", "verdict": "healthy", "problems": [], "disk_free_bytes": 4096, "version": "1.0.0"},
  {"name": "attic", "verdict": "ailing", "problems": ["The disk is nearly full."]},
  {"name": "shed", "verdict": "unreachable", "problems": ["It cannot be reached."]}
]}"""
# Beside what `tests/screenshots.py` draws and `tests/test_lived_in_accessibility.py` judges.
MY_LIFE = (
    "/me/posts?kind=articles",
    "/me/posts?layout=v1",
    "/me/posts?kind=replies&before=0033Z6VFR5GJG",
    "/me/posts/new?kind=article",
    "/me/drafts",
    "/me/media?layout=private",
    "/me/mutes",
    "/me/tags?label=garden",
)
# What axe calls a best practice counts as much as what it calls a violation of WCAG 2.2 AA.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@asynccontextmanager
async def chromium(theme: Literal["light", "dark"], size: tuple[int, int]) -> AsyncIterator[Page]:
    """A browser that lets axe in, which our policy would not."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme, bypass_csp=True
        )
        yield await context.new_page()
        await browser.close()


async def violations(page: Page) -> list[str]:
    """What axe finds on the page that is open: the rule and the element, one line each."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_no_page_shuts_anybody_out(
    owner: Owner,
    alice: Person,
    appliance: Appliance,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    await put_file(alice, "/pub/app/note.json", b'{"a": [1, {"b": "text"}], "c": null}')
    await put_file(alice, "/pub/app/words.txt", b"Words.")
    await put_file(alice, "/pub/app/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    await put_file(alice, "/pub/app/a.bin", bytes(300))
    invite = await owner.admin.create_invite("For Bob", 86_400)
    revoked = await owner.admin.create_invite("Lost", None)
    await owner.admin.revoke_invite(revoked.id)
    (appliance.data_dir / "fleet.json").write_text(FLEET, encoding="utf-8")
    tree = f"{alice.z32}/pub"
    link = await create_login_link(appliance.dashboard_store, appliance.dashboard_url)
    outside = ("/login", "/join", link.removeprefix(appliance.dashboard_url), "/login/no-such-link")
    inside = (
        "/",
        "/users",
        f"/users/{alice.z32}",
        f"/users/{alice.z32}/disable",
        f"/users/{alice.z32}/enable",
        "/invites",
        f"/invites/{invite.id}",
        f"/invites/{invite.id}/revoke",
        f"/invites/{revoked.id}",
        f"/invites/sheet?id={invite.id}&id={revoked.id}",
        f"/browse/{tree}/",
        f"/browse/{tree}/app/",
        f"/browse/{tree}/nothing/",
        f"/object/{tree}/app/note.json",
        f"/object/{tree}/app/words.txt",
        f"/object/{tree}/app/a.svg",
        f"/object/{tree}/app/a.bin",
        f"/object/{tree}/app/missing",
        "/account",
        "/setup",
        "/admin/fleet",
        "/scan",
        "/no-such-page",
    )
    found: dict[str, list[str]] = {}
    async with chromium(theme, size) as page:
        for path in outside:
            await page.goto(appliance.dashboard_url + path)
            found[path] = await violations(page)
        await page.goto(link)
        await page.get_by_role("button", name="Sign in").click()
        for path in inside:
            await page.goto(appliance.dashboard_url + path)
            found[path] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nobody_is_shut_out_on_the_way_in(
    alice: Person,
    appliance: Appliance,
    http: httpx.AsyncClient,
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    """Every state of a scan, for somebody with an account and for a key that nobody knows."""
    stranger = Person(keypair_of("mallory"), http)
    found: dict[str, list[str]] = {}
    async with chromium(theme, size) as page:
        for person in (stranger, alice):
            await page.goto(f"{appliance.dashboard_url}/login")
            await page.get_by_role("button", name="Sign in with Pubky Ring").click()
            await page.get_by_role("link", name="stop that").click()
            found["/login/wait"] = await violations(page)
            link = await page.locator("a[href^='pubkyauth:']").get_attribute("href")
            assert link is not None
            await approve(person, link)
            await page.get_by_role("link", name="Look now").click()
            found[f"after {person.z32}"] = await violations(page)
        make_stale(appliance)
        for path in ("/connect", "/users", "/confirm?back=/account", "/account"):
            await page.goto(appliance.dashboard_url + path)
            found[path] = await violations(page)
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nobody_is_shut_out_of_their_own_life(
    tmp_path: Path, theme: Literal["light", "dark"], size: tuple[int, int]
) -> None:
    """Narrowed lists of somebody who writes much, some of it broken; a few posts in full."""
    found: dict[str, list[str]] = {}
    async with lived_in_node(tmp_path, ["ada"]) as lived_in, chromium(theme, size) as page:
        async with lived_in.browser_of("ada") as browser:
            cookies = [(each.name, each.value or "") for each in browser.http.cookies.jar]
        await page.context.add_cookies(
            [{"name": name, "value": value, "url": lived_in.origin} for name, value in cookies]
        )
        posts = ["/me/posts/0032SSN7Q4EVG"]
        for path in MY_LIFE:
            await page.goto(lived_in.origin + path)
            found[path] = await violations(page)
            posts += [
                link
                for each in await page.locator("article header a").all()
                if path.startswith("/me/posts?") and (link := await each.get_attribute("href"))
            ][:1]
        for post in posts:
            for path in (post, f"{post}/edit", f"{post}/delete"):
                await page.goto(lived_in.origin + path)
                found[path] = await violations(page)
    assert len(posts) > 3
    assert {path: lines for path, lines in found.items() if lines} == {}
