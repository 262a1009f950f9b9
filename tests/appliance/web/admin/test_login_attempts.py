"""Sign-in attempts at the operator's API: who may, what is said, what is remembered."""

import secrets
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from appliance.homeserver.admin_access import SCOPES
from appliance.pubky.deep_links import DeepLink
from tests.support.appliance import Appliance, Person
from tests.support.operator import OperatorClient, operator_of
from tests.support.wallet import Wallet, seal

WISH = {
    "origin": "https://dash.example.org",
    "relay": "https://dash.example.org/relay/inbox",
    "source": "Pubky node",
}


@pytest.fixture
async def pages(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The dashboard, by its token."""
    async with operator_of(appliance, appliance.admin_token) as client:
        yield client


async def started(pages: OperatorClient, **more: str) -> dict[str, Any]:
    answer = await pages.post("/login_attempts", WISH | more)
    assert answer.status_code == 201, answer.text
    attempt: dict[str, Any] = answer.json()
    return attempt


async def deliver(pages: OperatorClient, attempt: dict[str, Any], body: bytes) -> httpx.Response:
    return await pages.http.post(f"/login_attempts/inbox/{attempt['channel_id']}", content=body)


async def approve(pages: OperatorClient, attempt: dict[str, Any], person: Person) -> None:
    link = DeepLink.parse(attempt["link"])
    assert link.secret is not None
    body = seal(Wallet(person.keypair).answer_to(link), link.secret, secrets.token_bytes(24))
    assert (await deliver(pages, attempt, body)).status_code == 204


async def test_an_attempt_from_its_start_to_its_end(pages: OperatorClient, alice: Person) -> None:
    attempt = await started(pages)
    address = f"/login_attempts/{attempt['id']}"
    assert (await pages.get(address))["state"] == "pending"
    await approve(pages, attempt, alice)
    shown = await pages.get(address)
    assert (shown["state"], shown["link"]) == ("approved", None)
    used = await pages.post(f"{address}/consume")
    assert used.json() == {"public_key": alice.z32, "token": None}
    assert (await pages.http.get(address)).status_code == 404
    assert (await pages.post(f"{address}/consume")).status_code == 404


@pytest.mark.parametrize("kind", ["signin", "grant"])
async def test_wallets_of_both_eras_are_understood(
    pages: OperatorClient, alice: Person, kind: str
) -> None:
    attempt = await started(pages, link_kind=kind)
    await approve(pages, attempt, alice)
    used = await pages.post(f"/login_attempts/{attempt['id']}/consume")
    assert used.json()["public_key"] == alice.z32


async def test_a_token_for_real_rights_comes_back_to_be_spent(
    pages: OperatorClient, alice: Person
) -> None:
    attempt = await started(pages, capabilities="/pub/:rw")
    await approve(pages, attempt, alice)
    used = (await pages.post(f"/login_attempts/{attempt['id']}/consume")).json()
    session = await alice.http.post("/session", content=b64decode(used["token"]))
    assert session.status_code == 200


async def test_a_named_token_needs_the_scope(appliance: Appliance) -> None:
    others = [scope for scope in SCOPES if scope != "logins:write"]
    async with operator_of(appliance) as operator:
        texts = [
            (await operator.post("/tokens", {"name": "x", "scopes": scopes})).json()["token"]
            for scopes in (others, ["logins:write"])
        ]
    for text, status in zip(texts, (403, 201), strict=True):
        async with operator_of(appliance, text) as client:
            assert (await client.post("/login_attempts", WISH)).status_code == status


async def test_the_audit_log_names_who_signed_in_and_holds_no_secret(
    pages: OperatorClient, appliance: Appliance, alice: Person
) -> None:
    attempt = await started(pages)
    await deliver(pages, attempt, b"nonsense")
    await approve(pages, attempt, alice)
    await pages.post(f"/login_attempts/{attempt['id']}/consume")
    async with operator_of(appliance) as operator:
        rows = (await operator.get("/audit"))["items"]
    said = [(row["actor"], row["action"], row["subject"], row["outcome"]) for row in rows]
    assert said == [("dashboard", "login_attempts.consume", alice.z32, "200")]


async def test_strangers_do_not_fill_the_audit_log(
    pages: OperatorClient, appliance: Appliance
) -> None:
    for _ in range(5):
        await started(pages)
        await pages.http.post("/login_attempts/inbox/nowhere", content=b"")
    async with operator_of(appliance) as operator:
        assert (await operator.get("/audit"))["items"] == []


async def test_a_body_beyond_sixteen_kibibytes_is_refused(pages: OperatorClient) -> None:
    attempt = await started(pages)
    assert (await deliver(pages, attempt, bytes(16 * 1024))).status_code == 204
    assert (await deliver(pages, attempt, bytes(16 * 1024 + 1))).status_code == 413


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""},
        {"origin": 1},
        {"relay": "https://a/b?c"},
        {"capabilities": "nonsense"},
        {"link_kind": "signup"},
        {"address": "nowhere"},
        {"capabilities": "/pub/:rw", "link_kind": "grant"},
    ],
)
async def test_a_bad_wish_begins_nothing(pages: OperatorClient, change: dict[str, object]) -> None:
    assert (await pages.post("/login_attempts", WISH | change)).status_code == 400


async def test_too_many_starts_are_told_when_to_come_back(pages: OperatorClient) -> None:
    for _ in range(10):
        await started(pages, address="192.0.2.1")
    refused = await pages.post("/login_attempts", WISH | {"address": "192.0.2.1"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    await started(pages, address="192.0.2.2")
