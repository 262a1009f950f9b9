"""Directory listings over HTTP (client API 11)."""

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.web.listing import ListingQuery, parse_limit
from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask

DEEP = [
    "/pub/a.wrong/a.txt",
    "/pub/example.com/a.txt",
    "/pub/example.com/b.txt",
    "/pub/example.com/cc-nested/z.txt",
    "/pub/example.com/d.txt",
    "/pub/example.wrong/a.txt",
    "/pub/z.wrong/a.txt",
]
SHALLOW = [
    "/pub/a.com/a.txt",
    "/pub/example.com/a.txt",
    "/pub/example.com/b.txt",
    "/pub/example.com/c.txt",
    "/pub/example.com/d.txt",
    "/pub/example.con/d.txt",
    "/pub/example.con-file",
    "/pub/file",
    "/pub/file2",
    "/pub/z.com/a.txt",
]
CHILDREN = [
    "/pub/a.com/",
    "/pub/example.com/",
    "/pub/example.con-file",
    "/pub/example.con/",
    "/pub/file",
    "/pub/file2",
    "/pub/z.com/",
]


async def paths(owner: Person, target: str) -> list[str]:
    """The listed paths without their owner."""
    response = await owner.http.get(target, headers={"pubky-host": owner.z32})
    assert response.status_code == 200, response.text
    prefix = f"pubky://{owner.z32}"
    lines = response.text.split("\n") if response.text else []
    assert all(line.startswith(prefix) for line in lines)
    return [line.removeprefix(prefix) for line in lines]


async def fill(owner: Person, files: list[str]) -> None:
    """Put empty files."""
    for path in files:
        assert (await owner.put(path)).status_code == 201, path


async def test_a_deep_listing_holds_every_file_below_in_order(alice: Person, bob: Person) -> None:
    await fill(alice, DEEP)
    await fill(bob, ["/pub/example.com/bob.txt"])
    inside = [path for path in DEEP if path.startswith("/pub/example.com/")]
    assert await paths(alice, "/pub/example.com/") == inside
    assert await paths(alice, "/pub/") == DEEP
    assert await paths(alice, "/pub/example.com/cc-nested/") == [inside[2]]


async def test_a_deep_listing_goes_on_after_the_cursor(alice: Person) -> None:
    await fill(alice, DEEP)
    directory, inside = "/pub/example.com/", DEEP[1:5]
    cursor = f"{alice.z32}{inside[1]}"
    assert await paths(alice, f"{directory}?limit=2") == inside[:2]
    for text in (cursor, f"pubky://{cursor}", f"pubky://pubky://{cursor}"):
        assert await paths(alice, f"{directory}?limit=2&cursor={text}") == inside[2:]
        assert await paths(alice, f"{directory}?cursor={text}&reverse") == inside[:1]
    assert await paths(alice, f"{directory}?reverse=true") == inside[::-1]
    assert await paths(alice, f"{directory}?reverse&limit=2") == [inside[3], inside[2]]
    assert await paths(alice, f"{directory}?cursor={alice.z32}{inside[3]}") == []


async def test_a_shallow_listing_holds_the_direct_children(alice: Person) -> None:
    await fill(alice, SHALLOW)
    assert await paths(alice, "/pub/?shallow") == CHILDREN
    assert await paths(alice, "/pub/?shallow&reverse") == CHILDREN[::-1]
    assert await paths(alice, "/pub/?limit=2&shallow") == CHILDREN[:2]
    assert await paths(alice, "/pub/?reverse&limit=2&shallow") == CHILDREN[:-3:-1]
    for index, child in enumerate(CHILDREN):
        cursor = f"cursor={alice.z32}{child}"
        assert await paths(alice, f"/pub/?shallow&{cursor}") == CHILDREN[index + 1 :]
        assert await paths(alice, f"/pub/?shallow&limit=2&{cursor}") == CHILDREN[index + 1 :][:2]
        assert await paths(alice, f"/pub/?shallow&reverse&{cursor}") == CHILDREN[:index][::-1]


