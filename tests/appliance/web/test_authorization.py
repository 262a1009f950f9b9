"""Who may do what over HTTP, and in which order it is decided (client API 6)."""

import httpx
import pytest

from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.raw_http import ask

NO_SESSION = (401, "No authenticated session found")
PRIVATE = (401, "Authentication required to read private storage")
NO_WRITE = (403, "Session does not have write access to path")
NO_READ = (403, "Session does not have read access to path")


def brief(response: httpx.Response) -> tuple[int, str]:
    """Status and body."""
    return response.status_code, response.text


async def scoped(http: httpx.AsyncClient, owner: Person, capabilities: str) -> Person:
    """The same person, signed in once more with less."""
    app = Person(owner.keypair, http)
    assert (await app.sign_in(capabilities=capabilities)).status_code == 200
    return app


def foreign(owner: Person, secret_of: Person) -> dict[str, str]:
    """Headers that put one person's secret under another's name."""
    secret = secret_of.cookies[secret_of.z32]
    return {"pubky-host": owner.z32, "cookie": f"{owner.z32}={secret}"}


@pytest.mark.parametrize(
    ("capabilities", "path", "allowed"),
    [
        ("/:rw", "/pub/a", True),
        ("/:rw", "/priv/a", True),
        ("/:w", "/pub/a", True),
        ("/:r", "/pub/a", False),
        ("", "/pub/a", False),
        ("/pub/app/:rw", "/pub/app/x", True),
        ("/pub/app/:rw", "/pub/app/x/y", True),
        ("/pub/app/:rw", "/pub/app", False),
        ("/pub/app/:rw", "/pub/app2/x", False),
        ("/pub/app/:rw", "/priv/app/x", False),
        ("/pub/app:rw", "/pub/app", True),
        ("/pub/app:rw", "/pub/app/x", False),
        ("/pub/app:rw", "/pub/app-evil", False),
        ("/priv/app/:w,/pub/other/:r", "/priv/app/x", True),
        ("/priv/app/:w,/pub/other/:r", "/pub/other/x", False),
    ],
)
async def test_writing_needs_a_capability_that_covers_the_path(
    http: httpx.AsyncClient, alice: Person, capabilities: str, path: str, allowed: bool
) -> None:
    app = await scoped(http, alice, capabilities)
    assert brief(await app.put(path, "x")) == ((201, "") if allowed else NO_WRITE)
    assert brief(await app.delete(path)) == ((204, "") if allowed else NO_WRITE)


