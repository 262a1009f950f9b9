"""The six grant routes on the wire: vectors, bodies, statuses, headers (client API 14.7)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.assembly import NodePlan, running_node
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.metadata import users
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.keys import Keypair
from tests.support.appliance import Appliance, Person, config_on_free_ports, keypair_of
from tests.support.grant_client import GrantClient
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("auth")
CLOCK_S = 1_767_225_610
ALICE_OF_VECTORS = Keypair.from_seed(bytes(32))
SESSION = "/auth/grant/session"


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


async def signed_in(
    http: httpx.AsyncClient, appliance: Appliance, user: Keypair, capabilities: str = "/:rw"
) -> GrantClient:
    """An app with a bearer of this user."""
    app = GrantClient.of(http, appliance.homeserver, user, capabilities)
    response = await app.exchange()
    assert response.status_code == 200, response.text
    return app


# --- Vectors --------------------------------------------------------------------------------


@pytest.fixture
async def node_of_vectors(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A node with the key and at the time of the vectors, on which their user signed up."""
    plan = NodePlan(
        data_dir=tmp_path,
        config=config_on_free_ports(),
        keypair=Keypair.from_seed(b"\x07" * 32),
        access=AdminAccess(password_hash("the operator's password")),
        durable=False,
        clock=lambda: CLOCK_S * 1_000_000,
    )
    async with running_node(plan) as node, httpx.AsyncClient(base_url=node.client_url) as http:
        alice = ALICE_OF_VECTORS.public_key.z32
        await node.services.metadata.write(users.create, alice, CLOCK_S * 1_000_000)
        yield http


async def test_every_refusal_of_the_vectors(node_of_vectors: httpx.AsyncClient) -> None:
    for section in ("jws_grant_negative", "jws_pop_negative"):
        for entry in entries(VECTORS, section):
            body = {"grant": entry["grant"], "pop": entry["pop"]}
            response = await node_of_vectors.post(SESSION, json=body)
            assert response.status_code == entry["status"], entry["name"]
            if entry["status"] != 422:
                assert response.text == entry["body"], entry["name"]


async def test_exchange_and_list_answer_as_in_the_vectors(
    node_of_vectors: httpx.AsyncClient,
) -> None:
    signed = {entry["name"]: entry["compact"] for entry in entries(VECTORS, "jws")}
    expected: dict[str, Any] = VECTORS["grant_session_response"]["json"]
    body = {"grant": signed["grant"], "pop": signed["pop"]}
    answer = (await node_of_vectors.post(SESSION, json=body)).json()
    token = answer.pop("token")
    assert len(token) == len(expected["token"])
    assert answer == {"session": expected["session"]}
    headers = {"authorization": f"Bearer {token}"}
    session = await node_of_vectors.get(SESSION, headers=headers)
    assert session.json() == expected["session"]
    await _sign_in_by_cookie(node_of_vectors, VECTORS["grant_list_response"])


async def _sign_in_by_cookie(http: httpx.AsyncClient, expected: Entry) -> None:
    """The vector's grant is not root, so a cookie session lists it."""
    token = sign_auth_token(ALICE_OF_VECTORS, "/:rw", CLOCK_S * 1_000_000)
    assert (await http.post("/session", content=token)).status_code == 200
    headers = {"pubky-host": ALICE_OF_VECTORS.public_key.z32}
    listed = await http.get("/auth/grant/sessions", headers=headers)
    assert listed.json() == expected["json"]


# --- Bodies ---------------------------------------------------------------------------------


POSTED = (SESSION, "/auth/grant/signup")


async def test_content_type_must_be_json(http: httpx.AsyncClient) -> None:
    for path in POSTED:
        for content_type, status in (
            (None, 415),
            ("", 415),
            ("text/plain", 415),
            ("application/octet-stream", 415),
            ("application/jsonp", 415),
            ("text/x+json", 415),
            ("application/json", 422),
            ("application/json; charset=utf-8", 422),
            ("Application/JSON", 422),
            ("application/problem+json", 422),
        ):
            headers = {} if content_type is None else {"content-type": content_type}
            response = await http.post(path, content=b"{}", headers=headers)
            assert response.status_code == status, content_type