async def test_names_of_folders_are_no_patterns(alice: Person) -> None:
    """The reference used unescaped SQL patterns and regular expressions here."""
    files = [
        "/pub/a_b/in",
        "/pub/axb/out",
        "/pub/a%25b/in",
        "/pub/a.c/in",
        "/pub/a(d)+[e]*/in",
        "/pub/a'f/in",
        "/pub/a_b.c/out",
        "/pub/A_B/out",
    ]
    await fill(alice, files)
    assert await paths(alice, "/pub/a_b/") == ["/pub/a_b/in"]
    assert await paths(alice, "/pub/a%25b/") == ["/pub/a%b/in"]
    assert await paths(alice, "/pub/a.c/") == ["/pub/a.c/in"]
    assert await paths(alice, "/pub/a'f/") == ["/pub/a'f/in"]
    assert await paths(alice, "/pub/a(d)+%5Be%5D*/") == ["/pub/a(d)+[e]*/in"]
    assert await paths(alice, "/pub/?shallow") == sorted(
        {path.replace("%25", "%").rpartition("/")[0] + "/" for path in files}
    )


async def test_paths_are_printed_decoded_and_ordered_by_their_bytes(alice: Person) -> None:
    names = ["A", "a b", "a%b", "a+b", "a-b", "a.b", "a/b", "a0b", "ab", "z", "é", "\uffee", "🦀"]
    assert names == sorted(names, key=str.encode)
    for name in names:
        await alice.put("/pub/" + "".join(f"%{byte:02X}" for byte in name.encode()))
    assert await paths(alice, "/pub/") == [f"/pub/{name}" for name in names]


async def test_a_page_holds_what_the_limit_says(alice: Person) -> None:
    await fill(alice, [f"/pub/many/{number:04}" for number in range(105)])
    for limit, expected in (
        ("1", 1),
        ("100", 100),
        ("104", 104),
        ("105", 105),
        ("1000", 105),
        ("65535", 105),
        ("65536", 100),
        ("99999999999999999999", 100),
        ("0000101", 101),
        ("0", 0),
        ("-1", 100),
        ("+5", 100),
        ("1.5", 100),
        ("ten", 100),
        ("", 100),
        ("%D9%A3", 100),
    ):
        assert len(await paths(alice, f"/pub/many/?limit={limit}")) == expected, limit
    assert len(await paths(alice, "/pub/many/")) == 100
    assert len(await paths(alice, "/pub/many/?limit=3&limit=7")) == 7


async def test_booleans_have_many_spellings(alice: Person) -> None:
    await fill(alice, ["/pub/d/1", "/pub/d/2"])
    for yes in ("=true", "=yes", "=1", "=", "", "=TRUE", "=Yes"):
        assert await paths(alice, f"/pub/d/?reverse{yes}") == ["/pub/d/2", "/pub/d/1"], yes
        assert await paths(alice, f"/pub/?shallow{yes}") == ["/pub/d/"], yes
    for no in ("=false", "=no", "=0", "=FALSE"):
        assert await paths(alice, f"/pub/d/?reverse{no}&shallow{no}") == ["/pub/d/1", "/pub/d/2"]
    for bad in ("=maybe", "=2", "=%20", "=truee"):
        for name in ("reverse", "shallow"):
            response = await alice.http.get(f"/pub/d/?{name}{bad}", headers=alice.headers)
            assert (response.status_code, response.text) == (400, "Invalid boolean parameter")
            assert "content-type" not in response.headers


async def test_a_cursor_must_be_an_address(alice: Person, bob: Person) -> None:
    await fill(alice, ["/pub/d/1", "/pub/d/2"])
    for cursor in (
        "1",
        "/pub/d/1",
        alice.z32,
        f"{alice.z32}pub/d/1",
        f"pubky{alice.z32}/pub/d/1",
        f"{alice.z32[:-1]}/pub/d/1",
        f"{alice.z32}/pub//d",
        f"{alice.z32}/pub/./d",
        f"{alice.z32}/pub/d/%00",
        f"https://{alice.z32}/pub/d/1",
        "%FF",
    ):
        response = await alice.http.get(f"/pub/d/?cursor={cursor}", headers=alice.headers)
        assert (response.status_code, response.text) == (400, "Invalid cursor"), cursor
    everything = ["/pub/d/1", "/pub/d/2"]
    for cursor, expected in (
        ("", everything),
        ("pubky://", None),
        (f"{bob.z32}/pub/d/1", everything[1:]),
        (f"{alice.z32}/", everything),
        (f"{alice.z32}/priv/x", everything),
        (f"{alice.z32}/zzz", []),
        (f"{alice.z32}/pub/d/1+1", everything[1:]),
        (f"{alice.z32}/pub/d/", everything),
        (f"{alice.z32}/pub/d/1x/deep", everything[1:]),
    ):
        response = await alice.http.get(f"/pub/d/?cursor={cursor}", headers=alice.headers)
        if expected is None:
            assert response.status_code == 400
            continue
        assert response.text == "\n".join(f"pubky://{alice.z32}{path}" for path in expected)


