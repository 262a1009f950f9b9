"""What may be stored by whom: private answers never, public ones by revalidation (18.2, 18.3)."""

import pytest

from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.raw_http import RawResponse, ask

CORS_VARY = "origin, access-control-request-method, access-control-request-headers"
BY_HOST = "pubky-host, Authorization, Cookie"
BY_PATH = "Authorization, Cookie"


def policy(answer: RawResponse) -> tuple[str | None, list[str]]:
    """Cache-Control, and the `vary` lines before the one of CORS."""
    *own, last = answer.header_values("vary")
    assert last == CORS_VARY
    assert len(answer.header_values("cache-control")) <= 1
    return answer.header("cache-control"), own


@pytest.fixture
async def owner(alice: Person) -> Person:
    """Somebody with a public and a private file."""
    for path in ("/priv/a.txt", "/pub/a.txt"):
        assert (await alice.put(path, "hello")).status_code == 201
    return alice


async def test_every_private_answer_is_never_stored(appliance: Appliance, owner: Person) -> None:
    cookie = ("cookie", owner.headers["cookie"])
    etag = (await owner.get("/priv/a.txt")).headers["etag"]
    rows: list[tuple[str, str, list[tuple[str, str]], int]] = [
        ("GET", "/priv/a.txt", [cookie], 200),
        ("HEAD", "/priv/a.txt", [cookie], 200),
        ("GET", "/priv/a.txt", [cookie, ("if-none-match", etag)], 304),
        ("GET", "/priv/", [cookie], 200),
        ("GET", "/priv/none", [cookie], 404),
        ("HEAD", "/priv/none", [cookie], 404),
        ("GET", "/priv/none/", [cookie], 404),
        ("GET", "/priv/a.txt", [], 401),
        ("HEAD", "/priv/a.txt", [], 401),
        ("GET", "/priv/a.txt?reverse=maybe", [cookie], 400),
        ("PUT", "/priv/b.txt", [cookie], 201),
        ("PUT", "/priv/b.txt/c", [cookie], 409),
        ("PUT", "/priv/b/", [cookie], 400),
        ("DELETE", "/priv/b.txt", [cookie], 204),
        ("DELETE", "/priv/b.txt", [cookie], 404),
        ("PUT", "/priv/b.txt", [], 401),
        ("PATCH", "/priv/b.txt", [cookie], 405),
        ("GET", "/pub/../priv/a.txt", [cookie], 200),
        ("GET", "/pub/%2e%2e/priv/a.txt", [cookie], 200),
        ("GET", "//priv//a.txt", [cookie], 200),
    ]
    host = ("pubky-host", owner.z32)
    for prefix, added, vary in (("", [host], BY_HOST), (f"/storage/{owner.z32}", [], BY_PATH)):
        for method, target, headers, status in rows:
            answer = await ask(appliance.client_url, method, prefix + target, [*added, *headers])
            assert (answer.status, *policy(answer)) == (status, "no-store", [vary]), target
            is_described = status < 400 and target.endswith("a.txt")
            assert (answer.header("etag") is not None) == is_described
            assert (answer.header("last-modified") is not None) == is_described


async def test_a_forbidden_private_answer_is_never_stored(
    appliance: Appliance, owner: Person
) -> None:
    narrow = Person(owner.keypair, owner.http)
    await narrow.sign_in(capabilities="/priv/other/:r")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = await ask(appliance.client_url, method, "/priv/a.txt", narrow.headers.items())
        assert (answer.status, *policy(answer)) == (403, "no-store", [BY_HOST])


async def test_a_private_path_that_is_refused_for_its_form_counts_as_private(
    appliance: Appliance, owner: Person
) -> None:
    for target in ("/priv/%00", "/priv/%FF", "/priv/../..", "/priv/a%20", "/%70riv/%00"):
        answer = await ask(appliance.client_url, "GET", target, owner.headers.items())
        assert (answer.status, *policy(answer)) == (400, "no-store", [BY_HOST]), target


async def test_a_malformed_storage_address_has_no_policy(
    appliance: Appliance, owner: Person
) -> None:
    for target in (f"/storage/{owner.z32}/priv/%00", "/storage/x/priv/a", "/storage/x"):
        answer = await ask(appliance.client_url, "GET", target)
        assert (answer.status, *policy(answer)) == (400, None, [])


async def test_without_an_owner_a_private_path_varies_as_a_legacy_one(
    appliance: Appliance,
) -> None:
    for method, status in (("GET", 400), ("HEAD", 400), ("PUT", 401), ("DELETE", 401)):
        answer = await ask(appliance.client_url, method, "/priv/a.txt")
        assert (answer.status, *policy(answer)) == (status, "no-store", [BY_HOST])


async def test_paths_that_only_resemble_private_ones_have_no_policy(
    appliance: Appliance, owner: Person
) -> None:
    for target in ("/priv", "/privstuff/x", "/PRIV/x", "/foo/../privx/y"):
        answer = await ask(appliance.client_url, "GET", target, owner.headers.items())
        assert (answer.status, *policy(answer)) == (403, None, []), target


async def test_public_headers_are_as_they_were(appliance: Appliance, owner: Person) -> None:
    cookie = ("cookie", owner.headers["cookie"])
    for headers in ([], [cookie]):
        for method in ("GET", "HEAD"):
            legacy = await ask(
                appliance.client_url, method, "/pub/a.txt", [("pubky-host", owner.z32), *headers]
            )
            assert policy(legacy) == ("private, must-revalidate", ["pubky-host"])
            by_path = await ask(
                appliance.client_url, method, f"/storage/{owner.z32}/pub/a.txt", headers
            )
            assert policy(by_path) == ("private, must-revalidate", [])


async def test_public_errors_and_changes_carry_no_policy(
    appliance: Appliance, owner: Person
) -> None:
    headers = list(owner.headers.items())
    for method, target, status in (
        ("GET", "/pub/none", 404),
        ("GET", "/pub/none/", 404),
        ("GET", "/pub/a%00", 400),
        ("GET", "/pub/a.txt?shallow=x", 400),
        ("GET", "/foo", 403),
        ("PUT", "/pub/a.txt", 201),
        ("PUT", "/pub/a.txt/b", 409),
        ("DELETE", "/pub/a.txt", 204),
        ("DELETE", "/pub/a.txt", 404),
    ):
        answer = await ask(appliance.client_url, method, target, headers)
        assert (answer.status, *policy(answer)) == (status, None, []), target


async def test_a_strangers_private_name_is_as_closed_as_a_users(appliance: Appliance) -> None:
    stranger = keypair_of("stranger").public_key.z32
    answer = await ask(appliance.client_url, "GET", f"/storage/{stranger}/priv/a")
    assert (answer.status, *policy(answer)) == (401, "no-store", [BY_PATH])