async def test_reading_public_files_needs_nothing(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a", "for all")
    app = await scoped(http, alice, "/priv/elsewhere/:w")
    assert (await app.get("/pub/a")).text == "for all"
    assert (await http.get("/pub/a", headers={"pubky-host": alice.z32})).text == "for all"


async def test_reading_private_files_needs_a_capability_that_covers_the_path(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/priv/app/x", "mine")
    for capabilities, allowed in (
        ("/:r", True),
        ("/priv/:r", True),
        ("/priv/app/:r", True),
        ("/priv/app/x:r", True),
        ("/priv/app/:w", False),
        ("/priv/app:r", False),
        ("/priv/ap/:r", False),
        ("/pub/app/:rw", False),
    ):
        app = await scoped(http, alice, capabilities)
        expected = (200, "mine") if allowed else NO_READ
        assert brief(await app.get("/priv/app/x")) == expected, capabilities


async def test_listing_the_private_root_needs_a_scope_that_covers_it(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/priv/app/x", "mine")
    narrow = await scoped(http, alice, "/priv/app/:r")
    assert (await narrow.get("/priv/app/")).status_code == 200
    assert brief(await narrow.get("/priv/")) == NO_READ
    wide = await scoped(http, alice, "/priv/:r")
    assert (await wide.get("/priv/")).status_code == 200


async def test_the_owner_with_root_uses_private_storage_like_public(alice: Person) -> None:
    assert (await alice.put("/priv/a.txt", "text")).status_code == 201
    assert (await alice.get("/priv/a.txt")).text == "text"
    assert (await alice.get("/priv/")).text == f"pubky://{alice.z32}/priv/a.txt"
    assert (await alice.delete("/priv/a.txt")).status_code == 204
    assert (await alice.get("/priv/a.txt")).status_code == 404


async def all_verbs(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> list[int]:
    """The status of every verb, the directory included."""
    answers = [
        await client.request(method, path, headers=headers)
        for method in ("GET", "HEAD", "PUT", "DELETE")
    ]
    answers.append(await client.get(path.rpartition("/")[0] + "/", headers=headers))
    return [answer.status_code for answer in answers]


async def test_private_paths_tell_a_stranger_nothing(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    """Existing and absent files give the same answers, so there is no oracle."""
    await alice.put("/priv/app/there", "x")
    strangers = {
        "anonymous": ({"pubky-host": alice.z32}, 401),
        "bob's own cookie": ({"pubky-host": alice.z32, "cookie": bob.headers["cookie"]}, 401),
        "bob's secret under alice's name": (foreign(alice, bob), 401),
        "too narrow": ((await scoped(http, alice, "/priv/other/:rw")).headers, 403),
    }
    for headers, status in strangers.values():
        for path in ("/priv/app/there", "/priv/app/absent", "/priv/nowhere/x"):
            assert await all_verbs(http, path, headers) == [status] * 5


async def test_a_path_addressed_private_file_is_just_as_closed(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    await alice.put("/priv/app/there", "x")
    for headers in ({}, {"cookie": bob.headers["cookie"]}, foreign(alice, bob)):
        for name in ("there", "absent"):
            target = f"/storage/{alice.z32}/priv/app/{name}"
            assert await all_verbs(http, target, headers) == [401] * 5
    mine = await http.get(
        f"/storage/{alice.z32}/priv/app/there", headers={"cookie": alice.headers["cookie"]}
    )
    assert mine.text == "x"


async def test_a_condition_never_comes_before_the_permission(
    http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/priv/a", "x")
    etag = (await alice.get("/priv/a")).headers["etag"]
    headers = {"pubky-host": alice.z32, "if-none-match": etag}
    assert brief(await http.get("/priv/a", headers=headers)) == PRIVATE
    assert (await alice.get("/priv/a", **{"if-none-match": etag})).status_code == 304


async def test_only_the_owner_writes(http: httpx.AsyncClient, alice: Person, bob: Person) -> None:
    await alice.put("/pub/a", "hers")
    intruders = [
        {"pubky-host": alice.z32},
        {"pubky-host": alice.z32, "cookie": bob.headers["cookie"]},
        foreign(alice, bob),
        {"pubky-host": alice.z32, "cookie": f"{alice.z32}={'0' * 26}"},
        {"pubky-host": alice.z32, "cookie": f"{alice.z32}=short"},
        {"pubky-host": alice.z32, "cookie": f"{alice.z32}="},
        {"pubky-host": alice.z32, "authorization": "Basic YWRtaW46YWRtaW4="},
        {"pubky-host": alice.z32, "authorization": "Bearer short"},
        {"pubky-host": alice.z32, "authorization": "Bearer " + "A" * 43},
    ]
    for headers in intruders:
        for target in ("/pub/a", f"/storage/{alice.z32}/pub/a"):
            assert brief(await http.put(target, content="theirs", headers=headers)) == NO_SESSION
            assert brief(await http.delete(target, headers=headers)) == NO_SESSION
    assert (await alice.get("/pub/a")).text == "hers"


async def test_credentials_that_do_not_count_leave_the_cookie_to_decide(alice: Person) -> None:
    for scheme in ("Basic YWRtaW46YWRtaW4=", "Bearer " + "A" * 43, "bearer x", "Bearer", ""):
        response = await alice.put("/pub/a", "x", authorization=scheme)
        assert response.status_code == 201, scheme


async def test_an_anonymous_write_is_401_even_outside_the_roots(
    http: httpx.AsyncClient, alice: Person
) -> None:
    headers = {"pubky-host": alice.z32}
    for path in ("/foo", "/pub/", "/pub/%FF", "/pub/a%00"):
        assert brief(await http.put(path, headers=headers)) == NO_SESSION
        assert brief(await http.delete(path, headers=headers)) == NO_SESSION


async def test_cookies_of_many_people_travel_together(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    mine, his = alice.cookies[alice.z32], bob.cookies[bob.z32]
    lines = [
        [("cookie", f"a=b; {bob.z32}={his};{alice.z32}={mine}; broken; =x")],
        [("cookie", f"{bob.z32}={his}"), ("cookie", f"{alice.z32}={mine}")],
        [("cookie", f"{alice.z32}={''.join(f'%{ord(letter):02X}' for letter in mine)}")],
    ]
    for line in lines:
        answer = await ask(
            appliance.client_url, "PUT", "/pub/a", [("pubky-host", alice.z32), *line], b"x"
        )
        assert answer.status == 201


async def test_a_cookie_is_looked_for_under_the_owners_name_only(
    appliance: Appliance, alice: Person
) -> None:
    for name in (alice.z32.upper(), alice.z32[:-1], "session", f"pubky{alice.z32}"):
        cookie = ("cookie", f"{name}={alice.cookies[alice.z32]}")
        answer = await ask(
            appliance.client_url, "PUT", "/pub/a", [("pubky-host", alice.z32), cookie], b"x"
        )
        assert answer.brief == NO_SESSION


async def test_a_stranger_to_this_node_has_neither_files_nor_sessions(
    http: httpx.AsyncClient, alice: Person
) -> None:
    stranger = keypair_of("stranger").public_key.z32
    headers = {"pubky-host": stranger, "cookie": f"{stranger}={alice.cookies[alice.z32]}"}
    assert brief(await http.put("/pub/a", headers=headers)) == NO_SESSION
    assert brief(await http.get("/pub/a", headers=headers)) == (404, "Not Found")
    assert brief(await http.get("/pub/", headers=headers)) == (404, "Directory Not Found")
    assert (await http.head("/pub/a", headers=headers)).status_code == 404
    assert brief(await http.get("/priv/a", headers=headers)) == PRIVATE
