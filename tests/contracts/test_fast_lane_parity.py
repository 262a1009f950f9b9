"""The fast lane gives the answers of the slow way, byte for byte, or steps aside."""

import random
from pathlib import Path

import httpx

from appliance.web.entry import EXPOSED_HEADERS
from appliance.web.fast_lane import FastLane
from tests.support.appliance import Appliance, Person, keypair_of, running_appliance
from tests.support.raw_http import RawResponse, raw_connection, request_bytes

SIZES = [0, 1, 65_535, 65_536, 65_537, 300_000]
FILES = {f"/pub/sizes/{size}.bin": bytes(size) for size in SIZES} | {
    "/pub/page.html": b"<!doctype html><p>page",
    "/pub/drawing.svg": b"<svg/>",
    "/pub/feed.xml": b"<?xml version='1.0'?><a/>",
    "/pub/a.txt": b"hello",
    "/pub/a b": b"needs an escape",
    "/pub/~tilde._-/x": b"every letter that needs none",
    "/pub/" + "n" * 245: b"as long as the lane takes",
    "/pub/" + "n" * 246: b"longer than the lane takes",
}
HELLO_TAG = '"6o8WPbOGgpJeRJHF5Y1Ls1Bu+MFOt4qG6QjFYkpnIA8="'
LATE, EARLY = "Fri, 01 Jan 2100 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"

HEADERS = [
    ("origin", "https://app.example"),
    ("Origin", "null"),
    ("origin", ""),
    ("if-none-match", HELLO_TAG),
    ("If-None-Match", f'"x", {HELLO_TAG}'),
    ("if-none-match", f"W/{HELLO_TAG}"),
    ("if-none-match", "*"),
    ("if-modified-since", LATE),
    ("if-modified-since", EARLY),
    ("if-modified-since", "tomorrow"),
    ("if-match", '"x"'),
    ("if-range", HELLO_TAG),
    ("range", "bytes=0-1"),
    ("range", "bytes=2-3,0-1"),
    ("accept-encoding", "gzip, br"),
    ("accept", "*/*"),
    ("user-agent", "Mozilla/5.0 (X11; Linux) pubky.org@0.6.0"),
    ("connection", "keep-alive"),
    ("Connection", "Keep-Alive"),
    ("connection", "close"),
    ("connection", "upgrade"),
    ("upgrade", "h2c"),
    ("te", "trailers"),
    ("expect", "100-continue"),
    ("cookie", "a=b"),
    ("authorization", "Basic eDp5"),
    ("authorization", "Bearer " + "A" * 43),
    ("content-length", "0"),
    ("x-forwarded-for", "192.0.2.1"),
    ("x-forwarded-proto", "https"),
    ("pubky-host", "rubbish"),
    ("x-empty", ""),
    ("x_underscore", "1"),
    ("x-spaces", "   a   b   "),
    ("x-tab", "a\tb"),
    ("x-latin", "caf\xe9"),
    ("x-long", "y" * 3000),
    ("x-longer", "y" * 5000),
]
PATHS = [
    *(path.replace(" ", "%20") for path in FILES),
    "/pub/none",
    "/pub/none/",
    "/pub/",
    "/pub/a.txt/",
    "/pub//a.txt",
    "/pub/./a.txt",
    "/pub/x/../a.txt",
    "/pub/a%2Etxt",
    "/pub/a.txt?",
    "/pub/a.txt?reverse=maybe",
    "/priv/none",
    "/pub",
    "/info",
    "/",
]

Request = tuple[str, str, list[tuple[str, str]]]


