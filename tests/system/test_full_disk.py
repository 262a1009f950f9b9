"""A full disk is a state like any other: writes are refused, reads go on, nothing is lost."""

import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from appliance.data_folder import LEAST_ROOM_BYTES
from tests.support.appliance import Person, keypair_of
from tests.support.needs import cannot_run_here
from tests.support.node_process import (
    NodeProcess,
    PrivateDisk,
    finished,
    launch,
    make_data_dir,
    private_disk,
    running_process,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

DISK_FULL = (507, "The disk of this server is full")
MEBIBYTE = 1024 * 1024
BALLAST_BYTES = 4 * MEBIBYTE


@dataclass(slots=True)
class FullDiskNode:
    """A node on a small disk, somebody who uses it, and what they were told is stored."""

    disk: PrivateDisk
    process: NodeProcess
    alice: Person
    # Alice again, with a session that only reads.
    reader: Person
    stored: dict[str, bytes] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        """The data folder as this process reaches it."""
        return self.disk.inside / "node"

    async def put(self, path: str, content: bytes) -> tuple[int, str]:
        """PUT; remembers what was acknowledged."""
        response = await self.alice.put(path, content)
        if response.status_code == 201:
            self.stored[path] = content
        return response.status_code, response.text

    async def put_until_full(self, name: str, size: int) -> None:
        """PUT files of one size until there is no room for another."""
        for number in range(30 * MEBIBYTE // size):
            answer = await self.put(f"/pub/{name}/{number}", os.urandom(size))
            if answer[0] != 201:
                assert answer == DISK_FULL
                return
        raise AssertionError("the disk did not fill up")

    def fill_up(self) -> None:
        """Take every byte that is left."""
        with (self.disk.inside / "filler").open("ab", buffering=0) as filler:
            for size in (MEBIBYTE, 4096, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def exhaust_database(self) -> None:
        """Use up what SQLite took from the disk before, one page at a time.

        Afterwards every session seems unused for long: its next use wants a new stamp.
        """
        self._python(
            "connection.execute('PRAGMA wal_autocheckpoint = 0')\n"
            # Each time another value: SQLite writes no page that would stay the same.
            "sql = 'UPDATE sessions SET last_used_us = last_used_us % 1000 + 1'\n"
            "while True:\n"
            "    try:\n"
            "        connection.execute(sql)\n"
            "    except sqlite3.OperationalError as error:\n"
            "        assert error.sqlite_errorname == 'SQLITE_FULL', error\n"
            "        break\n"
        )

    def make_room(self) -> None:
        """Take the ballast away."""
        for name in ("filler", "ballast"):
            (self.disk.inside / name).unlink(missing_ok=True)

    async def check_everything_stored_can_be_read(self) -> None:
        for path, content in self.stored.items():
            # Without and with a cookie: the lane, and the way that looks at the session.
            for headers in ({"pubky-host": self.alice.z32}, self.reader.headers):
                if path.startswith("/pub/") or "cookie" in headers:
                    response = await self.alice.http.get(path, headers=headers)
                    assert (response.status_code, response.content) == (200, content)

    def start_again(self, client: httpx.AsyncClient) -> None:
        """A new process on the same folder."""
        self.process = launch(self.process.data_dir, wrapper=self.disk.wrapper)
        self.process.wait_until_ready()
        client.base_url = httpx.URL(self.process.client_url)

    def blob_files(self) -> set[str]:
        return {file.name for file in (self.data_dir / "blobs").glob("*/*")}

    def named_blobs(self) -> set[str]:
        """Every blob that a row names, in use or retired."""
        text = self._python(
            "statement = 'SELECT blob_id FROM entries UNION SELECT blob_id FROM retired_blobs'\n"
            "print(*(row[0] for row in connection.execute(statement)))\n"
        )
        return set(text.split())

    def _python(self, script: str) -> str:
        """Run a script where the disk is: SQLite resolves links, so it cannot go by `inside`."""
        head = "import sqlite3, sys\n"
        head += "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        python = [*self.disk.wrapper, sys.executable, "-c", head + script]
        database = str(self.process.data_dir / "metadata.sqlite3")
        ended = subprocess.run([*python, database], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PrivateDisk]:
    """24 MiB with 4 MiB of ballast."""
    with private_disk(tmp_path / "disk", "24m") as mounted:
        if mounted is None:
            cannot_run_here("this machine lets nobody mount a file system")
        (mounted.inside / "ballast").write_bytes(bytes(BALLAST_BYTES))
        make_data_dir(mounted.inside / "node", storage={"min_free_mb": 0})
        yield mounted


@pytest.fixture
async def full(disk: PrivateDisk, client: httpx.AsyncClient) -> AsyncIterator[FullDiskNode]:
    """A node whose disk was filled by its user, to the last byte."""
    with running_process(disk.mounted_at / "node", wrapper=disk.wrapper) as process:
        client.base_url = httpx.URL(process.client_url)
        alice, reader = (Person(keypair_of("alice"), client) for _ in range(2))
        node = FullDiskNode(disk, process, alice, reader)
        assert (await alice.sign_up()).status_code == 200
        assert (await reader.sign_in()).status_code == 200
        await node.put("/pub/small", b"small and kept")
        await node.put("/pub/large", os.urandom(300 * 1024))
        await node.put("/priv/secret", b"private and kept")
        await node.put_until_full("mebibytes", MEBIBYTE)
        await node.put_until_full("pages", 4096)
        node.fill_up()
        node.exhaust_database()
        try:
            yield node
            assert node.process.is_running
            assert node.process.log_text() == ""
        finally:
            node.process.kill()


async def test_uploads_are_refused_and_leave_nothing_behind(full: FullDiskNode) -> None:
    assert await full.put("/pub/new", b"") == DISK_FULL
    assert await full.put("/pub/new", os.urandom(100)) == DISK_FULL
    assert await full.put("/pub/new", os.urandom(3 * MEBIBYTE)) == DISK_FULL
    assert await full.put("/pub/small", b"no room for a new version") == DISK_FULL
    assert (await full.alice.get("/pub/new")).status_code == 404
    await full.check_everything_stored_can_be_read()
    assert full.blob_files() == full.named_blobs()


async def test_every_kind_of_read_goes_on(full: FullDiskNode) -> None:
    await full.check_everything_stored_can_be_read()
    alice = full.reader
    head = await alice.http.head("/pub/large", headers=alice.headers)
    assert head.headers["content-length"] == str(300 * 1024)
    part = await alice.get("/pub/small", range="bytes=0-4")
    assert (part.status_code, part.content) == (206, b"small")
    listing = await alice.get("/pub/")
    assert f"pubky://{alice.z32}/pub/small" in listing.text.splitlines()
    assert (await alice.get("/session")).status_code == 200
    assert (await alice.http.get("/info")).status_code == 200


async def test_a_delete_works_or_is_refused_cleanly(full: FullDiskNode) -> None:
    for path in list(full.stored):
        answer = await full.alice.delete(path)
        if answer.status_code == 204:
            del full.stored[path]
            assert (await full.alice.get(path)).status_code == 404
        else:
            assert (answer.status_code, answer.text) == DISK_FULL
    await full.check_everything_stored_can_be_read()


async def test_signing_in_and_up_are_refused_cleanly(full: FullDiskNode) -> None:
    answer = await full.alice.sign_in()
    assert (answer.status_code, answer.text) == DISK_FULL
    bob = Person(keypair_of("bob"), full.alice.http)
    answer = await bob.sign_up()
    assert (answer.status_code, answer.text) == DISK_FULL
    full.make_room()
    assert (await full.alice.sign_in()).status_code == 200
    assert (await bob.sign_up()).status_code == 200


async def test_writes_work_again_once_there_is_room(full: FullDiskNode) -> None:
    assert await full.put("/pub/new", b"too early") == DISK_FULL
    full.make_room()
    assert (await full.put("/pub/new", b"in time"))[0] == 201
    assert (await full.put("/pub/small", os.urandom(2 * MEBIBYTE)))[0] == 201
    assert (await full.alice.delete("/pub/large")).status_code == 204
    del full.stored["/pub/large"]
    await full.check_everything_stored_can_be_read()
    assert full.blob_files() == full.named_blobs()


async def test_a_crash_on_a_full_disk_loses_nothing(
    full: FullDiskNode, client: httpx.AsyncClient
) -> None:
    full.process.kill()
    full.make_room()
    full.start_again(client)
    await full.check_everything_stored_can_be_read()


async def test_a_start_without_any_room_says_so_in_one_line(
    full: FullDiskNode, client: httpx.AsyncClient
) -> None:
    assert full.process.stop() == 0
    full.fill_up()
    data_dir = full.process.data_dir
    refused = finished("--data-dir", str(data_dir), "run", wrapper=full.disk.wrapper)
    assert refused.returncode == 2
    assert refused.stderr == f"Error: {data_dir}: the disk is full; make room and start again\n"
    full.make_room()
    full.start_again(client)
    await full.check_everything_stored_can_be_read()


async def test_a_start_with_little_room_serves_reads(
    full: FullDiskNode, client: httpx.AsyncClient
) -> None:
    assert full.process.stop() == 0
    full.fill_up()
    os.truncate(full.disk.inside / "ballast", BALLAST_BYTES - LEAST_ROOM_BYTES)
    full.start_again(client)
    await full.check_everything_stored_can_be_read()
