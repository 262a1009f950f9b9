"""What people learn of their account's past: changes, old versions, and who holds keys to it."""

import httpx

from tests.appliance.web.test_own_data import ask
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.grant_client import GrantClient


async def app_of(appliance: Appliance, http: httpx.AsyncClient, person: Person) -> GrantClient:
    app = GrantClient.of(http, appliance.homeserver, person.keypair, "/pub/:rw")
    response = await app.exchange()
    assert response.status_code == 200, response.text
    return app


async def test_changes_come_newest_first_with_their_writers(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    app = await app_of(appliance, http, alice)
    await alice.put("/pub/a", b"1")
    response = await http.put(
        f"/storage/{alice.z32}/pub/b",
        content=b"2",
        headers={"authorization": f"Bearer {app.bearer}"},
    )
    assert response.is_success, response.text
    await alice.delete("/pub/a")
    said = await ask(alice, "events")
    assert [(each["kind"], each["path"]) for each in said["items"]] == [
        ("DEL", "/pub/a"),
        ("PUT", "/pub/b"),
        ("PUT", "/pub/a"),
    ]
    assert [each["writer"].partition(":")[0] for each in said["items"]] == [
        "session",
        "grant",
        "session",
    ]
    assert said["items"][1]["writer_name"] == "example.app"
    only = await ask(alice, "events", writer=said["items"][1]["writer"])
    assert [each["path"] for each in only["items"]] == ["/pub/b"]


async def test_changes_are_paged_and_narrowed(alice: Person) -> None:
    for name in "abc":
        await alice.put(f"/pub/{name}/x", b"1")
    first = await ask(alice, "events", limit="2")
    rest = await ask(alice, "events", limit="2", before=first["next_cursor"])
    assert [each["path"] for each in rest["items"]] == ["/pub/a/x"]
    assert rest["next_cursor"] is None
    below = await ask(alice, "events", folder="/pub/b/", kind="PUT")
    assert [each["path"] for each in below["items"]] == ["/pub/b/x"]


async def test_an_old_version_can_be_had_again(alice: Person) -> None:
    await alice.put("/pub/a.txt", b"first")
    await alice.put("/pub/a.txt", b"second")
    await alice.delete("/pub/a.txt")
    said = await ask(alice, "versions", path="/pub/a.txt")
    assert [each["bytes"] for each in said["versions"]] == [6, 5]
    assert [each["kind"] for each in said["events"]] == ["DEL", "PUT", "PUT"]
    old = await alice.get(f"/owner/trash/{said['versions'][1]['id']}")
    assert (old.status_code, old.content) == (200, b"first")
    assert old.headers["content-type"] == "application/octet-stream"
    assert not (await ask(alice, "trash"))["items"][0]["is_replaced"]


async def test_an_empty_old_version_can_be_had_again(alice: Person) -> None:
    await alice.put("/pub/empty", b"")
    await alice.delete("/pub/empty")
    (version,) = (await ask(alice, "trash"))["items"]
    assert (await alice.get(f"/owner/trash/{version['id']}")).content == b""


async def test_nobody_gets_anothers_old_versions(alice: Person, bob: Person) -> None:
    await alice.put("/priv/a", b"secret")
    await alice.delete("/priv/a")
    (version,) = (await ask(alice, "trash"))["items"]
    assert (await bob.get(f"/owner/trash/{version['id']}")).status_code == 404
    assert (await ask(bob, "trash"))["items"] == []


async def test_every_open_credential_is_listed_with_what_it_wrote(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    other = Person(keypair_of("alice"), http)
    await other.sign_in(capabilities="/pub/site/:rw")
    await other.put("/pub/site/a", b"1")
    await other.put("/pub/site/b", b"1")
    await app_of(appliance, http, alice)
    found = (await ask(alice, "access"))["items"]
    assert sorted((each["kind"], each["capabilities"], each["changes"]) for each in found) == [
        ("grant", "/pub/:rw", 0),
        ("session", "/:rw", 0),
        ("session", "/pub/site/:rw", 2),
    ]
    assert [each["capabilities"] for each in found if each["is_current"]] == ["/:rw"]


async def test_a_cookie_session_can_be_ended_from_another(
    http: httpx.AsyncClient, alice: Person
) -> None:
    other = Person(keypair_of("alice"), http)
    await other.sign_in(capabilities="/pub/:rw")
    found = (await ask(alice, "access"))["items"]
    (session,) = [each for each in found if not each["is_current"]]
    address = f"/owner/sessions/{session['id']}"
    assert (await alice.delete(address)).status_code == 204
    assert (await other.put("/pub/a", b"1")).status_code == 401
    assert (await alice.delete(address)).status_code == 404


async def test_nobody_ends_anothers_session(alice: Person, bob: Person) -> None:
    (session,) = (await ask(alice, "access"))["items"]
    assert (await bob.delete(f"/owner/sessions/{session['id']}")).status_code == 404
    assert (await alice.get("/session")).status_code == 200
