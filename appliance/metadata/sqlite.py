"""SQLite: one writer that commits in groups, a few readers, and one reader on the event loop.

The writer runs whatever is waiting in one commit, each transaction in a savepoint of its own: a
durable commit costs a flush of the disk, and under load many writers share one flush.
"""

import asyncio
import itertools
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite

from appliance.errors import PubkyError
from appliance.metadata.migrate import migrate
from appliance.metadata.store import Params, Result, Row, Transaction, Tx, Value, WriteFigures

READERS = 2
LARGEST_GROUP = 64
BUSY_TIMEOUT_MS = 5000


class DatabaseUnusableError(Exception):
    """The database cannot be opened: damaged, of a newer version, or not ours to write."""


class SqliteTx:
    """A transaction on one SQLite connection; see `store.Tx`."""

    __slots__ = ("_connection", "has_events")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.has_events = False

    def one(self, sql: str, *params: Value) -> Row | None:
        """See `store.Tx.one`."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, *params: Value) -> list[Row]:
        """See `store.Tx.all`."""
        return self._connection.execute(sql, params).fetchall()

    def run(self, sql: str, *params: Value) -> int:
        """See `store.Tx.run`."""
        return self._connection.execute(sql, params).rowcount

    def order_events(self) -> None:
        """Nothing to hold back: SQLite has one writer. Noted, so that subscribers are woken."""
        self.has_events = True


@dataclass(slots=True)
class _Job:
    transaction: Callable[[SqliteTx], Any]
    result: Any = None
    error: Exception | None = None
    has_events: bool = False


class _Connection(aiosqlite.Connection):
    """An aiosqlite connection that runs a whole function on its thread."""

    async def on_thread(self, function: Callable[..., Result], *args: Any) -> Result:
        # Protected in aiosqlite and without types, so its version is pinned and this is the only
        # place that calls it.
        result: Result = await self._execute(function, *args)  # type: ignore[no-untyped-call]
        return result

    async def end(self) -> None:
        """Close, and wait for the thread: after a failed opening aiosqlite does not, and a thread
        that outlives its event loop reports an error of its own."""
        await self.close()
        await asyncio.to_thread(self._thread.join)

    async def bring_up_to_date(self) -> None:
        await self.on_thread(lambda: migrate(self._conn))


class _WriterConnection(_Connection):
    """Runs whole transactions on the connection's own thread, grouped into commits."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._waiting: deque[_Job] = deque()
        self.figures = WriteFigures()
        self._event_listeners: list[Callable[[], object]] = []

    def on_new_events(self, callback: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._event_listeners.append(lambda: loop.call_soon_threadsafe(callback))

    @property
    def waiting(self) -> int:
        """Transactions that no commit has taken up yet."""
        return len(self._waiting)

    async def run_transaction(self, transaction: Callable[[SqliteTx], Result]) -> Result:
        now_s = asyncio.get_running_loop().time
        begin_s = now_s()
        job = _Job(transaction)
        self._waiting.append(job)
        # The job was queued before this call, and the thread takes calls in order, so when the
        # call has ended the job was part of this group or of an earlier one.
        await self.on_thread(self._commit_group)
        self.figures.durations_s.observe(now_s() - begin_s)
        if job.error is not None:
            raise job.error
        result: Result = job.result
        return result

    def _commit_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_GROUP))]
        if not group:
            return
        self.figures.group_sizes.observe(len(group))
        try:
            self._conn.execute("BEGIN IMMEDIATE")
            for job in group:
                self._run_in_savepoint(job)
            self._conn.execute("COMMIT")
        except sqlite3.Error as error:
            if self._conn.in_transaction:
                self._conn.execute("ROLLBACK")
            for job in group:
                job.error = _translated(error)
            return
        if any(job.has_events for job in group):
            for announce in self._event_listeners:
                announce()

    def _run_in_savepoint(self, job: _Job) -> None:
        self._conn.execute("SAVEPOINT job")
        try:
            tx = SqliteTx(self._conn)
            job.result = job.transaction(tx)
            job.has_events = tx.has_events
        except Exception as error:
            if not self._conn.in_transaction:
                # A full disk makes SQLite roll back the whole group by itself.
                raise
            self._conn.execute("ROLLBACK TO job")
            job.error = _translated(error)
        self._conn.execute("RELEASE job")


