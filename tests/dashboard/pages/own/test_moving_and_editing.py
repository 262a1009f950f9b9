"""Moving to another homeserver, step by step; and changing a text held against its rules."""

from datetime import UTC, datetime

from dashboard.doors.network import KeyState, Packet
from dashboard.pages.own.moving import steps_of
from tests.dashboard.people import Browser, Page, put_file
from tests.support.appliance import Person

PROFILE = "/pub/pubky.app/profile.json"
NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def test_the_move_is_told_in_its_order(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"12345")
    page = Page(await home.get("/exit"))
    assert "1 file, 5 B would move with you." in page.text
    assert page.text.index("Take a copy along") < page.text.index("Tell the network")
    assert {"/export", "/visibility", "/access"} <= set(page.links)


def test_steps_are_marked_by_what_this_node_can_see() -> None:
    packet = Packet(NOW, (), "elsewhere")
    state = KeyState("me", "published", 3, None, (), packet, NOW)
    moved = steps_of(NOW, state, "here", NOW.timestamp())
    assert [step.is_done for step in moved] == [True, None, None, None, True, None, None]
    stayed = steps_of(None, state, "elsewhere", NOW.timestamp())
    assert (stayed[0].is_done, stayed[4].is_done) == (False, False)


def test_an_old_export_is_no_copy_to_take_along() -> None:
    steps = steps_of(NOW, None, "", NOW.timestamp() + 2 * 86_400)
    assert (steps[0].is_done, steps[4].is_done) == (False, None)


async def edit(home: Browser, path: str, text: str, **more: str) -> tuple[int, str]:
    base = (await home.get(f"/json/own/edit{path}")).json()["base"]
    answer = await home.post(f"/own/edit{path}", {"text": text, "base": base, **more})
    return answer.status_code, answer.text


async def test_a_text_is_stored_as_it_is_left(home: Browser, alice: Person) -> None:
    await put_file(alice, "/priv/note.md", b"old\n")
    status, _ = await edit(home, "/priv/note.md", "new\n  line\n")
    assert status == 303
    assert (await alice.get("/priv/note.md")).content == b"new\n  line\n"


async def test_a_text_that_breaks_its_rules_is_kept_only_if_one_insists(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, PROFILE, b'{"name": "Alice"}')
    status, text = await edit(home, PROFILE, '{"name": "Al"}')
    assert status == 422
    assert "at least 3 are needed" in text
    assert (await alice.get(PROFILE)).content == b'{"name": "Alice"}'
    status, _ = await edit(home, PROFILE, '{"name": "Al"}', despite="yes")
    assert status == 303
    assert (await alice.get(PROFILE)).content == b'{"name": "Al"}'


async def test_a_text_that_was_changed_meanwhile_is_not_overwritten(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/a.txt", b"one")
    base = (await home.get("/json/own/edit/pub/a.txt")).json()["base"]
    await put_file(alice, "/pub/a.txt", b"two")
    answer = await home.post("/own/edit/pub/a.txt", {"text": "three", "base": base})
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert (await alice.get("/pub/a.txt")).content == b"two"


async def test_what_is_no_text_or_too_long_is_not_edited(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/bytes", b"\xff\xfe\x00")
    await put_file(alice, "/pub/long", b"x" * 70_000)
    for path, status in (("bytes", 409), ("long", 409), ("nothing", 404)):
        assert (await home.get(f"/own/edit/pub/{path}")).status_code == status
