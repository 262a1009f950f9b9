"""Private subscriptions: who may have them, and what ends them (client API 13.5)."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest

from appliance.metadata import sessions
from appliance.web import event_streaming
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.grant_client import GrantClient
from tests.support.operator import operator_of
from tests.support.sse import OpenStream, open_stream, parse_frames, stream_target

NO_SESSION = "Authentication required to read private storage"
FOREIGN = "Session user does not match target tenant"
NO_SCOPE = "Session does not have read access to path"
TWO_USERS = "A private read must be scoped to exactly one user"

Query = list[tuple[str, str]]


async def _signed_in(
    appliance: Appliance, http: httpx.AsyncClient, person: Person, capabilities: str = "/:rw"
) -> GrantClient:
    client = GrantClient.of(http, appliance.homeserver, person.keypair, capabilities)
    assert (await client.exchange()).status_code == 200
    return client


async def _refusal(
    http: httpx.AsyncClient, query: Query, headers: Mapping[str, str]
) -> tuple[int, str]:
    response = await http.get(stream_target(query), headers=headers)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers.get_list("vary")[0] == "pubky-host, Authorization, Cookie"
    return response.status_code, response.text


async def _paths(
    http: httpx.AsyncClient, query: Query, headers: Mapping[str, str] | None = None
) -> list[str]:
    response = await http.get(stream_target(query), headers=headers)
    assert response.status_code == 200, response.text
    return [event.path for event in parse_frames(response.text)]


def _cookie(person: Person) -> dict[str, str]:
    """The cookie alone: the endpoint is addressed to the homeserver, not to a tenant."""
    return {"cookie": person.headers["cookie"]}


async def _write_both_roots(person: Person) -> None:
    for path in ("/pub/1", "/priv/app/2", "/priv/other/3", "/pub/app/4", "/priv/app/5"):
        assert (await person.put(path, b"x")).status_code == 201


async def test_events_stream_excludes_private_for_anonymous(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_both_roots(alice)
    assert await _paths(http, [("user", alice.z32)]) == ["/pub/1", "/pub/app/4"]
    assert await _paths(http, [("user", alice.z32)], _cookie(alice)) == ["/pub/1", "/pub/app/4"]


async def test_events_stream_private_path_requires_auth(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_both_roots(alice)
    for path in ("/priv/", "/priv/app/", "/priv/app/2", "priv//app/./2", "/pub/../priv/"):
        query = [("user", alice.z32), ("path", "/pub/"), ("path", path)]
        assert await _refusal(http, query, {}) == (401, NO_SESSION)


async def test_events_stream_authorized_owner_receives_private(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_both_roots(alice)
    app = await _signed_in(appliance, http, alice, "/priv/app/:r")
    query = [("user", alice.z32), ("path", "/priv/app/")]
    assert await _paths(http, query, app.headers) == ["/priv/app/2", "/priv/app/5"]
    query.append(("path", "/pub/"))
    assert await _paths(http, query, app.headers) == [
        "/pub/1",
        "/priv/app/2",
        "/pub/app/4",
        "/priv/app/5",
    ]
    async with open_stream(appliance.client_url, query, app.headers) as stream:
        assert stream.header("cache-control") == "no-store"
        assert stream.header("vary") == "pubky-host, Authorization, Cookie"


async def test_events_stream_private_path_forbidden_cases(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    app = await _signed_in(appliance, http, alice, "/priv/app/:r,/priv/file:r,/priv/write/:w")
    private = ("path", "/priv/app/")
    assert await _refusal(http, [("user", bob.z32), private], app.headers) == (403, FOREIGN)
    both = [("user", alice.z32), ("user", bob.z32), private]
    assert await _refusal(http, both, app.headers) == (403, TWO_USERS)
    twice = [("user", alice.z32), ("user", alice.z32), private]
    assert await _refusal(http, twice, app.headers) == (403, TWO_USERS)
    assert await _refusal(http, both, {}) == (401, NO_SESSION)
    assert await _refusal(http, both, _cookie(alice)) == (401, NO_SESSION)
    for path in ("/priv/", "/priv/other/", "/priv/file/", "/priv/app", "/priv/write/"):
        query = [("user", alice.z32), ("path", path)]
        assert await _refusal(http, query, app.headers) == (403, NO_SCOPE), path


async def test_authorization_comes_before_the_user_is_looked_up(http: httpx.AsyncClient) -> None:
    unknown = keypair_of("nobody here").public_key.z32
    query = [("user", f"{unknown}:bad"), ("path", "/priv/")]
    assert await _refusal(http, query, {}) == (401, NO_SESSION)


async def test_events_stream_live_excludes_private_for_anonymous(
    appliance: Appliance, alice: Person
) -> None:
    query = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, query) as stream:
        await alice.put("/priv/1", b"x")
        await alice.put("/pub/2", b"x")
        assert [event.path for event in await stream.take(1)] == ["/pub/2"]


async def test_events_stream_live_authorized_receives_private(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    app = await _signed_in(appliance, http, alice, "/priv/app/:r")
    query = [("user", alice.z32), ("path", "/priv/app/"), ("live", "true")]
    async with open_stream(appliance.client_url, query, app.headers) as stream:
        for path in ("/priv/other/1", "/pub/2", "/priv/app/3"):
            await alice.put(path, b"x")
        assert [event.path for event in await stream.take(1)] == ["/priv/app/3"]


async def test_events_stream_cookie_same_tenant_is_authorized(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_both_roots(alice)
    query = [("user", alice.z32), ("path", "/priv/")]
    expected = ["/priv/app/2", "/priv/other/3", "/priv/app/5"]
    assert await _paths(http, query, _cookie(alice)) == expected
    basic = _cookie(alice) | {"authorization": "Basic YTpi"}
    assert await _paths(http, query, basic) == expected


async def test_events_stream_signin_cookie_private_authorized(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await _write_both_roots(alice)
    alice.cookies.clear()
    assert (await alice.sign_in(capabilities="/priv/app/:r")).status_code == 200
    query = [("user", alice.z32), ("path", "/priv/app/")]
    assert await _paths(http, query, _cookie(alice)) == ["/priv/app/2", "/priv/app/5"]


async def test_events_stream_cookie_cross_user_secret_is_unauthenticated(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    forged = {"cookie": f"{bob.z32}={alice.cookies[alice.z32]}"}
    query = [("user", bob.z32), ("path", "/priv/")]
    assert await _refusal(http, query, forged) == (401, NO_SESSION)


async def test_events_stream_cookie_not_used_when_bearer_present(
    http: httpx.AsyncClient, alice: Person
) -> None:
    query = [("user", alice.z32), ("path", "/priv/")]
    for bearer in ("A" * 43, "short", "."):
        headers = _cookie(alice) | {"authorization": f"Bearer {bearer}"}
        assert await _refusal(http, query, headers) == (401, NO_SESSION)
        assert await _refusal(http, query, headers | alice.headers) == (401, NO_SESSION)


async def _ended(stream: OpenStream) -> None:
    """The stream has ended properly, and nothing came before."""
    assert await stream.next() is None


async def test_events_stream_live_closes_when_grant_is_revoked(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    app = await _signed_in(appliance, http, alice)
    other = await _signed_in(appliance, http, alice)
    query = [("user", alice.z32), ("path", "/priv/"), ("path", "/pub/"), ("live", "true")]
    async with (
        open_stream(appliance.client_url, query, app.headers) as stream,
        open_stream(appliance.client_url, query, other.headers) as second,
    ):
        await alice.put("/priv/before", b"x")
        assert [event.path for event in await stream.take(1)] == ["/priv/before"]
        assert (await other.revoke(app.grant.jti)).status_code == 200
        await alice.put("/priv/after", b"x")
        await _ended(stream)
        assert [event.path for event in await second.take(2)] == ["/priv/before", "/priv/after"]
        assert (await other.sign_out()).status_code == 200
        await alice.put("/pub/later", b"x")
        await _ended(second)


async def test_a_new_bearer_of_the_same_grant_closes_nothing(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    app = await _signed_in(appliance, http, alice)
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    async with open_stream(appliance.client_url, query, app.headers) as stream:
        assert (await app.exchange()).status_code == 200
        await alice.put("/priv/1", b"x")
        assert [event.path for event in await stream.take(1)] == ["/priv/1"]


async def test_events_stream_live_closes_when_cookie_session_is_revoked(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    elsewhere = Person(alice.keypair, http)
    assert (await elsewhere.sign_in()).status_code == 200
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    async with (
        open_stream(appliance.client_url, query, _cookie(alice)) as stream,
        open_stream(appliance.client_url, query, _cookie(elsewhere)) as second,
    ):
        response = await http.delete("/session", headers=alice.headers)
        assert response.status_code == 200
        await elsewhere.put("/priv/after", b"x")
        await _ended(stream)
        assert [event.path for event in await second.take(1)] == ["/priv/after"]


async def test_events_stream_live_public_remains_open_after_auth_revocation(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    elsewhere = Person(alice.keypair, http)
    await elsewhere.sign_in()
    query = [("user", alice.z32), ("live", "true")]
    async with open_stream(appliance.client_url, query, _cookie(alice)) as stream:
        await http.delete("/session", headers=alice.headers)
        await elsewhere.put("/pub/after", b"x")
        assert [event.path for event in await stream.take(1)] == ["/pub/after"]


async def test_a_session_that_another_process_ends_closes_the_stream_at_the_next_look(
    appliance: Appliance, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_streaming, "KEEP_ALIVE_S", 0.02)
    services = appliance.node.services
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    async with open_stream(appliance.client_url, query, _cookie(alice)) as stream:
        # Without an announcement: it is only in the table.
        await services.metadata.write(sessions.revoke_all, 1, services.clock())
        await _ended(stream)


async def test_a_client_that_leaves_is_noticed(appliance: Appliance, alice: Person) -> None:
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    figures = appliance.node.services.counters.events
    async with open_stream(appliance.client_url, query, _cookie(alice)):
        assert figures.open_streams == 1
    async with asyncio.timeout(10):
        while True:
            if figures.open_streams == 0:
                return
            await asyncio.sleep(0.01)


async def test_suspending_a_user_closes_their_private_streams_and_hides_their_events(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    app = await _signed_in(appliance, http, alice)
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    async with (
        open_stream(appliance.client_url, query, _cookie(alice)) as by_cookie,
        open_stream(appliance.client_url, query, app.headers) as by_grant,
        operator_of(appliance) as owner,
    ):
        assert (await owner.post(f"/users/{alice.z32}/suspend")).status_code == 200
        await _ended(by_cookie)
        await _ended(by_grant)
        assert await _refusal(http, [("user", alice.z32)], {}) == (404, "Not Found")
        assert (await owner.post(f"/users/{alice.z32}/unsuspend")).status_code == 200
        assert await _paths(http, [("user", alice.z32)]) == []


async def test_events_of_a_deleted_account_can_still_be_read_by_those_who_follow_it(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/a", b"x")
    async with operator_of(appliance) as owner:
        response = await owner.http.delete(f"/users/{alice.z32}")
        assert response.status_code == 200, response.text
    found = await http.get(stream_target([("user", f"{alice.z32}:1")]))
    assert [(event.kind, event.path) for event in parse_frames(found.text)] == [("DEL", "/pub/a")]
