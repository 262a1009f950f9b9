"""The inbox for answers: open to every page and wallet, and to nothing else they might want."""

import httpx
import pytest

from appliance.pubky.deep_links import DeepLink
from tests.dashboard.people import Browser
from tests.support.wallet import channel_id


async def inbox_of(browser: Browser) -> str:
    link = DeepLink.parse(await browser.begin_sign_in())
    assert link.secret is not None
    return f"{link.relay}/{channel_id(link.secret)}"


async def test_any_web_page_may_post_without_credentials(
    browser: Browser, visitor: httpx.AsyncClient
) -> None:
    headers = {"Origin": "https://wallet.example", "Sec-Fetch-Site": "cross-site"}
    answer = await visitor.post(await inbox_of(browser), content=b"x", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers


async def test_a_browser_that_asks_first_is_told_that_it_may(visitor: httpx.AsyncClient) -> None:
    asked = {
        "Origin": "https://wallet.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = await visitor.options("/relay/inbox/x", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
async def test_nothing_is_taken_out(
    browser: Browser, visitor: httpx.AsyncClient, method: str
) -> None:
    assert (await visitor.request(method, await inbox_of(browser))).status_code == 405


async def test_a_channel_that_nobody_waits_in_is_404_and_readable(
    visitor: httpx.AsyncClient,
) -> None:
    answer = await visitor.post("/relay/inbox/nowhere", content=b"x")
    assert (answer.status_code, answer.json()["error"]) == (404, "Nobody waits here.")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_a_large_body_is_refused(browser: Browser, visitor: httpx.AsyncClient) -> None:
    inbox = await inbox_of(browser)
    assert (await visitor.post(inbox, content=bytes(16 * 1024 + 1))).status_code == 413
    assert (await visitor.post(inbox, content=bytes(100 * 1024))).status_code == 413
    assert (await visitor.post(inbox, content=bytes(16 * 1024))).status_code == 200


async def test_an_address_posts_sixty_times_a_minute(visitor: httpx.AsyncClient) -> None:
    answers = [(await visitor.post("/relay/inbox/nowhere")).status_code for _ in range(61)]
    assert (set(answers[:60]), answers[60]) == ({404}, 429)


async def test_a_cookie_is_not_even_looked_at(browser: Browser) -> None:
    """So the guard against strangers' pages has nothing to guard here."""
    inbox = await inbox_of(browser)
    browser.http.cookies.set("pkd", "nonsense")
    answer = await browser.http.post(inbox, content=b"x", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
