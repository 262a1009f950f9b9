"""Which content type a stored file gets, seen from outside (client API 10)."""

from tests.support.appliance import Appliance, Person
from tests.support.raw_http import ask, chunked

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)

CASES = [
    ("/pub/foo", PNG, "image/png"),
    ("/pub/foo.txt", PNG, "image/png"),
    ("/pub/text.txt", b"plain words", "text/plain"),
    ("/pub/TEXT.TXT", b"plain words", "text/plain"),
    ("/pub/foo.txt", bytes(range(5)), "text/plain"),
    ("/pub/data.json", b'{"a": 1}', "application/json"),
    ("/pub/.json", b'{"a": 1}', "application/octet-stream"),
    ("/pub/foo.", b"words", "application/octet-stream"),
    ("/pub/plain", b"words", "application/octet-stream"),
    ("/pub/a.json/plain", b"words", "application/octet-stream"),
    ("/pub/empty.css", b"", "text/css"),
    ("/pub/empty", b"", "application/octet-stream"),
    ("/pub/page", b"<!DOCTYPE html><p>", "text/html"),
    ("/pub/drawing.svg", b"<svg xmlns='x'/>", "image/svg+xml"),
    ("/pub/drawing.svg", b"<?xml version='1.0'?><svg/>", "text/xml"),
    ("/pub/readme.md", b"# words", "text/markdown"),
    ("/pub/archive.tar.gz", b"words", "application/gzip"),
    ("/pub/what.is-this", b"words", "application/octet-stream"),
]


async def test_magic_bytes_win_over_the_extension_and_the_request_over_nothing(
    alice: Person,
) -> None:
    for path, content, expected in CASES:
        await alice.put(path, content, **{"content-type": "video/mp4"})
        for response in (
            await alice.get(path),
            await alice.http.head(path, headers=alice.headers),
            await alice.http.get(f"/storage/{alice.z32}{path}"),
        ):
            assert response.headers["content-type"] == expected, (path, content)
        await alice.delete(path)


async def test_the_type_follows_the_last_content(alice: Person) -> None:
    await alice.put("/pub/a.txt", "words")
    await alice.put("/pub/a.txt", PNG)
    assert (await alice.get("/pub/a.txt")).headers["content-type"] == "image/png"
    await alice.put("/pub/a.txt", "words")
    assert (await alice.get("/pub/a.txt")).headers["content-type"] == "text/plain"


async def test_the_type_does_not_depend_on_how_the_body_was_cut(
    appliance: Appliance, alice: Person
) -> None:
    """A tar archive is recognised by bytes 257 to 261, however they arrive (decision D11)."""
    tar = bytes(257) + b"ustar" + bytes(8192)
    headers = [*alice.headers.items(), ("transfer-encoding", "chunked")]
    for cut in (1, 100, 258, 260, len(tar)):
        pieces = [tar[start : start + cut] for start in range(0, 300, cut)]
        pieces.append(tar[sum(map(len, pieces)) :])
        body = chunked(*filter(None, pieces))
        answer = await ask(appliance.client_url, "PUT", "/pub/a", headers, body)
        assert answer.status == 201
        assert (await alice.get("/pub/a")).headers["content-type"] == "application/x-tar"
