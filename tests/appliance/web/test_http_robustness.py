"""Requests that no honest client sends, and rare ones that some do, byte by byte."""

import httpx
import pytest

from tests.support.appliance import Appliance, Person, auth_token, keypair_of
from tests.support.raw_http import ask, chunked, raw_connection, request_bytes

MALFORMED = [
    b"GARBAGE\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/9.9.9\r\nHost: x\r\n\r\n",
    b"GET / http/1.1\r\nHost: x\r\n\r\n",
    b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    b" GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pub/\xc3\xbc HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pub/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pub/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /pub/a\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n: no name\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nna\xefve: 1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\na: b\x00c\r\n\r\n",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"PUT /pub/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
]


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: repr(data[:60]))
async def test_a_malformed_request_is_400_and_the_end(appliance: Appliance, data: bytes) -> None:
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(data)
        answer = await connection.response()
        assert (answer.status, answer.body) == (400, b"")
        assert answer.header("connection") == "close"
        assert await connection.rest() == b""
    assert (await ask(appliance.client_url, "GET", "/")).status == 200


async def test_the_opening_of_http_2_is_refused(appliance: Appliance) -> None:
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert (await connection.response()).status == 405
        assert (await connection.response()).status == 400
        assert await connection.rest() == b""


async def test_two_ways_to_say_the_length_are_one_too_many(
    appliance: Appliance, alice: Person
) -> None:
    """A proxy may believe the other one and then sees other requests than we do (RFC 9112 6.3)."""
    smuggled = request_bytes("DELETE", "/pub/victim", alice.headers.items())
    await alice.put("/pub/victim", "x")
    headers = [
        *alice.headers.items(),
        ("content-length", str(5 + len(smuggled))),
        ("transfer-encoding", "chunked"),
    ]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers, chunked() + smuggled))
        assert (await connection.response()).status == 400
        assert await connection.rest() == b""
    assert (await alice.get("/pub/victim")).status_code == 200
    assert (await alice.get("/pub/a")).status_code == 404


async def test_only_chunked_is_understood_as_a_coding(appliance: Appliance, alice: Person) -> None:
    for coding in ("gzip", "gzip, chunked", "chunked, gzip", "identity", "xchunked"):
        headers = [*alice.headers.items(), ("transfer-encoding", coding)]
        async with raw_connection(appliance.client_url) as connection:
            await connection.send(request_bytes("PUT", "/pub/a", headers, chunked(b"x")))
            assert (await connection.response()).status == 501
    assert (await alice.get("/pub/a")).status_code == 404


async def test_a_head_that_is_far_too_large_is_refused(appliance: Appliance) -> None:
    for size in (70_000, 1_000_000):
        async with raw_connection(appliance.client_url) as connection:
            await connection.send(request_bytes("GET", "/", [("x", "y" * size)]))
            assert (await connection.response()).status == 431


async def test_dozens_of_cookies_and_a_long_query_fit(appliance: Appliance, alice: Person) -> None:
    """A browser sends every user's cookie; fifty users of a stream make five kilobytes of query."""
    others = "; ".join(f"{'y' * 50}{number:02}={'0' * 26}" for number in range(60))
    headers = [("pubky-host", alice.z32), ("cookie", f"{others}; {alice.headers['cookie']}")]
    target = "/pub/a?" + "&".join(f"user={'y' * 52}:{number}" for number in range(80))
    assert (await ask(appliance.client_url, "PUT", target, headers, b"x")).status == 201


