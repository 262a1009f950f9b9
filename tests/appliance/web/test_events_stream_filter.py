"""Filters by path: single files and whole directories (client API 13.3)."""

import httpx
import pytest

from tests.support.appliance import Appliance, Person
from tests.support.sse import StreamEvent, open_stream, parse_frames, stream_target


async def _batch(http: httpx.AsyncClient, *query: tuple[str, object]) -> list[StreamEvent]:
    response = await http.get(stream_target(query))
    assert response.status_code == 200, response.text
    return parse_frames(response.text)


async def _paths(http: httpx.AsyncClient, person: Person, *filters: str) -> list[str]:
    paths = [("path", path) for path in filters]
    return [event.path for event in await _batch(http, ("user", person.z32), *paths)]


async def test_events_stream_path_filter(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    for number in range(5):
        await alice.put(f"/pub/files/{number}", b"x")
        await alice.put(f"/pub/other/{number}", b"x")
    await alice.delete("/pub/files/0")
    user, wanted = ("user", alice.z32), ("path", "/pub/files/")
    found = await _batch(http, user, wanted)
    assert [event.kind for event in found] == ["PUT"] * 5 + ["DEL"]
    assert all(event.path.startswith("/pub/files/") for event in found)

    first = await _batch(http, user, wanted, ("limit", 4))
    assert first == found[:4]
    after = ("user", f"{alice.z32}:{first[-1].cursor}")
    assert await _batch(http, after, wanted) == found[4:]
    assert await _batch(http, user, wanted, ("reverse", "true")) == found[::-1]

    for number in range(10):
        await bob.put(f"/pub/files/{number}", b"x")
    both = await _batch(http, user, ("user", bob.z32), wanted)
    assert [event.url.count(alice.z32) for event in both] == [1] * 6 + [0] * 10


async def test_wildcards_are_letters_like_any_other(http: httpx.AsyncClient, alice: Person) -> None:
    for name in ("a%25b", "axb", "a_b", "a*b"):
        await alice.put(f"/pub/{name}/file", b"x")
    assert await _paths(http, alice, "/pub/a%b/") == ["/pub/a%b/file"]
    assert await _paths(http, alice, "/pub/a_b/") == ["/pub/a_b/file"]
    assert await _paths(http, alice, "/pub/a*b/") == ["/pub/a*b/file"]
    assert await _paths(http, alice, "/pub/a%b/file") == ["/pub/a%b/file"]


async def test_a_file_filter_is_exact_and_a_directory_filter_is_a_subtree(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for path in ("/pub/app", "/pub/app2", "/pub/apps/x", "/pub/apps/y/z", "/pub/apps-x"):
        assert (await alice.put(path, b"x")).status_code == 201
    assert await _paths(http, alice, "/pub/app") == ["/pub/app"]
    assert await _paths(http, alice, "/pub/apps/") == ["/pub/apps/x", "/pub/apps/y/z"]
    assert await _paths(http, alice, "/pub/apps") == []


async def test_several_filters_are_a_union_without_repetition(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for path in ("/pub/a/1", "/pub/b/1", "/pub/c", "/pub/d"):
        await alice.put(path, b"x")
    found = await _paths(http, alice, "/pub/c", "/pub/a/", "/pub/a/1", "pub/a//", "/pub/c")
    assert found == ["/pub/a/1", "/pub/c"]
    every = [f"/pub/none-{number}" for number in range(300)]
    assert await _paths(http, alice, *every, "/pub/d") == ["/pub/d"]


@pytest.mark.parametrize(
    "text", ["pub/a/x", "//pub///a/x", "/pub/a/./x", "/pub/b/../a/x", "/../pub/a/x/../x"[3:]]
)
async def test_filters_are_normalised(http: httpx.AsyncClient, alice: Person, text: str) -> None:
    await alice.put("/pub/a/x", b"x")
    await alice.put("/pub/a/y", b"x")
    assert await _paths(http, alice, text) == ["/pub/a/x"]


async def test_an_empty_filter_counts_as_none(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    assert await _paths(http, alice, "") == ["/pub/a"]


async def test_a_long_history_without_a_match_ends(http: httpx.AsyncClient, alice: Person) -> None:
    for number in range(230):
        await alice.put("/pub/common", str(number))
    await alice.put("/pub/rare/1", b"x")
    assert await _paths(http, alice, "/pub/rare/") == ["/pub/rare/1"]
    assert await _paths(http, alice, "/pub/none/") == []


async def test_live_streams_are_filtered_too(appliance: Appliance, alice: Person) -> None:
    query = [("user", alice.z32), ("path", "/pub/a/"), ("live", "true")]
    async with open_stream(appliance.client_url, query) as stream:
        for path in ("/pub/b/1", "/pub/a/1", "/pub/a", "/pub/b/2", "/pub/c/a/1"):
            await alice.put(path, b"x")
        await alice.delete("/pub/a/1")
        assert [event.cursor for event in await stream.take(2)] == [2, 5]
