"""The operator's look into somebody's files, and what the person is told of it."""

import pytest

from tests.dashboard.people import Browser, Owner, Page, make_stale, put_file
from tests.support.appliance import Appliance, Person

REASON = "<b>The police asked</b> for this."


def top(person: Person) -> str:
    return f"/users/{person.z32}/break-glass"


async def look(owner: Owner, person: Person) -> str:
    answer = await owner.post(top(person), {"reason": REASON})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


@pytest.mark.parametrize("place", ["", "/files/", "/files/priv/", "/raw/priv/diary"])
async def test_tenants_have_no_way_in(browser: Browser, alice: Person, place: str) -> None:
    await browser.sign_in(alice)
    assert (await browser.get(top(alice) + place)).status_code == 403


@pytest.mark.parametrize("place", ["/files/", "/files/priv/", "/raw/priv/diary"])
async def test_without_a_look_the_way_leads_to_the_question(
    owner: Owner, alice: Person, place: str
) -> None:
    await put_file(alice, "/priv/diary", b"secret")
    answer = await owner.get(top(alice) + place)
    assert (answer.status_code, answer.headers["Location"]) == (303, top(alice))
    assert "Look into this user’s files?" in Page(await owner.get(top(alice))).text


async def test_opening_asks_for_a_fresh_proof(
    owner: Owner, appliance: Appliance, alice: Person
) -> None:
    make_stale(appliance)
    answer = await owner.post(top(alice), {"reason": REASON})
    assert answer.headers["Location"].startswith("/confirm")
    assert await owner.admin.looks.find_open(alice.z32) is None


async def test_a_refused_reason_is_explained_and_kept_in_the_form(
    owner: Owner, alice: Person
) -> None:
    answer = await owner.post(top(alice), {"reason": "why not"})
    assert answer.status_code == 422
    page = Page(answer)
    assert "A reason has 10 to 500" in page.text
    assert "why not" in [at.get("value") for name, at in page.elements if name == "input"]


async def test_files_are_listed_and_leave_as_downloads(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/priv/notes/<i>.html", b"<script>1</script>")
    page = Page(await owner.get(await look(owner, alice)))
    assert f"{top(alice)}/files/priv/" in page.links
    answer = await owner.get(f"{top(alice)}/files/priv/notes/")
    assert "<i>" not in answer.text
    (link,) = (href for href in Page(answer).links if "/raw/" in href)
    download = await owner.get(link)
    assert download.content == b"<script>1</script>"
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in download.headers["Content-Security-Policy"]


async def test_a_closed_look_shows_nothing_more(owner: Owner, alice: Person) -> None:
    files = await look(owner, alice)
    answer = await owner.post(f"{top(alice)}/close")
    assert "Nobody can look" in Page(await owner.get(answer.headers["Location"])).text
    assert (await owner.get(files)).headers["Location"] == top(alice)


async def test_the_person_is_told_of_a_look(owner: Owner, home: Browser, alice: Person) -> None:
    assert "No look so far." in Page(await home.get("/announcements")).text
    await put_file(alice, "/priv/diary", b"secret")
    await look(owner, alice)
    await owner.get(f"{top(alice)}/files/priv/")
    await owner.get(f"{top(alice)}/raw/priv/diary")
    answer = await home.get("/announcements")
    assert "<b>The" not in answer.text
    text = Page(answer).text
    assert REASON in text
    assert "2 files and folders" in text
    assert "/priv/diary" in text
    assert "by a link of the shell" in text


async def test_the_person_is_asked_to_connect_first(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    assert (await browser.get("/announcements")).headers["Location"] == "/connect"


@pytest.mark.parametrize("place", ["/files/priv/a", "/files/etc/", "/raw/priv/"])
async def test_odd_places_are_not_found(owner: Owner, alice: Person, place: str) -> None:
    await look(owner, alice)
    assert (await owner.get(top(alice) + place)).status_code == 404
