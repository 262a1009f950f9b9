"""One connection through both ways of answering: kept alive, in pieces, idle, at its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from appliance.web.entry import EXPOSED_HEADERS, client_entry
from appliance.web.fast_lane import FastLane
from appliance.web.listeners import Listeners
from tests.support.appliance import ANY_PORT, Appliance, Person
from tests.support.raw_http import raw_connection, request_bytes

IDLE_S = 0.15


def plain(owner: Person, path: str = "/pub/a") -> bytes:
    """A request that the lane answers."""
    return request_bytes("GET", path, host=owner.z32)


@pytest.fixture
async def owner(alice: Person) -> Person:
    """Somebody with a small and a large file."""
    for path, size in (("/pub/a", 5), ("/pub/large", 300_000)):
        assert (await alice.put(path, b"x" * size)).status_code == 201
    return alice


async def test_a_connection_mixes_both_ways(appliance: Appliance, owner: Person) -> None:
    headers = list(owner.headers.items())
    async with raw_connection(appliance.client_url) as connection:
        for number in range(30):
            await connection.send(plain(owner))
            assert len((await connection.response()).body) == 5
            await connection.send(plain(owner, "/pub/large"))
            assert len((await connection.response()).body) == 300_000
            await connection.send(request_bytes("PUT", f"/pub/{number}", headers, b"new"))
            assert (await connection.response()).status == 201
            await connection.send(plain(owner, f"/pub/{number}"))
            assert (await connection.response()).body == b"new"
            await connection.send(request_bytes("GET", "/pub/", headers))
            assert (await connection.response()).status == 200
            await connection.send(plain(owner, "/pub/none"))
            assert (await connection.response()).status == 404


async def test_a_head_in_two_pieces_is_answered_once(appliance: Appliance, owner: Person) -> None:
    data = plain(owner)
    async with raw_connection(appliance.client_url) as connection:
        for cut in range(1, len(data), 7):
            await connection.send(data[:cut])
            await asyncio.sleep(0)
            await connection.send(data[cut:])
            assert (await connection.response()).body == b"xxxxx"
            await connection.send(data)
            assert (await connection.response()).body == b"xxxxx"


async def test_a_second_request_begun_in_the_first_packet_is_not_lost(
    appliance: Appliance, owner: Person
) -> None:
    data = plain(owner)
    async with raw_connection(appliance.client_url) as connection:
        for cut in (1, 10, len(data) - 1):
            await connection.send(data + data[:cut])
            assert (await connection.response()).status == 200
            await connection.send(data[cut:])
            assert (await connection.response()).status == 200
        await connection.send(data * 5)
        for _ in range(5):
            assert (await connection.response()).body == b"xxxxx"


async def test_a_plain_request_behind_an_upload_waits_for_it(
    appliance: Appliance, owner: Person
) -> None:
    headers = [*owner.headers.items(), ("content-length", "4")]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers) + b"ne")
        await asyncio.sleep(0)
        await connection.send(b"w!" + plain(owner))
        assert (await connection.response()).status == 201
        assert (await connection.response()).body == b"new!"


async def test_bytes_that_look_like_a_request_stay_a_body(
    appliance: Appliance, owner: Person
) -> None:
    body = plain(owner)
    headers = [*owner.headers.items(), ("content-length", str(len(body)))]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers))
        await asyncio.sleep(0)
        await connection.send(body)
        assert (await connection.response()).status == 201
        await connection.send(plain(owner))
        assert (await connection.response()).body == body


@pytest.fixture
async def impatient(appliance: Appliance) -> AsyncIterator[str]:
    """The base URL of a listener that soon closes idle connections."""
    services = appliance.node.services
    listeners = Listeners(keep_alive_s=IDLE_S)
    bound = listeners.bind(ANY_PORT)
    await listeners.serve(bound, client_entry(services), FastLane(services, EXPOSED_HEADERS))
    yield f"http://{bound.address}"
    await listeners.close(1)


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"lane", b"lane and half a head"],
)
async def test_an_idle_connection_is_closed(impatient: str, owner: Person, sent: bytes) -> None:
    data = {b"lane": plain(owner), b"lane and half a head": plain(owner)}.get(sent, sent)
    async with raw_connection(impatient) as connection:
        begin_s = asyncio.get_running_loop().time()
        await connection.send(data)
        if data.endswith(b"\r\n\r\n"):
            assert (await connection.response()).status == 200
        if sent == b"lane and half a head":
            await connection.send(data[:20])
        assert await connection.rest() == b""
        assert asyncio.get_running_loop().time() - begin_s >= IDLE_S * 0.9


async def test_a_busy_connection_outlives_the_idle_time(impatient: str, owner: Person) -> None:
    """Requests of either kind begin the time anew."""
    async with raw_connection(impatient) as connection:
        for number in range(6):
            await asyncio.sleep(IDLE_S / 2)
            await connection.send(plain(owner) if number < 4 else request_bytes("GET", "/"))
            assert (await connection.response()).status == 200


async def test_a_slow_upload_is_not_idle(impatient: str, owner: Person) -> None:
    headers = [*owner.headers.items(), ("content-length", "4")]
    async with raw_connection(impatient) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers))
        for _ in range(4):
            await asyncio.sleep(IDLE_S / 2)
            await connection.send(b"x")
        assert (await connection.response()).status == 201
