"""What apps do with grants from sign-up to revocation: the upstream scenarios by their names."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import (
    ADMIN_PASSWORD,
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.grant_client import GrantClient, now_s, signup_grant_for

VERBS = ("GET", "HEAD", "PUT", "DELETE")
NO_WRITE = (403, "Session does not have write access to path")
NO_SESSION = (401, "No authenticated session found")
REVOKED = (401, "Grant has been revoked")
CAROL = keypair_of("carol")


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


@pytest.fixture
async def root(http: httpx.AsyncClient, appliance: Appliance) -> GrantClient:
    """Carol's wallet: it made her account by grant and holds every right."""
    wallet = GrantClient.of(http, appliance.homeserver, CAROL, client_id="app.wallet")
    assert (await wallet.sign_up()).status_code == 204
    assert (await wallet.exchange()).status_code == 200
    return wallet


async def app_of(root: GrantClient, capabilities: str) -> GrantClient:
    """Another app of Carol's, signed in with less."""
    app = GrantClient.of(root.http, str(root.homeserver), CAROL, capabilities)
    assert (await app.exchange()).status_code == 200
    return app


async def listed(root: GrantClient) -> list[str]:
    """Names of the grants that the list shows."""
    return [item["grant_id"] for item in (await root.list_grants()).json()]


# --- auth/grant -----------------------------------------------------------------------------


async def test_signer_signup_signin_write_file(root: GrantClient) -> None:
    assert (await root.put("/pub/example.com/a", b"hello")).status_code == 201
    assert (await root.get("/pub/example.com/a")).content == b"hello"


async def test_auth_flow(root: GrantClient) -> None:
    """Also: Grant auth: 3rd party signin."""
    app = await app_of(root, "/pub/app/:rw,/pub/one.txt:r")
    assert (await app.put("/pub/app/a")).status_code == 201
    assert brief(await app.put("/pub/one.txt")) == NO_WRITE
    assert brief(await app.put("/pub/elsewhere")) == NO_WRITE
    assert app.answer["session"]["capabilities"] == ["/pub/app/:rw", "/pub/one.txt:r"]


async def test_auth_flow_signup_creates_scoped_session(
    http: httpx.AsyncClient, appliance: Appliance
) -> None:
    """The wallet makes the account with a grant of its own; the app's grant stays narrow.

    Also: Grant auth: 3rd party signup.
    """
    app = GrantClient.of(http, appliance.homeserver, CAROL, "/pub/app/:rw")
    assert brief(await app.exchange()) == (404, "Not Found")
    assert (await app.sign_up()).status_code == 204
    assert (await app.exchange()).status_code == 200
    assert (await app.put("/pub/app/a")).status_code == 201
    assert brief(await app.put("/pub/elsewhere")) == NO_WRITE


async def test_signup_grant_cannot_be_exchanged_later(root: GrantClient) -> None:
    """Five minutes are enough to sign up, and too short to keep."""
    old = signup_grant_for(CAROL.public_key, root.key.public_key)
    old = replace(old, issued_s=now_s() - 400, expires_s=now_s() - 100)
    for path in ("/auth/grant/signup", "/auth/grant/session"):
        response = await root.http.post(path, json=root.body(old))
        assert brief(response) == (401, "Invalid grant: grant has expired")


async def test_grant_secret_restore_mints_fresh_bearer(root: GrantClient) -> None:
    """Also: grant exportLocalSecret restores with fresh bearer; session_store save/restore."""
    restored = GrantClient.restored(root.http, CAROL, root.credential)
    assert (await restored.exchange()).status_code == 200
    assert restored.bearer != root.bearer
    assert (await restored.put("/pub/a")).status_code == 201
    assert await listed(restored) == [root.grant.jti]


async def test_grant_secret_restore_rejects_revoked_grant(root: GrantClient) -> None:
    credential = root.credential
    await root.sign_out()
    restored = GrantClient.restored(root.http, CAROL, credential)
    assert brief(await restored.exchange()) == REVOKED


