"""A node that is killed over and over while people write loses nothing that it acknowledged."""

import asyncio
import itertools
import os
import random
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from blake3 import blake3

from tests.support.appliance import Person, keypair_of
from tests.support.node_process import NodeProcess, launch, make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

KILLS = 100
WRITERS = ("alice", "bob", "carol", "dave")
PATHS_EACH = 6
LARGEST_BYTES = 200 * 1024
# Kills while the node comes up: one in so many.
START_KILL_EVERY = 10

EventRow = tuple[int, int, str, str, bytes | None]


@dataclass(slots=True)
class Writer:
    """Somebody who remembers what they were told is stored."""

    person: Person
    chance: random.Random
    # What each path may hold (hashes; None is no file): one thing, or two while a request is open.
    expected: dict[str, set[bytes | None]] = field(default_factory=dict)
    acknowledged: int = 0

    def __post_init__(self) -> None:
        for number in range(PATHS_EACH):
            self.expected[f"/pub/load/{number}"] = {None}

    async def write_until_cut_off(self) -> None:
        """Put and delete at random until the connection breaks."""
        with suppress(httpx.TransportError):
            while True:
                path = self.chance.choice(list(self.expected))
                is_stored = self.expected[path] != {None}
                if is_stored and self.chance.random() < 0.25:
                    await self._delete(path)
                else:
                    await self._put(path)
                self.acknowledged += 1

    async def _put(self, path: str) -> None:
        content = self.chance.randbytes(self._size())
        digest = blake3(content).digest()
        self.expected[path].add(digest)
        response = await self.person.put(path, content)
        assert response.status_code == 201, response.text
        self.expected[path] = {digest}

    async def _delete(self, path: str) -> None:
        self.expected[path].add(None)
        response = await self.person.delete(path)
        assert response.status_code == 204, response.text
        self.expected[path] = {None}

    def _size(self) -> int:
        """Often small, where rows dominate; often large, where bytes do; sometimes nothing."""
        if self.chance.random() < 0.3:
            return self.chance.randint(0, 2048)
        return self.chance.randint(0, LARGEST_BYTES)

    async def check(self) -> None:
        """Every path holds what was acknowledged last, or what was under way."""
        for path, possible in self.expected.items():
            response = await self.person.get(path)
            assert response.status_code in (200, 404), response.text
            found = blake3(response.content).digest() if response.status_code == 200 else None
            assert found in possible, f"{path} of {self.person.z32} lost an acknowledged write"
            self.expected[path] = {found}


@dataclass(slots=True)
class EventLog:
    """Every event that was ever seen, to notice one that changes, goes or comes twice."""

    seen: list[EventRow] = field(default_factory=list)

    def read_on(self, database: Path) -> None:
        """Take note of what is new, between two kills."""
        last_id = self.seen[-1][0] if self.seen else 0
        self.seen += _rows(
            database,
            "SELECT id, user_id, kind, path, content_hash FROM events WHERE id > ? ORDER BY rowid",
            last_id,
        )


