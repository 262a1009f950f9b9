"""The operator's WebDAV share: real writes, honest refusals, inert bytes."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress
from xml.etree import ElementTree

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.web.dav.app import basic_password
from appliance.web.dav.multistatus import parse_propfind, parse_proppatch
from tests.support.appliance import Appliance, Person
from tests.support.operator import operator_of

DAV = "{DAV:}"


@pytest.fixture
async def share(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """A WebDAV client with the operator's password."""
    auth = httpx.BasicAuth("admin", appliance.admin_password)
    async with httpx.AsyncClient(base_url=appliance.admin_url, auth=auth, timeout=30) as client:
        yield client


async def listed(share: httpx.AsyncClient, path: str, depth: str = "1") -> list[str]:
    """The addresses in the answer to PROPFIND."""
    response = await share.request("PROPFIND", path, headers={"depth": depth})
    assert response.status_code == 207, response.text
    found = ElementTree.fromstring(response.content)
    return [item.text or "" for item in found.iter(DAV + "href")]


async def event_lines(appliance: Appliance) -> list[str]:
    """The newest changes, oldest first, without the owner."""
    async with operator_of(appliance) as operator:
        items = (await operator.get("/events", limit=100))["items"]
    return [f"{item['kind']} /{item['path'].split('/', 3)[3]}" for item in reversed(items)]


