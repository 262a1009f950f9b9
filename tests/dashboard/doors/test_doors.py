"""The contract: every method of both doors against the real node, and answers that break it."""

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import PublicPath
from dashboard.doors.admin import AdminDoor
from dashboard.doors.answers import DoorError, DoorRefusedError, Members, require_success
from dashboard.doors.client import ClientDoor
from dashboard.doors.storage import File, Folder
from tests.dashboard.people import Owner, put_file
from tests.support.appliance import Appliance, Person

STRANGER = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


async def test_the_admin_door_knows_the_node(owner: Owner, appliance: Appliance) -> None:
    node = await owner.admin.node()
    assert node.public_key == appliance.homeserver
    assert node.client_url == appliance.client_url
    assert abs((datetime.now(UTC) - node.started_at).total_seconds()) < 60
    assert 0 < node.disk_free_bytes <= node.disk_total_bytes


async def test_the_admin_door_pages_through_invites(owner: Owner) -> None:
    made = [(await owner.admin.create_invite(str(number), None)).id for number in range(3)]
    first = await owner.admin.invites("all", 2)
    assert first.next_cursor is not None
    last = await owner.admin.invites("all", 2, first.next_cursor)
    assert [invite.id for invite in (*first.items, *last.items)] == made[::-1]
    assert (first.total, last.next_cursor) == (3, None)


async def test_the_admin_door_finds_users_and_nobody(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"12345")
    user = await owner.admin.find_user(alice.z32)
    assert user is not None
    assert (user.entries, user.is_disabled, user.sessions) == (1, False, 1)
    assert user.last_write_at is not None
    assert (await owner.admin.users(10)).items == (user,)
    assert await owner.admin.find_user(STRANGER) is None


async def test_the_admin_door_reports_public_events(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"1")
    await alice.delete("/pub/a")
    kinds = [(event.kind, event.path) for event in await owner.admin.events(10)]
    path = f"pubky://{alice.z32}/pub/a"
    assert kinds == [("DEL", path), ("PUT", path)]


async def test_a_wrong_token_is_a_refusal(appliance: Appliance) -> None:
    door = AdminDoor(appliance.admin_url, "wrong")
    with pytest.raises(DoorRefusedError) as caught:
        await door.node()
    await door.close()
    assert caught.value.status in {401, 403}


async def test_the_client_door_lists_a_folder(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/b.txt", b"12345")
    await put_file(alice, "/pub/a/x", b"1")
    listing = await owner.client.find_folder(alice.z32, PublicPath("/pub/"), 10)
    assert listing is not None
    folder, file = listing.items
    assert folder == Folder(PublicPath("/pub/a/"))
    assert isinstance(file, File)
    assert (file.path.text, file.byte_count) == ("/pub/b.txt", 5)


async def test_the_client_door_finds_no_folder_and_no_object(owner: Owner, alice: Person) -> None:
    assert await owner.client.find_folder(alice.z32, PublicPath("/pub/"), 10) is None
    assert await owner.client.find_object(alice.z32, PublicPath("/pub/a")) is None


async def test_the_client_door_reads_no_more_than_asked(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"0123456789")
    path = PublicPath("/pub/a")
    assert await owner.client.read(alice.z32, path, 4) == b"0123"
    assert await owner.client.read(alice.z32, path, 40) == b"0123456789"


async def test_a_shut_door_is_a_door_error() -> None:
    door = ClientDoor("http://127.0.0.1:1")
    with pytest.raises(DoorError, match="reached") as caught:
        await door.find_object(STRANGER, PublicPath("/pub/a"))
    await door.close()
    assert caught.value.status is None


def test_a_refusal_keeps_the_reason_and_its_status() -> None:
    with pytest.raises(DoorRefusedError) as caught:
        require_success("A door", httpx.Response(409, text="Already used\n"))
    assert (caught.value.message, caught.value.status) == ("Already used", 409)


def test_a_failure_of_the_server_is_no_refusal() -> None:
    with pytest.raises(DoorError) as caught:
        require_success("A door", httpx.Response(503))
    assert not isinstance(caught.value, DoorRefusedError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(("a", "items")), json_values), json_values)
def test_any_answer_is_read_or_is_a_door_error(value: dict[str, object], other: object) -> None:
    for answer in (value, other):
        for reading in ("text", "number", "flag", "moment", "text_or_number", "number_or_none"):
            try:
                said = Members("A door", answer)
                found = getattr(said, reading)("a")
                said.items()
            except DoorError:
                continue
            assert found is None or isinstance(found, str | int | bool | datetime)