async def test_a_hundred_kills_under_load_lose_no_acknowledged_write(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(big_folder / "node", run={"parts": ["web", "sweep"]})
    database = data_dir / "metadata.sqlite3"
    chance = random.Random(6)
    people = [Person(keypair_of(name), client) for name in WRITERS]
    writers = [Writer(person, random.Random(person.z32)) for person in people]
    events = EventLog()

    for number in range(KILLS):
        if number % START_KILL_EVERY == 1:
            await _kill_while_starting(data_dir, chance.uniform(0.0, 0.8))
        node = await _started(data_dir, client)
        try:
            if number == 0:
                for person in people:
                    assert (await person.sign_up()).status_code == 200
            await asyncio.gather(*(writer.check() for writer in writers))
            events.read_on(database)
            await _kill_under_load(node, writers, chance.uniform(0.05, 0.6))
        finally:
            node.kill()

    node = await _started(data_dir, client)
    try:
        await asyncio.gather(*(writer.check() for writer in writers))
        assert node.stop() == 0
    finally:
        node.kill()
    events.read_on(database)
    assert node.log_text() == ""
    assert sum(writer.acknowledged for writer in writers) > 10 * KILLS
    assert _rows(database, "PRAGMA integrity_check") == [("ok",)]
    _check_events(database, events)
    _check_ledger(database)
    _check_every_row_has_its_bytes(database, data_dir / "blobs")
    _check_the_sweep_leaves_only_what_rows_name(database, data_dir)


async def _started(data_dir: Path, client: httpx.AsyncClient) -> NodeProcess:
    node = launch(data_dir)
    try:
        await asyncio.to_thread(node.wait_until_ready)
    except BaseException:
        node.kill()
        raise
    client.base_url = httpx.URL(node.client_url)
    return node


async def _kill_while_starting(data_dir: Path, after_s: float) -> None:
    node = launch(data_dir)
    try:
        await asyncio.sleep(after_s)
    finally:
        node.kill()


async def _kill_under_load(node: NodeProcess, writers: list[Writer], after_s: float) -> None:
    async with asyncio.TaskGroup() as load:
        for writer in writers:
            load.create_task(writer.write_until_cut_off())
        await asyncio.sleep(after_s)
        node.kill()


def _rows(database: Path, sql: str, *values: int) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()


def _check_events(database: Path, log: EventLog) -> None:
    """Ids only grow, nothing seen has changed, and replaying the log gives the rows."""
    rows = _rows(database, "SELECT id, user_id, kind, path, content_hash FROM events ORDER BY id")
    assert rows == log.seen
    ids = [row[0] for row in log.seen]
    assert all(first < second for first, second in itertools.pairwise(ids))
    state: dict[tuple[int, str], bytes] = {}
    for _, user_id, kind, path, content_hash in log.seen:
        if kind == "PUT":
            assert content_hash is not None
            state[user_id, path] = content_hash
        else:
            del state[user_id, path]
    entries = _rows(database, "SELECT user_id, path, content_hash FROM entries")
    assert {(user_id, path): found for user_id, path, found in entries} == state


def _check_ledger(database: Path) -> None:
    counted = _rows(
        database,
        "SELECT users.id, COALESCE(SUM(content_length + 256), 0), COUNT(path) FROM users"
        " LEFT JOIN entries ON user_id = users.id GROUP BY users.id ORDER BY users.id",
    )
    assert len(counted) == len(WRITERS)
    charged = _rows(database, "SELECT id, used_bytes, entry_count FROM users ORDER BY id")
    assert charged == counted


def _named_blobs(database: Path) -> dict[str, tuple[int, bytes]]:
    """Length and hash of every blob that a row names, in use or retired."""
    rows = _rows(
        database,
        "SELECT blob_id, content_length, content_hash FROM entries"
        " UNION ALL SELECT blob_id, content_length, content_hash FROM retired_blobs",
    )
    named = {blob_id: (length, found) for blob_id, length, found in rows}
    assert len(named) == len(rows), "two rows name the same bytes"
    return named


def _blob_files(blobs: Path) -> dict[str, Path]:
    return {file.name: file for file in blobs.glob("*/*")}


def _check_every_row_has_its_bytes(database: Path, blobs: Path) -> None:
    files = _blob_files(blobs)
    for blob_id, (length, content_hash) in _named_blobs(database).items():
        content = files[blob_id].read_bytes()
        assert len(content) == length
        assert blake3(content).digest() == content_hash


def _check_the_sweep_leaves_only_what_rows_name(database: Path, data_dir: Path) -> None:
    """Halves of uploads that were cut off go when they are a day old."""
    two_days_ago_s = time.time() - 2 * 86_400
    for file in _blob_files(data_dir / "blobs").values():
        os.utime(file, (two_days_ago_s, two_days_ago_s))
    named = _named_blobs(database).keys()
    with running_process(data_dir):
        give_up_s = time.monotonic() + 20
        while _blob_files(data_dir / "blobs").keys() != named and time.monotonic() < give_up_s:
            time.sleep(0.05)
    assert _blob_files(data_dir / "blobs").keys() == named