async def test_body_must_hold_two_compact_jws(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    for path in POSTED:
        for body, status in (
            (b"", 400),
            (b"{", 400),
            (b"\xff", 400),
            (b"[" * 100_000, 400),
            (b'{"grant":"a.b.c","pop":NaN}', 400),
            (b"null", 422),
            (b"[]", 422),
            (b"{}", 422),
            (b'{"grant":"a.b.c"}', 422),
            (b'{"grant":"a.b.c","pop":1}', 422),
            (b'{"grant":"a.b.c","pop":["a.b.c"]}', 422),
            (b'{"grant":"a.b.c","pop":"a.b"}', 422),
            (b'{"grant":"a.b.c.d","pop":"a.b.c"}', 422),
            (b'{"grant":"a.b.\\ud800","pop":"a.b.c"}', 422),
            (json.dumps({"grant": "a" * 70_000 + ".b.c", "pop": "a.b.c"}).encode(), 422),
            (b'{"grant":"a.b.c","pop":"a.b.c"}', 400),
            (b'{"grant":"..","pop":"..","more":{}}', 400),
        ):
            response = await http.post(path, content=body, headers=headers)
            assert response.status_code == status, body[:60]
            assert response.headers["content-type"] == "text/plain; charset=utf-8"


async def test_body_above_two_mebibytes_is_refused(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    body = b" " * (2 * 1024 * 1024 + 1)
    assert (await http.post(SESSION, content=body, headers=headers)).status_code == 413


# --- Routes ---------------------------------------------------------------------------------


async def test_wrong_method_names_the_right_ones(http: httpx.AsyncClient) -> None:
    for path, allow in (
        ("/auth/grant/signup", "POST"),
        (SESSION, "DELETE,GET,HEAD,POST"),
        ("/auth/grant/sessions", "GET,HEAD"),
        ("/auth/grant/session/abc", "DELETE"),
    ):
        response = await http.patch(path)
        assert brief(response) == (405, "")
        assert response.headers["allow"] == allow


async def test_neighbouring_paths_are_storage(http: httpx.AsyncClient) -> None:
    for path in ("/auth/grant", "/auth/grant/session/", "/auth/grant/sessions/"):
        assert brief(await http.get(path)) == (400, "Missing request tenant")


async def test_answers_with_secrets_are_not_stored_by_caches(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = GrantClient.of(http, appliance.homeserver, alice.keypair)
    for response in (await app.exchange(), await app.session(), await app.list_grants()):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-type"] == "application/json"


async def test_signup_grant_answers_204_and_stores_nothing(
    http: httpx.AsyncClient, appliance: Appliance
) -> None:
    app = GrantClient.of(http, appliance.homeserver, keypair_of("carol"))
    response = await app.sign_up()
    assert brief(response) == (204, "")
    assert "set-cookie" not in response.headers
    assert brief(await app.sign_up()) == (409, "User already exists")
    await app.exchange()
    listed = (await app.list_grants()).json()
    assert [item["grant_id"] for item in listed] == [app.grant.jti]


async def test_signup_by_grant_is_counted(http: httpx.AsyncClient, appliance: Appliance) -> None:
    for name in ("carol", "dave"):
        await GrantClient.of(http, appliance.homeserver, keypair_of(name)).sign_up()
    metrics = (await http.get(f"{appliance.metrics_url}/metrics")).text
    line = next(line for line in metrics.splitlines() if line.startswith("signup_count_total{"))
    assert float(line.split()[-1]) == 2


async def test_replayed_request_is_refused(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = GrantClient.of(http, appliance.homeserver, alice.keypair)
    body = app.body()
    assert (await http.post(SESSION, json=body)).status_code == 200
    assert brief(await http.post(SESSION, json=body)) == (401, "PoP nonce already used")


async def test_take_over_by_grant_id_reaches_nothing(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person, bob: Person
) -> None:
    hers = await signed_in(http, appliance, alice.keypair)
    await hers.put("/priv/diary", b"dear diary")
    his = GrantClient.of(http, appliance.homeserver, bob.keypair)
    his.grant = type(his.grant)(
        bob.keypair.public_key,
        hers.grant.client_id,
        hers.grant.capabilities,
        his.key.public_key,
        hers.grant.jti,
        hers.grant.issued_s,
        hers.grant.expires_s,
    )
    await his.exchange()
    assert his.answer["session"]["pubky"] == bob.z32
    stolen = await his.request("GET", "/priv/diary", owner=alice.keypair.public_key)
    assert brief(stolen) == (403, "Session user does not match target tenant")
    await his.sign_out()
    assert (await hers.get("/priv/diary")).content == b"dear diary"
