"""One's files as they were: looking around, opening, and putting back what was."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from tests.dashboard.people import OWN_FORM, Browser, Page, connect, put_file
from tests.support.appliance import Person
from tests.support.eventually import PATIENCE_S


def this_moment() -> str:
    """A time behind what was done and before what comes, as addresses have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


async def lived(alice: Person) -> str:
    """Some files, a time, and then some changes."""
    await put_file(alice, "/pub/n/kept.txt", b"kept")
    await put_file(alice, "/pub/n/changed.txt", b"before")
    await put_file(alice, "/pub/n/deep/gone.txt", b"gone")
    at = this_moment()
    await put_file(alice, "/pub/n/changed.txt", b"after")
    await alice.delete("/pub/n/deep/gone.txt")
    await put_file(alice, "/pub/n/new.txt", b"new")
    return at


async def test_a_folder_is_shown_as_it_was_with_its_totals(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    page = Page(await home.get(f"/own/then/pub/n/?at={at}"))
    assert "3 files, 14 B" in page.text
    assert "new.txt" not in page.text
    inner = f"/own/then/pub/n/deep/?at={quote(at, safe='')}"
    assert inner in page.links
    assert "gone.txt" in Page(await home.get(inner)).text
    top = Page(await home.get(f"/own/then?at={at}"))
    assert f"/own/then/pub/?at={quote(at, safe='')}" in top.links


async def test_a_file_of_then_is_opened_and_downloaded(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    assert "before" in Page(await home.get(f"/own/then/pub/n/changed.txt?at={at}")).text
    raw = await home.get(f"/own/then/raw/pub/n/changed.txt?at={at}")
    assert (raw.content, raw.headers["Content-Type"]) == (b"before", "text/plain; charset=utf-8")
    assert "sandbox" in raw.headers["Content-Security-Policy"]
    kept = await home.get(f"/own/then/raw/pub/n/kept.txt?at={at}")
    assert kept.content == b"kept"


async def test_a_page_of_then_never_leaves_as_a_page(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/evil.html", b"<!doctype html><script>alert(1)</script>")
    at = this_moment()
    await alice.delete("/pub/evil.html")
    raw = await home.get(f"/own/then/raw/pub/evil.html?at={at}")
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8" or (
        raw.headers["Content-Disposition"].startswith("attachment")
    )
    assert "html" not in raw.headers["Content-Type"]


async def test_where_nothing_lay_the_page_says_so(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    for path in ("/own/then/pub/n/new.txt", "/own/then/raw/pub/n/new.txt"):
        assert (await home.get(f"{path}?at={at}")).status_code == 404
    assert "there was no file" in Page(await home.get(f"/own/then/pub/n/new.txt?at={at}")).text


async def test_one_file_is_put_back(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    answer = await home.post(f"/own/then-back/pub/n/deep/gone.txt?at={at}")
    assert answer.headers["Location"] == "/own/object/pub/n/deep/gone.txt?done=restored"
    assert (await alice.get("/pub/n/deep/gone.txt")).content == b"gone"
    assert (await alice.get("/pub/n/changed.txt")).content == b"after"


async def put_folder_back(home: Browser, at: str, later: str) -> dict[str, int]:
    """Put /pub/n/ back; how many files had which fate."""
    answer = await home.post(f"/own/then-back/pub/n/?at={at}", {"later": later})
    address = answer.headers["Location"]
    async with asyncio.timeout(PATIENCE_S):
        while True:
            said = (await home.get(f"/json{address}")).json()["job"]
            if said["state"] != "running":
                assert said["state"] == "done", said
                return {group["name"]: group["files"] for group in said["groups"]}
            await asyncio.sleep(0.01)


async def test_a_folder_is_put_back_and_what_came_later_stays(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    page = Page(await home.get(f"/own/then-back/pub/n/?at={at}"))
    assert "2 files, 10 B, are stored again" in page.text
    assert "1 file was not there yet" in page.text
    assert await put_folder_back(home, at, "keep") == {"put back": 2}
    assert (await alice.get("/pub/n/changed.txt")).content == b"before"
    assert (await alice.get("/pub/n/deep/gone.txt")).content == b"gone"
    assert (await alice.get("/pub/n/new.txt")).content == b"new"
    assert "not there yet" in Page(await home.get(f"/own/then-back/pub/n/?at={at}")).text


async def test_a_folder_is_put_back_exactly(home: Browser, alice: Person) -> None:
    at = await lived(alice)
    assert await put_folder_back(home, at, "delete") == {"deleted": 1, "put back": 2}
    assert (await alice.get("/pub/n/new.txt")).status_code == 404
    assert "Nothing to put back" in Page(await home.get(f"/own/then-back/pub/n/?at={at}")).text


async def test_a_file_stands_again_where_a_folder_was_made(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/n/a", b"file")
    at = this_moment()
    await alice.delete("/pub/n/a")
    await put_file(alice, "/pub/n/a/inner", b"1")
    assert await put_folder_back(home, at, "keep") == {"refused": 1}
    assert await put_folder_back(home, at, "delete") == {"deleted": 1, "put back": 1}
    assert (await alice.get("/pub/n/a")).content == b"file"


async def test_a_session_for_reading_puts_nothing_back(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    at = await lived(alice)
    assert "Put back" not in (await browser.get(f"/own/then/pub/n/?at={at}")).text
    answer = await browser.http.post(f"/own/then-back/pub/n/changed.txt?at={at}", headers=OWN_FORM)
    assert answer.status_code == 502
    assert (await alice.get("/pub/n/changed.txt")).content == b"after"


@pytest.mark.parametrize("at", ["soon", "2026-13-01", "1999-01-01", "2026-11-20T25:00"])
async def test_a_time_that_is_none_is_refused(home: Browser, at: str) -> None:
    assert (await home.get(f"/own/then/pub/?at={at}")).status_code == 400


async def test_a_day_reaches_to_its_end_and_no_time_is_a_day_ago(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/a", b"1")
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert (await home.get(f"/json/own/then/pub/?at={today}")).json()["file_count"] == 1
    assert (await home.get("/json/own/then/pub/")).json()["file_count"] == 0


async def test_without_a_connection_the_way_leads_to_it(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    for page in ("/own/then", "/own/then/pub/", "/own/then/raw/pub/a", "/own/then-back/pub/"):
        assert (await browser.get(page)).headers["Location"] == "/connect"
