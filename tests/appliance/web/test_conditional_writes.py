"""Writes with conditions under /owner/files/, which lose no update; plain writes know none."""

import asyncio

import httpx

from tests.support.appliance import Person

ABSENT = {"if-none-match": "*"}


async def write(person: Person, path: str, body: str, **headers: str) -> tuple[int, str]:
    """Status and, when stored, the entity tag."""
    answer = await person.put(f"/owner/files{path}", body, **headers)
    return answer.status_code, answer.headers.get("etag", "")


async def test_a_file_is_replaced_only_while_it_is_the_one_that_was_read(alice: Person) -> None:
    status, first = await write(alice, "/pub/a.txt", "one", **ABSENT)
    assert status == 201
    assert (await alice.get("/pub/a.txt")).headers["etag"] == first
    status, second = await write(alice, "/pub/a.txt", "two", **{"if-match": first})
    assert (status, second != first) == (201, True)
    assert await write(alice, "/pub/a.txt", "three", **{"if-match": first}) == (412, "")
    assert (await alice.get("/pub/a.txt")).text == "two"


async def test_what_is_there_is_not_replaced_by_who_wants_a_new_file(alice: Person) -> None:
    await alice.put("/priv/a", "mine")
    assert await write(alice, "/priv/a", "other", **ABSENT) == (412, "")
    assert (await alice.get("/priv/a")).text == "mine"


async def test_of_many_writers_with_one_condition_one_gets_in(alice: Person) -> None:
    await alice.put("/pub/a", "base")
    base = (await alice.get("/pub/a")).headers["etag"]
    bodies = [f"writer {number}" for number in range(8)]
    found = await asyncio.gather(
        *(write(alice, "/pub/a", body, **{"if-match": base}) for body in bodies),
        *(write(alice, "/pub/new", body, **ABSENT) for body in bodies),
    )
    statuses = [status for status, _ in found]
    assert sorted(statuses[:8]) == sorted(statuses[8:]) == [201] + [412] * 7
    assert (await alice.get("/pub/a")).text == bodies[statuses[:8].index(201)]


async def test_a_condition_in_several_lines_is_one_list(
    alice: Person, http: httpx.AsyncClient
) -> None:
    _, tag = await write(alice, "/pub/a", "one")
    lines = [*alice.headers.items(), ("if-match", '"no"'), ("if-match", tag)]
    answer = await http.put("/owner/files/pub/a", content="two", headers=lines)
    assert answer.status_code == 201


async def test_a_refused_write_leaves_no_event_and_no_charge(alice: Person) -> None:
    await alice.put("/pub/a", "one")
    before = (await alice.get("/owner/usage")).json(), (await alice.get("/owner/events")).json()
    assert await write(alice, "/pub/a", "a longer one", **ABSENT) == (412, "")
    after = (await alice.get("/owner/usage")).json(), (await alice.get("/owner/events")).json()
    assert after == before


async def test_the_rules_of_a_write_are_the_same_and_come_first(
    alice: Person, bob: Person, http: httpx.AsyncClient
) -> None:
    stranger = {"pubky-host": alice.z32, **ABSENT}
    answer = await http.put("/owner/files/pub/a", content="x", headers=stranger)
    assert answer.status_code == 401
    by_path = f"/owner/files/storage/{alice.z32}/pub/a"
    assert (await bob.put(by_path, "x", **ABSENT)).status_code == 401
    assert (await alice.put(by_path, "x", **ABSENT)).status_code == 201
    for path, status in (("/pub/", 400), ("/session", 403), ("/owner/files/pub/b", 403)):
        assert (await write(alice, path, "x", **ABSENT))[0] == status
    answer = await http.delete("/owner/files/pub/a", headers=alice.headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")
    assert (await alice.get("/pub/a")).text == "x"
