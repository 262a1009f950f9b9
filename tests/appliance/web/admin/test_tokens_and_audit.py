"""Named tokens do what their scopes say and no more; every act is remembered."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from appliance.homeserver.admin_access import SCOPES
from tests.support.appliance import Appliance, Person
from tests.support.operator import OperatorClient, operator_of


@pytest.fixture
async def operator(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The operator, by password."""
    async with operator_of(appliance) as client:
        yield client


async def made_token(operator: OperatorClient, *scopes: str) -> str:
    """The text of a new token."""
    response = await operator.post("/tokens", {"name": "a gate", "scopes": list(scopes)})
    assert response.status_code == 201, response.text
    token: str = response.json()["token"]
    return token


async def test_a_token_makes_invites_and_reads_no_users(
    appliance: Appliance, operator: OperatorClient
) -> None:
    """What an invite gate needs, and nothing else."""
    token = await made_token(operator, "invites:write")
    async with operator_of(appliance, token) as gate:
        assert (await gate.http.get("/generate_signup_token")).status_code == 200
        refused = await gate.http.get("/users")
        assert (refused.status_code, refused.text) == (
            403,
            "This token lacks the scope users:read",
        )


async def test_a_token_is_taken_as_bearer_too(
    appliance: Appliance, operator: OperatorClient
) -> None:
    """`Authorization: Bearer` is what other tools send."""
    token = await made_token(operator, "node:read")
    async with httpx.AsyncClient(base_url=appliance.admin_url) as http:
        headers = {"authorization": f"Bearer {token}"}
        assert (await http.get("/node", headers=headers)).status_code == 200


async def test_a_revoked_token_is_worthless_at_once(
    appliance: Appliance, operator: OperatorClient
) -> None:
    """And revoking it again is 404."""
    token = await made_token(operator, "node:read")
    (row,) = (await operator.get("/tokens"))["items"]
    assert "token" not in row
    assert (await operator.post(f"/tokens/{row['id']}/revoke")).status_code == 204
    assert (await operator.post(f"/tokens/{row['id']}/revoke")).status_code == 404
    async with operator_of(appliance, token) as gate:
        assert (await gate.http.get("/node")).status_code == 401


async def test_a_token_cannot_make_a_stronger_one_unless_it_may_make_tokens(
    appliance: Appliance, operator: OperatorClient
) -> None:
    """Every scope but `tokens:write` is refused at /tokens."""
    token = await made_token(operator, *(scope for scope in SCOPES if scope != "tokens:write"))
    async with operator_of(appliance, token) as gate:
        response = await gate.post("/tokens", {"name": "x", "scopes": ["tokens:write"]})
        assert response.status_code == 403


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "", "scopes": ["node:read"]},
        {"name": "x" * 101, "scopes": ["node:read"]},
        {"name": "a\nb", "scopes": ["node:read"]},
        {"name": "a", "scopes": []},
        {"name": "a", "scopes": ["everything"]},
        {"name": "a", "scopes": "node:read"},
        {"name": 1, "scopes": ["node:read"]},
        {"name": "a", "scopes": ["node:read"], "expires_in_s": 0},
        {"name": "a", "scopes": ["node:read"], "expires_in_s": True},
    ],
)
async def test_a_bad_wish_for_a_token_makes_none(
    operator: OperatorClient, wish: dict[str, object]
) -> None:
    """400 with what is wrong."""
    assert (await operator.post("/tokens", wish)).status_code == 400
    assert (await operator.get("/tokens"))["items"] == []


async def test_every_act_is_in_the_audit_log_with_its_actor(
    appliance: Appliance, operator: OperatorClient, alice: Person
) -> None:
    """Who did what to whom and how it ended; reading leaves no row, and no row holds a secret."""
    token = await made_token(operator, "users:read", "users:write")
    async with operator_of(appliance, token) as helper:
        await helper.post(f"/users/{alice.z32}/suspend")
        await helper.get("/users")
        await helper.http.get("/audit")
    audit = (await operator.get("/audit"))["items"]
    rows = [(row["actor"], row["action"], row["subject"], row["outcome"]) for row in audit]
    assert rows == [
        ("token a gate", "audit.index", "", "refused: needs audit:read"),
        ("token a gate", "moderation.suspend", alice.z32, "200"),
        ("operator", "tokens.create", "", "201"),
    ]
    assert token not in str(audit)


async def test_wrong_passwords_answer_slower_and_slower(appliance: Appliance) -> None:
    """The fourth wrong guess waits at least eight times the first delay; a right one does not."""
    async with operator_of(appliance, "wrong") as guesser:
        for _ in range(3):
            assert (await guesser.http.get("/node")).status_code == 401
        before = time.monotonic()
        assert (await guesser.http.get("/node")).status_code == 401
        assert time.monotonic() - before > 0.8
    async with operator_of(appliance) as operator:
        assert (await operator.http.get("/node")).status_code == 200


async def test_the_log_is_searched_in_any_case_of_letters(
    operator: OperatorClient, alice: Person
) -> None:
    await operator.post(f"/users/{alice.z32}/disable")
    await operator.post(f"/users/{alice.z32}/enable")
    for part, expected in (("DISABLE", 1), (alice.z32, 2), ("50%", 0), ("", 2)):
        found = await operator.get("/audit", contains=part)
        assert len(found["items"]) == expected, part
