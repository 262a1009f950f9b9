"""Event streams of a node in a process of its own: many, slow, cut off, and at the end."""

import asyncio
import json
import resource
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest

from appliance.metadata import events
from appliance.metadata.events import OPERATOR
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Tx
from tests.support.appliance import Person, keypair_of
from tests.support.needs import cannot_run_here
from tests.support.node_process import (
    NodeProcess,
    command,
    environment,
    make_data_dir,
    running_process,
)
from tests.support.sse import NoEventError, OpenStream, open_stream

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

MEBIBYTE = 1024 * 1024
STREAMS = 2000
# Own sockets of the test, and some for everything else.
OPEN_FILES = STREAMS + 200
MOST_RSS_BYTES = 150 * MEBIBYTE

MANY_EVENTS = 50_000
LONG_PATH = "/pub/" + "/".join("n" * 200 for _ in range(4)) + "/"
# A reader's socket and the writer's buffer hold well below this; the events are far more.
MOST_GROWTH_BYTES = 24 * MEBIBYTE

KILLS = 12
ENDS_WITHIN_S = 5.0 + 2.0


@pytest.fixture
def many_open_files() -> Iterator[None]:
    """Room for the test's own end of every stream."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        cannot_run_here(f"this machine allows only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, OPEN_FILES), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def _streams(node: NodeProcess, user: str, count: int) -> AsyncIterator[list[OpenStream]]:
    """Live streams of one user."""
    query = [("user", user), ("live", "true")]
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(open_stream(node.client_url, query, limit=4096))
            for _ in range(count)
        ]
        assert {stream.status for stream in opened} == {200}
        yield opened


async def _signed_up(node: NodeProcess, client: httpx.AsyncClient, name: str = "alice") -> Person:
    client.base_url = httpx.URL(node.client_url)
    person = Person(keypair_of(name), client)
    assert (await person.sign_up()).status_code == 200
    return person


@pytest.mark.usefixtures("many_open_files")
async def test_two_thousand_open_streams_fit_in_150_mib(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    with running_process(make_data_dir(big_folder / "node")) as node:
        alice = await _signed_up(node, client)
        async with _streams(node, alice.z32, STREAMS) as opened:
            await alice.put("/pub/a", b"x")
            await alice.delete("/pub/a")
            for stream in opened:
                assert [event.cursor for event in await stream.take(2)] == [1, 2]
            assert node.peak_rss_bytes < MOST_RSS_BYTES
            begin_s = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - begin_s < ENDS_WITHIN_S
            for stream in opened:
                assert await stream.next() is None
    assert node.log_text() == ""


def _append_many(tx: Tx, first: int, count: int) -> None:
    tx.order_events()
    for number in range(first, first + count):
        events.append(tx, 1, "DEL", f"{LONG_PATH}{number}", None, OPERATOR, number)


async def test_a_stalled_reader_costs_little_and_gets_everything_later(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(big_folder / "node", run={"parts": ["web"]})
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        async with _streams(node, alice.z32, 5) as (stalled, *others):
            metadata = await open_sqlite(data_dir / "metadata.sqlite3", durable=False)
            await metadata.write(_append_many, 1, 1)
            for stream in others:
                await stream.take(1)
            before = node.peak_rss_bytes
            try:
                for first in range(2, MANY_EVENTS + 1, 1000):
                    await metadata.write(_append_many, first, min(1000, MANY_EVENTS + 1 - first))
            finally:
                await metadata.close()
            # Others are not held up by the one that reads nothing, and wait for its memory to be
            # as large as it gets.
            last = [(await stream.take(MANY_EVENTS - 1))[-1].cursor for stream in others[:1]]
            assert last == [MANY_EVENTS]
            assert node.peak_rss_bytes - before < MOST_GROWTH_BYTES
            seen = [event.cursor for event in await stalled.take(MANY_EVENTS)]
            assert seen == list(range(1, MANY_EVENTS + 1))


async def test_sigterm_ends_a_hundred_streams_cleanly_and_at_once(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    with running_process(make_data_dir(tmp_path / "node")) as node:
        alice = await _signed_up(node, client)
        async with _streams(node, alice.z32, 99) as opened:
            private = [("user", alice.z32), ("path", "/priv/"), ("live", "1")]
            async with open_stream(node.client_url, private, alice.headers) as last:
                await alice.put("/priv/x", b"x")
                await last.take(1)
                begin_s = time.monotonic()
                assert node.stop() == 0
                # The grace is for uploads and downloads; streams need none of it.
                assert time.monotonic() - begin_s < ENDS_WITHIN_S
                for stream in (*opened, last):
                    assert await stream.next() is None
    assert node.log_text() == ""


async def test_a_stalled_reader_does_not_hold_up_the_end(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(big_folder / "node", run={"parts": ["web"], "grace_s": 1})
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        async with _streams(node, alice.z32, 1) as (stalled,):
            metadata = await open_sqlite(data_dir / "metadata.sqlite3", durable=False)
            for first in range(1, 20_001, 1000):
                await metadata.write(_append_many, first, 1000)
            await metadata.close()
            await stalled.take(1)
            begin_s = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - begin_s < ENDS_WITHIN_S


async def test_after_every_kill_a_follower_goes_on_and_ends_with_exactly_the_table(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(
        big_folder / "node", run={"parts": ["web"]}, logging={"level": "warning"}
    )
    cursor = 0
    seen: list[tuple[int, str, str]] = []
    alice = Person(keypair_of("alice"), client)
    for number in range(KILLS):
        with running_process(data_dir) as node:
            client.base_url = httpx.URL(node.client_url)
            if number == 0:
                assert (await alice.sign_up()).status_code == 200
            writer = asyncio.create_task(_write_until_cut_off(alice, number))
            query = [("user", f"{alice.z32}:{cursor}"), ("live", "true")]
            async with open_stream(node.client_url, query) as stream:
                for _ in range(20 + 7 * number):
                    event = await stream.next()
                    assert event is not None
                    seen.append((event.cursor, event.kind, event.path))
                node.kill()
                await writer
                # What was already under way still arrives; what comes after is cut off.
                try:
                    while (event := await stream.next()) is not None:
                        seen.append((event.cursor, event.kind, event.path))
                except (NoEventError, asyncio.IncompleteReadError, ConnectionError):
                    pass
            cursor = seen[-1][0]
    with running_process(data_dir) as node:
        query = [("user", f"{alice.z32}:{cursor}")]
        async with open_stream(node.client_url, query) as stream:
            seen += [(event.cursor, event.kind, event.path) for event in await stream.rest()]
    with closing(sqlite3.connect(data_dir / "metadata.sqlite3")) as connection:
        assert (
            seen == connection.execute("SELECT id, kind, path FROM events ORDER BY id").fetchall()
        )
    assert len(seen) > KILLS * 20


async def _write_until_cut_off(person: Person, round_number: int) -> None:
    for number in range(100_000):
        try:
            await person.put(f"/pub/{round_number}/{number % 7}", str(number))
        except httpx.TransportError:
            return


async def test_events_tail_follows_a_running_node(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        await alice.put("/pub/before", b"x")
        tail = await asyncio.create_subprocess_exec(
            *command("--data-dir", str(data_dir), "events", "tail", "--since", "0", "--json"),
            stdout=asyncio.subprocess.PIPE,
            env=environment() | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            assert json.loads(await _line(tail))["path"] == "/pub/before"
            await alice.put("/priv/after", b"x")
            assert json.loads(await _line(tail))["path"] == "/priv/after"
        finally:
            tail.send_signal(signal.SIGINT)
            code = await tail.wait()
    assert code == 130


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), 15)
