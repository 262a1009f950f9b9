"""Whose data a request is about (client API 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.web.tenant import resolve_address
from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask

OFF_CURVE = "c1bkg8tfsyy8wcedtmw4fwhdmm7bbzhgg3z58tf43m5ow8w9mbus"
VALID = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"

NO_ADDRESS = [
    ("/storage", "Missing storage owner or path"),
    ("/storage/", "Missing storage owner or path"),
    ("/storage?x=/pub/a", "Missing storage owner or path"),
    (f"/storage/{VALID}", "Missing storage path"),
    (f"/storage/{VALID}/", "Missing storage path"),
    ("/storage/anything", "Missing storage path"),
    ("/storage//pub/x", "Invalid storage owner public key"),
    ("/storage/short/pub/x", "Invalid storage owner public key"),
    (f"/storage/{'0' * 52}/pub/x", "Invalid storage owner public key"),
    (f"/storage/{OFF_CURVE}/pub/x", "Invalid storage owner public key"),
    (f"/storage/pubky{VALID}/pub/x", "Invalid storage owner public key"),
    (f"/storage/_pubky.{VALID}/pub/x", "Invalid storage owner public key"),
    (f"/storage/{VALID.upper()}/pub/x", "Invalid storage owner public key"),
    (f"/storage/%38{VALID[1:]}/pub/x", "Invalid storage owner public key"),
    (f"/storage/{VALID}/pub/%FF", "Storage path is not valid UTF-8"),
    (f"/storage/{VALID}/../x", "Invalid storage path: path traverses above root"),
    (f"/storage/{VALID}/pub/a%00", "Invalid storage path: path contains a control character"),
]


async def test_a_malformed_storage_address_is_refused_before_anything_else(
    appliance: Appliance,
) -> None:
    for target, message in NO_ADDRESS:
        for method in ("GET", "PUT", "DELETE", "PATCH", "POST"):
            answer = await ask(
                appliance.client_url, method, target, [("origin", "https://app.example")]
            )
            assert answer.brief == (400, message), (method, target)
            assert answer.header("content-type") == "text/plain; charset=utf-8"
            assert answer.header("access-control-allow-origin") == "https://app.example"
            assert answer.header("cache-control") is None


async def test_head_of_a_malformed_storage_address_has_no_body(appliance: Appliance) -> None:
    answer = await ask(appliance.client_url, "HEAD", "/storage/x/pub/y")
    assert (answer.status, answer.header("content-length")) == (400, "32")


async def test_only_the_path_counts_when_it_names_the_owner(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await alice.put("/pub/who", "alice")
    for headers, query, host in (
        ([("pubky-host", bob.z32)], "", "any"),
        ([("pubky-host", "rubbish")], "", "any"),
        ([], "", bob.z32),
        ([], f"?pubky-host={bob.z32}", "any"),
    ):
        target = f"/storage/{alice.z32}/pub/who{query}"
        answer = await ask(appliance.client_url, "GET", target, headers, host=host)
        assert answer.brief == (200, "alice")


async def test_a_path_that_only_resembles_the_storage_prefix_is_a_legacy_path(
    appliance: Appliance, alice: Person
) -> None:
    answer = await ask(
        appliance.client_url, "GET", f"/storages/{alice.z32}/pub/x", [("pubky-host", alice.z32)]
    )
    assert answer.brief == (
        403,
        "Reading from directories other than '/pub/' and '/priv/' is forbidden",
    )


@pytest.fixture
async def two_files(alice: Person, bob: Person) -> tuple[str, str]:
    """Alice's and Bob's keys; a file of each says whose it is."""
    await alice.put("/pub/who", "alice")
    await bob.put("/pub/who", "bob")
    return alice.z32, bob.z32


async def test_the_pubky_host_header_wins_over_host_and_both_over_the_query(
    appliance: Appliance, two_files: tuple[str, str]
) -> None:
    alice, bob = two_files
    rows: list[tuple[str, list[tuple[str, str]], str, str]] = [
        (bob, [("pubky-host", alice)], "", "alice"),
        (bob, [("pubky-host", f"pubky{alice}")], "", "bob"),
        (bob, [("pubky-host", "rubbish")], "", "bob"),
        (bob, [("pubky-host", "")], "", "bob"),
        (bob, [("pubky-host", "x"), ("pubky-host", alice)], "", "bob"),
        (bob, [], f"?pubky-host={alice}", "bob"),
        ("any", [("pubky-host", "x")], f"?pubky-host={alice}", "alice"),
        ("any", [], f"?a=b&pubky-host=x&pubky-host={alice}&pubky-host={bob}", "alice"),
        ("any", [], f"?pubky-host=pubky{bob}&pubky-host={alice}", "alice"),
        (f"_pubky.{alice}", [], "", "alice"),
        (f"{alice}:6286", [], "", "alice"),
        (f"_pubky.{alice}:6287", [], "", "alice"),
    ]
    for host, headers, query, owner in rows:
        answer = await ask(appliance.client_url, "GET", f"/pub/who{query}", headers, host=host)
        assert answer.brief == (200, owner), (host, headers, query)


async def test_the_owner_in_the_query_is_read_undecoded(
    appliance: Appliance, two_files: tuple[str, str]
) -> None:
    alice, _ = two_files
    for query in (f"pubky%2Dhost={alice}", f"pubky-host=%{ord(alice[0]):x}{alice[1:]}"):
        answer = await ask(appliance.client_url, "GET", f"/pub/who?{query}")
        assert answer.brief == (400, "Missing request tenant")


async def test_every_spelling_of_a_key_means_the_same_user(
    appliance: Appliance, alice: Person
) -> None:
    """The last character holds four bits that no key uses: 16 spellings, one canonical."""
    await alice.put("/priv/mine", "alice")
    alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769"
    group = alphabet.index(alice.z32[-1]) // 16 * 16
    cookie = [("cookie", f"{alice.z32}={alice.cookies[alice.z32]}")]
    for last in alphabet[group : group + 16]:
        spelling = alice.z32[:-1] + last
        for target, host in (("/priv/", spelling), (f"/storage/{spelling}/priv/", "any")):
            answer = await ask(appliance.client_url, "GET", target, cookie, host=host)
            assert answer.brief == (200, f"pubky://{alice.z32}/priv/mine")


async def test_a_storage_request_without_an_owner_is_refused(appliance: Appliance) -> None:
    missing = (400, "Missing request tenant")
    no_session = (401, "No authenticated session found")
    for method, target, expected in (
        ("GET", "/pub/x", missing),
        ("GET", "/pub/", missing),
        ("GET", "/priv/x", missing),
        ("GET", "/foo", missing),
        ("GET", "/pub/%FF", missing),
        ("GET", "/pub/x?reverse=maybe", missing),
        ("GET", "/favicon.ico", missing),
        ("GET", "/events", missing),
        ("GET", "/events-stream/", missing),
        ("GET", "/info/", missing),
        ("GET", "//", missing),
        ("PUT", "/pub/x", no_session),
        ("PUT", "/pub/", no_session),
        ("DELETE", "/foo", no_session),
        ("GET", "/session", (404, "Not Found")),
        ("DELETE", "/session", missing),
    ):
        answer = await ask(appliance.client_url, method, target)
        assert answer.brief == expected, (method, target)
    head = await ask(appliance.client_url, "HEAD", "/pub/x")
    assert (head.status, head.header("content-length")) == (400, "22")


@given(
    st.one_of(
        st.binary(max_size=80),
        st.binary(max_size=40).map(lambda rest: b"/storage/" + rest),
        st.binary(max_size=40).map(lambda rest: b"/storage/" + VALID.encode() + b"/" + rest),
    ),
    st.lists(st.tuples(st.sampled_from([b"host", b"pubky-host", b"x"]), st.binary(max_size=70))),
    st.binary(max_size=80),
)
def test_any_request_has_an_address_or_is_refused(
    raw_path: bytes, headers: list[tuple[bytes, bytes]], query: bytes
) -> None:
    code = "none"
    try:
        address = resolve_address({"raw_path": raw_path, "headers": headers, "query_string": query})
        assert address.is_private in (True, False)
        address.storage_path()
    except PubkyError as error:
        code = error.code
    assert code in ("none", "invalid")
