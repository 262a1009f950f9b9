"""Figures that are read when asked for: a hung disk must show, and must not stop a scrape."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.blobs.files import FileBlobs
from appliance.homeserver import node_figures
from appliance.homeserver.backup_log import BACKUPS_FILE, DRILL, append_backup
from appliance.homeserver.node_figures import NodeFigures, Places
from appliance.homeserver.readiness import Readiness
from appliance.metadata import users
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metrics import Counters
from tests.support.exposition import Scrape
from tests.support.settable_clock import SettableClock

READY = "pubky_appliance_ready"


class Disk:
    """A check that hangs as long as it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()

    async def check(self) -> None:
        """As a thread that waits for a disk: nobody can end it."""
        while not self.answers.is_set():
            try:
                await self.answers.wait()
            except asyncio.CancelledError:
                continue


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    opened = await open_sqlite(tmp_path / "rows.sqlite3", durable=False)
    yield opened
    await opened.close()


@pytest.fixture
def readiness(disk: Disk, clock: SettableClock) -> Readiness:
    made = Readiness({"disk": disk.check}, clock)
    made.set_running(running=True)
    return made


@pytest.fixture
def figures(
    tmp_path: Path, metadata: SqliteMetadata, readiness: Readiness, clock: SettableClock
) -> NodeFigures:
    places = Places(tmp_path, tmp_path / "blobs", tmp_path / "rows.sqlite3")
    return NodeFigures(metadata, FileBlobs(places.blobs), readiness, places, clock)


@pytest.fixture
def counters(figures: NodeFigures) -> Counters:
    made = Counters()
    figures.register(made)
    return made


def scrape(counters: Counters) -> Scrape:
    """What a scraper sees now."""
    return Scrape(counters.text().decode())


async def test_the_last_look_shows_each_check(readiness: Readiness, counters: Counters) -> None:
    assert scrape(counters).values(READY) == []
    await readiness.verdicts()
    assert scrape(counters).value(READY, check="disk") == 1
    assert scrape(counters).value(READY, check="parts") == 1


async def test_a_look_that_hangs_shows_as_not_ready_and_scrapes_go_on(
    figures: NodeFigures,
    readiness: Readiness,
    counters: Counters,
    disk: Disk,
    clock: SettableClock,
) -> None:
    await readiness.verdicts()
    disk.answers.clear()
    clock.advance(60)
    look = asyncio.create_task(readiness.verdicts())
    await asyncio.sleep(0)
    await figures.refresh()
    assert scrape(counters).value(READY, check="disk") == 1
    clock.advance(11)
    await figures.refresh()
    assert scrape(counters).value(READY, check="disk") == 0
    disk.answers.set()
    await look
    assert scrape(counters).value(READY, check="disk") == 1


async def test_tables_are_read_every_quarter_of_a_minute_at_most(
    figures: NodeFigures, counters: Counters, metadata: SqliteMetadata, clock: SettableClock
) -> None:
    async def users_seen() -> float:
        await figures.refresh()
        return scrape(counters).value("pubky_appliance_users", state="enabled")

    assert await users_seen() == 0
    await metadata.write(users.create, "somebody", 1)
    clock.advance(14.9)
    assert await users_seen() == 0
    clock.advance(0.1)
    assert await users_seen() == 1


async def test_a_clock_that_was_set_back_does_not_freeze_the_figures(
    figures: NodeFigures, counters: Counters, metadata: SqliteMetadata, clock: SettableClock
) -> None:
    await figures.refresh()
    await metadata.write(users.create, "somebody", 1)
    clock.advance(-3600)
    await figures.refresh()
    assert scrape(counters).value("pubky_appliance_users", state="enabled") == 1


async def test_a_missing_folder_hides_only_its_own_figures(
    tmp_path: Path, counters: Counters
) -> None:
    (tmp_path / "blobs").rmdir()
    found = scrape(counters)
    assert found.values("pubky_appliance_disk_free_bytes", folder="blobs") == []
    assert found.value("pubky_appliance_disk_free_bytes", folder="data") > 0


async def test_the_node_looks_by_itself(
    figures: NodeFigures, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_figures, "LOOK_EVERY_S", 0.0)
    follower = asyncio.create_task(figures.follow_readiness())
    for _ in range(5):
        await asyncio.sleep(0)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    assert scrape(counters).value(READY, check="disk") == 1


async def test_the_event_loop_is_measured_again_and_again(
    figures: NodeFigures, counters: Counters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_figures, "LAG_EVERY_S", 0.0)
    follower = asyncio.create_task(figures.follow_lag())
    for _ in range(5):
        await asyncio.sleep(0)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    assert scrape(counters).value("pubky_appliance_event_loop_lag_seconds_count") >= 2


async def test_what_runs_is_told(counters: Counters, clock: SettableClock) -> None:
    clock.advance(90)
    found = scrape(counters)
    assert found.value("pubky_appliance_build_info") == 1
    assert found.value("pubky_appliance_uptime_seconds") == 90
    assert found.value("pubky_appliance_database_file_bytes", file="main") > 0


async def test_backups_and_drills_are_told_apart(
    tmp_path: Path, figures: NodeFigures, counters: Counters
) -> None:
    last_backup = "pubky_appliance_backup_last_success_timestamp_seconds"
    last_drill = "pubky_appliance_backup_last_drill_timestamp_seconds"
    assert scrape(counters).value(last_backup) == 0
    assert scrape(counters).values("pubky_appliance_backup_ok") == []
    for at_s, kind, is_ok in ((100, "backup", True), (200, DRILL, True), (300, "backup", False)):
        file = tmp_path / BACKUPS_FILE
        append_backup(file, at_s * 1_000_000, kind, ok=is_ok, byte_count=None, detail="")
    await figures.refresh()
    assert scrape(counters).value(last_backup) == 100
    assert scrape(counters).value(last_drill) == 200
    assert scrape(counters).value("pubky_appliance_backup_ok", kind="backup") == 0
    assert scrape(counters).value("pubky_appliance_backup_ok", kind="drill") == 1
