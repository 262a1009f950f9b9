"""Paths on the wire: one file for every spelling, and a clear refusal for the rest (5.3, 5.4)."""

from collections.abc import Iterator

from appliance.pubky.paths import encode_percent
from tests.support.appliance import Appliance, Person
from tests.support.raw_http import RawResponse, ask

SPELLINGS = [
    ("/pub/plain", "/pub/plain"),
    ("/pub//a//b", "/pub/a/b"),
    ("///pub///c", "/pub/c"),
    ("/pub/./d", "/pub/d"),
    ("/pub/e/../f", "/pub/f"),
    ("/pub/g/..//h", "/pub/h"),
    ("/x/y/../../pub/i", "/pub/i"),
    ("/pub/%2e%2E/pub/j", "/pub/j"),
    ("/pub/k%2Fl", "/pub/k/l"),
    ("/pub/name..", "/pub/name.."),
    ("/pub/.hidden/...", "/pub/.hidden/..."),
    ("/pub/m/%252E%252E/n", "/pub/m/%2E%2E/n"),
    ("/pub/one+two", "/pub/one+two"),
    ("/pub/100%", "/pub/100%"),
    ("/pub/%zz", "/pub/%zz"),
    ("/pub/a%20b", "/pub/a b"),
    ("/pub/dir%20/file", "/pub/dir /file"),
    ("/pub/%C3%BC%F0%9F%A6%80", "/pub/ü🦀"),
    ("/pub/q%3Fr%23s", "/pub/q?r#s"),
    ("/pub/colon:at@semi;comma,", "/pub/colon:at@semi;comma,"),
]

CONTROL = "path contains a control character"
BACKSLASH = "path must not contain a backslash"
END = "path must not end in whitespace"
ABOVE = "path traverses above root"
LONGEST = "/pub" + ("/" + "a" * 241) * 4

REFUSED = [
    ("/pub/../..", ABOVE),
    ("/../pub/x", ABOVE),
    ("/pub/%2E%2E/%2E%2E/x", ABOVE),
    ("/pub/a%00", CONTROL),
    ("/pub/a%0Ab", CONTROL),
    ("/pub/a%7F/b", CONTROL),
    ("/pub/%C2%85", CONTROL),
    ("/pub/bad%01/../good", CONTROL),
    ("/pub/report%20", END),
    ("/pub/report%C2%A0", END),
    ("/pub/report%E3%80%80", END),
    ("/pub/scope/%5C..%5Creport", BACKSLASH),
    ("/pub/" + "a" * 256, "path segment is 256 bytes; maximum is 255"),
    ("/pub/" + "%C3%A9" * 128, "path segment is 256 bytes; maximum is 255"),
    (LONGEST + "b", "path is 973 bytes; maximum is 972"),
]


def both_forms(owner: Person, target: str) -> Iterator[tuple[str, list[tuple[str, str]], bool]]:
    """The target, the headers and whether it is path-addressed, for either addressing mode."""
    cookie = ("cookie", f"{owner.z32}={owner.cookies[owner.z32]}")
    yield target, [("pubky-host", owner.z32), cookie], False
    yield f"/storage/{owner.z32}{target}", [cookie], True


async def test_every_spelling_of_a_path_reaches_the_same_file(
    appliance: Appliance, alice: Person
) -> None:
    url = appliance.client_url
    for spelling, stored in SPELLINGS:
        for target, headers, _ in both_forms(alice, spelling):
            content = target.encode()
            put = await ask(url, "PUT", target, headers, content)
            assert put.brief == (201, ""), target
            listing = await ask(url, "GET", "/pub/", headers[:1], host=alice.z32)
            assert f"pubky://{alice.z32}{stored}" in listing.text.split("\n"), target
            for way, way_headers, _ in both_forms(alice, encode_percent(stored)):
                got = await ask(url, "GET", way, way_headers)
                assert (got.status, got.body) == (200, content), way
            head = await ask(url, "HEAD", target, headers)
            assert (head.status, head.header("content-length")) == (200, str(len(content)))
            assert (await ask(url, "DELETE", target, headers)).brief == (204, "")
            assert (await ask(url, "GET", target, headers)).brief == (404, "Not Found")


async def test_a_path_against_the_rules_is_refused_with_its_text_by_every_method(
    appliance: Appliance, alice: Person
) -> None:
    for refused, message in REFUSED:
        for target, headers, path_addressed in both_forms(alice, refused):
            prefix = "Invalid storage path" if path_addressed else "Invalid URL"
            for method in ("GET", "PUT", "DELETE"):
                body = b"x" if method == "PUT" else b""
                answer = await ask(appliance.client_url, method, target, headers, body)
                assert answer.brief == (400, f"{prefix}: {message}"), (method, target)
            head = await ask(appliance.client_url, "HEAD", target, headers)
            assert head.status == 400


