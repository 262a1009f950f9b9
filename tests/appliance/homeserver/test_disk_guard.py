"""The guard of the disk: when it refuses, when it warns, how often it looks."""

import logging
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.errors import PubkyError
from appliance.homeserver.disk_guard import MEBIBYTE, DiskGuard
from tests.support.settable_clock import SettableClock


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


class Disk:
    """A disk of the world, as full as a test wants it."""

    def __init__(self, total: int, free: int) -> None:
        self.total = total
        self.free = free
        self.looks = 0

    def usage(self, _: Path) -> Usage:
        """As `shutil.disk_usage`."""
        self.looks += 1
        return Usage(self.total, self.total - self.free, self.free)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """100 GiB, half full."""
    made = Disk(100 * 1024 * MEBIBYTE, 50 * 1024 * MEBIBYTE)
    monkeypatch.setattr(shutil, "disk_usage", made.usage)
    return made


def guard(min_free_bytes: int | None, clock: SettableClock | None = None) -> DiskGuard:
    """A guard of one folder."""
    return DiskGuard((Path("/data"),), min_free_bytes, clock or SettableClock())


@pytest.mark.usefixtures("disk")
def test_half_a_disk_is_room_enough() -> None:
    watching = guard(None)
    watching.check(1024 * MEBIBYTE)
    assert not watching.is_low


def test_256_mib_stay_free_on_a_large_disk(disk: Disk) -> None:
    disk.free = 256 * MEBIBYTE
    guard(None).check(0)
    disk.free -= 1
    with pytest.raises(PubkyError, match="The disk of this server is nearly full") as caught:
        guard(None).check(0)
    assert caught.value.code == "over_quota"


def test_a_fiftieth_stays_free_on_a_small_disk(disk: Disk) -> None:
    disk.total = 1000 * MEBIBYTE
    disk.free = 20 * MEBIBYTE
    guard(None).check(0)
    disk.free -= 1
    with pytest.raises(PubkyError):
        guard(None).check(0)


def test_what_a_client_announces_counts(disk: Disk) -> None:
    disk.free = 300 * MEBIBYTE
    guard(None).check(44 * MEBIBYTE)
    with pytest.raises(PubkyError):
        guard(None).check(44 * MEBIBYTE + 1)


def test_the_operator_chooses_what_stays_free(disk: Disk) -> None:
    disk.free = 300 * MEBIBYTE
    with pytest.raises(PubkyError):
        guard(301 * MEBIBYTE).check(0)


def test_zero_lets_the_disk_fill_up(disk: Disk) -> None:
    disk.free = 0
    guard(0).check(MEBIBYTE)


def test_it_looks_once_a_second(disk: Disk) -> None:
    clock = SettableClock()
    watching = guard(None, clock)
    for _ in range(5):
        watching.check(0)
    assert disk.looks == 1
    clock.advance(1)
    watching.check(0)
    assert disk.looks == 2


def test_it_looks_again_when_the_clock_was_set_back(disk: Disk) -> None:
    clock = SettableClock()
    watching = guard(None, clock)
    watching.check(0)
    clock.advance(-3600)
    watching.check(0)
    assert disk.looks == 2


def test_it_warns_once_an_hour_below_a_tenth(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clock = SettableClock()
    watching = guard(None, clock)
    disk.free = disk.total // 10 - 1
    for _ in range(59):
        assert watching.is_low
        clock.advance(60)
    assert [record.message for record in caplog.records] == [
        "the disk is nearly full: 10239 MiB are free"
    ]
    clock.advance(60)
    assert watching.is_low
    assert len(caplog.records) == 2


def test_a_real_folder_can_be_looked_at(tmp_path: Path) -> None:
    assert DiskGuard((tmp_path,), 0, SettableClock()).is_low in (True, False)
