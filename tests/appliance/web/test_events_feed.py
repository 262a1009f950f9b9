"""`GET /events/`: the public log, page by page (client API 12)."""

import httpx
import pytest

from appliance.metadata import events
from appliance.metadata.events import OPERATOR
from appliance.metadata.store import Tx
from appliance.pubky import crockford
from tests.support.appliance import Appliance, Person


async def _feed(http: httpx.AsyncClient, **params: str | int) -> list[str]:
    response = await http.get("/events/", params=params)
    assert response.status_code == 200, response.text
    return response.text.split("\n") if response.text else []


async def test_list_events_in_pages_by_cursor(http: httpx.AsyncClient, alice: Person) -> None:
    for number in range(11):
        await alice.put(f"/pub/{number}.txt", b"x")
        await alice.delete(f"/pub/{number}.txt")
    lines = [
        f"{kind} pubky://{alice.z32}/pub/{number}.txt"
        for number in range(11)
        for kind in ("PUT", "DEL")
    ]
    first = await _feed(http, limit=10)
    assert first == [*lines[:10], "cursor: 10"]
    second = await _feed(http, limit=10, cursor=10)
    assert second == [*lines[10:20], "cursor: 20"]
    assert await _feed(http, cursor="pubky://20") == [*lines[20:], "cursor: 22"]
    assert await _feed(http, cursor=22) == []


async def test_the_body_is_plain_text_without_a_newline_at_the_end(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/a%20b%25.txt", b"x")
    response = await http.get("/events/", headers={"origin": "https://app.example"})
    assert response.content == f"PUT pubky://{alice.z32}/pub/a b%.txt\ncursor: 1".encode()
    assert response.headers["content-type"] == "text/plain"
    assert "cache-control" not in response.headers
    assert response.headers["vary"].startswith("origin, ")
    assert response.headers["access-control-allow-origin"] == "https://app.example"


async def test_an_empty_page_has_an_empty_body(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    for query in ("cursor=1", "cursor=18446744073709551615", "limit=0"):
        response = await http.get(f"/events/?{query}")
        assert (response.status_code, response.content) == (200, b"")


async def test_read_after_event(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a.com/a.txt", b"content")
    lines = await _feed(http, limit=10)
    assert lines == [f"PUT pubky://{alice.z32}/pub/a.com/a.txt", "cursor: 1"]
    assert (await alice.get("/pub/a.com/a.txt")).content == b"content"


async def test_feed_excludes_private_paths_and_its_cursor_jumps_over_them(
    http: httpx.AsyncClient, alice: Person
) -> None:
    for path in ("/pub/1", "/priv/2", "/pub/3", "/priv/4", "/priv/5"):
        await alice.put(path, b"x")
    url = f"pubky://{alice.z32}"
    assert await _feed(http) == [f"PUT {url}/pub/1", f"PUT {url}/pub/3", "cursor: 3"]
    assert await _feed(http, limit=1, cursor=1) == [f"PUT {url}/pub/3", "cursor: 3"]
    assert await _feed(http, cursor=3) == []


async def test_the_feed_is_of_all_users_in_the_order_of_their_writes(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    await alice.put("/pub/x", b"same")
    await bob.put("/pub/x", b"same")
    await alice.delete("/pub/x")
    assert await _feed(http) == [
        f"PUT pubky://{alice.z32}/pub/x",
        f"PUT pubky://{bob.z32}/pub/x",
        f"DEL pubky://{alice.z32}/pub/x",
        "cursor: 3",
    ]


async def test_limits_are_read_as_in_listings(appliance: Appliance, alice: Person) -> None:
    def many(tx: Tx) -> None:
        tx.order_events()
        for number in range(1100):
            events.append(tx, 1, "DEL", f"/pub/{number}", None, OPERATOR, number)

    await appliance.node.services.metadata.write(many)
    sizes = {"": 100, "1000": 1000, "5000": 1000, "65536": 100, "ten": 100, "-1": 100, "7": 7}
    for limit, size in sizes.items():
        assert len(await _feed(alice.http, limit=limit)) == size + 1, limit


async def test_a_legacy_time_is_the_cursor_of_its_event(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/1", b"x")
    await alice.put("/pub/2", b"x")
    first, _ = await appliance.node.services.metadata.read(events.public_after, 0, 2)
    cursor = crockford.encode(first.created_us.to_bytes(8))
    assert await _feed(http, cursor=cursor) == [f"PUT pubky://{alice.z32}/pub/2", "cursor: 2"]
    unmatched = crockford.encode((first.created_us - 1).to_bytes(8))
    response = await http.get("/events/", params={"cursor": unmatched})
    assert (response.status_code, response.text) == (400, "Invalid cursor")


@pytest.mark.parametrize("cursor", ["abc", "-1", "18446744073709551616", "1.0", "U" * 13])
async def test_bad_cursors_are_refused(http: httpx.AsyncClient, cursor: str) -> None:
    response = await http.get("/events/", params={"cursor": cursor})
    assert (response.status_code, response.text) == (400, "Invalid cursor")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("name", ["reverse", "shallow"])
async def test_listing_booleans_are_checked_and_without_effect(
    http: httpx.AsyncClient, alice: Person, name: str
) -> None:
    await alice.put("/pub/1", b"x")
    await alice.put("/pub/2", b"x")
    assert await _feed(http, **{name: "true"}) == await _feed(http)
    response = await http.get("/events/", params={name: "maybe"})
    assert (response.status_code, response.text) == (400, "Invalid boolean parameter")
    assert "content-type" not in response.headers


async def test_head_has_the_length_and_no_body(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/1", b"x")
    whole = await http.get("/events/")
    head = await http.head("/events/")
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))


async def test_other_methods_are_not_allowed(http: httpx.AsyncClient) -> None:
    for path in ("/events/", "/events-stream"):
        response = await http.post(path)
        assert (response.status_code, response.content) == (405, b"")
        assert response.headers["allow"] == "GET,HEAD"


async def test_neighbouring_paths_are_storage(http: httpx.AsyncClient, alice: Person) -> None:
    for path in ("/events", "/events-stream/"):
        response = await http.get(path)
        assert (response.status_code, response.text) == (400, "Missing request tenant")
        assert (await alice.get(path)).status_code == 403


async def test_a_session_changes_nothing(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/priv/1", b"x")
    await alice.put("/pub/2", b"x")
    assert (await alice.get("/events/")).content == (await http.get("/events/")).content
