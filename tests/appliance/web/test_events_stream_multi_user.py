"""Streams of several users: each has a cursor of its own (client API 13.1)."""

import httpx

from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.sse import StreamEvent, open_stream, parse_frames, stream_target


async def _batch(http: httpx.AsyncClient, *query: tuple[str, object]) -> list[StreamEvent]:
    response = await http.get(stream_target(query))
    assert response.status_code == 200, response.text
    return parse_frames(response.text)


async def _three_writers(alice: Person, bob: Person) -> Person:
    carol = Person(keypair_of("carol"), alice.http)
    await carol.sign_up()
    for number in range(3):
        await alice.put(f"/pub/a/{number}", b"x")
        await carol.put(f"/pub/c/{number}", b"x")
    for number in range(2):
        await bob.put(f"/pub/b/{number}", b"x")
    return carol


async def test_events_stream_multiple_users(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    carol = await _three_writers(alice, bob)
    both = await _batch(http, ("user", alice.z32), ("user", bob.z32))
    assert [event.cursor for event in both] == sorted(event.cursor for event in both)
    of_alice = [event for event in both if alice.z32 in event.url]
    of_bob = [event for event in both if bob.z32 in event.url]
    assert (len(of_alice), len(of_bob)) == (3, 2)
    assert not any(carol.z32 in event.url for event in both)

    rest = await _batch(
        http,
        ("user", f"{alice.z32}:{of_alice[1].cursor}"),
        ("user", f"{bob.z32}:{of_bob[-1].cursor}"),
    )
    assert rest == [of_alice[2]]
    more = await _batch(
        http,
        ("user", f"{alice.z32}:{of_alice[1].cursor}"),
        ("user", bob.z32),
    )
    assert more == [of_alice[2], *of_bob]


async def test_in_reverse_each_user_ends_before_their_own_cursor(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    await _three_writers(alice, bob)
    down = await _batch(http, ("user", f"{alice.z32}:4"), ("user", bob.z32), ("reverse", "true"))
    assert [event.cursor for event in down] == [8, 7, 3, 1]


async def test_live_streams_bring_the_events_of_all_their_users(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    query = [("user", f"{alice.z32}:1"), ("user", bob.z32), ("live", "true")]
    async with open_stream(appliance.client_url, query) as stream:
        await alice.put("/pub/1", b"x")  # not beyond Alice's own cursor
        await bob.put("/pub/2", b"x")
        await alice.put("/pub/3", b"x")
        assert [event.path for event in await stream.take(2)] == ["/pub/2", "/pub/3"]


async def test_of_a_user_given_twice_the_last_cursor_counts(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for number in range(4):
        await alice.put(f"/pub/{number}", b"x")
    last_has_one = await _batch(http, ("user", alice.z32), ("user", f"{alice.z32}:3"))
    assert [event.cursor for event in last_has_one] == [4]
    last_has_none = await _batch(http, ("user", f"{alice.z32}:3"), ("user", alice.z32))
    assert [event.cursor for event in last_has_none] == [1, 2, 3, 4]


async def test_fifty_users_are_served_with_one_request(
    http: httpx.AsyncClient, alice: Person
) -> None:
    people = [alice]
    for number in range(49):
        person = Person(keypair_of(f"person {number}"), http)
        assert (await person.sign_up()).status_code == 200
        people.append(person)
    for person in people[::7]:
        for number in range(3):
            await person.put(f"/pub/{number}", b"x")
    found = await _batch(http, *(("user", f"{person.z32}:1") for person in people))
    assert [event.cursor for event in found] == list(range(2, 25))