async def test_users_are_folders_with_their_two_roots(
    share: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    """The root lists people, a person the roots, a root what is in it."""
    await alice.put("/pub/a b/ü.txt", "x")
    await alice.put("/pub/top", "x")
    assert sorted(await listed(share, "/dav/")) == sorted(
        ["/dav/", f"/dav/{alice.z32}/", f"/dav/{bob.z32}/"]
    )
    assert await listed(share, f"/dav/{alice.z32}") == [
        f"/dav/{alice.z32}/",
        f"/dav/{alice.z32}/pub/",
        f"/dav/{alice.z32}/priv/",
    ]
    assert await listed(share, f"/dav/{alice.z32}/pub") == [
        f"/dav/{alice.z32}/pub/",
        f"/dav/{alice.z32}/pub/a%20b/",
        f"/dav/{alice.z32}/pub/top",
    ]
    assert await listed(share, f"/dav/{alice.z32}/pub/top", "0") == [f"/dav/{alice.z32}/pub/top"]


async def test_properties_are_told_as_asked_with_404_for_what_there_is_not(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """Length, type, tag and date of a file, under the prefix that known clients look for."""
    await alice.put("/pub/a.txt", "hello")
    body = (
        '<propfind xmlns="DAV:" xmlns:o="urn:other"><prop><getcontentlength/>'
        "<getcontenttype/><getetag/><o:colour/></prop></propfind>"
    )
    response = await share.request(
        "PROPFIND", f"/dav/{alice.z32}/pub/a.txt", headers={"depth": "0"}, content=body
    )
    assert "<D:getcontentlength>5</D:getcontentlength>" in response.text
    assert "<D:getcontenttype>text/plain</D:getcontenttype>" in response.text
    missing = response.text.split("200 OK")[1]
    assert 'xmlns:X="urn:other"' in missing
    assert "404 Not Found" in missing


async def test_put_get_delete_write_events_and_keep_the_ledger(
    appliance: Appliance, share: httpx.AsyncClient, alice: Person
) -> None:
    """201, then 204 for an overwrite, bytes with ranges, 204, 404."""
    path = f"/dav/{alice.z32}/pub/new/a.txt"
    assert (await share.put(path, content=b"one")).status_code == 201
    assert (await share.put(path, content=b"three")).status_code == 204
    assert (await share.get(path)).content == b"three"
    part = await share.get(path, headers={"range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, b"hr")
    assert (await alice.get("/pub/new/a.txt")).text == "three"
    async with operator_of(appliance) as operator:
        assert (await operator.get(f"/users/{alice.z32}"))["used_bytes"] == 5 + 256
        assert (await share.delete(path)).status_code == 204
        assert (await operator.get(f"/users/{alice.z32}"))["used_bytes"] == 0
    assert (await share.get(path)).status_code == 404
    assert await event_lines(appliance) == [
        "PUT /pub/new/a.txt",
        "PUT /pub/new/a.txt",
        "DEL /pub/new/a.txt",
    ]


async def test_a_folder_is_deleted_with_an_event_for_each_file(
    appliance: Appliance, share: httpx.AsyncClient, alice: Person
) -> None:
    """Recursive, and what lies beside it stays."""
    for path in ("/pub/x/a", "/pub/x/y/b", "/pub/xz"):
        await alice.put(path, "1")
    assert (await share.delete(f"/dav/{alice.z32}/pub/x/")).status_code == 204
    assert (await event_lines(appliance))[3:] == ["DEL /pub/x/a", "DEL /pub/x/y/b"]
    assert (await alice.get("/pub/xz")).status_code == 200
    for path in ("", "/pub/", "/priv"):
        assert (await share.delete(f"/dav/{alice.z32}{path}")).status_code == 403


async def test_a_move_takes_the_row_and_logs_both_ends(
    appliance: Appliance, share: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    """Also from one person to another; the bytes and the charge go along."""
    await alice.put("/pub/a.txt", "hello")
    target = f"{appliance.admin_url}/dav/{bob.z32}/pub/b.txt"
    response = await share.request(
        "MOVE", f"/dav/{alice.z32}/pub/a.txt", headers={"destination": target}
    )
    assert response.status_code == 201
    assert (await alice.get("/pub/a.txt")).status_code == 404
    assert (await bob.get("/pub/b.txt")).text == "hello"
    assert (await event_lines(appliance))[1:] == ["DEL /pub/a.txt", "PUT /pub/b.txt"]
    async with operator_of(appliance) as operator:
        assert (await operator.get(f"/users/{alice.z32}"))["used_bytes"] == 0
        assert (await operator.get(f"/users/{bob.z32}"))["used_bytes"] == 261


async def test_a_folder_is_copied_file_by_file(share: httpx.AsyncClient, alice: Person) -> None:
    """The originals stay, the copies are files of their own."""
    await alice.put("/pub/x/a", "1")
    await alice.put("/pub/x/y/b", "2")
    headers = {"destination": f"/dav/{alice.z32}/pub/copy/"}
    response = await share.request("COPY", f"/dav/{alice.z32}/pub/x/", headers=headers)
    assert response.status_code == 201
    await alice.delete("/pub/x/a")
    assert (await alice.get("/pub/copy/a")).text == "1"
    assert (await alice.get("/pub/copy/y/b")).text == "2"


async def test_overwriting_is_refused_when_the_client_forbids_it(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """`Overwrite: F` on MOVE and COPY, `If-None-Match: *` on PUT."""
    await alice.put("/pub/a", "1")
    await alice.put("/pub/b", "2")
    headers = {"destination": f"/dav/{alice.z32}/pub/b", "overwrite": "F"}
    for method in ("MOVE", "COPY"):
        response = await share.request(method, f"/dav/{alice.z32}/pub/a", headers=headers)
        assert response.status_code == 412
    put = await share.put(f"/dav/{alice.z32}/pub/b", content=b"3", headers={"if-none-match": "*"})
    assert put.status_code == 412
    assert (await alice.get("/pub/b")).text == "2"


@pytest.mark.parametrize("method", ["MOVE", "COPY"])
async def test_nothing_is_moved_or_copied_onto_itself(
    share: httpx.AsyncClient, alice: Person, method: str
) -> None:
    """403 for a file, and for a folder into itself; nothing changes."""
    await alice.put("/pub/x/a", "1")
    for source, target in (("/pub/x/a", "/pub/x/a"), ("/pub/x/", "/pub/x/in/")):
        headers = {"destination": f"/dav/{alice.z32}{target}"}
        response = await share.request(method, f"/dav/{alice.z32}{source}", headers=headers)
        assert response.status_code == 403, response.text
    assert (await alice.get("/pub/")).text == f"pubky://{alice.z32}/pub/x/a"


async def test_a_new_folder_is_there_until_something_is_in_it(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """MKCOL: 201, then 405, and 409 when the folder above is missing."""
    base = f"/dav/{alice.z32}/pub"
    assert (await share.request("MKCOL", f"{base}/x/y/")).status_code == 409
    assert (await share.request("MKCOL", f"{base}/x/")).status_code == 201
    assert (await share.request("MKCOL", f"{base}/x/")).status_code == 405
    assert (await share.request("MKCOL", f"{base}/z/", content="b")).status_code == 415
    assert await listed(share, f"{base}/") == [f"{base}/", f"{base}/x/"]
    assert await listed(share, f"{base}/x/") == [f"{base}/x/"]


async def test_the_operator_may_make_a_file_beside_a_folder_of_its_name(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """`deleting_legacy_exact_file_does_not_delete_descendants` (client API 24.1)."""
    base = f"/dav/{alice.z32}/pub/app/foo"
    assert (await share.put(base, content=b"1")).status_code == 201
    assert (await share.put(f"{base}/bar.json", content=b"2")).status_code == 201
    assert (await alice.delete("/pub/app/foo")).status_code == 204
    assert (await alice.get("/pub/app/foo/bar.json")).text == "2"


@pytest.mark.parametrize(
    ("header", "password"),
    [
        ("Basic YWRtaW46cGFzc3dvcmQ=", "password"),
        ("Basic YWRtaW46cGFzczp3b3Jk", "pass:word"),
        ("NotBasic YWRtaW46cGFzc3dvcmQ=", None),
        ("Basic", None),
        ("basic YWRtaW46cGFzc3dvcmQ=", None),
        ("Basic invalid-base64", None),
        ("Basic dXNlcjpwYXNzd29yZA==", None),
        ("Basic YWRtaW4=", None),
    ],
)
def test_basic_credentials_are_read_as_the_reference_reads_them(
    header: str, password: str | None
) -> None:
    """Operator API 2.2; the prefix is case-sensitive, the first colon splits."""
    assert basic_password(header.encode()) == password


async def test_without_credentials_only_options_is_answered(appliance: Appliance) -> None:
    """OPTIONS says what the share is; everything else asks for the password."""
    async with httpx.AsyncClient(base_url=appliance.admin_url) as stranger:
        options = await stranger.options("/dav/")
        assert (options.status_code, options.headers["dav"]) == (200, "1,2")
        assert "PROPFIND" in options.headers["allow"]
        for method in ("GET", "PUT", "PROPFIND", "DELETE", "LOCK"):
            response = await stranger.request(method, "/dav/")
            assert response.status_code == 401
            assert response.headers["www-authenticate"].startswith("Basic realm=")
        wrong = base64.b64encode(b"admin:wrong").decode()
        refused = await stranger.get("/dav/", headers={"authorization": f"Basic {wrong}"})
        assert (refused.status_code, refused.text) == (401, "Unauthorized")


async def test_pages_of_other_origins_are_told_nothing(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """Browsers keep Basic credentials, so no answer here allows a foreign origin to read it."""
    await alice.put("/pub/a.html", "<html><script>alert(1)</script></html>")
    headers = {"origin": "https://evil.example"}
    response = await share.get(f"/dav/{alice.z32}/pub/a.html", headers=headers)
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert response.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PROPFIND", "/dav/{key}/pub/", {}, 403),
        ("PROPFIND", "/dav/{key}/pub/", {"depth": "infinity"}, 403),
        ("PROPFIND", "/dav/{key}/nowhere/", {"depth": "1"}, 404),
        ("PROPFIND", "/dav/not-a-key/", {"depth": "1"}, 404),
        ("GET", "/dav/", {}, 400),
        ("GET", "/dav/{key}/pub/nothing", {}, 404),
        ("PUT", "/dav/", {}, 403),
        ("PUT", "/dav/{key}/pub/", {}, 405),
        ("PUT", "/dav/{key}/etc/passwd", {}, 404),
        ("MOVE", "/dav/{key}/pub/a", {}, 400),
        ("MOVE", "/dav/{key}/pub/a", {"destination": "/elsewhere"}, 502),
        ("MOVE", "/dav/{key}/pub/a", {"destination": "/dav/{key}/pub/../../x"}, 404),
        ("PATCH", "/dav/{key}/pub/a", {}, 405),
    ],
)
async def test_what_makes_no_sense_is_refused_precisely(
    share: httpx.AsyncClient,
    alice: Person,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    """And changes nothing."""
    await alice.put("/pub/a", "1")
    filled = {name: value.replace("{key}", alice.z32) for name, value in headers.items()}
    target = path.replace("{key}", alice.z32)
    response = await share.request(method, target, headers=filled)
    assert response.status_code == status, response.text
    assert (await alice.get("/pub/")).text == f"pubky://{alice.z32}/pub/a"


@pytest.mark.parametrize(
    "body",
    [
        "<propfind",
        "<other/>",
        '<!DOCTYPE x [<!ENTITY a "b">]><propfind xmlns="DAV:"><allprop/></propfind>',
        "<propfind xmlns='DAV:'><prop>" + "<a/>" * 101 + "</prop></propfind>",
    ],
)
async def test_bad_xml_is_refused(share: httpx.AsyncClient, alice: Person, body: str) -> None:
    """Broken, of another kind, with declarations, or asking for too much: 400."""
    response = await share.request(
        "PROPFIND", f"/dav/{alice.z32}/", headers={"depth": "0"}, content=body
    )
    assert response.status_code == 400


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_xml_body_is_read_or_refused(body: bytes) -> None:
    """No other exception leaves the parsers."""
    for parse in (parse_propfind, parse_proppatch):
        with suppress(PubkyError):
            parse(body)


def test_a_declaration_is_refused_in_every_encoding() -> None:
    """Found by the fuzzer: in UTF-16 the bytes of `<!` do not stand side by side."""
    plain = '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
    declared = '<!DOCTYPE x [<!ENTITY a "b">]>' + plain
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert parse_propfind(plain.encode(encoding)).names == (DAV + "getetag",)
        with pytest.raises(PubkyError, match="Declarations"):
            parse_propfind(declared.encode(encoding))
    with pytest.raises(PubkyError, match="Invalid XML"):
        parse_propfind(declared.encode("utf-16-le"))


def test_a_name_that_utf_8_cannot_say_is_refused_in_every_encoding() -> None:
    """Found by the fuzzer: our answers, which repeat names, would be no XML."""
    body = '<propfind xmlns="DAV:"><prop><a\xaa/></prop></propfind>'
    latin = '<?xml version="1.0" encoding="latin-1"?>' + body
    for raw in (body.encode(), body.encode("utf-16"), latin.encode("latin-1")):
        with pytest.raises(PubkyError, match="Invalid XML"):
            parse_propfind(raw)


async def test_locks_and_property_changes_are_answered_so_that_clients_go_on(
    share: httpx.AsyncClient, alice: Person
) -> None:
    """A token that locks nothing; properties that cannot be set."""
    await alice.put("/pub/a", "1")
    path = f"/dav/{alice.z32}/pub/a"
    lock = await share.request("LOCK", path, content="<lockinfo xmlns='DAV:'/>")
    assert lock.status_code == 200
    assert lock.headers["lock-token"].startswith("<opaquelocktoken:")
    assert (await share.request("UNLOCK", path)).status_code == 204
    body = (
        "<propertyupdate xmlns='DAV:'><set><prop><displayname>x</displayname></prop></set>"
        "</propertyupdate>"
    )
    patched = await share.request("PROPPATCH", path, content=body)
    assert patched.status_code == 207
    assert "403 Forbidden" in patched.text


async def test_writing_over_the_share_is_in_the_audit_log(
    appliance: Appliance, share: httpx.AsyncClient, alice: Person
) -> None:
    """Who, what, where; reading is not."""
    path = f"/dav/{alice.z32}/pub/a"
    await share.put(path, content=b"1")
    await share.get(path)
    async with operator_of(appliance) as operator:
        rows = (await operator.get("/audit"))["items"]
    assert [(row["actor"], row["action"], row["subject"]) for row in rows] == [
        ("operator", "dav.put", path)
    ]


async def test_a_token_of_the_right_scope_is_a_password_for_the_share(
    appliance: Appliance, alice: Person
) -> None:
    """`content:write` opens it, another scope does not."""
    assert alice.z32
    async with operator_of(appliance) as operator:
        for scope, status in (("content:write", 207), ("users:read", 401)):
            made = await operator.post("/tokens", {"name": "dav", "scopes": [scope]})
            auth = httpx.BasicAuth("admin", made.json()["token"])
            async with httpx.AsyncClient(base_url=appliance.admin_url, auth=auth) as client:
                response = await client.request("PROPFIND", "/dav/", headers={"depth": "0"})
                assert response.status_code == status


async def test_a_put_over_quota_is_507_and_stores_nothing(
    appliance: Appliance, share: httpx.AsyncClient, alice: Person
) -> None:
    """The reference answers 500 here; clients understand 507."""
    async with operator_of(appliance) as operator:
        wish = {"storage_quota_mb": 1}
        assert (
            await operator.http.patch(f"/users/{alice.z32}/quota", json=wish)
        ).status_code == 200
    response = await share.put(f"/dav/{alice.z32}/pub/big", content=b"x" * 2_000_000)
    assert response.status_code == 507
    assert (await alice.get("/pub/big")).status_code == 404
