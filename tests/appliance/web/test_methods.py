"""Which route takes which method (client API 2, 15 and 18.4)."""

import json

import pytest

from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask, raw_connection, request_bytes


async def test_the_root_says_what_this_is(appliance: Appliance, alice: Person) -> None:
    for host in ("any", alice.z32):
        answer = await ask(appliance.client_url, "GET", "/", host=host)
        assert answer.brief == (200, "Pubky Homeserver")
        assert answer.header("content-type") == "text/plain; charset=utf-8"
        assert answer.header("content-length") == "16"


async def test_info_lists_the_features(appliance: Appliance) -> None:
    answer = await ask(appliance.client_url, "GET", "/info")
    assert answer.status == 200
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert "path-addressed-storage" in json.loads(answer.text)["features"]
    assert len(answer.body) <= 16 * 1024


@pytest.mark.parametrize(
    ("target", "allowed", "refused"),
    [
        ("/", {"GET", "HEAD"}, ["POST", "PUT", "DELETE", "PATCH", "TRACE"]),
        ("/info", {"GET", "HEAD"}, ["POST", "PUT", "DELETE", "PATCH"]),
        ("/signup", {"POST"}, ["GET", "HEAD", "PUT", "DELETE", "PATCH"]),
        ("/session", {"GET", "HEAD", "POST", "DELETE"}, ["PUT", "PATCH"]),
        ("/signup_tokens/x", {"GET", "HEAD"}, ["POST", "PUT", "DELETE"]),
        ("/pub/x", {"GET", "HEAD", "PUT", "DELETE"}, ["POST", "PATCH", "TRACE", "BREW"]),
        ("/priv/x", {"GET", "HEAD", "PUT", "DELETE"}, ["POST", "PATCH"]),
        ("/anything/else", {"GET", "HEAD", "PUT", "DELETE"}, ["POST", "PATCH"]),
        ("storage", {"GET", "HEAD", "PUT", "DELETE"}, ["POST", "PATCH", "PROPFIND"]),
    ],
)
async def test_a_wrong_method_is_405_with_what_is_allowed(
    appliance: Appliance, alice: Person, target: str, allowed: set[str], refused: list[str]
) -> None:
    if target == "storage":
        target = f"/storage/{alice.z32}/pub/x"
    for method in refused:
        answer = await ask(appliance.client_url, method, target, alice.headers.items())
        assert (answer.status, answer.body) == (405, b""), method
        assert set((answer.header("allow") or "").split(",")) == allowed
        assert answer.header("content-type") is None
        assert answer.header("access-control-allow-credentials") == "true"


async def test_head_has_the_headers_of_get_and_no_body(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a.txt", "hello")
    await alice.put("/priv/a.txt", "hello")
    targets = [
        "/",
        "/info",
        "/session",
        "/signup_tokens/x",
        "/pub/a.txt",
        "/priv/a.txt",
        f"/storage/{alice.z32}/pub/a.txt",
        "/pub/none",
        "/pub/a%00",
        "/foo",
        "/storage/x/pub/a",
    ]
    headers = list(alice.headers.items())
    async with raw_connection(appliance.client_url) as connection:
        for target in targets:
            await connection.send(request_bytes("GET", target, headers))
            get = await connection.response()
            await connection.send(request_bytes("HEAD", target, headers))
            # A body after this head would be taken for the next answer.
            head = await connection.response(to_head=True)
            assert head.status == get.status, target
            without_date = [line for line in get.headers if line[0] != "date"]
            assert [line for line in head.headers if line[0] != "date"] == without_date, target


async def test_options_is_answered_anywhere(appliance: Appliance, alice: Person) -> None:
    for target in (
        "/",
        "/info",
        "/signup",
        "/session",
        "/pub/x",
        "/priv/x",
        "/foo",
        "/storage",
        "/storage/x/y",
        f"/storage/{alice.z32}/priv/%00",
        "/events/",
        "/events-stream",
        "*",
    ):
        for headers in ([], [("pubky-host", alice.z32)]):
            answer = await ask(appliance.client_url, "OPTIONS", target, headers)
            assert (answer.status, answer.body) == (200, b""), target
            assert answer.header("content-length") == "0"
            assert answer.header("allow") is None


async def test_an_answer_names_neither_server_nor_request(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", "x")
    for target in ("/", "/info", "/pub/a", "/pub/none", "/pub/"):
        answer = await ask(appliance.client_url, "GET", target, [("pubky-host", alice.z32)])
        names = {name for name, _ in answer.headers}
        assert names.isdisjoint({"server", "x-request-id", "allow", "content-encoding", "via"})
        assert not any(name.startswith("pubky") for name in names)
        assert "date" in names


async def test_a_compressed_answer_is_never_given(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a.txt", "x" * 10_000)
    headers = [("pubky-host", alice.z32), ("accept-encoding", "gzip, br, zstd")]
    answer = await ask(appliance.client_url, "GET", "/pub/a.txt", headers)
    assert answer.body == b"x" * 10_000


async def test_small_routes_are_known_by_their_exact_path(
    appliance: Appliance, alice: Person
) -> None:
    forbidden = "Reading from directories other than '/pub/' and '/priv/' is forbidden"
    for target in (
        "/info/",
        "/session/",
        "/signup/",
        "/Info",
        "/%69nfo",
        "//info",
        "/./info",
        "/signup_tokens",
        "/signup_tokens/",
        "/signup_tokens/a/b",
        "/events",
        "/events-stream/",
        "/favicon.ico",
    ):
        answer = await ask(appliance.client_url, "GET", target, [("pubky-host", alice.z32)])
        assert answer.brief == (403, forbidden), target
