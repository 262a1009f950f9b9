"""The one route that hands out user bytes."""

import pytest

from dashboard.routes import RAW_POLICY
from tests.dashboard.people import Owner, put_file
from tests.support.appliance import Person

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize(
    ("name", "body"), [("a.png", PNG), ("a.html", HTML), ("a.txt", b"hi"), ("a.bin", b"\x00")]
)
async def test_every_byte_leaves_inert(owner: Owner, alice: Person, name: str, body: bytes) -> None:
    await put_file(alice, f"/pub/{name}", body)
    response = await owner.get(f"/raw/{alice.z32}/pub/{name}")
    assert response.content == body
    assert response.headers["Content-Security-Policy"] == RAW_POLICY
    assert "sandbox" in RAW_POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("name", "body", "served", "disposition"),
    [
        ("a.png", PNG, "image/png", "inline"),
        ("a.txt", b"hi", "text/plain; charset=utf-8", "inline"),
        ("a.html", HTML, "application/octet-stream", "attachment"),
        ("a.js", b"alert(1)", "application/octet-stream", "attachment"),
        ("a.css", b"a{}", "application/octet-stream", "attachment"),
        ("a.json", b"{}", "application/octet-stream", "attachment"),
    ],
)
async def test_only_media_and_plain_text_are_named_as_such(
    owner: Owner, alice: Person, name: str, body: bytes, served: str, disposition: str
) -> None:
    await put_file(alice, f"/pub/{name}", body)
    response = await owner.get(f"/raw/{alice.z32}/pub/{name}")
    assert response.headers["Content-Type"] == served
    assert response.headers["Content-Disposition"].startswith(f"{disposition}; filename=")


async def test_an_svg_is_inline_only_for_an_image(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    address = f"/raw/{alice.z32}/pub/a.svg"
    drawn = await owner.get(address, **{"Sec-Fetch-Dest": "image"})
    opened = await owner.get(address, **{"Sec-Fetch-Dest": "document"})
    assert drawn.headers["Content-Disposition"].startswith("inline")
    assert opened.headers["Content-Disposition"].startswith("attachment")
    assert opened.headers["Vary"] == "Sec-Fetch-Dest"


async def test_a_range_is_passed_through(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"0123456789")
    response = await owner.get(f"/raw/{alice.z32}/pub/a.txt", Range="bytes=2-4")
    assert response.status_code == 206
    assert response.content == b"234"
    assert response.headers["Content-Range"] == "bytes 2-4/10"
    assert response.headers["Accept-Ranges"] == "bytes"


async def test_an_impossible_range_is_refused(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"0123456789")
    response = await owner.get(f"/raw/{alice.z32}/pub/a.txt", Range="bytes=20-")
    assert response.status_code == 416


async def test_a_known_etag_is_answered_without_bytes(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"0123456789")
    address = f"/raw/{alice.z32}/pub/a.txt"
    etag = (await owner.get(address)).headers["ETag"]
    response = await owner.get(address, **{"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["Content-Security-Policy"] == RAW_POLICY


async def test_head_says_the_length_and_sends_nothing(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a.txt", b"0123456789")
    response = await owner.http.head(f"/raw/{alice.z32}/pub/a.txt")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == "10"


async def test_a_large_object_arrives_whole(owner: Owner, alice: Person) -> None:
    body = bytes(range(256)) * 20_000
    await put_file(alice, "/pub/large.bin", body)
    response = await owner.get(f"/raw/{alice.z32}/pub/large.bin")
    assert response.content == body


async def test_a_missing_object_is_a_page_of_ours(owner: Owner, alice: Person) -> None:
    response = await owner.get(f"/raw/{alice.z32}/pub/none")
    assert response.status_code == 404
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]


async def test_a_folder_has_no_bytes(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a/b", b"1")
    assert (await owner.get(f"/raw/{alice.z32}/pub/a/")).status_code == 404
