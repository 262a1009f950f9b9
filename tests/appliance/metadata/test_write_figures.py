"""What the writer tells of itself, and a commit that proves that the file can be written."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.metadata import users
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metadata.store import Tx


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    opened = await open_sqlite(tmp_path / "rows.sqlite3", durable=False)
    yield opened
    await opened.close()


def number_of(file: Path) -> int:
    """The number in the file's head that `prove_writable` sets."""
    with closing(sqlite3.connect(file)) as connection:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


async def test_every_transaction_is_timed_and_every_commit_counted(
    metadata: SqliteMetadata,
) -> None:
    await asyncio.gather(*(metadata.write(users.create, f"key {n}", 1) for n in range(20)))
    figures = metadata.write_figures
    assert sum(figures.durations_s.counts) == 20
    assert figures.group_sizes.total == 20
    assert 1 <= sum(figures.group_sizes.counts) <= 20


async def test_a_transaction_that_fails_is_timed_too(metadata: SqliteMetadata) -> None:
    def fail(_: Tx) -> None:
        raise KeyError("no")

    with pytest.raises(KeyError):
        await metadata.write(fail)
    assert sum(metadata.write_figures.durations_s.counts) == 1


async def test_the_queue_is_seen_while_writes_wait(metadata: SqliteMetadata) -> None:
    begun, released = threading.Event(), threading.Event()

    def hold(_: Tx) -> None:
        begun.set()
        assert released.wait(10)

    first = asyncio.create_task(metadata.write(hold))
    await asyncio.to_thread(begun.wait, 10)
    others = [asyncio.create_task(metadata.write(users.create, f"key {n}", 1)) for n in range(5)]
    await asyncio.sleep(0)
    assert metadata.waiting_writes == 5
    released.set()
    await asyncio.gather(first, *others)
    assert metadata.waiting_writes == 0


async def test_proving_writability_commits_something(
    metadata: SqliteMetadata, tmp_path: Path
) -> None:
    await metadata.prove_writable(1_700_000_000)
    assert number_of(tmp_path / "rows.sqlite3") == 1_700_000_000
    await metadata.prove_writable(2**31 + 5)
    assert number_of(tmp_path / "rows.sqlite3") == 5
