"""Disable, suspend, take down, delete: what each stops, and what it leaves."""

from collections.abc import AsyncIterator

import pytest

from tests.support.appliance import Appliance, Person
from tests.support.grant_client import GrantClient
from tests.support.operator import OperatorClient, operator_of
from tests.support.sse import open_stream


@pytest.fixture
async def operator(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The operator, by password."""
    async with operator_of(appliance) as client:
        yield client


async def test_a_disabled_user_reads_deletes_and_signs_in_but_does_not_write(
    operator: OperatorClient, alice: Person
) -> None:
    """Operator API 2.7: disabled means no new writes and nothing else."""
    await alice.put("/pub/a.txt", "one")
    response = await operator.post(f"/users/{alice.z32}/disable")
    assert (response.status_code, response.text) == (200, "Ok")
    refused = await alice.put("/pub/a.txt", "two")
    assert (refused.status_code, refused.text) == (403, "User is disabled")
    assert (await alice.get("/pub/a.txt")).text == "one"
    assert (await alice.delete("/pub/a.txt")).status_code == 204
    assert (await alice.sign_in()).status_code == 200
    await operator.post(f"/users/{alice.z32}/enable")
    assert (await alice.put("/pub/a.txt", "three")).status_code == 201


async def test_disabled_users_are_listed_by_key_page_by_page(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    """The official dashboard asks for this list."""
    for person in (alice, bob):
        await operator.post(f"/users/{person.z32}/disable")
    first, second = sorted([alice.z32, bob.z32])
    page = await operator.get("/users/disabled", limit=1)
    assert page == {"items": [{"pubkey": first}], "next_cursor": first}
    rest = await operator.get("/users/disabled", limit=1, cursor=first)
    assert rest == {"items": [{"pubkey": second}], "next_cursor": None}


async def test_nobody_reads_a_suspended_user_by_the_fast_lane_or_the_slow_way(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    """Reads of a file, its head and its folder are refused to everybody."""
    await alice.put("/pub/a.txt", "one")
    path = f"/storage/{alice.z32}/pub/a.txt"
    assert (await bob.http.get(path)).status_code == 200
    await operator.post(f"/users/{alice.z32}/suspend")
    for headers in ({}, {"cookie": "a=b"}):
        refused = await bob.http.get(path, headers=headers)
        assert (refused.status_code, refused.text) == (403, "User is suspended")
    assert (await bob.http.head(path)).status_code == 403
    assert (await bob.http.get(f"/storage/{alice.z32}/pub/")).status_code == 403


async def test_suspension_ends_sessions_and_refuses_new_ones_until_lifted(
    operator: OperatorClient, alice: Person
) -> None:
    """The old cookie is worthless at once and for good; a new sign-in works afterwards."""
    await operator.post(f"/users/{alice.z32}/suspend")
    assert (await alice.put("/pub/a.txt", "x")).status_code == 401
    refused = await alice.sign_in()
    assert (refused.status_code, refused.text) == (403, "User is suspended")
    assert (await alice.sign_up()).status_code == 409
    await operator.post(f"/users/{alice.z32}/unsuspend")
    assert (await alice.put("/pub/a.txt", "x")).status_code == 401
    await alice.sign_in()
    assert (await alice.put("/pub/a.txt", "x")).status_code == 201


async def test_suspension_closes_private_streams_and_ends_grants_for_good(
    appliance: Appliance, operator: OperatorClient, alice: Person
) -> None:
    """A follower of private data is cut off at once, and no app gets back in by an old grant."""
    app = GrantClient.of(alice.http, appliance.homeserver, alice.keypair, "/:rw")
    assert (await app.exchange()).status_code == 200
    query = [("user", alice.z32), ("path", "/priv/"), ("live", "true")]
    async with (
        open_stream(appliance.client_url, query, alice.headers) as by_cookie,
        open_stream(appliance.client_url, query, app.headers) as by_bearer,
    ):
        assert (by_cookie.status, by_bearer.status) == (200, 200)
        await operator.post(f"/users/{alice.z32}/suspend")
        assert await by_cookie.rest() == []
        assert await by_bearer.rest() == []
    await operator.post(f"/users/{alice.z32}/unsuspend")
    assert (await app.put("/pub/a", b"x")).status_code == 401
    assert (await app.exchange()).status_code == 401


@pytest.mark.parametrize("act", ["suspend", "delete"])
async def test_an_upload_in_flight_does_not_land_in_a_suspended_or_deleted_account(
    operator: OperatorClient, alice: Person, act: str
) -> None:
    """It began with a good session, but the end counts; who comes back finds nothing."""

    async def body() -> AsyncIterator[bytes]:
        yield b"begun before"
        if act == "suspend":
            await operator.post(f"/users/{alice.z32}/suspend")
        else:
            await operator.http.delete(f"/users/{alice.z32}")
        yield b" and ended after"

    response = await alice.http.put("/pub/late", content=body(), headers=alice.headers)
    assert response.status_code == (403 if act == "suspend" else 404)
    if act == "suspend":
        await operator.post(f"/users/{alice.z32}/unsuspend")
        await alice.sign_in()
    else:
        await alice.sign_up()
    assert (await alice.get("/pub/late")).status_code == 404
    assert (await operator.get(f"/users/{alice.z32}"))["entries"] == 0


async def test_a_folder_that_was_taken_down_is_gone_and_cannot_come_back(
    operator: OperatorClient, alice: Person
) -> None:
    """What lies beside it stays."""
    for path in ("/pub/bad/a", "/pub/bad/deep/b", "/pub/badly", "/pub/good"):
        await alice.put(path, "x")
    response = await operator.post(
        f"/users/{alice.z32}/takedown", {"path": "/pub/bad/", "reason": "a court's order"}
    )
    assert response.json() == {"deleted": 2}
    assert (await alice.get("/pub/bad/a")).status_code == 404
    refused = await alice.put("/pub/bad/again", "x")
    assert (refused.status_code, refused.text) == (
        403,
        "This path was taken down by the operator",
    )
    assert (await alice.get("/pub/badly")).status_code == 200
    (row,) = (await operator.get("/takedowns"))["items"]
    assert (row["pubkey"], row["path"], row["reason"]) == (
        alice.z32,
        "/pub/bad/",
        "a court's order",
    )
    await operator.post(f"/takedowns/{row['id']}/lift")
    assert (await alice.put("/pub/bad/again", "x")).status_code == 201


@pytest.mark.parametrize("path", ["", "pub/a", "/", "/etc/passwd", "/pub//a", "/pub/../x"])
async def test_a_takedown_of_a_bad_path_changes_nothing(
    operator: OperatorClient, alice: Person, path: str
) -> None:
    """A precise error, and the user's files stay."""
    await alice.put("/pub/a", "x")
    response = await operator.post(f"/users/{alice.z32}/takedown", {"path": path})
    assert response.status_code == 400
    assert (await alice.get("/pub/a")).status_code == 200
    assert (await operator.get("/takedowns"))["items"] == []


async def test_a_deleted_account_leaves_an_event_for_every_file(
    appliance: Appliance, operator: OperatorClient, alice: Person, bob: Person
) -> None:
    """Followers learn that the files are gone; other people's data stays."""
    for number in range(5):
        await alice.put(f"/pub/{number}", "x")
    await bob.put("/pub/mine", "x")
    response = await operator.http.delete(f"/users/{alice.z32}")
    assert response.json() == {"deleted": 5}
    assert (await operator.http.get(f"/users/{alice.z32}")).status_code == 404
    assert (await alice.sign_in()).status_code == 404
    assert (await bob.get("/pub/mine")).status_code == 200
    events = (await operator.get("/events", limit=100))["items"]
    deletions = [event["path"] for event in events if event["kind"] == "DEL"]
    assert sorted(deletions) == [f"pubky://{alice.z32}/pub/{number}" for number in range(5)]
    assert appliance.node.services.metadata is not None


async def test_a_deleted_user_may_come_back_empty(operator: OperatorClient, alice: Person) -> None:
    """The key is free again, and nothing of before is there."""
    await alice.put("/pub/a", "x")
    await operator.http.delete(f"/users/{alice.z32}")
    assert (await alice.sign_up()).status_code == 200
    assert (await alice.get("/pub/a")).status_code == 404
    user = await operator.get(f"/users/{alice.z32}")
    assert (user["used_bytes"], user["entries"], user["suspended"]) == (0, 0, False)


async def test_usage_is_told_by_top_folder(operator: OperatorClient, alice: Person) -> None:
    """Bytes and files of each folder below the two roots."""
    await alice.put("/pub/app/a", b"12345")
    await alice.put("/pub/app/deep/b", b"123")
    await alice.put("/priv/notes/c", b"1")
    await alice.put("/pub/loose", b"12")
    usage = await operator.get(f"/users/{alice.z32}/usage")
    assert usage["folders"] == [
        {"path": "/pub/app/", "entries": 2, "bytes": 8},
        {"path": "/pub/loose", "entries": 1, "bytes": 2},
        {"path": "/priv/notes/", "entries": 1, "bytes": 1},
    ]


@pytest.mark.parametrize("act", ["disable", "enable", "suspend", "unsuspend", "usage", "takedown"])
async def test_acts_on_unknown_users_and_bad_keys_are_refused(
    operator: OperatorClient, act: str
) -> None:
    """404 for a key that did not sign up here, 400 for no key."""
    unknown = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    method = "GET" if act == "usage" else "POST"
    body = {"path": "/pub/a"} if act == "takedown" else None
    for key, status in ((unknown, 404), ("1234", 400), (f"pubky{unknown}", 400)):
        response = await operator.http.request(method, f"/users/{key}/{act}", json=body)
        assert response.status_code == status, response.text


async def test_one_file_is_deleted_by_path_with_its_event(
    operator: OperatorClient, alice: Person
) -> None:
    """Operator API 2.8: 204, then 404; private files and folders are not its business."""
    await alice.put("/pub/a b.txt", "x")
    await alice.put("/priv/c", "x")
    gone = await operator.http.delete(f"/webdav/{alice.z32}/pub/a%20b.txt")
    assert gone.status_code == 204
    again = await operator.http.delete(f"/webdav/{alice.z32}/pub/a%20b.txt")
    assert again.status_code == 404
    for path in ("/priv/c", "/pub/", "/pub//a"):
        response = await operator.http.delete(f"/webdav/{alice.z32}{path}")
        assert response.status_code == 400, path
    kinds = [event["kind"] for event in (await operator.get("/events"))["items"]]
    assert kinds == ["DEL", "PUT"]
