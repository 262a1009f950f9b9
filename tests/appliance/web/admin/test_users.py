"""The operator finds users: by key, by state, in an order; and learns how each one came."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.operator import OperatorClient, operator_of


@pytest.fixture
async def operator(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The operator, by password."""
    async with operator_of(appliance) as client:
        yield client


async def keys(operator: OperatorClient, **query: str) -> list[str]:
    found = await operator.get("/users/search", **query)
    return [item["pubkey"] for item in found["items"]]


async def test_users_are_found_by_state(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    await operator.post(f"/users/{alice.z32}/disable")
    assert await keys(operator, state="disabled") == [alice.z32]
    assert await keys(operator, state="active") == [bob.z32]
    await operator.post(f"/users/{bob.z32}/suspend")
    assert await keys(operator, state="suspended") == [bob.z32]
    assert await keys(operator) == [bob.z32, alice.z32]


async def test_users_are_sorted_by_what_they_store(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    await alice.put("/pub/a", b"x" * 1000)
    await bob.put("/pub/a", b"x")
    assert await keys(operator, order="bytes") == [alice.z32, bob.z32]
    assert await keys(operator, order="last_write") == [bob.z32, alice.z32]


async def test_a_key_is_found_by_any_part_and_with_its_prefix(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    for part in (alice.z32[20:40].upper(), f"pubky{alice.z32}"):
        assert await keys(operator, key=part) == [alice.z32]
    assert await keys(operator, key=bob.z32[5:]) == [bob.z32]
    assert await keys(operator, key="%") == []


@pytest.mark.parametrize("query", ["state=strange", "order=id", "limit=0", "cursor=x"])
async def test_odd_searches_are_refused(operator: OperatorClient, query: str) -> None:
    assert (await operator.http.get(f"/users/search?{query}")).status_code == 400


async def test_a_user_names_the_invite_they_came_with(
    tmp_path: Path,
) -> None:
    """Its number and note, never its code."""
    config = config_on_free_ports(signup_mode="token_required")
    async with (
        running_appliance(tmp_path, config) as appliance,
        operator_of(appliance) as operator,
        httpx.AsyncClient(base_url=appliance.client_url) as http,
    ):
        made = (await operator.post("/invites", {"note": "For Carol"})).json()
        carol = Person(keypair_of("carol"), http)
        assert (await carol.sign_up(token=made["code"])).status_code in (200, 201)
        told = (await operator.get(f"/users/{carol.z32}"))["invite"]
        assert told == {"id": made["id"], "note": "For Carol"}


async def test_a_user_of_an_open_node_came_with_no_invite(
    operator: OperatorClient, alice: Person
) -> None:
    assert (await operator.get(f"/users/{alice.z32}"))["invite"] is None