async def test_a_target_may_be_a_whole_url(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", "hers")
    url = appliance.client_url
    for target, host in (
        (f"http://{alice.z32}/pub/a", "other.example"),
        (f"HTTP://_pubky.{alice.z32}/pub/a?x", "other.example"),
        (f"https://example.com/storage/{alice.z32}/pub/a", "example.com"),
    ):
        answer = await ask(url, "GET", target, host=host)
        assert answer.brief == (200, "hers"), target
    for target in ("http://example.com", "http://example.com/", "http://example.com?x=y"):
        assert (await ask(url, "GET", target)).brief == (200, "Pubky Homeserver")
    assert (await ask(url, "GET", "ftp://example.com/pub/a", host=alice.z32)).status == 400


async def test_a_target_of_another_form_is_no_path(appliance: Appliance, alice: Person) -> None:
    for target in ("*", "pub/a", "?x", "example.com:443"):
        answer = await ask(appliance.client_url, "GET", target, host=alice.z32)
        assert answer.brief == (400, "Invalid URL: path must be absolute"), target


async def test_requests_may_be_sent_ahead_of_their_answers(
    appliance: Appliance, alice: Person
) -> None:
    headers = list(alice.headers.items())
    requests = [
        request_bytes("PUT", "/pub/a", headers, b"first"),
        request_bytes("GET", "/pub/a", headers),
        request_bytes("PUT", "/pub/a", headers, b"second"),
        request_bytes("HEAD", "/pub/a", headers),
        request_bytes("GET", "/pub/a", [("pubky-host", alice.z32)]),
        request_bytes("GET", "/pub/a", [("pubky-host", alice.z32)]),
        request_bytes("DELETE", "/pub/a", headers),
        request_bytes("GET", "/pub/a", headers),
        request_bytes("GET", "/info"),
    ]
    expected = [
        (201, b""),
        (200, b"first"),
        (201, b""),
        (200, b""),
        (200, b"second"),
        (200, b"second"),
        (204, b""),
        (404, b"Not Found"),
        (200, b'{"features":["path-addressed-storage"]}'),
    ]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(b"".join(requests))
        answers = [await connection.response(to_head=number == 3) for number in range(9)]
    assert [(answer.status, answer.body) for answer in answers] == expected


async def test_cleartext_http_2_is_not_spoken(appliance: Appliance) -> None:
    headers = [
        ("connection", "Upgrade, HTTP2-Settings"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQCAAAAAAIAAAAA"),
    ]
    answer = await ask(appliance.client_url, "GET", "/", headers)
    assert answer.brief == (200, "Pubky Homeserver")


async def test_a_websocket_is_refused(appliance: Appliance, alice: Person) -> None:
    headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
    ]
    for target in ("/", "/events-stream", f"/storage/{alice.z32}/pub/a"):
        async with raw_connection(appliance.client_url) as connection:
            await connection.send(request_bytes("GET", target, headers))
            assert (await connection.response()).status == 403
    assert (await ask(appliance.client_url, "GET", "/")).status == 200


async def test_an_old_client_gets_its_answer_and_the_end(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", "x" * 100_000)
    async with raw_connection(appliance.client_url) as connection:
        target = f"/storage/{alice.z32}/pub/a".encode()
        await connection.send(b"GET " + target + b" HTTP/1.0\r\n\r\n")
        answer = await connection.response()
        assert (answer.status, answer.body) == (200, b"x" * 100_000)
        assert await connection.rest() == b""


async def test_a_client_that_asks_for_the_end_gets_it(appliance: Appliance) -> None:
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("GET", "/", [("connection", "close")]))
        assert (await connection.response()).status == 200
        assert await connection.rest() == b""


async def test_a_body_where_none_belongs_is_ignored(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", "x")
    headers = list(alice.headers.items())
    async with raw_connection(appliance.client_url) as connection:
        for method, target, status in (
            ("GET", "/pub/a", 200),
            ("HEAD", "/pub/a", 200),
            ("GET", "/info", 200),
            ("GET", "/session", 200),
            ("OPTIONS", "/anything", 200),
            ("DELETE", "/pub/a", 204),
        ):
            await connection.send(request_bytes(method, target, headers, b"some body"))
            answer = await connection.response(to_head=method == "HEAD")
            assert answer.status == status, method


async def test_a_client_that_waits_for_continue_is_let_on(
    appliance: Appliance, alice: Person
) -> None:
    headers = [*alice.headers.items(), ("content-length", "5"), ("expect", "100-continue")]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers))
        assert (await connection.response()).status == 100
        await connection.send(b"hello")
        assert (await connection.response()).status == 201
    assert (await alice.get("/pub/a")).text == "hello"


async def test_a_request_may_arrive_a_byte_at_a_time(appliance: Appliance, alice: Person) -> None:
    data = request_bytes("PUT", "/pub/a", alice.headers.items(), b"bytes")
    async with raw_connection(appliance.client_url) as connection:
        for number in range(len(data)):
            await connection.send(data[number : number + 1])
        assert (await connection.response()).status == 201
    assert (await alice.get("/pub/a")).text == "bytes"


async def test_a_token_in_two_pieces_signs_up(
    appliance: Appliance, http: httpx.AsyncClient
) -> None:
    token = auth_token(keypair_of("carol"))
    head = request_bytes("POST", "/signup", [("content-length", str(len(token)))])
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(head + token[:50])
        await connection.send(token[50:])
        assert (await connection.response()).status == 200
    carol = Person(keypair_of("carol"), http)
    assert (await carol.sign_in()).status_code == 200
