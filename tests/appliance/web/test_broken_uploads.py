"""Uploads that end too soon, come too slowly, or were refused before they came."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import Appliance, Person
from tests.support.eventually import eventually
from tests.support.raw_http import ask, chunked, raw_connection, request_bytes

MEBIBYTE = 1024 * 1024


def blobs(appliance: Appliance) -> list[Path]:
    """Every file of stored bytes."""
    return [path for path in (appliance.data_dir / "blobs").rglob("*") if path.is_file()]


def rows(appliance: Appliance, table: str) -> int:
    """How many rows a table has."""
    with closing(sqlite3.connect(appliance.data_dir / "metadata.sqlite3")) as database:
        (count,) = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()  # noqa: S608 - ours
        return int(count)


HALVES = [
    ([("content-length", "2000000")], b"x" * 1_000_000),
    ([("content-length", "10")], b"x" * 9),
    ([("content-length", "10")], b""),
    ([("transfer-encoding", "chunked")], chunked(b"x" * 1_000_000)[:-5]),
    ([("transfer-encoding", "chunked")], b"5\r\nhel"),
    ([("transfer-encoding", "chunked")], b""),
]


@pytest.mark.parametrize(("headers", "body"), HALVES)
async def test_half_an_upload_leaves_nothing_behind(
    appliance: Appliance, alice: Person, headers: list[tuple[str, str]], body: bytes
) -> None:
    await alice.put("/pub/a", "old")
    before = blobs(appliance)
    async with raw_connection(appliance.client_url) as connection:
        lines = [*alice.headers.items(), *headers]
        await connection.send(request_bytes("PUT", "/pub/a", lines) + body)
        if len(body) > MEBIBYTE // 2:
            await eventually(lambda: len(blobs(appliance)) > len(before))
    await eventually(lambda: blobs(appliance) == before)
    assert (await alice.get("/pub/a")).text == "old"
    assert (rows(appliance, "entries"), rows(appliance, "events")) == (1, 1)
    assert (await alice.get("/pub/")).text == f"pubky://{alice.z32}/pub/a"


async def test_an_upload_that_ends_its_own_side_early_is_told_so(
    appliance: Appliance, alice: Person
) -> None:
    async with raw_connection(appliance.client_url) as connection:
        headers = [*alice.headers.items(), ("content-length", "10")]
        await connection.send(request_bytes("PUT", "/pub/a", headers) + b"half")
        connection.writer.write_eof()
        assert b"201" not in await connection.rest()
    await eventually(lambda: blobs(appliance) == [])
    assert (await alice.get("/pub/a")).status_code == 404


@pytest.mark.parametrize(
    "broken", [b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloXX"]
)
async def test_an_upload_that_cannot_be_read_is_not_stored(
    appliance: Appliance, alice: Person, broken: bytes
) -> None:
    headers = [*alice.headers.items(), ("transfer-encoding", "chunked")]
    async with raw_connection(appliance.client_url) as connection:
        body = chunked(b"x" * 600_000)[:-5] + broken
        await connection.send(request_bytes("PUT", "/pub/a", headers) + body)
        assert b"201" not in await connection.rest()
    await eventually(lambda: blobs(appliance) == [])
    assert (await alice.get("/pub/a")).status_code == 404
    assert rows(appliance, "events") == 0


async def test_a_refused_upload_of_many_mebibytes_still_gets_its_status(
    appliance: Appliance, alice: Person
) -> None:
    """The client sends everything before it reads, and no reset swallows the answer."""
    body = b"x" * (8 * MEBIBYTE)
    refusals = [
        ("/pub/a", [("pubky-host", alice.z32)], 401),
        (f"/storage/{alice.z32}/pub/a/", alice.headers.items(), 400),
        ("/foo", alice.headers.items(), 403),
        ("/storage/x", [], 400),
        ("/pub/taken/below", alice.headers.items(), 409),
        ("/info", [], 405),
    ]
    await alice.put("/pub/taken", "x")
    for target, headers, status in refusals:
        for coding in ([], [("transfer-encoding", "chunked")]):
            sent = chunked(body) if coding else body
            async with raw_connection(appliance.client_url) as connection:
                await connection.send(request_bytes("PUT", target, [*headers, *coding], sent))
                answer = await connection.response()
                assert answer.status == status, (target, coding)
                assert answer.header("connection") == "close"
                assert await connection.rest() == b""
    assert (await ask(appliance.client_url, "GET", "/")).status == 200


async def test_a_client_that_reads_first_gets_the_refusal_at_once(
    appliance: Appliance, alice: Person
) -> None:
    headers = [("pubky-host", alice.z32), ("content-length", str(100 * MEBIBYTE))]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers) + b"the beginning")
        assert (await connection.response()).status == 401


async def test_a_small_refused_upload_keeps_the_connection(
    appliance: Appliance, alice: Person
) -> None:
    async with raw_connection(appliance.client_url) as connection:
        for size in (1, 1000, 500_000):
            anonymous = [("pubky-host", alice.z32)]
            await connection.send(request_bytes("PUT", "/pub/a", anonymous, b"x" * size))
            answer = await connection.response()
            assert (answer.status, answer.header("connection")) == (401, None)
        await connection.send(request_bytes("GET", "/"))
        assert (await connection.response()).status == 200


async def test_many_refused_uploads_at_once_do_not_hang_the_node(
    http: httpx.AsyncClient, alice: Person
) -> None:
    async def refused() -> int:
        headers = {"pubky-host": alice.z32}
        return (await http.put("/pub/a", content=b"x" * 3 * MEBIBYTE, headers=headers)).status_code

    answers = await asyncio.gather(*(refused() for _ in range(12)))
    assert answers == [401] * 12
    assert (await alice.put("/pub/a", "x")).status_code == 201


async def test_a_slow_upload_in_many_pieces_arrives_whole(
    appliance: Appliance, alice: Person
) -> None:
    pieces = [bytes([number % 256]) * (number + 1) for number in range(300)]
    body = b"".join(pieces)
    headers = [*alice.headers.items(), ("content-length", str(len(body)))]
    async with raw_connection(appliance.client_url) as connection:
        await connection.send(request_bytes("PUT", "/pub/a", headers))
        for piece in pieces:
            await connection.send(piece)
            # Others are served between the pieces.
            await asyncio.sleep(0)
        assert (await connection.response()).status == 201
    assert (await alice.get("/pub/a")).content == body


async def test_an_abandoned_download_leaves_the_node_well(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", b"x" * (4 * MEBIBYTE))
    for extra in ([], [("range", "bytes=0-3000000")]):
        async with raw_connection(appliance.client_url, limit=1024) as connection:
            headers = [("pubky-host", alice.z32), *extra]
            await connection.send(request_bytes("GET", "/pub/a", headers))
            assert (await connection.reader.read(100)).startswith(b"HTTP/1.1 20")
    assert (await alice.get("/pub/a")).status_code == 200
