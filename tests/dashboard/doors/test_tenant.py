"""The door with one person's session, against the real client API."""

from collections.abc import AsyncIterator

import httpx
import pytest

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.storage import File, Folder
from dashboard.doors.tenant import TenantDoor, TenantDoors
from tests.dashboard.people import Owner, sign_up
from tests.support.appliance import Appliance, Person, auth_token
from tests.support.grant_client import GrantClient

PUB, PRIV = OwnPath("/pub/"), OwnPath("/priv/")


@pytest.fixture
async def doors(appliance: Appliance) -> AsyncIterator[TenantDoors]:
    doors = TenantDoors(appliance.client_url)
    yield doors
    await doors.close()


async def door_of(doors: TenantDoors, person: Person, capabilities: str = "/:rw") -> TenantDoor:
    secret = await doors.sign_in(person.z32, auth_token(person.keypair, capabilities))
    return doors.of(person.z32, secret)


async def test_own_files_are_written_listed_read_and_deleted(
    doors: TenantDoors, alice: Person
) -> None:
    door = await door_of(doors, alice)
    path = OwnPath("/priv/a/b ü.txt")
    await door.put(path, b"12345", "text/plain")
    listing = await door.find_folder(PRIV, 10)
    assert listing is not None
    assert listing.items == (Folder(OwnPath("/priv/a/")),)
    listing = await door.find_folder(OwnPath("/priv/a/"), 10)
    assert listing is not None
    (file,) = listing.items
    assert isinstance(file, File)
    assert (file.path, file.byte_count, file.content_type) == (path, 5, "text/plain")
    facts = await door.find_object(path)
    assert facts is not None
    assert facts.byte_count == 5
    assert await door.read(path, 3) == b"123"
    assert await door.delete(path)
    assert not await door.delete(path)
    assert await door.find_object(path) is None
    assert await door.find_folder(PRIV, 10) is None


async def test_a_body_may_come_piece_by_piece(doors: TenantDoors, alice: Person) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"12"
        yield b"345"

    door = await door_of(doors, alice)
    await door.put(OwnPath("/pub/a"), pieces(), "text/plain")
    assert await door.read(OwnPath("/pub/a"), 100) == b"12345"


async def test_changes_are_told_newest_first_and_page_by_page(
    doors: TenantDoors, alice: Person
) -> None:
    door = await door_of(doors, alice)
    for path in ("/pub/a", "/priv/b", "/pub/a"):
        await door.put(OwnPath(path), path.encode(), "text/plain")
    await door.delete(OwnPath("/priv/b"))
    newest, *older = await door.events((PUB, PRIV), 2)
    assert (newest.kind, newest.path, newest.content_hash) == ("DEL", OwnPath("/priv/b"), None)
    assert [(event.kind, event.path.text) for event in older] == [("PUT", "/pub/a")]
    rest = await door.events((PUB, PRIV), 10, older[-1].cursor)
    assert [event.path.text for event in rest] == ["/priv/b", "/pub/a"]
    assert all(event.content_hash for event in rest)
    assert [event.path.text for event in await door.events((PRIV,), 10)] == ["/priv/b", "/priv/b"]


async def test_nobody_reads_what_is_private_to_somebody_else(
    doors: TenantDoors, alice: Person, owner: Owner, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code)
    await alice.put("/priv/diary", "dear diary")
    secret = await doors.sign_in(bob.z32, auth_token(bob.keypair))
    with pytest.raises(DoorRefusedError):
        await doors.of(alice.z32, secret).events((PRIV,), 10)
    mixed = doors.of(alice.z32, secret)
    with pytest.raises(DoorRefusedError) as caught:
        await mixed.read(OwnPath("/priv/diary"), 10)
    assert caught.value.status in (401, 403)
    assert not await mixed.has_session()


async def test_one_client_for_everybody_keeps_no_cookie(doors: TenantDoors, alice: Person) -> None:
    await alice.put("/priv/diary", "dear diary")
    await door_of(doors, alice)
    nobody = doors.of(alice.z32, "N" * 26)
    assert not await nobody.has_session()
    with pytest.raises(DoorRefusedError):
        await nobody.read(OwnPath("/priv/diary"), 10)


async def test_signing_in_sends_nobody_elses_session() -> None:
    key = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, headers={"set-cookie": f"{key}=s3cret; Path=/"})

    doors = TenantDoors("http://node.example", httpx.MockTransport(answer))
    assert [await doors.sign_in(key, b"token") for _ in range(2)] == ["s3cret", "s3cret"]
    assert ["cookie" in request.headers for request in asked] == [False, False]
    await doors.close()


async def test_the_session_carries_the_dashboards_name(
    doors: TenantDoors, alice: Person, appliance: Appliance
) -> None:
    await door_of(doors, alice)
    rows = await appliance.node.services.metadata.read(
        lambda tx: tx.all("SELECT user_agent FROM sessions ORDER BY id DESC LIMIT 1")
    )
    assert rows[0][0] == "Pubky dashboard"


async def test_a_session_ends_once_and_for_all(doors: TenantDoors, alice: Person) -> None:
    door = await door_of(doors, alice)
    assert await door.has_session()
    await door.end_session()
    await door.end_session()
    assert not await door.has_session()


async def test_apps_are_listed_and_revoked_with_a_session_for_everything(
    doors: TenantDoors, alice: Person, http: httpx.AsyncClient, appliance: Appliance
) -> None:
    app = GrantClient.of(http, appliance.homeserver, alice.keypair)
    await app.exchange()
    door = await door_of(doors, alice)
    (grant,) = await door.grants()
    assert (grant.client_id, grant.capabilities) == (app.grant.client_id, "/:rw")
    assert int(grant.expires_at.timestamp()) == app.grant.expires_s
    await door.revoke_grant(grant.id)
    assert await door.grants() == ()
    with pytest.raises(DoorRefusedError) as caught:
        await (await door_of(doors, alice, "/pub/:rw,/priv/:rw")).grants()
    assert caught.value.status == 403


async def test_a_token_that_was_spent_makes_no_session(doors: TenantDoors, alice: Person) -> None:
    token = auth_token(alice.keypair)
    await doors.sign_in(alice.z32, token)
    with pytest.raises(DoorRefusedError):
        await doors.sign_in(alice.z32, token)


@pytest.mark.parametrize("cookie", ["", "other=1", "=;;", "\x00"])
async def test_an_answer_without_a_session_is_a_door_error(cookie: str) -> None:
    answer = httpx.Response(200, headers={"set-cookie": cookie})
    doors = TenantDoors("http://node.example", httpx.MockTransport(lambda _: answer))
    with pytest.raises(DoorError):
        await doors.sign_in("8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo", b"token")
    await doors.close()


@pytest.mark.parametrize(
    "body",
    [
        "event: PUT\n\n",
        "event: POST\ndata: pubky://a/pub/a\ndata: cursor: 1\n\n",
        "event: PUT\ndata: pubky://a/pub/a\n\n",
        "event: PUT\ndata: pubky://a/elsewhere\ndata: cursor: 1\n\n",
        "nonsense",
    ],
)
async def test_events_that_cannot_be_read_are_a_door_error(body: str) -> None:
    doors = TenantDoors(
        "http://node.example", httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    )
    with pytest.raises(DoorError):
        await doors.of("a", "b").events((PUB,), 10)
    await doors.close()