async def test_grant_secret_restore_rejects_expired_grant(root: GrantClient) -> None:
    root.grant = replace(root.grant, expires_s=now_s())
    restored = GrantClient.restored(root.http, CAROL, root.credential)
    assert brief(await restored.exchange()) == (401, "Invalid grant: grant has expired")


async def test_session_refresh_rotates_short_lived_bearer(root: GrantClient) -> None:
    old = replace(root)
    assert (await root.exchange()).status_code == 200
    assert root.bearer != old.bearer
    assert brief(await old.put("/pub/a")) == NO_SESSION
    assert brief(await old.session()) == NO_SESSION
    assert (await root.put("/pub/a")).status_code == 201


async def test_signout_revokes_current_grant_only(root: GrantClient) -> None:
    app = await app_of(root, "/pub/app/:rw")
    assert await listed(root) == [root.grant.jti, app.grant.jti]
    assert brief(await app.sign_out()) == (200, "")
    assert await listed(root) == [root.grant.jti]
    assert brief(await app.put("/pub/app/a")) == NO_SESSION
    assert (await root.put("/pub/app/a")).status_code == 201


async def test_signout_is_idempotent(root: GrantClient) -> None:
    for _ in range(2):
        assert brief(await root.sign_out()) == (200, "")
    root.bearer = ""
    assert brief(await root.sign_out()) == (200, "")


async def test_disabled_user(root: GrantClient, appliance: Appliance) -> None:
    await root.put("/pub/a", b"kept")
    admin = {"X-Admin-Password": ADMIN_PASSWORD}
    disabled = await root.http.post(
        f"{appliance.admin_url}/users/{CAROL.public_key}/disable", headers=admin
    )
    assert disabled.status_code == 200
    assert (await root.get("/pub/a")).content == b"kept"
    assert brief(await root.put("/pub/b")) == (403, "User is disabled")
    assert (await root.request("DELETE", "/pub/a")).status_code == 204
    assert (await root.exchange()).status_code == 200
    assert brief(await root.put("/pub/b")) == (403, "User is disabled")


async def test_non_root_session_cannot_list_revoke_grants(root: GrantClient) -> None:
    """Also: non-root grant management calls return homeserver 403."""
    app = await app_of(root, "/pub/:rw,/priv/:rw")
    refused = (403, "Root capability required")
    assert brief(await app.list_grants()) == refused
    assert brief(await app.revoke(root.grant.jti)) == refused
    assert brief(await app.revoke(app.grant.jti)) == refused
    assert (await root.session()).status_code == 200


async def test_root_session_can_list_and_revoke_scoped_grant(root: GrantClient) -> None:
    """Also: GrantManager manages grants."""
    app = await app_of(root, "/pub/app/:rw,/priv/app/:r")
    items = {item["grant_id"]: item for item in (await root.list_grants()).json()}
    assert items[app.grant.jti] == {
        "grant_id": app.grant.jti,
        "client_id": "example.app",
        "capabilities": "/pub/app/:rw,/priv/app/:r",
        "issued_at": app.grant.issued_s,
        "expires_at": app.grant.expires_s,
    }
    assert brief(await root.revoke(app.grant.jti)) == (200, "")
    assert brief(await app.put("/pub/app/a")) == NO_SESSION
    assert brief(await app.exchange()) == REVOKED
    assert (await root.put("/pub/app/a")).status_code == 201
    assert await listed(root) == [root.grant.jti]


async def test_grant_only_view_exposes_metadata(root: GrantClient) -> None:
    session = (await root.session()).json()
    assert session == root.answer["session"] | {"created_at": session["created_at"]}
    assert session["homeserver"] == str(root.homeserver)
    assert session["pubky"] == str(CAROL.public_key)
    assert session["client_id"] == "app.wallet"
    assert session["grant_id"] == root.grant.jti
    for name in ("token_expires_at", "grant_expires_at", "created_at"):
        assert session[name] > 0


