"""`GET /events-stream`: history, live, batch and reverse (client API 13)."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from appliance.metadata import events
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Tx
from appliance.pubky import crockford
from appliance.web import event_streaming
from tests.support.appliance import Appliance, Person
from tests.support.sse import NoEventError, StreamEvent, open_stream, parse_frames, stream_target


async def _batch(http: httpx.AsyncClient, *query: tuple[str, object]) -> list[StreamEvent]:
    response = await http.get(stream_target(query))
    assert response.status_code == 200, response.text
    return parse_frames(response.text)


def _cursors(found: list[StreamEvent]) -> list[int]:
    return [event.cursor for event in found]


async def _write_history(person: Person) -> None:
    for number in range(250):
        response = await person.put(f"/pub/files/{number}.txt", str(number))
        assert response.status_code == 201
    for number in range(5):
        assert (await person.delete(f"/pub/files/{number}.txt")).status_code == 204


async def test_events_stream_basic_modes(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_history(alice)
    user = ("user", alice.z32)

    everything = await _batch(http, user, ("limit", 255))
    assert [event.kind for event in everything] == ["PUT"] * 250 + ["DEL"] * 5
    assert _cursors(everything) == list(range(1, 256))
    assert await _batch(http, user) == everything
    assert await _batch(http, user, ("limit", 50)) == everything[:50]

    etag = (await alice.get("/pub/files/7.txt")).headers["etag"]
    assert f'"{everything[7].content_hash}"' == etag
    assert all((event.content_hash is None) == (event.kind == "DEL") for event in everything)

    reverse = await _batch(http, user, ("reverse", "true"))
    assert reverse == everything[::-1]

    live_query = [("user", f"{alice.z32}:250"), ("live", "true")]
    async with open_stream(appliance.client_url, live_query) as live:
        assert await live.take(5) == everything[250:]
        await alice.put("/pub/files/new.txt", b"new")
        new = await live.next()
        assert new is not None
        assert (new.kind, new.cursor, new.path) == ("PUT", 256, "/pub/files/new.txt")

    limited = [("user", f"{alice.z32}:251"), ("live", "1"), ("limit", "10")]
    async with open_stream(appliance.client_url, limited) as live:
        assert len(await live.take(5)) == 5
        for number in range(7):
            await alice.put("/pub/files/more.txt", str(number))
        assert _cursors(await live.rest()) == [257, 258, 259, 260, 261]


async def test_a_user_without_events_closes_in_batch_and_stays_open_live(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    response = await http.get(stream_target([("user", alice.z32)]))
    assert (response.status_code, response.content) == (200, b"")
    live = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, live) as stream:
        with pytest.raises(NoEventError):
            await stream.next(0.05)
        await alice.put("/pub/first", b"x")
        assert _cursors(await stream.take(1)) == [1]


async def test_the_answer_has_the_headers_of_a_stream(appliance: Appliance, alice: Person) -> None:
    headers = {"origin": "https://app.example"}
    async with open_stream(appliance.client_url, [("user", alice.z32)], headers) as stream:
        named = [(name, value) for name, value in stream.headers if name != "date"]
        assert named == [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("vary", "pubky-host, Authorization, Cookie"),
            ("access-control-allow-origin", "https://app.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "retry-after, etag, content-range"),
            ("vary", "origin, access-control-request-method, access-control-request-headers"),
            ("transfer-encoding", "chunked"),
        ]


async def test_head_validates_and_sends_no_body(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    good = await http.head(stream_target([("user", alice.z32), ("live", "true")]))
    assert (good.status_code, good.content) == (200, b"")
    assert good.headers["content-type"] == "text/event-stream"
    assert (await http.head("/events-stream")).status_code == 400


async def test_frames_are_byte_for_byte_as_specified(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/files/doc.txt", b"")
    await alice.delete("/pub/files/doc.txt")
    response = await http.get(stream_target([("user", alice.z32)]))
    url = f"pubky://{alice.z32}/pub/files/doc.txt"
    assert response.text == (
        f"event: PUT\ndata: {url}\ndata: cursor: 1\n"
        "data: content_hash: rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI=\n\n"
        f"event: DEL\ndata: {url}\ndata: cursor: 2\n\n"
    )


async def test_reverse_goes_down_from_its_cursor(http: httpx.AsyncClient, alice: Person) -> None:
    for number in range(5):
        await alice.put(f"/pub/{number}", b"x")
    down = await _batch(http, ("user", f"{alice.z32}:4"), ("reverse", "1"))
    assert _cursors(down) == [3, 2, 1]
    some = await _batch(http, ("user", alice.z32), ("reverse", "true"), ("limit", 2))
    assert _cursors(some) == [5, 4]


async def test_live_is_on_only_for_true_and_1(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    for value in ("TRUE", "yes", "", "0", "on"):
        # A live stream would not end.
        assert _cursors(await _batch(http, ("user", alice.z32), ("live", value))) == [1]
    last_wins = [("user", alice.z32), ("live", "true"), ("live", "false")]
    assert _cursors(await _batch(http, *last_wins)) == [1]


async def test_of_repeated_limits_the_last_counts(http: httpx.AsyncClient, alice: Person) -> None:
    for number in range(3):
        await alice.put(f"/pub/{number}", b"x")
    found = await _batch(http, ("user", alice.z32), ("limit", 1), ("limit", "2"))
    assert _cursors(found) == [1, 2]


async def test_a_legacy_time_is_a_cursor(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    for number in range(3):
        await alice.put(f"/pub/{number}", b"x")
    rows = await appliance.node.services.metadata.read(events.public_after, 0, 3)
    time = crockford.encode(rows[1].created_us.to_bytes(8))
    assert _cursors(await _batch(http, ("user", f"{alice.z32}:{time}"))) == [3]


async def test_writes_during_a_live_stream_come_once_and_in_order(
    appliance: Appliance, alice: Person
) -> None:
    async def write(worker: int) -> None:
        for number in range(60):
            await alice.put(f"/pub/{worker}/{number}", b"x")

    async with open_stream(appliance.client_url, [("user", alice.z32), ("live", "true")]) as stream:
        writers = asyncio.gather(*(write(worker) for worker in range(4)))
        seen = await stream.take(240)
        await writers
    assert _cursors(seen) == list(range(1, 241))
    assert len({event.path for event in seen}) == 240


async def test_a_quiet_stream_sends_comments(
    appliance: Appliance, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_streaming, "KEEP_ALIVE_S", 0.02)
    live = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, live) as stream:
        with pytest.raises(NoEventError):
            await stream.next(0.5)
        assert stream.comments >= 3
        await alice.put("/pub/a", b"x")
        assert _cursors(await stream.take(1)) == [1]


async def test_what_another_process_writes_is_seen(appliance: Appliance, alice: Person) -> None:
    def delete(tx: Tx) -> None:
        events.append(tx, 1, "DEL", "/pub/elsewhere", None, events.OPERATOR, 1)

    live = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, live) as stream:
        other = await open_sqlite(appliance.data_dir / "metadata.sqlite3", durable=False)
        try:
            await other.write(delete)
        finally:
            await other.close()
        assert [event.path for event in await stream.take(1)] == ["/pub/elsewhere"]


async def test_metrics_count_open_streams_and_time_them(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    async def sample(name: str) -> float:
        text = (await http.get(appliance.metrics_url + "/metrics")).text
        label = '{otel_scope_name="pubky_homeserver"}'
        lines = [line for line in text.splitlines() if line.startswith(name + label)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    live = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, live):
        async with open_stream(appliance.client_url, live):
            assert await sample("event_stream_active_connections") == 2
        await _until(lambda: sample("event_stream_active_connections"), 1)
    await _until(lambda: sample("event_stream_active_connections"), 0)
    assert await sample("event_stream_connection_duration_ms_count") == 2
    await http.get("/events/")
    assert await sample("events_db_query_duration_ms_count") == 1
    before = await sample("event_stream_db_query_duration_ms_count")
    await _batch(http, ("user", alice.z32))
    assert await sample("event_stream_db_query_duration_ms_count") == before + 1


async def _until(look: Callable[[], Awaitable[float]], wanted: float) -> None:
    async with asyncio.timeout(10):
        while True:
            if await look() == wanted:
                return
            await asyncio.sleep(0.01)