class _ReaderConnection(_Connection):
    """Runs whole queries on the connection's own thread, each against one snapshot."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)

    async def run_query(self, query: Callable[[SqliteTx], Result]) -> Result:
        return await self.on_thread(self._in_snapshot, query)

    def _in_snapshot(self, query: Callable[[SqliteTx], Result]) -> Result:
        self._conn.execute("BEGIN")
        try:
            return query(SqliteTx(self._conn))
        finally:
            self._conn.execute("COMMIT")


class SqliteMetadata:
    """See `store.Metadata`."""

    def __init__(
        self,
        writer: _WriterConnection,
        readers: list[_ReaderConnection],
        on_loop: sqlite3.Connection,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._next_reader = itertools.cycle(readers)
        self._on_loop = on_loop

    async def write(
        self,
        transaction: Transaction[Params, Result],
        /,
        *args: Params.args,
        **kwargs: Params.kwargs,
    ) -> Result:
        """See `store.Metadata.write`; raises PubkyError over_quota when the disk is full."""
        return await self._writer.run_transaction(lambda tx: transaction(tx, *args, **kwargs))

    async def read(
        self, query: Transaction[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """See `store.Metadata.read`."""
        reader = next(self._next_reader)
        return await reader.run_query(lambda tx: query(tx, *args, **kwargs))

    async def peek(
        self, query: Transaction[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """See `store.Metadata.peek`: directly on the loop, a few microseconds."""
        return self.peek_now(query, *args, **kwargs)

    def peek_now(
        self, query: Transaction[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
    ) -> Result:
        """As `peek`, for the fast lane, which does not await."""
        return query(SqliteTx(self._on_loop), *args, **kwargs)

    def on_new_events(self, callback: Callable[[], None]) -> None:
        """See `store.Metadata.on_new_events`."""
        self._writer.on_new_events(callback)

    @property
    def write_figures(self) -> WriteFigures:
        """See `store.Metadata.write_figures`."""
        return self._writer.figures

    @property
    def waiting_writes(self) -> int:
        """See `store.Metadata.waiting_writes`."""
        return self._writer.waiting

    async def prove_writable(self, now_s: int) -> None:
        """Commit something real: a page with the time in a number of the file that nobody uses.

        Raises what a write raises. An empty transaction would prove nothing, for SQLite touches
        the disk only when a page has changed.
        """
        await self.write(_stamp_file, now_s % 2**31)

    async def close(self) -> None:
        """See `store.Metadata.close`."""
        self._on_loop.close()
        await asyncio.gather(*(reader.close() for reader in self._readers), self._writer.close())


async def open_sqlite(path: Path, *, durable: bool = True) -> SqliteMetadata:
    """Open or make the database file and bring its tables up to date.

    `durable=False` leaves flushing to the operating system, for data that need not survive a
    power loss. Raises DatabaseUnusableError.
    """
    writer = _WriterConnection(lambda: _opened_for_writing(path, durable=durable))
    readers = [_ReaderConnection(lambda: _opened_for_reading(path)) for _ in range(READERS)]
    try:
        async with AsyncExitStack() as opened:
            opened.push_async_callback(writer.end)
            await writer
            await writer.bring_up_to_date()
            for reader in readers:
                opened.push_async_callback(reader.end)
                await reader
            metadata = SqliteMetadata(writer, readers, _opened_for_reading(path))
            opened.pop_all()
            return metadata
    except (sqlite3.Error, OSError, ValueError) as error:
        raise DatabaseUnusableError(f"{path}: {error}") from error


def _stamp_file(tx: Tx, number: int) -> None:
    tx.run(f"PRAGMA user_version = {number}")


def quick_check(path: Path) -> str:
    """`ok`, or what is wrong with the database file; changes nothing."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return "; ".join(str(answer).splitlines())


def _opened_for_writing(path: Path, *, durable: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        # Another process of the same node (the command line) may hold the lock for a moment.
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL flushes the log at every commit: an acknowledged write survives a power loss.
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
    except BaseException:
        connection.close()
        raise
    return connection


def _opened_for_reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _translated(error: Exception) -> Exception:
    # Not a failed flush: the log may then hold the whole commit and bring it back after a crash, so
    # it must not look like a refusal, upon which the bytes are deleted.
    disk_errors = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
    # Errors that the Python module raises by itself have no code of SQLite's.
    if getattr(error, "sqlite_errorcode", None) in disk_errors:
        return PubkyError("over_quota", "The disk of this server is full")
    return error
