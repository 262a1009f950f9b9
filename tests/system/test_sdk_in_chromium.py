"""The published npm client, unmodified, in a page in Chromium: real preflights, real cookies."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, async_playwright

from tests.support.npm_pages import served_npm_pages
from tests.support.npm_tests import IN_BROWSERS_ONLY, INVITED, NPM_DIR, OPEN, declared_tests
from tests.support.testnet_process import running_testnet_process

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("well_known_ports")]

NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox: containers forbid it. The rest keeps the browser from calling anyone else.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A bound on a run that hangs; it judges no speed.
WITHIN_MS = 180_000
YEAR_S = 365 * 24 * 3600


async def test_the_client_works_where_everyone_may_sign_up(tmp_path: Path) -> None:
    files = [*OPEN, *IN_BROWSERS_ONLY]
    with running_testnet_process(tmp_path), served_npm_pages() as origin:
        async with _page() as page:
            assert await _passed_in(page, origin, files) == declared_tests(files)


async def test_the_client_works_where_an_invite_is_needed(tmp_path: Path) -> None:
    with running_testnet_process(tmp_path, "--token-required"), served_npm_pages() as origin:
        async with _page() as page:
            assert await _passed_in(page, origin, INVITED) == declared_tests(INVITED)


async def test_the_browser_asks_before_it_sends_and_is_allowed(tmp_path: Path) -> None:
    with running_testnet_process(tmp_path) as facts, served_npm_pages() as origin:
        async with _page() as page:
            preflights = await _watched_preflights(page)
            await _passed_in(page, origin, [NPM_DIR / "conformance" / "storage.mjs"])
    client_api = facts["client_url"].replace("127.0.0.1", "localhost")
    to_us = [item for item in preflights.values() if item["url"].startswith(client_api + "/")]
    assert {item["asked"]["Access-Control-Request-Method"] for item in to_us} >= {
        "PUT",
        "DELETE",
        "HEAD",
        "POST",
    }
    for item in to_us:
        asked, answer = item["asked"], item["answer"]
        assert item["status"] == 200
        assert "pubky-host" in asked["Access-Control-Request-Headers"].split(",")
        assert answer["access-control-allow-origin"] == origin
        assert answer["access-control-allow-credentials"] == "true"
        assert answer["access-control-allow-headers"] == asked["Access-Control-Request-Headers"]
        assert answer["access-control-allow-methods"] == asked["Access-Control-Request-Method"]


async def test_the_browser_keeps_a_guarded_cookie_for_each_person(tmp_path: Path) -> None:
    with running_testnet_process(tmp_path), served_npm_pages() as origin:
        async with _page() as page:
            await page.goto(f"{origin}/browser/index.html")
            people = await page.evaluate(
                """async () => {
                    const { signedUp } = await import("/conformance/support/people.mjs");
                    const [stays, leaves] = [await signedUp(), await signedUp()];
                    await leaves.session.signout();
                    return { stays: stays.z32, leaves: leaves.z32 };
                }"""
            )
            (cookie,) = await page.context.cookies()
            now_s = await page.evaluate("Date.now() / 1000")
    assert cookie["name"] == people["stays"]
    assert cookie["httpOnly"]
    assert cookie["path"] == "/"
    assert cookie["domain"] == "localhost"
    assert abs(cookie["expires"] - now_s - YEAR_S) < 3600


@asynccontextmanager
async def _page() -> AsyncIterator[Page]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"none of {NAMES} is installed: run `make test-peers`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


async def _passed_in(page: Page, origin: str, files: Sequence[Path]) -> list[str]:
    """The names of the tests that passed, sorted; fails with what the page says of the others."""
    paths = [("file", f"/{file.relative_to(NPM_DIR)}") for file in files]
    await page.goto(f"{origin}/browser/index.html?{urlencode(paths)}")
    await page.locator("body[data-finished]").wait_for(timeout=WITHIN_MS)
    failed = await page.locator("#results [data-outcome=failed]").all_text_contents()
    assert not failed, "\n\n".join(failed)
    passed = await page.locator("#results [data-outcome=passed]").all()
    return sorted([await item.get_attribute("data-name") or "" for item in passed])


async def _watched_preflights(page: Page) -> dict[str, dict[str, Any]]:
    """Fills with one entry a preflight; Playwright itself shows none of them."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    seen: dict[str, dict[str, Any]] = {}

    def sent(event: dict[str, Any]) -> None:
        if event["request"]["method"] == "OPTIONS":
            seen[event["requestId"]] = {
                "url": event["request"]["url"],
                "asked": event["request"]["headers"],
            }

    def answered(event: dict[str, Any]) -> None:
        if event["requestId"] in seen:
            response = event["response"]
            headers = {name.lower(): value for name, value in response["headers"].items()}
            seen[event["requestId"]] |= {"status": response["status"], "answer": headers}

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.responseReceived", answered)
    return seen
