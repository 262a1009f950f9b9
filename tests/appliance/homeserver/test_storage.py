"""What becomes true together: the row, the event, the ledger and the bytes."""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from blake3 import blake3
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from appliance.clock import system_clock
from appliance.errors import PubkyError
from appliance.homeserver.sweep import ORPHAN_AGE_US, make_room, sweep
from appliance.metadata import users
from appliance.metadata.events import Author
from appliance.pubky.paths import StoragePath
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.settable_clock import SettableClock

ALICE = keypair_of("alice").public_key
PATHS = ["/pub/a", "/pub/a/b", "/pub/a/b/c", "/pub/d", "/priv/a", "/priv/e.txt"]


def query(data_dir: Path, sql: str, *params: object) -> list[Any]:
    """Rows as a connection of its own sees them."""
    with closing(sqlite3.connect(data_dir / "metadata.sqlite3")) as database:
        return database.execute(sql, params).fetchall()


def blob_ids(data_dir: Path) -> set[str]:
    """Names of all stored bytes."""
    return {path.name for path in (data_dir / "blobs").rglob("*") if path.is_file()}


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    """A body."""
    for chunk in chunks:
        yield chunk


def collides(path: str, stored: dict[str, bytes]) -> bool:
    """Whether a file or a folder of one name would come to be."""
    return any(other.startswith(path + "/") or path.startswith(other + "/") for other in stored)


