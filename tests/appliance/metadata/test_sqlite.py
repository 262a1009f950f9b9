"""The engine's promises: failures stay alone, results follow the commit, refusals are clear."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Coroutine
from contextlib import closing
from pathlib import Path

import pytest

from appliance.errors import PubkyError, invalid
from appliance.metadata import signup_tokens, users
from appliance.metadata.sqlite import (
    DatabaseUnusableError,
    SqliteMetadata,
    open_sqlite,
    quick_check,
)
from appliance.metadata.store import Tx


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    """An empty database."""
    opened = await open_sqlite(tmp_path / "rows.sqlite3", durable=False)
    yield opened
    await opened.close()


def keys_in_file(path: Path) -> list[str]:
    """Keys of users, read by a connection of its own."""
    with closing(sqlite3.connect(path)) as other:
        return [key for (key,) in other.execute("SELECT public_key FROM users ORDER BY id")]


def open_to_others(folder: Path) -> list[int]:
    """What group and others may do with each file."""
    return [item.stat().st_mode & 0o077 for item in folder.iterdir()]


def add_and_fail(tx: Tx, key: str) -> None:
    """A transaction that changes something and then refuses."""
    users.create(tx, key, 1)
    raise invalid("refused")


async def test_a_result_is_given_after_the_commit(metadata: SqliteMetadata, tmp_path: Path) -> None:
    assert await metadata.write(users.create, "alice", 1) == 1
    assert keys_in_file(tmp_path / "rows.sqlite3") == ["alice"]


async def test_a_failing_transaction_does_not_undo_its_neighbours(
    metadata: SqliteMetadata, tmp_path: Path
) -> None:
    def job(number: int) -> Coroutine[None, None, object]:
        name = f"user{number}"
        if number % 3 == 1:
            return metadata.write(add_and_fail, name)
        return metadata.write(users.create, name, 1)

    jobs = [job(number) for number in range(30)]
    results = await asyncio.gather(*jobs, return_exceptions=True)
    refused = [number for number, result in enumerate(results) if isinstance(result, PubkyError)]
    assert refused == [number for number in range(30) if number % 3 == 1]
    expected = [f"user{number}" for number in range(30) if number % 3 != 1]
    assert keys_in_file(tmp_path / "rows.sqlite3") == expected


async def test_an_error_of_the_database_stays_with_its_transaction(
    metadata: SqliteMetadata,
) -> None:
    def broken(tx: Tx) -> None:
        users.create(tx, "nobody", 1)
        tx.run("INSERT INTO no_such_table VALUES (1)")

    results = await asyncio.gather(
        metadata.write(users.create, "alice", 1),
        metadata.write(broken),
        metadata.write(users.create, "bob", 1),
        return_exceptions=True,
    )
    assert isinstance(results[1], sqlite3.OperationalError)
    assert await metadata.peek(users.find, "nobody") is None
    assert await metadata.peek(users.find, "alice") is not None
    assert await metadata.peek(users.find, "bob") is not None


async def test_a_caller_that_leaves_does_not_stop_its_transaction(
    metadata: SqliteMetadata,
) -> None:
    writing = asyncio.ensure_future(metadata.write(users.create, "alice", 1))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await metadata.write(users.create, "bob", 1)
    assert await metadata.peek(users.find, "alice") is not None


async def test_waiting_transactions_share_a_commit(metadata: SqliteMetadata) -> None:
    await asyncio.gather(*(metadata.write(users.create, f"user{n}", 1) for n in range(200)))
    rows = await metadata.read(lambda tx: tx.all("SELECT public_key FROM users ORDER BY id"))
    assert [key for (key,) in rows] == [f"user{n}" for n in range(200)]


async def test_a_reader_sees_one_moment(metadata: SqliteMetadata) -> None:
    def twice(tx: Tx) -> tuple[int, int]:
        first = users.totals(tx).users
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("INSERT INTO users (public_key, created_us) VALUES ('late', 1)")
        return first, users.totals(tx).users

    def file_of(tx: Tx) -> str:
        row = tx.one("PRAGMA database_list")
        assert row is not None
        return str(row[2])

    path = await metadata.peek(file_of)
    assert await metadata.read(twice) == (0, 0)
    assert (await metadata.peek(users.totals)).users == 1


async def test_readers_cannot_write(metadata: SqliteMetadata) -> None:
    for ask in (metadata.read, metadata.peek):
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await ask(users.create, "alice", 1)


async def test_rows_outlive_the_connection(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    first = await open_sqlite(path)
    await first.write(users.create, "alice", 1)
    await first.close()
    second = await open_sqlite(path)
    assert await second.peek(users.find, "alice") is not None
    await second.close()
    assert quick_check(path) == "ok"


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    opened = await open_sqlite(tmp_path / "rows.sqlite3")
    await opened.write(users.create, "alice", 1)
    modes = open_to_others(tmp_path)
    await opened.close()
    assert modes == [0, 0, 0]


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    for name, content in (("text", b"this is no database, and long enough" * 100), ("half", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        if name == "half":
            opened = await open_sqlite(path, durable=False)
            await opened.write(users.create, "alice", 1)
            await opened.close()
            whole = path.read_bytes()
            path.write_bytes(whole[:100] + b"\xff" * 4000 + whole[4100:])
        with pytest.raises(DatabaseUnusableError, match=str(path)):
            await open_sqlite(path)
        assert quick_check(path) != "ok"


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    await (await open_sqlite(path)).close()
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("INSERT INTO migrations (name, applied_us) VALUES ('9999_future', 1)")
    with pytest.raises(DatabaseUnusableError, match="newer version"):
        await open_sqlite(path)
    with closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("DELETE FROM migrations WHERE name = '9999_future'")
    await (await open_sqlite(path)).close()


async def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "rows.sqlite3"):
        with pytest.raises(DatabaseUnusableError, match=str(path)):
            await open_sqlite(path)


async def test_migrations_are_applied_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite3"
    for _ in range(2):
        await (await open_sqlite(path)).close()
    with closing(sqlite3.connect(path)) as other:
        names = [name for (name,) in other.execute("SELECT name FROM migrations")]
    assert names == sorted(set(names))
    assert names[0] == "0001_first_tables"


async def test_event_ids_are_never_given_twice(metadata: SqliteMetadata) -> None:
    def append(tx: Tx) -> int:
        row = tx.one(
            "INSERT INTO events (user_id, kind, path, created_us) VALUES (1, 'PUT', '/pub/a', 1)"
            " RETURNING id"
        )
        assert row is not None
        return int(row[0])

    first = await metadata.write(append)
    await metadata.write(lambda tx: tx.run("DELETE FROM events"))
    assert await metadata.write(append) > first


async def test_an_invite_is_spent_by_one_of_many_at_once(metadata: SqliteMetadata) -> None:
    await metadata.write(signup_tokens.create, "AAAA-BBBB-CCC0", None, None, 1)
    spent = await asyncio.gather(
        *(metadata.write(signup_tokens.consume, "AAAA-BBBB-CCC0", f"u{n}", 2) for n in range(20))
    )
    assert sum(spent) == 1
