"""Where people begin, and their data by app."""

from tests.dashboard.people import Browser, Page, connect, put_file
from tests.support.appliance import Person


async def test_somebody_new_sees_the_first_steps(browser: Browser, alice: Person) -> None:
    answer = await browser.sign_in(alice)
    assert answer.headers["Location"] == "/home"
    page = Page(await browser.get("/home"))
    assert "Lend this dashboard a look at your data" in page.text
    assert {"/connect", "/visibility"} <= set(page.links)


async def test_the_account_is_seen_at_a_glance(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/pubky.app/profile.json", b'{"name": "Alice <b>"}')
    await put_file(alice, "/priv/notes/a", b"12345")
    answer = await home.get("/home")
    page = Page(answer)
    assert "Alice <b>" in page.text
    assert '<b>"' not in answer.text
    assert "/own/object/priv/notes/a" in page.links
    said = (await home.get("/json/home")).json()
    assert said["usage"]["file_count"] == 2


async def test_a_new_app_is_a_matter_to_look_at(home: Browser) -> None:
    said = (await home.get("/json/home")).json()
    assert all("new app" not in matter["text"] for matter in said["matters"])


async def test_apps_folders_say_who_may_write_there(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/eventky.app/a", b"1")
    page = Page(await home.get("/apps"))
    assert "/files/pub/eventky.app/" in page.links
    assert "Pubky dashboard" in page.text


async def test_without_rights_to_everything_writers_stay_unknown(
    browser: Browser, alice: Person
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "change")
    await put_file(alice, "/pub/eventky.app/a", b"1")
    assert "connect to everything to see" in Page(await browser.get("/apps")).text
    assert (await browser.get("/home")).status_code == 200