class StorageMachine(RuleBasedStateMachine):
    """One user's files against a plain dictionary."""

    @initialize()
    def start(self) -> None:
        """Run a node with one user."""
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.data_dir = Path(self.folder.name)
        # Only the part that is asked here: others write a byte to see whether they can.
        config = config_on_free_ports()
        config = replace(config, run=replace(config.run, parts=("web",)))
        self.node = self.runner.run(
            self.stack.enter_async_context(running_appliance(self.data_dir, config))
        )
        self.services = self.node.node.services
        self.runner.run(self.services.metadata.write(users.create, ALICE.z32, system_clock()))
        self.stored: dict[str, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.replaced = 0

    def teardown(self) -> None:
        """Stop the node."""
        if hasattr(self, "runner"):
            self.runner.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    @rule(path=st.sampled_from(PATHS), body=st.binary(max_size=20), author=st.integers(1, 3))
    def put(self, path: str, body: bytes, author: int) -> None:
        """Write a file."""
        writing = self.services.storage.write(
            ALICE, StoragePath.parse(path), Author(session_id=author), None, stream(body)
        )
        if collides(path, self.stored):
            with pytest.raises(PubkyError, match="collision"):
                self.runner.run(writing)
            return
        self.runner.run(writing)
        self.replaced += path in self.stored
        self.stored[path] = body
        self.log.append(("PUT", path))

    @rule(path=st.sampled_from(PATHS))
    def delete(self, path: str) -> None:
        """Delete a file."""
        deleting = self.services.storage.delete(
            ALICE, StoragePath.parse(path), Author(session_id=1)
        )
        if path not in self.stored:
            with pytest.raises(PubkyError, match="Not Found"):
                self.runner.run(deleting)
            return
        self.runner.run(deleting)
        del self.stored[path]
        self.replaced += 1
        self.log.append(("DEL", path))

    @rule(path=st.sampled_from(PATHS), body=st.binary(max_size=20))
    def break_off(self, path: str, body: bytes) -> None:
        """Begin to write a file and leave."""

        async def broken() -> AsyncIterator[bytes]:
            yield body
            raise PubkyError("invalid", "Stream broken")

        with pytest.raises(PubkyError):
            self.runner.run(
                self.services.storage.write(
                    ALICE, StoragePath.parse(path), Author(session_id=1), None, broken()
                )
            )

    @rule()
    def sweep_early(self) -> None:
        """Nothing is due yet."""
        blobs = self.services.storage.blobs
        swept = self.runner.run(sweep(self.services.metadata, blobs, system_clock))
        assert swept == 0

    @rule()
    def sweep_late(self) -> None:
        """A year later only what the files need is left."""
        blobs = self.services.storage.blobs
        later = SettableClock(system_clock() + 365 * 86_400_000_000)
        swept = self.runner.run(sweep(self.services.metadata, blobs, later))
        assert swept == self.replaced
        self.replaced = 0

    @invariant()
    def everything_agrees(self) -> None:
        """Rows, events, ledger and bytes say the same."""
        rows = query(self.data_dir, "SELECT path, content_length, content_hash FROM entries")
        assert {path: (length, bytes(digest)) for path, length, digest in rows} == {
            path: (len(body), blake3(body).digest()) for path, body in self.stored.items()
        }
        events = query(self.data_dir, "SELECT kind, path FROM events ORDER BY id")
        assert [tuple(row) for row in events] == self.log
        ((used, count),) = query(self.data_dir, "SELECT used_bytes, entry_count FROM users")
        assert used == sum(len(body) + 256 for body in self.stored.values())
        assert count == len(self.stored)
        known = query(
            self.data_dir,
            "SELECT blob_id FROM entries UNION ALL SELECT blob_id FROM retired_blobs",
        )
        assert blob_ids(self.data_dir) == {blob_id for (blob_id,) in known}
        assert len(known) == len(self.stored) + self.replaced


StorageMachine.TestCase.settings = settings(max_examples=8, stateful_step_count=25, deadline=None)
TestStorageMachine = StorageMachine.TestCase


async def test_an_event_names_the_session_that_wrote_it(
    http: httpx.AsyncClient, appliance: Appliance, alice: Person
) -> None:
    app = Person(alice.keypair, http)
    await app.sign_in(capabilities="/pub/app/:rw")
    await alice.put("/pub/a", "hello")
    await app.put("/pub/app/b", "x")
    await alice.delete("/pub/a")
    rows = query(
        appliance.data_dir,
        "SELECT kind, path, content_hash, capabilities, grant_id FROM events"
        " JOIN sessions ON sessions.id = session_id ORDER BY events.id",
    )
    hello, letter = (blake3(body).digest() for body in (b"hello", b"x"))
    assert [tuple(row) for row in rows] == [
        ("PUT", "/pub/a", hello, "/:rw", None),
        ("PUT", "/pub/app/b", letter, "/pub/app/:rw", None),
        ("DEL", "/pub/a", None, "/:rw", None),
    ]


async def test_the_same_bytes_again_are_a_new_event(appliance: Appliance, alice: Person) -> None:
    for _ in range(3):
        await alice.put("/pub/a", "same")
    assert query(appliance.data_dir, "SELECT COUNT(*) FROM events") == [(3,)]
    assert query(appliance.data_dir, "SELECT used_bytes FROM users") == [(260,)]


async def test_a_refused_write_leaves_no_trace(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", "x")
    before = blob_ids(appliance.data_dir)
    assert (await alice.put("/pub/a/b", "y" * 1000)).status_code == 409
    assert blob_ids(appliance.data_dir) == before
    assert query(appliance.data_dir, "SELECT COUNT(*) FROM events") == [(1,)]


async def test_replaced_bytes_stay_as_long_as_the_trash_keeps_them(tmp_path: Path) -> None:
    """Thirty days by default; never less than a slow reader may need."""
    day_us = 86_400_000_000
    for days, kept_us in ((30, 30 * day_us), (1, day_us), (0, 600_000_000)):
        data_dir = tmp_path / str(days)
        data_dir.mkdir()
        async with (
            running_appliance(data_dir, config_on_free_ports(trash_days=days)) as node,
            httpx.AsyncClient(base_url=node.client_url) as http,
        ):
            carol = Person(keypair_of("carol"), http)
            await carol.sign_up()
            await carol.put("/pub/a", "old")
            await carol.put("/pub/a", "new")
            ((retired_us, due_us),) = query(
                data_dir, "SELECT retired_us, delete_after_us FROM retired_blobs"
            )
            assert due_us - retired_us == kept_us
            services = node.node.services
            for at_us, swept in ((due_us - 1, 0), (due_us, 1), (due_us + 1, 0)):
                clock = SettableClock(at_us)
                assert await sweep(services.metadata, services.storage.blobs, clock) == swept
            assert (await carol.get("/pub/a")).text == "new"


async def test_bytes_that_no_row_knows_go_after_a_day(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", "known")
    services = appliance.node.services
    orphan = await services.storage.blobs.write(stream(b"left by a crash"))
    now_us = system_clock()
    for late_us, swept in ((0, 0), (ORPHAN_AGE_US // 2, 0), (2 * ORPHAN_AGE_US, 1)):
        clock = SettableClock(now_us + late_us)
        assert await sweep(services.metadata, services.storage.blobs, clock) == swept
    assert orphan.id not in blob_ids(appliance.data_dir)
    assert (await alice.get("/pub/a")).text == "known"


async def test_trash_goes_early_and_oldest_first_while_the_disk_needs_room(
    appliance: Appliance, alice: Person
) -> None:
    """Only as much as is needed, nothing that is in use, and nothing a reader may still hold."""
    services = appliance.node.services
    for number in range(30):
        await alice.put("/pub/a", f"version {number}")
    kept = blob_ids(appliance.data_dir)
    later = SettableClock(system_clock() + 11 * 60 * 1_000_000)
    answers = iter([True, False])
    arguments = (services.metadata, services.storage.blobs)
    assert await make_room(*arguments, system_clock, lambda: True) == 0
    assert await make_room(*arguments, later, lambda: next(answers)) == 20
    assert len(blob_ids(appliance.data_dir)) == len(kept) - 20
    assert await make_room(*arguments, later, lambda: True) == 9
    assert (await alice.get("/pub/a")).text == "version 29"
