"""The dashboard's own sign-ins."""

import httpx
import pytest

from dashboard.pages.account import browser_name
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Owner, Page
from tests.support.appliance import Appliance


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:1) Gecko/1 Firefox/1", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/1 Safari/1 Edg/1", "Edge on Windows"),
        (
            "Mozilla/5.0 (Linux; Android 15) Chrome/1 Mobile Safari/1",
            "Chrome or Chromium on Android",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Safari/1", "Safari on iPhone"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_by_two_words(agent: str, name: str) -> None:
    assert browser_name(agent) == name


async def test_this_browser_is_marked(owner: Owner) -> None:
    page = Page(await owner.get("/account"))
    assert "Firefox on Linux" in page.text
    assert "This browser" in page.text


async def test_ending_another_sign_in_locks_it_out(
    owner: Owner, appliance: Appliance, origin: str
) -> None:
    async with httpx.AsyncClient(base_url=origin) as other:
        await other.post(await create_login_link(appliance.dashboard_store, origin))
        assert (await other.get("/account")).status_code == 200
        response = await owner.post("/account/2/end")
        assert response.headers["Location"] == "/account?done=ended"
        assert (await other.get("/account")).status_code == 303
    assert (await owner.get("/account")).status_code == 200


async def test_ending_this_sign_in_is_signing_out(owner: Owner) -> None:
    response = await owner.post("/account/1/end")
    assert response.headers["Location"] == "/login"
    assert not owner.http.cookies
