"""Reading a file: its headers, its validators, and what a condition does (client API 9)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx

from tests.support.appliance import Appliance, Person
from tests.support.raw_http import RawResponse, ask

CORS_VARY = "origin, access-control-request-method, access-control-request-headers"

HASHES = {
    b"": "rxNJufX5oaagQE3qNtzJSZvLJcmtwRK3zJqTyuQfMmI=",
    bytes(1): "LTre3/EbYfFMiG41r6A2c23Nh6dNJ7XBUQIl0PWS4hM=",
    bytes(range(5)): "tAtE39l+eoSplqka+LhRiMZsEmlAunqtLnrms4VAKqI=",
    b"hello": "6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8=",
    b"hello world": "10mB76cKDIgLjYwZhdB128v2ebmaX5kU5ar5a4ManiQ=",
    b"hello world for hash test": "y/1THkWvwAbR5L7soptUXczZg2dqlwSgI7NMs/VHMFo=",
}

PLAIN = [
    "content-type",
    "accept-ranges",
    "x-content-type-options",
    "etag",
    "last-modified",
    "cache-control",
]


def names(answer: RawResponse, *, without_cors: bool = True) -> list[str]:
    """Header names in their order."""
    return [
        name
        for name, _ in answer.headers
        if not (without_cors and name.startswith("access-control"))
    ]


async def read(
    appliance: Appliance, owner: Person, method: str = "GET", **headers: str
) -> RawResponse:
    """Read `/pub/a.txt` anonymously."""
    lines = [("pubky-host", owner.z32)]
    lines += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return await ask(appliance.client_url, method, "/pub/a.txt", lines)


async def test_a_file_comes_with_exactly_these_headers(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a.txt", "hello")
    for method in ("GET", "HEAD"):
        answer = await read(appliance, alice, method)
        assert answer.status == 200
        assert names(answer) == [*PLAIN, "vary", "content-length", "vary", "date"]
        assert answer.header("content-type") == "text/plain"
        assert answer.header("content-length") == "5"
        assert answer.header("etag") == f'"{HASHES[b"hello"]}"'
        assert answer.header("cache-control") == "private, must-revalidate"
        assert answer.header_values("vary") == ["pubky-host", CORS_VARY]
        assert answer.body == (b"hello" if method == "GET" else b"")


async def test_a_path_addressed_file_does_not_vary_by_the_host(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a.txt", "hello")
    target = f"/storage/{alice.z32}/pub/a.txt"
    for method in ("GET", "HEAD"):
        answer = await ask(appliance.client_url, method, target, [("pubky-host", alice.z32)])
        assert names(answer) == [*PLAIN, "content-length", "vary", "date"]
        assert answer.header_values("vary") == [CORS_VARY]


async def test_the_entity_tag_is_the_hash_of_the_content(
    appliance: Appliance, alice: Person
) -> None:
    for content, expected in HASHES.items():
        await alice.put("/pub/a.txt", content)
        for method in ("GET", "HEAD"):
            assert (await read(appliance, alice, method)).header("etag") == f'"{expected}"'


async def test_the_time_of_change_is_now_in_whole_seconds(
    appliance: Appliance, alice: Person
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    await alice.put("/pub/a.txt", "x")
    after = datetime.now(UTC)
    text = (await read(appliance, alice)).header("last-modified") or ""
    assert before <= parsedate_to_datetime(text) <= after
    assert text == format_datetime(parsedate_to_datetime(text), usegmt=True)


async def test_an_absent_file_is_a_bare_404(appliance: Appliance, alice: Person) -> None:
    answer = await read(appliance, alice)
    assert answer.brief == (404, "Not Found")
    assert names(answer) == ["content-type", "content-length", "vary", "date"]
    head = await read(appliance, alice, "HEAD")
    assert (head.status, names(head)) == (404, names(answer))
    assert head.header("content-length") == "9"


async def not_modified(appliance: Appliance, owner: Person, **headers: str) -> bool:
    """Whether the condition spares the body."""
    answer = await read(appliance, owner, **headers)
    assert answer.status in (200, 304)
    return answer.status == 304


async def test_a_current_copy_is_not_sent_again(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a.txt", "hello")
    etag = f'"{HASHES[b"hello"]}"'
    answer = await read(appliance, alice, if_none_match=etag)
    assert answer.status == 304
    assert names(answer) == ["etag", "last-modified", "cache-control", "vary", "vary", "date"]
    assert answer.header("etag") == etag
    assert answer.header("cache-control") == "private, must-revalidate"


async def test_tags_are_compared_as_exact_text(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a.txt", "hello")
    tag = HASHES[b"hello"]
    for value, matches in (
        (f'"{tag}"', True),
        (f'"x", "{tag}" , "y"', True),
        (f'"x","{tag}"', True),
        (tag, False),
        (f"'{tag}'", False),
        (f'W/"{tag}"', False),
        ("*", False),
        ("", False),
        (f'"{HASHES[b""]}"', False),
        (f'"{tag}" "x"', False),
    ):
        assert await not_modified(appliance, alice, if_none_match=value) == matches, value


async def test_a_date_spares_the_body_unless_the_file_is_newer(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a.txt", "hello")
    modified = parsedate_to_datetime((await read(appliance, alice)).header("last-modified") or "")
    for since, matches in (
        (modified, True),
        (modified + timedelta(days=1), True),
        (modified - timedelta(seconds=1), False),
    ):
        text = format_datetime(since, usegmt=True)
        assert await not_modified(appliance, alice, if_modified_since=text) == matches
    for form in ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        text = modified.strftime(form)
        assert await not_modified(appliance, alice, if_modified_since=text), form
    for text in ("", "yesterday", "0", modified.isoformat()):
        assert not await not_modified(appliance, alice, if_modified_since=text), text


async def test_a_tag_disables_the_date(appliance: Appliance, alice: Person) -> None:
    """Also when it does not match: a changed file with an old date is sent."""
    await alice.put("/pub/a.txt", "hello")
    late = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    early = "Thu, 01 Jan 1970 00:00:00 GMT"
    current = f'"{HASHES[b"hello"]}"'
    assert not await not_modified(appliance, alice, if_none_match='"old"', if_modified_since=late)
    assert await not_modified(appliance, alice, if_none_match=current, if_modified_since=early)


async def test_head_and_other_conditions_never_spare_anything(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a.txt", "hello")
    current = f'"{HASHES[b"hello"]}"'
    late = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)
    assert (await read(appliance, alice, "HEAD", if_none_match=current)).status == 200
    assert (await read(appliance, alice, "HEAD", if_modified_since=late)).status == 200
    assert (await read(appliance, alice, if_match='"other"')).status == 200
    early = "Thu, 01 Jan 1970 00:00:00 GMT"
    assert (await read(appliance, alice, if_unmodified_since=early)).status == 200


async def test_the_query_of_a_file_is_read_for_its_booleans(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a.txt", "hello")
    lines = [("pubky-host", alice.z32)]
    for query in ("reverse=maybe", "shallow=2", "reverse=true&reverse=x"):
        answer = await ask(appliance.client_url, "GET", f"/pub/a.txt?{query}", lines)
        assert answer.brief == (400, "Invalid boolean parameter")
        assert answer.header("content-type") is None
        head = await ask(appliance.client_url, "HEAD", f"/pub/a.txt?{query}", lines)
        assert head.status == 200
    for query in ("reverse", "shallow=NO&limit=x&cursor=rubbish", "anything=else", "%FF=%FF"):
        answer = await ask(appliance.client_url, "GET", f"/pub/a.txt?{query}", lines)
        assert answer.brief == (200, "hello")


async def test_a_bad_boolean_is_met_after_the_path_and_before_the_permission(
    appliance: Appliance, alice: Person
) -> None:
    lines = [("pubky-host", alice.z32)]
    answer = await ask(appliance.client_url, "GET", "/pub/a%00?reverse=maybe", lines)
    assert answer.text == "Invalid URL: path contains a control character"
    for target in ("/priv/a?reverse=maybe", "/foo?shallow=maybe"):
        answer = await ask(appliance.client_url, "GET", target, lines)
        assert answer.brief == (400, "Invalid boolean parameter")


async def test_json_comes_back_as_it_went_in(alice: Person) -> None:
    await alice.put("/pub/doc.json", '{"name": "Ällice"}')
    got = await alice.get("/pub/doc.json")
    assert got.headers["content-type"].startswith("application/json")
    assert got.json() == {"name": "Ällice"}


async def test_pages_kept_here_run_in_an_origin_of_their_own(alice: Person) -> None:
    """A page of one user must not act with another user's cookies of the same host."""
    await alice.put("/pub/page.html", "<!doctype html><p>hi")
    await alice.put("/pub/drawing.svg", "<svg/>")
    await alice.put("/pub/a.txt", "x")
    for path in ("/pub/page.html", "/pub/drawing.svg"):
        assert "sandbox" in (await alice.get(path)).headers["content-security-policy"]
    assert "content-security-policy" not in (await alice.get("/pub/a.txt")).headers


async def test_a_strangers_name_has_no_files(http: httpx.AsyncClient, alice: Person) -> None:
    stranger = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    assert alice.z32 != stranger
    for target, headers in (
        ("/pub/a", {"pubky-host": stranger}),
        (f"/storage/{stranger}/pub/a", {}),
    ):
        assert (await http.get(target, headers=headers)).text == "Not Found"
        assert (await http.head(target, headers=headers)).status_code == 404
