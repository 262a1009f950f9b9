"""An operator's look into somebody's files: never without a reason, a trace and an end."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.clock import system_clock
from appliance.homeserver.break_glass import OPEN_US
from tests.support.appliance import Appliance, Person, keypair_of, running_appliance
from tests.support.operator import OperatorClient, operator_of
from tests.support.settable_clock import SettableClock

REASON = "The police asked for this file."


@pytest.fixture
def time() -> SettableClock:
    return SettableClock(system_clock())


@pytest.fixture
async def appliance(tmp_path: Path, time: SettableClock) -> AsyncIterator[Appliance]:
    async with running_appliance(tmp_path, clock=time) as running:
        yield running


@pytest.fixture
async def operator(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The operator, by password."""
    async with operator_of(appliance) as client:
        yield client


def glass(person: Person) -> str:
    return f"/users/{person.z32}/break-glass"


async def look(operator: OperatorClient, person: Person, reason: str = REASON) -> httpx.Response:
    return await operator.post(glass(person), {"reason": reason})


async def folder(operator: OperatorClient, person: Person, path: str, **query: str) -> Any:
    answer = await operator.http.get(f"{glass(person)}/folder", params={"path": path, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(person: Person, **query: str) -> Any:
    answer = await person.http.get("/owner/announcements", params=query, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_a_look_nothing_can_be_read(operator: OperatorClient, alice: Person) -> None:
    await alice.put("/priv/diary", "x")
    for place in ("folder?path=/priv/", "file?path=/priv/diary"):
        assert (await operator.http.get(f"{glass(alice)}/{place}")).status_code == 403
    assert await operator.get(glass(alice)) == {"opening": None}
    assert (await told(alice))["items"] == []


async def test_a_look_shows_folders_and_inert_bytes(
    operator: OperatorClient, alice: Person
) -> None:
    await alice.put("/priv/notes/diary.html", "<script>1</script>")
    await alice.put("/pub/a", "1")
    assert (await look(operator, alice)).status_code == 200
    roots = await operator.get(f"{glass(alice)}/folder")
    assert [item["path"] for item in roots["items"]] == ["/priv/", "/pub/"]
    notes = await folder(operator, alice, "/priv/notes/")
    assert [(item["path"], item["bytes"]) for item in notes["items"]] == [
        ("/priv/notes/diary.html", 18)
    ]
    answer = await operator.http.get(f"{glass(alice)}/file?path=/priv/notes/diary.html")
    assert answer.content == b"<script>1</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_every_read_is_on_record_and_told_to_the_person(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    await alice.put("/priv/diary", "x")
    await look(operator, alice)
    await folder(operator, alice, "/priv/")
    await operator.http.get(f"{glass(alice)}/file?path=/priv/diary")
    (item,) = (await told(alice))["items"]
    assert (item["actor"], item["reason"], item["read_count"]) == ("operator", REASON, 2)
    assert [read["path"] for read in item["reads"]] == ["/priv/diary", "/priv/"]
    acts = (await operator.get("/audit"))["items"]
    noted = [(act["action"], act["subject"]) for act in acts if "break_glass" in act["action"]]
    assert noted == [
        ("break_glass.read", f"{alice.z32}/priv/diary"),
        ("break_glass.read", f"{alice.z32}/priv/"),
        ("break_glass.open_files", f"{alice.z32} {REASON}"),
    ]
    assert (await told(bob))["items"] == []


async def test_a_read_that_finds_nothing_is_noted_too(
    operator: OperatorClient, alice: Person
) -> None:
    await look(operator, alice)
    answer = await operator.http.get(f"{glass(alice)}/file?path=/priv/nothing")
    assert answer.status_code == 404
    assert (await told(alice))["items"][0]["read_count"] == 1


async def test_a_look_ends_by_itself(
    operator: OperatorClient, alice: Person, time: SettableClock
) -> None:
    await look(operator, alice)
    time.advance(OPEN_US / 1_000_000)
    assert (await operator.http.get(f"{glass(alice)}/folder?path=/pub/")).status_code == 403
    assert await operator.get(glass(alice)) == {"opening": None}


async def test_a_look_can_be_ended_before_and_stays_on_record(
    operator: OperatorClient, alice: Person
) -> None:
    await look(operator, alice)
    assert (await operator.http.delete(glass(alice))).status_code == 204
    assert (await operator.http.get(f"{glass(alice)}/folder?path=/pub/")).status_code == 403
    (item,) = (await told(alice))["items"]
    assert item["opened_at"] == item["closes_at"]


async def test_a_look_at_one_person_opens_nobody_else(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    await look(operator, alice)
    assert (await operator.http.get(f"{glass(bob)}/folder?path=/pub/")).status_code == 403


@pytest.mark.parametrize("reason", ["", "short", " " * 40, "x" * 501, "a good reason\x1b[2J"])
async def test_a_reason_must_be_one(operator: OperatorClient, alice: Person, reason: str) -> None:
    answer = await operator.http.post(glass(alice), json={"reason": reason})
    assert answer.status_code == 400
    assert (await told(alice))["items"] == []


async def test_who_asked_a_program_is_told(operator: OperatorClient, alice: Person) -> None:
    await operator.post(glass(alice), {"reason": REASON, "who": "Carol"})
    assert (await told(alice))["items"][0]["actor"] == "operator (Carol)"


async def test_a_stranger_cannot_be_looked_at(operator: OperatorClient) -> None:
    nobody = keypair_of("nobody").public_key.z32
    for path in (f"/users/{nobody}/break-glass", f"/users/{nobody}/break-glass/folder"):
        assert (await operator.http.get(path)).status_code == 404
    answer = await operator.http.post(f"/users/{nobody}/break-glass", json={"reason": REASON})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/etc/", "/priv/../pub/", "/priv", "//", "/priv/a"])
async def test_odd_folders_are_refused(operator: OperatorClient, alice: Person, path: str) -> None:
    await look(operator, alice)
    answer = await operator.http.get(f"{glass(alice)}/folder", params={"path": path})
    assert answer.status_code == 400


async def test_a_token_needs_the_scope(
    appliance: Appliance, operator: OperatorClient, alice: Person
) -> None:
    wish = {"name": "users", "scopes": ["users:read", "users:write", "content:write"]}
    token = (await operator.post("/tokens", wish)).json()["token"]
    async with operator_of(appliance, token) as other:
        assert (await look(other, alice)).status_code == 403
    assert (await told(alice))["items"] == []


async def test_a_folder_is_listed_in_pages(operator: OperatorClient, alice: Person) -> None:
    for name in "abc":
        await alice.put(f"/pub/{name}", name)
    await look(operator, alice)
    first = await folder(operator, alice, "/pub/", limit="2")
    rest = await folder(operator, alice, "/pub/", limit="2", cursor=first["next_cursor"])
    shown = [item["path"] for page in (first, rest) for item in page["items"]]
    assert (shown, rest["next_cursor"]) == (["/pub/a", "/pub/b", "/pub/c"], None)


async def test_announcements_come_in_pages_newest_first(
    operator: OperatorClient, alice: Person
) -> None:
    for number in range(3):
        await look(operator, alice, f"{REASON} {number}")
    first = await told(alice, limit="2")
    rest = await told(alice, limit="2", cursor=first["next_cursor"])
    shown = [item["reason"][-1] for page in (first, rest) for item in page["items"]]
    assert (shown, rest["next_cursor"]) == (["2", "1", "0"], None)


async def test_announcements_are_for_sessions_that_may_read_everything(alice: Person) -> None:
    nobody = await alice.http.get("/owner/announcements", headers={"pubky-host": alice.z32})
    assert nobody.status_code == 401
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/:rw")
    assert (await app.get("/owner/announcements")).status_code == 403