async def test_signed_up_by_cookie_signs_in_by_grant(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = GrantClient.of(http, appliance.homeserver, alice.keypair, "/pub/app/:rw")
    assert brief(await app.sign_up()) == (409, "User already exists")
    assert (await app.exchange()).status_code == 200
    await app.put("/pub/app/a", b"by grant")
    assert (await alice.get("/pub/app/a")).content == b"by grant"


# --- private_data ---------------------------------------------------------------------------


async def test_anonymous_priv_access_is_unauthorized(root: GrantClient) -> None:
    await root.put("/priv/app/there")
    nobody = replace(root, bearer="")
    for verb in VERBS:
        answers = [await nobody.request(verb, f"/priv/app/{name}") for name in ("there", "absent")]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert answers[0].content == answers[1].content


async def test_under_scoped_owner_priv_access_is_forbidden(root: GrantClient) -> None:
    covering = await app_of(root, "/priv/app/:rw")
    assert (await covering.put("/priv/app/there", b"x")).status_code == 201
    assert (await covering.get("/priv/app/there")).content == b"x"
    assert (await covering.get("/priv/app/")).status_code == 200
    sibling = await app_of(root, "/priv/app-two/:rw")
    for verb in VERBS:
        answers = [await sibling.request(verb, f"/priv/app/{name}") for name in ("there", "absent")]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].content == answers[1].content


async def test_cross_tenant_priv_access_is_forbidden(root: GrantClient, alice: Person) -> None:
    await alice.put("/priv/app/there")
    for verb in VERBS:
        for name in ("there", "absent"):
            answer = await root.request(verb, f"/priv/app/{name}", owner=alice.keypair.public_key)
            assert answer.status_code == 403
            if verb != "HEAD":
                assert answer.text == "Session user does not match target tenant"


async def test_private_answers_by_bearer_are_not_cached(root: GrantClient) -> None:
    await root.put("/priv/app/a")
    answer = await root.get("/priv/app/a")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get_list("vary")[0] == "Authorization, Cookie"


# --- Invites and restarts -------------------------------------------------------------------


async def test_signup_by_grant_needs_an_invite_where_the_node_asks_for_one(
    tmp_path: Path,
) -> None:
    """As signup_with_token, by grant."""
    config = config_on_free_ports(signup_mode="token_required")
    async with (
        running_appliance(tmp_path, config) as closed,
        httpx.AsyncClient(base_url=closed.client_url) as http,
    ):
        invite = (await closed.node.services.signup.create_invite(None, None)).token
        carol = GrantClient.of(http, closed.homeserver, CAROL)
        dave = GrantClient.of(http, closed.homeserver, keypair_of("dave"))
        assert brief(await carol.sign_up()) == (400, "Token required")
        assert brief(await carol.sign_up(token="AAAA-BBBB-CCCC")) == (401, "Invalid token")
        assert brief(await carol.sign_up(token="invalid")) == (
            400,
            "Invalid signup token format: Invalid signup code id",
        )
        assert (await carol.sign_up(token=invite)).status_code == 204
        assert brief(await dave.sign_up(token=invite)) == (401, "Token already used")


async def test_bearers_grants_and_spent_proofs_outlive_a_restart(
    tmp_path: Path,
) -> None:
    async with (
        running_appliance(tmp_path) as node,
        httpx.AsyncClient(base_url=node.client_url) as http,
    ):
        app = GrantClient.of(http, node.homeserver, CAROL)
        await app.sign_up()
        spent = app.body()
        app.bearer = (await http.post("/auth/grant/session", json=spent)).json()["token"]
        other = GrantClient.of(http, node.homeserver, CAROL)
        await other.exchange()
        await other.sign_out()
    async with (
        running_appliance(tmp_path) as node,
        httpx.AsyncClient(base_url=node.client_url) as http,
    ):
        app.http = other.http = http
        assert (await app.put("/pub/a")).status_code == 201
        replayed = await http.post("/auth/grant/session", json=spent)
        assert brief(replayed) == (401, "PoP nonce already used")
        assert brief(await other.exchange()) == REVOKED
