"""How an account once was, as its owner asks for it: folders, files, differences."""

from datetime import datetime
from typing import Any

import pytest

from tests.appliance.web.test_own_data import ask
from tests.support.appliance import Person

ROUTES = (
    "files",
    "past/folder?at_us=1",
    "past/file?path=/pub/a&at_us=1",
    "past/differences?at_us=1",
)


@pytest.mark.parametrize("route", ROUTES)
async def test_only_sessions_that_read_everything_are_told(alice: Person, route: str) -> None:
    response = await alice.http.get(f"/owner/{route}", headers={"pubky-host": alice.z32})
    assert response.status_code == 401
    app = Person(alice.keypair, alice.http)
    await app.sign_in(capabilities="/pub/:rw")
    assert (await app.get(f"/owner/{route}")).status_code == 403


async def moment_after_now(alice: Person) -> str:
    """A time between what was done and what comes, in microseconds, as the node tells it."""
    moment = datetime.fromisoformat((await ask(alice, "past/folder", at_us="9" * 16))["at"])
    return str(int(moment.timestamp()) * 1_000_000 + moment.microsecond)


async def test_a_folder_is_shown_as_it_was(alice: Person) -> None:
    await alice.put("/pub/n/a", b"one")
    await alice.put("/pub/n/deep/b", b"12345")
    then = await moment_after_now(alice)
    await alice.put("/pub/n/a", b"longer")
    await alice.delete("/pub/n/deep/b")
    await alice.put("/pub/n/new", b"1")
    said = await ask(alice, "past/folder", path="/pub/n/", at_us=then)
    assert [(each["path"], each["kind"], each["bytes"]) for each in said["items"]] == [
        ("/pub/n/a", "file", 3),
        ("/pub/n/deep/", "folder", 5),
    ]
    assert (said["names"], said["files"], said["bytes"]) == (2, 2, 8)
    assert said["lost"] == {"files": 0, "paths": []}
    assert said["kept_since"] < said["at"]
    assert [each["path"] for each in (await ask(alice, "past/folder", at_us="1"))["items"]] == []


async def test_old_and_present_bytes_of_a_time_can_be_had(alice: Person) -> None:
    await alice.put("/pub/old", b"one")
    await alice.put("/pub/same", b"same")
    then = await moment_after_now(alice)
    await alice.put("/pub/old", b"two")
    old: dict[str, Any] = await ask(alice, "past/file", path="/pub/old", at_us=then)
    assert (await alice.get(f"/owner/trash/{old['version']}")).content == b"one"
    assert (await ask(alice, "past/file", path="/pub/same", at_us=then))["version"] is None
    response = await alice.get(f"/owner/past/file?path=/pub/never&at_us={then}")
    assert response.status_code == 404


async def test_differences_say_what_to_put_back_and_what_came_later(alice: Person) -> None:
    await alice.put("/pub/n/changed", b"one")
    await alice.put("/pub/n/deleted", b"two")
    await alice.put("/pub/n/same", b"three")
    then = await moment_after_now(alice)
    await alice.put("/pub/n/changed", b"1")
    await alice.delete("/pub/n/deleted")
    await alice.put("/pub/n/new", b"4")
    said = await ask(alice, "past/differences", path="/pub/n/", at_us=then)
    assert [(each["kind"], each["path"]) for each in said["items"]] == [
        ("old", "/pub/n/changed"),
        ("old", "/pub/n/deleted"),
        ("new", "/pub/n/new"),
    ]
    assert (said["old"], said["new"]) == ({"files": 2, "bytes": 6}, {"files": 1})
    page = await ask(alice, "past/differences", path="/pub/n/", at_us=then, limit="2")
    assert page["next_cursor"] == "/pub/n/deleted"
    rest = await ask(
        alice, "past/differences", path="/pub/n/", at_us=then, cursor=page["next_cursor"]
    )
    assert [each["path"] for each in rest["items"]] == ["/pub/n/new"]
    assert rest["next_cursor"] is None


async def test_what_was_put_back_already_differs_no_more(alice: Person) -> None:
    await alice.put("/pub/a", b"one")
    then = await moment_after_now(alice)
    await alice.put("/pub/a", b"two")
    await alice.put("/pub/a", b"one")
    assert (await ask(alice, "past/differences", at_us=then))["items"] == []


@pytest.mark.parametrize("query", ["", "?at_us=yesterday", "?at_us=-1"])
async def test_a_time_is_needed(alice: Person, query: str) -> None:
    assert (await alice.get(f"/owner/past/folder{query}")).status_code == 400


async def test_all_files_below_a_folder_are_paged_in_order(alice: Person) -> None:
    for number, path in enumerate(("/pub/a", "/pub/x/b", "/pub/x/y/c", "/priv/d")):
        await alice.put(path, b"x" * (9 - number))
    first = await ask(alice, "files", path="/pub/", sort="size", limit="2")
    assert [each["path"] for each in first["items"]] == ["/pub/x/y/c", "/pub/x/b"]
    assert (first["wanted"], first["totals"]["bytes"]) == (3, 24)
    cursor = first["next_cursor"]
    rest = await ask(alice, "files", path="/pub/", sort="size", limit="2", cursor=cursor)
    assert ([each["path"] for each in rest["items"]], rest["next_cursor"]) == (["/pub/a"], None)
    found = await ask(alice, "files", name="Y/")
    assert ([each["path"] for each in found["items"]], found["wanted"]) == (["/pub/x/y/c"], 1)


@pytest.mark.parametrize("cursor", ["x", "1", ":a", "-1:/pub/a", "1e9:/pub/a"])
async def test_a_made_up_place_is_refused(alice: Person, cursor: str) -> None:
    assert (await alice.get(f"/owner/files?cursor={cursor}")).status_code == 400