def corpus(owner: str) -> list[Request]:
    """Every path with every way to name the owner, every header alone, and random mixtures."""
    requests: list[Request] = []
    host, path_host = [("host", f"_pubky.{owner}")], [("host", "localhost:6286")]
    for method in ("GET", "HEAD"):
        for path in PATHS:
            requests.append((method, path, host))
            requests.append((method, path, [*path_host, ("pubky-host", owner)]))
            requests.append((method, f"/storage/{owner}{path}", path_host))
        for header in HEADERS:
            requests.append((method, "/pub/a.txt", [*host, header]))
            requests.append((method, f"/storage/{owner}/pub/page.html", [*path_host, header]))
    requests += [
        ("GET", "/pub/a.txt", []),
        ("GET", "/pub/a.txt", [*host, *host]),
        ("GET", "/pub/a.txt", [*host, ("origin", "a"), ("origin", "b")]),
        ("GET", "/pub/a.txt", path_host),
        ("GET", f"/pub/a.txt?pubky-host={owner}", path_host),
        ("GET", f"/storage/{owner[:-1]}/pub/a.txt", path_host),
        ("GET", f"/storage/{'0' * 52}/pub/a.txt", path_host),
        ("GET", f"/storage/{'y' * 52}/pub/a.txt", path_host),
        ("get", "/pub/a.txt", host),
        ("POST", "/pub/a.txt", host),
        ("OPTIONS", "/pub/a.txt", host),
        ("GET", "/pub/a.txt", [*host, *((f"x-{number}", "1") for number in range(47))]),
        ("GET", "/pub/a.txt", [*host, *((f"x-{number}", "1") for number in range(48))]),
    ]
    dice = random.Random(7)
    for _ in range(250):
        prefix, named = dice.choice([("", host), (f"/storage/{owner}", path_host)])
        some = dice.sample(HEADERS, dice.randint(1, 4))
        method = dice.choice(["GET", "GET", "HEAD"])
        requests.append((method, prefix + dice.choice(PATHS), [*named, *some]))
    return requests


def as_bytes(request: Request) -> bytes:
    """As written by a client."""
    method, target, headers = request
    data = request_bytes(method, target, headers)
    # The helper names a host of its own; these requests bring theirs, or none.
    return data.replace(b"host: any\r\n", b"", 1)


async def answers(node: Appliance, requests: list[Request]) -> list[RawResponse]:
    """What the node says to each, on a connection of its own."""
    found = []
    for request in requests:
        async with raw_connection(node.client_url) as connection:
            await connection.send(as_bytes(request))
            if ("expect", "100-continue") in request[2]:
                connection.writer.write_eof()
            answer = await connection.response(to_head=request[0] == "HEAD")
            lines = [line for line in answer.headers if line[0] != "date"]
            # A multipart answer has a random boundary.
            kind = answer.header("content-type") or ""
            boundary = kind.rpartition("boundary=")[2] if "boundary=" in kind else "none"
            found.append(
                RawResponse(
                    answer.status,
                    [(name, value.replace(boundary, "B")) for name, value in lines],
                    answer.body.replace(boundary.encode(), b"B"),
                    answer.status_line,
                )
            )
    return found


async def test_the_lane_and_the_slow_way_give_the_same_answers(tmp_path: Path) -> None:
    owner = keypair_of("alice").public_key.z32
    requests = corpus(owner)
    assert len(requests) > 400
    async with running_appliance(tmp_path) as node:
        async with httpx.AsyncClient(base_url=node.client_url) as http:
            alice = Person(keypair_of("alice"), http)
            await alice.sign_up()
            for path, body in FILES.items():
                assert (await alice.put(path.replace(" ", "%20"), body)).status_code == 201
        with_lane = await answers(node, requests)
        lane = FastLane(node.node.services, EXPOSED_HEADERS)
        taken = 0
        for request in requests:
            answer = await lane.answer(as_bytes(request))
            taken += answer is not None
            if answer is not None and answer.file is not None:
                answer.file.close()
    async with running_appliance(tmp_path, fast_lane=False) as node:
        without_lane = await answers(node, requests)
    for request, fast, slow in zip(requests, with_lane, without_lane, strict=True):
        assert fast == slow, request
    # The comparison means something only when the lane did answer many of them.
    assert taken > 150
    assert {answer.status for answer in with_lane} >= {200, 206, 304, 400, 404, 405}