async def test_an_alias_that_is_refused_leaves_the_file_untouched(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/report", "as it was")
    for alias in ("report%20", "report%C2%A0", "report%E3%80%80", "scope/%5C..%5Creport"):
        for target, headers, _ in both_forms(alice, f"/pub/{alias}"):
            for method in ("PUT", "DELETE"):
                answer = await ask(appliance.client_url, method, target, headers, b"changed")
                assert answer.status == 400
    assert (await alice.get("/pub/report")).text == "as it was"


async def test_the_longest_path_and_the_longest_segment_are_allowed(
    appliance: Appliance, alice: Person
) -> None:
    assert len(LONGEST) == 972
    for path in (LONGEST, "/pub/" + "b" * 255):
        for target, headers, _ in both_forms(alice, path):
            put = await ask(appliance.client_url, "PUT", target, headers, b"fits")
            assert put.status == 201
            assert (await ask(appliance.client_url, "GET", target, headers)).text == "fits"


async def test_a_path_that_is_no_text_is_refused(appliance: Appliance, alice: Person) -> None:
    for method in ("GET", "PUT", "DELETE"):
        for target, headers, path_addressed in both_forms(alice, "/pub/%FF"):
            answer = await ask(appliance.client_url, method, target, headers)
            expected = (
                "Storage path is not valid UTF-8"
                if path_addressed
                else "Invalid URL: Invalid UTF-8 in `path`"
            )
            assert answer.brief == (400, expected)


async def test_a_directory_cannot_be_written_or_deleted(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/app/file", "stays")
    for directory in ("/pub/app/", "/pub/app/.", "/pub/app/x/..", "/pub/", "/priv/"):
        for target, headers, path_addressed in both_forms(alice, directory):
            text = "Target path must be a file"
            if not path_addressed:
                text = "Invalid URL: target path must be a file"
            for method in ("PUT", "DELETE"):
                answer = await ask(appliance.client_url, method, target, headers)
                assert answer.brief == (400, text), (method, target)
    assert (await alice.get("/pub/app/file")).text == "stays"


async def test_a_file_and_a_directory_never_turn_into_each_other(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/app/file", "x")

    async def status(method: str, path: str) -> list[int]:
        answers: list[RawResponse] = [
            await ask(appliance.client_url, method, target, headers)
            for target, headers, _ in both_forms(alice, path)
        ]
        return [answer.status for answer in answers]

    assert await status("GET", "/pub/app") == [404, 404]
    assert await status("GET", "/pub/app/") == [200, 200]
    assert await status("GET", "/pub/app/file/") == [404, 404]
    assert await status("HEAD", "/pub/app/") == [404, 404]
    assert await status("HEAD", "/pub/app") == [404, 404]


async def test_nothing_outside_the_two_roots_can_be_read_or_written(
    appliance: Appliance, alice: Person
) -> None:
    for outside in ("/pub", "/priv", "/foo/x", "/public/x", "/private/x", "/Pub/x", "/pub/../x"):
        for target, headers, _ in both_forms(alice, outside):
            for method, verb in (
                ("PUT", "Writing to"),
                ("DELETE", "Writing to"),
                ("GET", "Reading from"),
            ):
                answer = await ask(appliance.client_url, method, target, headers)
                text = f"{verb} directories other than '/pub/' and '/priv/' is forbidden"
                assert answer.brief == (403, text), (method, target)
            assert (await ask(appliance.client_url, "HEAD", target, headers)).status == 403
    for target in (f"/storage/{alice.z32}//", f"/storage/{alice.z32}/pub/.."):
        assert (await ask(appliance.client_url, "GET", target)).status == 403


async def test_a_normal_form_decides_whether_a_request_is_private(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/priv/secret", "hidden")
    for spelling in ("/pub/../priv/secret", "/pub/%2e%2e/priv/secret", "//priv/./secret"):
        for target, headers, _ in both_forms(alice, spelling):
            anonymous = headers[:1] if "pubky-host" in dict(headers) else []
            assert (await ask(appliance.client_url, "GET", target, anonymous)).brief == (
                401,
                "Authentication required to read private storage",
            )
            assert (await ask(appliance.client_url, "GET", target, headers)).text == "hidden"
