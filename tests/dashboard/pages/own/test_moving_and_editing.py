"""Moving to another homeserver, step by step; and changing a text held against its rules."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.doors.machine import Backup
from dashboard.doors.network import KeyState, Packet
from dashboard.jobs.moving import ALL_THERE, VERDICT
from dashboard.jobs.record import Fact, JobRecord
from dashboard.pages.own.move_acts import homeserver_in
from dashboard.pages.own.moving import Seen, steps_of
from tests.dashboard.people import Browser, Page, put_file
from tests.support.appliance import Person, keypair_of

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
    seen = Seen(state=KeyState("me", "published", 3, None, (), packet, NOW), node_key="here")
    steps = steps_of(replace(seen, exported_at=NOW, has_place=True), NOW.timestamp())
    assert [step.is_done for step in steps] == [True, None, True, False, False, True, None, None]
    steps = steps_of(replace(seen, node_key="elsewhere", deleted_at=NOW), NOW.timestamp())
    assert [step.is_done for step in steps] == [False, None, None, False, False, False, None, True]


def test_an_old_export_is_no_copy_to_take_along() -> None:
    steps = steps_of(Seen(exported_at=NOW, copied_at=NOW), NOW.timestamp() + 2 * 86_400)
    assert (steps[0].is_done, steps[3].is_done, steps[5].is_done) == (False, False, None)


@pytest.mark.parametrize(
    ("verdict", "is_done"), [(ALL_THERE, True), ("Not the same: 1 missing there.", False)]
)
def test_only_a_comparison_without_differences_counts(verdict: str, is_done: bool) -> None:
    facts = (Fact(VERDICT, verdict, "text"),)
    job = JobRecord("1", "compare", "Compare", "me", 1, NOW, "done", NOW, facts=facts)
    step = steps_of(Seen(compared=job), NOW.timestamp())[4]
    assert (step.is_done, step.evidence) == (is_done, f"{verdict} (2026-11-21)")


@pytest.mark.parametrize(
    ("is_ok", "days", "said"),
    [
        (True, 3, "was last restored as a trial on 2026-11-21."),
        (True, 200, "too long ago to count on"),
        (False, 3, "failed when it was last tried"),
    ],
)
def test_the_nodes_own_backup_counts_when_restoring_it_was_tried(
    is_ok: bool,
    days: int,
    said: str,
) -> None:
    tried = Backup(NOW, "drill", is_ok, None, "")
    step = steps_of(Seen(tried=tried), NOW.timestamp() + days * 86_400)[0]
    assert said in (step.evidence or "")


KEY = keypair_of("elsewhere").public_key.z32


@pytest.mark.parametrize(
    ("text", "code", "found"),
    [
        (KEY, "AB-1", (KEY, "AB-1")),
        (f"pubky{KEY}", "", (KEY, "")),
        (f"pk:{KEY}", "", (KEY, "")),
        (f"pubkyauth://signup?caps=&hs={KEY}&st=CODE", "", (KEY, "CODE")),
        (f"pubkyauth:///?hs={KEY}", "typed", (KEY, "typed")),
        (f"pubkyauth://direct_signup?hs={KEY}&st=a%26b", "", (KEY, None)),
        ("pubkyauth://[", "", (None, None)),
        (KEY[:-1], "", (None, None)),
        (KEY, "a b", (KEY, None)),
    ],
)
def test_a_homeserver_is_found_in_what_people_copy(
    text: str, code: str, found: tuple[str | None, str | None]
) -> None:
    assert homeserver_in(text, code) == found


@given(st.text() | st.text().map("pubkyauth://x?".__add__), st.text())
def test_whatever_is_typed_is_read_or_refused(text: str, code: str) -> None:
    assert homeserver_in(text, code)[0] is None


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


async def test_of_two_editors_at_once_one_is_told_and_nothing_is_lost(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/a.txt", b"one")
    base = (await home.get("/json/own/edit/pub/a.txt")).json()["base"]
    answers = await asyncio.gather(
        *(home.post("/own/edit/pub/a.txt", {"text": text, "base": base}) for text in "xyz")
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]


async def test_a_text_that_was_deleted_meanwhile_does_not_come_back(
    home: Browser, alice: Person
) -> None:
    await put_file(alice, "/pub/a.txt", b"one")
    base = (await home.get("/json/own/edit/pub/a.txt")).json()["base"]
    await alice.delete("/pub/a.txt")
    answer = await home.post("/own/edit/pub/a.txt", {"text": "two", "base": base})
    assert answer.status_code == 409
    assert (await alice.get("/pub/a.txt")).status_code == 404


async def test_a_form_without_a_base_stores_nothing(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"one")
    for base in ("", "*", '"\u2603"', "x\r\ny: z"):
        answer = await home.post("/own/edit/pub/a.txt", {"text": "two", "base": base})
        assert answer.status_code == 400
    assert (await alice.get("/pub/a.txt")).content == b"one"


async def test_what_is_no_text_or_too_long_is_not_edited(home: Browser, alice: Person) -> None:
    await put_file(alice, "/pub/bytes", b"\xff\xfe\x00")
    await put_file(alice, "/pub/long", b"x" * 70_000)
    for path, status in (("bytes", 409), ("long", 409), ("nothing", 404)):
        assert (await home.get(f"/own/edit/pub/{path}")).status_code == status
