"""Who is asking when a bearer, a cookie or both arrive (client API 6.1), and who may revoke."""

import httpx

from appliance.pubky.keys import Keypair
from tests.support.appliance import Appliance, Person
from tests.support.grant_client import GrantClient, now_s
from tests.support.raw_http import ask

SESSION = "/auth/grant/session"
SIGNED_OUT = (401, "No authenticated session found")


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


async def test_bearer_in_any_other_form_is_none(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    for form in ("Bearer {}x", "Bearer  {}", "bearer {}", "Bearer\t{}", "Basic {}", "{}", "Bearer"):
        line = ("authorization", form.format(app.bearer))
        response = await ask(appliance.client_url, "GET", SESSION, [line])
        assert response.brief == SIGNED_OUT, form
    assert (await app.session()).status_code == 200


async def test_bad_bearer_lets_the_cookie_speak(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    for value in ("Basic abc", "Bearer short", "Bearer " + "A" * 43):
        headers = alice.headers | {"authorization": value}
        assert (await http.put("/pub/a", headers=headers)).status_code == 201
        assert (await http.get("/session", headers=headers)).status_code == 200
    assert (await app.session()).status_code == 200


async def test_bearer_goes_before_the_cookie(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair, "/pub/app/:rw")
    headers = alice.headers | app.headers
    refused = await http.put("/pub/elsewhere", headers=headers)
    assert brief(refused) == (403, "Session does not have write access to path")


async def test_bearer_needs_no_tenant(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person, bob: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    for headers in (app.headers, app.headers | {"pubky-host": bob.z32}):
        session = await http.get(SESSION, headers=headers)
        assert session.json()["pubky"] == alice.z32


async def test_cookie_session_has_no_bearer_session(http: httpx.AsyncClient, alice: Person) -> None:
    assert brief(await alice.get(SESSION)) == (401, "Unauthorized")
    assert brief(await http.get(SESSION)) == SIGNED_OUT


async def test_bearer_has_no_cookie_session(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    headers = app.headers | {"pubky-host": alice.z32}
    assert brief(await http.get("/session", headers=headers)) == (401, "Unauthorized")


async def test_cookie_sign_out_leaves_the_bearer_alone_and_ends_the_cookie(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    # One grant more, so that no grant's row has the number of the cookie session's row.
    await signed_in(http, appliance, alice.keypair)
    app = await signed_in(http, appliance, alice.keypair)
    headers = alice.headers | app.headers
    assert (await http.delete("/session", headers=headers)).status_code == 200
    assert (await app.session()).status_code == 200
    assert (await alice.get("/session")).status_code == 404


async def test_bearer_sign_out_leaves_the_cookie_alone(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    headers = alice.headers | app.headers
    assert brief(await http.delete(SESSION, headers=headers)) == (200, "")
    assert brief(await alice.delete(SESSION)) == (200, "")
    assert (await app.session()).status_code == 401
    assert (await alice.get("/session")).status_code == 200


async def test_cookie_with_root_lists_and_revokes(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair, "/pub/app/:rw")
    listed = (await alice.get("/auth/grant/sessions")).json()
    assert [item["grant_id"] for item in listed] == [app.grant.jti]
    assert (await alice.delete(f"{SESSION}/{app.grant.jti}")).status_code == 200
    assert (await app.session()).status_code == 401
    assert (await alice.get("/auth/grant/sessions")).json() == []


async def test_name_of_the_grant_to_revoke_is_checked(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    line = ("authorization", f"Bearer {app.bearer}")
    malformed = (400, "Invalid grant ID format")
    for name, expected in (
        ("AAAA", (404, "Not Found")),
        ("a.b", malformed),
        ("a%2Fb", malformed),
        ("..%2f..", malformed),
        ("A" * 23, malformed),
        ("%00", malformed),
        ("%ff", malformed),
    ):
        target = f"{SESSION}/{name}"
        response = await ask(appliance.client_url, "DELETE", target, [line])
        assert response.brief == expected, name
        assert (await ask(appliance.client_url, "DELETE", target)).brief == SIGNED_OUT


async def test_events_name_the_grant_that_wrote(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    await alice.put("/pub/by-cookie")
    await app.put("/pub/by-grant")
    written = await appliance.node.services.metadata.read(
        lambda tx: tx.all("SELECT path, session_id IS NULL, grant_id FROM events ORDER BY id")
    )
    assert [tuple(row) for row in written] == [("/pub/by-cookie", 0, None), ("/pub/by-grant", 1, 1)]


async def test_storage_metrics_name_the_grant(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    await app.put("/pub/a")
    metrics = (await http.get(f"{appliance.metrics_url}/metrics")).text
    counted = next(line for line in metrics.splitlines() if 'auth_method="grant"' in line)
    assert 'addressing_mode="path"' in counted
    assert app.bearer not in metrics
    assert alice.z32 not in metrics


async def test_times_of_a_session_are_seconds(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = await signed_in(http, appliance, alice.keypair)
    session = app.answer["session"]
    assert abs(session["created_at"] - now_s()) < 60
    assert session["token_expires_at"] - session["created_at"] == 3600
    assert session["grant_expires_at"] == app.grant.expires_s
