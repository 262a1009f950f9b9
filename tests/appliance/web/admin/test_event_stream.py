"""The operator's `GET /events-stream`: everything of everybody (operator API 2.9)."""

import httpx
import pytest

from tests.support.appliance import ADMIN_PASSWORD, Appliance, Person, keypair_of
from tests.support.operator import operator_of
from tests.support.sse import StreamEvent, open_stream, parse_frames, stream_target

PASSWORD = {"x-admin-password": ADMIN_PASSWORD}
UNKNOWN = keypair_of("nobody here").public_key.z32


async def _batch(appliance: Appliance, *query: tuple[str, object]) -> list[StreamEvent]:
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        response = await http.get(stream_target(query))
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "text/event-stream"
    return parse_frames(response.text)


async def _cursors(appliance: Appliance, *query: tuple[str, object]) -> list[int]:
    return [event.cursor for event in await _batch(appliance, *query)]


async def _history(alice: Person, bob: Person) -> None:
    await alice.put("/pub/a.txt", b"1")
    await alice.put("/priv/a.txt", b"2")
    await bob.put("/priv/b/x", b"3")
    await bob.put("/pub/b/x", b"4")
    await alice.delete("/priv/a.txt")


async def test_admin_event_stream_exposes_private_events(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await _history(alice, bob)
    found = await _batch(appliance)
    assert [(event.kind, event.url) for event in found] == [
        ("PUT", f"pubky://{alice.z32}/pub/a.txt"),
        ("PUT", f"pubky://{alice.z32}/priv/a.txt"),
        ("PUT", f"pubky://{bob.z32}/priv/b/x"),
        ("PUT", f"pubky://{bob.z32}/pub/b/x"),
        ("DEL", f"pubky://{alice.z32}/priv/a.txt"),
    ]
    assert "/priv/" not in (await alice.http.get("/events/")).text


async def test_filters_cursor_limit_and_reverse(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await _history(alice, bob)
    assert await _cursors(appliance, ("user", bob.z32)) == [3, 4]
    assert await _cursors(appliance, ("user", bob.z32), ("user", bob.z32), ("user", "")) == [3, 4]
    assert await _cursors(appliance, ("path", "priv/")) == [2, 3, 5]
    assert await _cursors(appliance, ("path", "/pub/a.txt"), ("path", "/priv/b/")) == [1, 3]
    assert await _cursors(appliance, ("path", "/other/")) == []
    assert await _cursors(appliance, ("cursor", "3")) == [4, 5]
    assert await _cursors(appliance, ("cursor", ""), ("limit", 2)) == [1, 2]
    assert await _cursors(appliance, ("reverse", "true"), ("cursor", 4)) == [3, 2, 1]
    assert await _cursors(appliance, ("reverse", "1"), ("limit", 1)) == [5]
    assert await _cursors(appliance, ("user", alice.z32), ("cursor", 2)) == [5]


async def test_live_goes_on_after_the_history_and_ends_at_the_limit(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await _history(alice, bob)
    query = [("live", "true"), ("cursor", "4"), ("limit", "3")]
    async with open_stream(appliance.admin_url, query, PASSWORD) as stream:
        assert [event.cursor for event in await stream.take(1)] == [5]
        await bob.put("/priv/new", b"x")
        await alice.put("/pub/new", b"x")
        assert [event.cursor for event in await stream.rest()] == [6, 7]


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ([("limit", "0")], 400, "limit must be at least 1"),
        ([("limit", "many")], 400, "Invalid limit: many"),
        ([("live", "1"), ("reverse", "1")], 400, "Cannot use live mode with reverse ordering"),
        ([("user", "ALICE:5")], 400, "Invalid public key: ALICE:5"),
        ([("user", "pubkyALICE")], 400, "Invalid public key: pubkyALICE"),
        ([("user", UNKNOWN)], 404, "Not Found"),
        ([("path", "/../x")], 400, "Invalid path: /../x"),
        ([("cursor", "abc")], 400, "Invalid cursor: abc"),
    ],
)
async def test_bad_queries_are_refused(
    appliance: Appliance, alice: Person, query: list[tuple[str, str]], status: int, text: str
) -> None:
    named = [(name, value.replace("ALICE", alice.z32)) for name, value in query]
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        response = await http.get(stream_target(named))
    expected = (status, text.replace("ALICE", alice.z32))
    assert (response.status_code, response.text) == expected
    assert response.headers["cache-control"] == "no-store"


async def test_more_than_fifty_different_users_are_refused(appliance: Appliance) -> None:
    users = [("user", keypair_of(str(number)).public_key.z32) for number in range(51)]
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=PASSWORD) as http:
        response = await http.get(stream_target(users))
    assert response.status_code == 400
    assert response.text == "Too many users. Maximum allowed: 50"


async def test_admin_stream_rejects_unauthorized_and_invalid(appliance: Appliance) -> None:
    async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
        missing = await http.get("/events-stream", headers={"origin": "https://app.example"})
        assert (missing.status_code, missing.text) == (401, "Missing admin password")
        assert "content-type" not in missing.headers
        assert missing.headers["access-control-allow-origin"] == "https://app.example"
        wrong = await http.get("/events-stream", headers={"x-admin-password": "wrong"})
        assert (wrong.status_code, wrong.text) == (401, "Invalid admin password")
        assert (await http.post("/events-stream")).status_code == 401
        post = await http.post("/events-stream", headers=PASSWORD)
        assert (post.status_code, post.headers["allow"]) == (405, "GET,HEAD")


async def test_a_token_needs_the_scope_events_read(appliance: Appliance) -> None:
    for scope, status in (("events:read", 200), ("users:read", 403)):
        async with operator_of(appliance) as owner:
            wish = {"name": scope, "scopes": [scope]}
            token = (await owner.post("/tokens", wish)).json()["token"]
        async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
            headers = {"authorization": f"Bearer {token}"}
            response = await http.get("/events-stream", headers=headers)
        assert response.status_code == status, response.text


async def test_the_newest_events_as_json_stay_for_the_dashboard(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await _history(alice, bob)
    async with operator_of(appliance) as owner:
        items = (await owner.get("/events"))["items"]
    assert [item["id"] for item in items] == [4, 1]