async def test_a_listing_is_checked_in_the_order_of_the_contract(
    http: httpx.AsyncClient, alice: Person
) -> None:
    anonymous = {"pubky-host": alice.z32}
    for target, status, text in (
        ("/priv/?reverse=maybe", 400, "Invalid boolean parameter"),
        ("/priv/?cursor=rubbish", 401, "Authentication required to read private storage"),
        ("/pub/none/?cursor=rubbish", 404, "Directory Not Found"),
        ("/pub/?cursor=rubbish", 404, "Directory Not Found"),
    ):
        response = await http.get(target, headers=anonymous)
        assert (response.status_code, response.text) == (status, text), target
    await alice.put("/pub/a")
    response = await http.get("/pub/?cursor=rubbish", headers=anonymous)
    assert (response.status_code, response.text) == (400, "Invalid cursor")


async def test_a_directory_exists_while_a_file_lies_in_it(alice: Person) -> None:
    await alice.put("/pub/app/deep/file")
    assert await paths(alice, "/pub/app/?shallow") == ["/pub/app/deep/"]
    await alice.delete("/pub/app/deep/file")
    for directory in ("/pub/app/deep/", "/pub/app/", "/pub/"):
        response = await alice.get(directory)
        assert (response.status_code, response.text) == (404, "Directory Not Found")


async def test_the_headers_of_a_listing(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a")
    by_host = await ask(appliance.client_url, "GET", "/pub/", [("pubky-host", alice.z32)])
    by_path = await ask(appliance.client_url, "GET", f"/storage/{alice.z32}/pub/")
    cors = "origin, access-control-request-method, access-control-request-headers"
    for answer, vary in ((by_host, ["pubky-host", cors]), (by_path, [cors])):
        assert answer.header("content-type") == "text/plain"
        assert answer.header("content-length") == str(len(answer.body))
        assert answer.header_values("vary") == vary
        for absent in ("etag", "last-modified", "cache-control"):
            assert answer.header(absent) is None
        assert not answer.body.endswith(b"\n")


async def test_a_path_addressed_listing_pages_like_any_other(alice: Person) -> None:
    await fill(alice, ["/pub/d/1", "/pub/d/2"])
    target = f"/storage/{alice.z32}/pub/d/?limit=1"
    first = (await alice.http.get(target)).text
    assert first == f"pubky://{alice.z32}/pub/d/1"
    second = (await alice.http.get(f"{target}&cursor={first}")).text
    assert second == f"pubky://{alice.z32}/pub/d/2"


async def test_the_json_form_tells_the_facts_of_each_file(alice: Person) -> None:
    await alice.put("/pub/d/a.txt", "hello")
    await alice.put("/pub/d/sub/b", "x")
    page = (await alice.get("/pub/d/?shallow&format=json")).json()
    file, folder = page["items"]
    assert folder == {"kind": "folder", "name": "sub", "path": "/pub/d/sub/"}
    assert file.pop("modified_at").endswith("+00:00")
    assert file == {
        "kind": "file",
        "name": "a.txt",
        "path": "/pub/d/a.txt",
        "bytes": 5,
        "type": "text/plain",
        "content_hash": "6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8=",
    }
    assert page["next_cursor"] is None
    full = (await alice.get("/pub/d/?format=json&limit=1")).json()
    assert full["next_cursor"] == f"{alice.z32}/pub/d/a.txt"


@given(st.binary(max_size=200))
@example(b"limit=" + b"9" * 10_000)
@example(b"cursor=%FF&reverse=\xff")
def test_any_query_is_read_or_refused(query: bytes) -> None:
    code = "none"
    try:
        parsed = ListingQuery.parse(query)
        assert 0 <= parsed.limit <= 1000
        parsed.cursor_path()
    except PubkyError as error:
        code = error.code
    assert code in ("none", "invalid")


@given(st.text(max_size=30))
def test_any_limit_is_a_number_or_the_default(text: str) -> None:
    assert 0 <= parse_limit(text) <= 1000


@pytest.mark.parametrize("text", ["²", "١", "①", " 5", "5 ", "0x5", "5_0"])
def test_only_plain_digits_are_a_limit(text: str) -> None:
    assert parse_limit(text) == 100
