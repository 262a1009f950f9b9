"""Quotas over HTTP: how much may be stored, and where."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from appliance.config import Bandwidth, DefaultQuotas
from appliance.errors import PubkyError
from appliance.homeserver.quotas import Quota, parse_changes
from appliance.metadata import users
from appliance.metadata.events import OPERATOR, Author
from appliance.pubky.paths import StoragePath
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.http_clients import cookieless_client

KIB = 1024
OVER = (507, "Disk space quota exceeded")
NOT_ALLOWED = (403, "Write to this path is not allowed")


async def change(appliance: Appliance, person: Person, **changes: object) -> None:
    """The operator changes somebody's quota."""
    await appliance.node.services.quotas.change(person.z32, parse_changes(changes))


def outcome(response: httpx.Response) -> tuple[int, str]:
    """Status and text of an answer."""
    return response.status_code, response.text


async def put(person: Person, path: str, size: int) -> tuple[int, str]:
    """PUT so many bytes."""
    return outcome(await person.put(path, bytes(size)))


async def put_addressed(person: Person, path: str, size: int) -> int:
    """PUT so many bytes under /storage/."""
    url = f"/storage/{person.z32}{path}"
    response = await person.http.put(url, content=bytes(size), headers=person.headers)
    return response.status_code


async def chunked(size: int, taken: list[int]) -> AsyncIterator[bytes]:
    """A body without a length; notes how much of it was taken."""
    for _ in range(size // (16 * KIB)):
        taken.append(16 * KIB)
        yield bytes(16 * KIB)


async def used_bytes(appliance: Appliance, person: Person) -> int:
    """What the ledger says."""
    user = await appliance.node.services.metadata.read(users.find, person.z32)
    assert user is not None
    return user.used_bytes


async def check_quota_of_one_megabyte(alice: Person) -> None:
    """The reference's sequence (client API 16.2)."""
    assert (await put(alice, "/pub/data", 600_000))[0] == 201
    assert (await put(alice, "/pub/data", 600_000))[0] == 201
    assert await put_addressed(alice, "/pub/data2", 600_000) == 507
    assert await put(alice, "/pub/data", 1_100_000) == OVER
    assert (await alice.delete("/pub/data")).status_code == 204
    assert await put(alice, "/pub/data3", 1025 * KIB - 256) == OVER
    assert (await put(alice, "/pub/data3", 1024 * KIB - 256))[0] == 201


async def test_put_quota_applied(appliance: Appliance, alice: Person) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    await check_quota_of_one_megabyte(alice)


async def test_put_quota_applied_with_bandwidth_throttling(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1, rate_write="10mb/s")
    await check_quota_of_one_megabyte(alice)


async def test_a_file_may_fill_the_quota_to_the_last_byte(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    assert await put(alice, "/pub/x", 1_048_321) == OVER
    assert (await put(alice, "/pub/x", 1_048_320))[0] == 201
    assert await put(alice, "/pub/empty", 0) == OVER
    assert await used_bytes(appliance, alice) == KIB * KIB


async def test_zero_means_nothing_at_all(appliance: Appliance, alice: Person) -> None:
    await change(appliance, alice, storage_quota_mb=0)
    assert await put(alice, "/pub/empty", 0) == OVER


async def test_somebody_above_a_lowered_quota_cannot_shrink_a_file_in_steps(
    appliance: Appliance, alice: Person
) -> None:
    await put(alice, "/pub/x", 3_000_000)
    await change(appliance, alice, storage_quota_mb=1)
    assert await put(alice, "/pub/x", 2_000_000) == OVER
    assert (await put(alice, "/pub/x", 1_000_000))[0] == 201


async def test_per_user_quota_via_admin_api(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1, rate_read=None, rate_write=None)
    for person, second in ((alice, 507), (bob, 201)):
        assert (await put(person, "/pub/one", 600_000))[0] == 201
        assert (await put(person, "/pub/two", 600_000))[0] == second


async def test_the_nodes_quota_holds_for_everybody_without_one(tmp_path: Path) -> None:
    config = config_on_free_ports(default_quota_mb=1)
    async with (
        running_appliance(tmp_path, config) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        alice = Person(keypair_of("alice"), http)
        await alice.sign_up()
        assert await put(alice, "/pub/x", KIB * KIB) == OVER
        await change(appliance, alice, storage_quota_mb="unlimited")
        assert (await put(alice, "/pub/x", KIB * KIB))[0] == 201


async def test_a_declared_length_is_refused_before_the_body_is_read(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    host, _, port = appliance.client_url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    cookie = alice.headers["cookie"]
    writer.write(
        f"PUT /storage/{alice.z32}/pub/x HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n"
        "Content-Length: 1100000\r\n\r\n".encode()
    )
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"exceeded")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 507 ")


async def test_a_body_without_length_is_stopped_where_the_quota_ends(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    await alice.put("/pub/x", "before")
    taken: list[int] = []
    storage, key = appliance.node.services.storage, alice.keypair.public_key
    with pytest.raises(PubkyError, match="Disk space quota exceeded"):
        await storage.write(
            key, StoragePath("/pub/x"), Author(session_id=1), None, chunked(9 * KIB * KIB, taken)
        )
    assert sum(taken) <= KIB * KIB + 16 * KIB
    assert (await alice.get("/pub/x")).text == "before"
    assert await used_bytes(appliance, alice) == 6 + 256


async def test_a_body_without_length_over_the_quota_is_refused(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    response = await alice.http.put(
        "/pub/x", content=chunked(3 * KIB * KIB, []), headers=alice.headers
    )
    assert outcome(response) == OVER


async def test_uploads_at_the_same_time_cannot_pass_the_quota_together(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=1)
    responses = await asyncio.gather(
        *(
            alice.http.put(f"/pub/{number}", content=chunked(592 * KIB, []), headers=alice.headers)
            for number in range(4)
        )
    )
    assert sorted(response.status_code for response in responses) == [201, 507, 507, 507]
    assert await used_bytes(appliance, alice) == 592 * KIB + 256


async def test_allowed_write_paths_enforced_via_http(appliance: Appliance, alice: Person) -> None:
    await put(alice, "/pub/old", 1)
    await change(appliance, alice, allowed_write_paths=["/pub/tokens/"])
    assert (await put(alice, "/pub/tokens/a", 1))[0] == 201
    assert await put(alice, "/pub/elsewhere", 1) == NOT_ALLOWED
    assert (await alice.get("/pub/old")).status_code == 200
    assert (await alice.delete("/pub/tokens/a")).status_code == 204
    assert outcome(await alice.delete("/pub/old")) == NOT_ALLOWED
    assert (await alice.delete("/pub/never")).status_code == 404


async def test_an_empty_list_of_write_paths_makes_a_reader(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, allowed_write_paths=[])
    assert await put(alice, "/pub/x", 1) == NOT_ALLOWED
    await change(appliance, alice, allowed_write_paths=None)
    assert (await put(alice, "/pub/x", 1))[0] == 201


async def test_the_quota_comes_before_the_write_paths_and_these_before_collisions(
    appliance: Appliance, alice: Person
) -> None:
    await put(alice, "/pub/a", 1)
    await change(appliance, alice, storage_quota_mb=1, allowed_write_paths=["/pub/b"])
    assert await put(alice, "/pub/a/below", 1_100_000) == OVER
    assert await put(alice, "/pub/a/below", 1) == NOT_ALLOWED
    await change(appliance, alice, allowed_write_paths=None)
    assert (await put(alice, "/pub/a/below", 1))[0] == 409


async def test_a_disabled_user_is_told_so_before_the_quota(
    appliance: Appliance, alice: Person
) -> None:
    await change(appliance, alice, storage_quota_mb=0, allowed_write_paths=[])
    metadata = appliance.node.services.metadata
    await metadata.write(users.set_disabled, alice.z32, disabled=True)
    assert await put(alice, "/pub/x", 9) == (403, "User is disabled")


async def test_the_operator_is_held_by_quotas_but_not_by_write_paths(
    appliance: Appliance, alice: Person
) -> None:
    await put(alice, "/pub/x", 9)
    await change(appliance, alice, storage_quota_mb=0, allowed_write_paths=[])
    storage = appliance.node.services.storage
    key, path = alice.keypair.public_key, StoragePath("/pub/x")
    with pytest.raises(Exception, match="Disk space quota exceeded"):
        await storage.write(key, path, OPERATOR, 9, chunked(0, []))
    await storage.delete(key, path, OPERATOR)
    assert (await alice.get("/pub/x")).status_code == 404


async def test_an_invites_quota_becomes_the_users(tmp_path: Path) -> None:
    config = config_on_free_ports(signup_mode="token_required")
    async with (
        running_appliance(tmp_path, config) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        services = appliance.node.services
        quota = Quota.parse({"storage_quota_mb": 1, "allowed_write_paths": ["/pub/a/"]})
        invite = await services.signup.create_invite(None, None, quota)
        plain = await services.signup.create_invite(None, None)
        alice, bob = (Person(keypair_of(name), http) for name in ("alice", "bob"))
        assert (await alice.sign_up(token=invite.token)).status_code == 200
        assert (await bob.sign_up(token=plain.token)).status_code == 200
        assert (await services.quotas.of_user(alice.z32)).overrides == quota
        assert (await services.quotas.of_user(bob.z32)).overrides == Quota()
        assert await put(alice, "/pub/b/x", 1) == NOT_ALLOWED


async def test_where_sign_up_is_open_an_invites_quota_is_ignored(
    appliance: Appliance, http: httpx.AsyncClient
) -> None:
    services = appliance.node.services
    invite = await services.signup.create_invite(None, None, Quota(storage_quota_mb=1))
    alice = Person(keypair_of("alice"), http)
    assert (await alice.sign_up(token=invite.token)).status_code == 200
    assert (await services.quotas.of_user(alice.z32)).overrides == Quota()


async def test_a_nearly_full_disk_refuses_writes_and_nothing_else(tmp_path: Path) -> None:
    async with (
        running_appliance(tmp_path) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        alice = Person(keypair_of("alice"), http)
        await alice.sign_up()
        await alice.put("/pub/x", "kept")
    config = config_on_free_ports(min_free_mb=2**40)
    async with (
        running_appliance(tmp_path, config) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        alice.http = http
        answer = await put(alice, "/pub/y", 1)
        assert answer == (507, "The disk of this server is nearly full")
        assert (await alice.get("/pub/x")).text == "kept"
        assert (await alice.sign_in()).status_code == 200
        assert (await alice.delete("/pub/x")).status_code == 204


async def test_the_node_says_whether_its_disk_is_low(appliance: Appliance) -> None:
    async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
        card = await http.get("/node", headers={"X-Admin-Password": appliance.admin_password})
    is_low = card.json()["disk_free_bytes"] < card.json()["disk_total_bytes"] * 0.1
    assert card.json()["disk_low"] is is_low


async def test_the_nodes_bandwidth_shows_in_what_holds(tmp_path: Path) -> None:
    defaults = DefaultQuotas(rate_read=Bandwidth.parse("10mb/s"))
    config = config_on_free_ports(default_quotas=defaults)
    async with (
        running_appliance(tmp_path, config) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        alice = Person(keypair_of("alice"), http)
        await alice.sign_up()
        quota = await appliance.node.services.quotas.of_user(alice.z32)
    assert quota.to_json()["effective"]["rate_read"] == "10mb/s"
