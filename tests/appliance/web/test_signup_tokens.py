"""Invites over HTTP: their status, and signing up with one (client API 14.1 and 15)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import (
    Appliance,
    Person,
    auth_token,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)

MALFORMED = (400, "Invalid signup token format: Invalid signup code id")
UNKNOWN = "AAAA-BBBB-CCCC"


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Appliance]:
    """A node that asks for an invite."""
    async with running_appliance(
        tmp_path, config_on_free_ports(signup_mode="token_required")
    ) as node:
        yield node


@pytest.fixture
async def http(closed: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that node."""
    async with httpx.AsyncClient(base_url=closed.client_url) as client:
        yield client


async def new_invite(node: Appliance) -> str:
    """As the operator makes one."""
    async with httpx.AsyncClient(base_url=node.admin_url) as admin:
        response = await admin.get(
            "/generate_signup_token", headers={"x-admin-password": node.admin_password}
        )
        assert response.status_code == 200
        return response.text


async def test_an_invite_lets_one_person_in(http: httpx.AsyncClient, closed: Appliance) -> None:
    invite = await new_invite(closed)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", invite)
    carol, dave = Person(keypair_of("carol"), http), Person(keypair_of("dave"), http)
    assert (await carol.sign_up(token=invite)).status_code == 200
    assert (await carol.put("/pub/a", "x")).status_code == 201
    assert brief(await dave.sign_up(token=invite)) == (401, "Token already used")
    assert (await dave.sign_in()).status_code == 404


async def test_without_a_good_invite_nobody_gets_in(http: httpx.AsyncClient) -> None:
    carol = Person(keypair_of("carol"), http)
    assert brief(await carol.sign_up()) == (400, "Token required")
    assert brief(await carol.sign_up(token="")) == (400, "Token required")
    assert brief(await carol.sign_up(token=UNKNOWN)) == (401, "Invalid token")
    for malformed in ("invalid", "AAAAA", "AAAA-BBBB-CCCU", "AAAA-BBBB-CCCC-", "ÄAAA-BBBB-CCC"):
        assert brief(await carol.sign_up(token=malformed)) == MALFORMED
    assert (await carol.sign_in()).status_code == 404


async def test_a_refused_sign_up_leaves_the_invite_unused(
    http: httpx.AsyncClient, closed: Appliance
) -> None:
    first, second = await new_invite(closed), await new_invite(closed)
    carol = Person(keypair_of("carol"), http)
    await carol.sign_up(token=first)
    assert brief(await carol.sign_up(token=second)) == (409, "User already exists")
    assert (await http.post(f"/signup?signup_token={second}", content=b"x")).status_code == 400
    status = await http.get(f"/signup_tokens/{second}")
    assert status.json()["status"] == "valid"


async def test_the_checks_of_a_sign_up_come_in_the_order_of_the_contract(
    http: httpx.AsyncClient, closed: Appliance
) -> None:
    assert brief(await http.post("/signup?signup_token=x", content=b"rubbish")) == MALFORMED
    refused = await http.post(f"/signup?signup_token={UNKNOWN}", content=b"rubbish")
    assert refused.status_code == 400
    assert refused.text not in ("Invalid token", MALFORMED[1])
    carol = Person(keypair_of("carol"), http)
    await carol.sign_up(token=await new_invite(closed))
    assert brief(await carol.sign_up()) == (409, "User already exists")
    assert brief(await carol.sign_up(token=UNKNOWN)) == (409, "User already exists")


async def test_the_last_of_several_invites_in_the_query_counts(
    http: httpx.AsyncClient, closed: Appliance
) -> None:
    invite = await new_invite(closed)
    response = await http.post(
        f"/signup?signup_token={UNKNOWN}&x=y&signup_token={invite}",
        content=auth_token(keypair_of("carol")),
    )
    assert response.status_code == 200


async def test_the_status_of_an_invite_can_be_asked_for(
    http: httpx.AsyncClient, closed: Appliance
) -> None:
    invite = await new_invite(closed)
    before = await http.get(f"/signup_tokens/{invite}")
    assert before.status_code == 200
    assert before.headers["content-type"] == "application/json"
    assert before.headers["cache-control"] == "no-store"
    assert set(before.json()) == {"status", "created_at"}
    assert before.json()["status"] == "valid"
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00"
    assert re.fullmatch(stamp, before.json()["created_at"])
    await Person(keypair_of("carol"), http).sign_up(token=invite)
    after = await http.get(f"/signup_tokens/{invite}")
    assert after.json() == before.json() | {"status": "used"}


async def test_a_status_of_nothing_is_refused(http: httpx.AsyncClient) -> None:
    assert brief(await http.get(f"/signup_tokens/{UNKNOWN}")) == (404, "Token not found")
    for malformed in ("invalid", "AAAAA", "AAAA-BBBB-CCCU", "%20" * 14, "AAAA%2FBBBB-CCCC", "%FF"):
        response = await http.get(f"/signup_tokens/{malformed}")
        assert brief(response) == MALFORMED, malformed
        assert "cache-control" not in response.headers


async def test_an_open_node_needs_no_invites(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    async with (
        running_appliance(tmp_path / "open") as node,
        httpx.AsyncClient(base_url=node.client_url) as http,
    ):
        invite = await new_invite(node)
        for text in (invite, UNKNOWN, "invalid"):
            response = await http.get(f"/signup_tokens/{text}")
            assert brief(response) == (400, "Signup tokens not required")
        carol, dave = Person(keypair_of("carol"), http), Person(keypair_of("dave"), http)
        erin = Person(keypair_of("erin"), http)
        assert brief(await carol.sign_up(token="invalid")) == MALFORMED
        assert (await carol.sign_up(token=invite)).status_code == 200
        assert (await dave.sign_up(token=invite)).status_code == 200
        assert (await erin.sign_up(token="")).status_code == 200
