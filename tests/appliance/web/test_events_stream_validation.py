"""Every refusal of `GET /events-stream`, in its order and with its text (client API 13.2)."""

import httpx
import pytest

from tests.support.appliance import Person, keypair_of
from tests.support.sse import stream_target

UNKNOWN = keypair_of("nobody here").public_key.z32
NOT_A_POINT = "c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbus"

Query = list[tuple[str, object]]


async def _refusal(http: httpx.AsyncClient, query: Query) -> tuple[int, str]:
    response = await http.get(stream_target(query))
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers.get_list("vary")[0] == "pubky-host, Authorization, Cookie"
    return response.status_code, response.text


REFUSED: list[tuple[Query, int, str]] = [
    ([], 400, "user parameter is required"),
    ([("user", "")], 400, "user parameter is required"),
    ([("user", "ALICE")] * 51, 400, "Too many users. Maximum allowed: 50"),
    ([("user", "short")], 400, "Invalid public key: short"),
    ([("user", "pubkyALICE")], 400, "Invalid public key: pubkyALICE"),
    ([("user", f"{NOT_A_POINT}:5")], 400, f"Invalid public key: {NOT_A_POINT}"),
    ([("user", "ALICE"), ("user", "bad:1")], 400, "Invalid public key: bad"),
    ([("user", UNKNOWN)], 404, "Not Found"),
    ([("user", "ALICE"), ("user", UNKNOWN)], 404, "Not Found"),
    ([("user", "ALICE"), ("limit", "0")], 400, "limit must be at least 1"),
    ([("user", "ALICE"), ("limit", "65536")], 400, "Invalid limit: 65536"),
    ([("user", "ALICE"), ("limit", "-1")], 400, "Invalid limit: -1"),
    ([("user", "ALICE"), ("limit", "")], 400, "Invalid limit: "),
    ([("user", "ALICE"), ("limit", "ten")], 400, "Invalid limit: ten"),
    ([("limit", "x"), ("limit", "5"), ("user", "ALICE")], 400, "Invalid limit: x"),
    (
        [("user", "ALICE"), ("live", "true"), ("reverse", "1")],
        400,
        "Cannot use live mode with reverse ordering",
    ),
    ([("user", "ALICE:abc123xyz")], 400, "Invalid cursor: abc123xyz"),
    ([("user", "ALICE:-100")], 400, "Invalid cursor: -100"),
    ([("user", "ALICE:")], 400, "Invalid cursor: "),
    ([("user", "ALICE:1:2")], 400, "Invalid cursor: 1:2"),
    ([("user", "ALICE:003ABCDEFGHJK")], 400, "Invalid cursor: 003ABCDEFGHJK"),
    ([("user", "ALICE:bad"), ("user", "ALICE")], 400, "Invalid cursor: bad"),
    ([("user", "ALICE"), ("path", "/../../priv/")], 400, "Invalid path: /../../priv/"),
    ([("user", "ALICE"), ("path", "pub/a\\b")], 400, "Invalid path: /pub/a\\b"),
    ([("user", "ALICE"), ("path", "/pub/a ")], 400, "Invalid path: /pub/a "),
    ([("user", "ALICE"), ("path", "/pub/" + "a" * 256)], 400, "Invalid path: /pub/" + "a" * 256),
    (
        [("user", "ALICE"), ("path", "/foo/")],
        403,
        "Reading from directories other than '/pub/' and '/priv/' is forbidden",
    ),
    (
        [("user", "ALICE"), ("path", "/")],
        403,
        "Reading from directories other than '/pub/' and '/priv/' is forbidden",
    ),
    (
        [("user", "ALICE"), ("path", "/pub")],
        403,
        "Reading from directories other than '/pub/' and '/priv/' is forbidden",
    ),
]


@pytest.mark.parametrize(("query", "status", "text"), REFUSED)
async def test_events_stream_validation_errors(
    http: httpx.AsyncClient, alice: Person, query: Query, status: int, text: str
) -> None:
    named = [(name, str(value).replace("ALICE", alice.z32)) for name, value in query]
    found = await _refusal(http, [*named])
    assert found == (status, text.replace("ALICE", alice.z32))


async def test_of_several_faults_the_first_in_order_is_told(http: httpx.AsyncClient) -> None:
    faults: list[tuple[Query, str]] = [
        ([("limit", "x")], "Invalid limit: x"),
        ([("live", "true"), ("reverse", "true")], "Cannot use live mode with reverse ordering"),
        ([("user", "bad")], "Invalid public key: bad"),
        ([("path", "/..")], "Invalid path: /.."),
        ([("path", "/x")], "Reading from directories other than '/pub/' and '/priv/' is forbidden"),
        ([("user", UNKNOWN)], "Not Found"),
    ]
    query = [pair for pairs, _ in reversed(faults) for pair in pairs]
    for pairs, text in faults:
        assert (await _refusal(http, query))[1] == text
        query = [pair for pair in query if pair not in pairs]


async def test_an_unknown_user_comes_before_a_later_bad_cursor_and_after_an_earlier_one(
    http: httpx.AsyncClient, alice: Person
) -> None:
    bad: tuple[str, object] = ("user", f"{alice.z32}:bad")
    unknown: tuple[str, object] = ("user", UNKNOWN)
    assert await _refusal(http, [unknown, bad]) == (404, "Not Found")
    assert await _refusal(http, [bad, unknown]) == (400, "Invalid cursor: bad")


@pytest.mark.parametrize(
    "query",
    [
        [("user", "ALICE:999999")],
        [("user", "ALICE:18446744073709551615")],
        [("user", "ALICE"), ("path", "pub/none/")],
        [("user", "ALICE"), ("path", "/pub/none")],
        [("user", "ALICE:1"), ("limit", "65535"), ("unknown", "x")],
        [("user", "ALICE:0"), ("reverse", "true")],
    ],
)
async def test_what_looks_odd_and_is_good_answers_an_empty_stream(
    http: httpx.AsyncClient, alice: Person, query: Query
) -> None:
    await alice.put("/pub/a", b"x")
    named = [(name, str(value).replace("ALICE", alice.z32)) for name, value in query]
    response = await http.get(stream_target(named))
    assert (response.status_code, response.content) == (200, b"")


async def test_the_query_is_form_encoded(http: httpx.AsyncClient, alice: Person) -> None:
    await alice.put("/pub/a%20b/c", b"x")
    for path in ("%2Fpub%2Fa+b%2F", "/pub/a%20b/", "pub/a+b/c"):
        response = await http.get(f"/events-stream?user={alice.z32}%3A0&path={path}")
        assert "/pub/a b/c\n" in response.text
    # Bytes that are no UTF-8 are replaced, never an error.
    response = await http.get(f"/events-stream?user={alice.z32}&path=/pub/%FF")
    assert (response.status_code, response.content) == (200, b"")


async def test_a_pubky_host_changes_nothing(
    http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    await alice.put("/pub/a", b"x")
    target = stream_target([("user", alice.z32)])
    plain = await http.get(target)
    assert plain.text
    assert (await http.get(target, headers=bob.headers)).text == plain.text
