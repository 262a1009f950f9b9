"""Checking an archive against its own manifest."""

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.archive.directory import ArchiveError
from dashboard.archive.verify import verify
from tests.support.archives import entry_of, foreign_archive, write_archive

FILES = {"/pub/a": b"one", "/priv/b": b"two"}


def test_an_untouched_archive_is_good(tmp_path: Path) -> None:
    report = verify(write_archive(tmp_path / "a.zip", FILES))
    assert report.is_good
    assert (report.file_count, report.byte_count) == (2, 6)


def test_other_bytes_under_the_same_name_are_named(tmp_path: Path) -> None:
    listed = [entry_of("/pub/a", b"1ne"), entry_of("/priv/b", b"two")]
    report = verify(write_archive(tmp_path / "a.zip", FILES, listed))
    assert not report.is_good
    assert report.damaged == ("pub/a",)


def test_a_broken_file_is_named_and_the_rest_is_still_read(tmp_path: Path) -> None:
    made = write_archive(tmp_path / "a.zip", FILES | {"/pub/c": b"z" * 2_000_000})
    data = bytearray(made.read_bytes())
    data[data.index(b"zzzz")] ^= 1
    made.write_bytes(data)
    report = verify(made)
    assert report.damaged == ("pub/c",)
    assert report.byte_count == 6


def test_what_was_taken_away_or_put_in_is_named(tmp_path: Path) -> None:
    listed = [entry_of("/pub/a", b"one"), entry_of("/pub/gone", b"")]
    report = verify(write_archive(tmp_path / "a.zip", FILES, listed))
    assert (report.missing, report.unlisted) == (("pub/gone",), ("priv/b",))
    assert not report.is_good


def test_what_the_manifest_admits_is_not_a_fault(tmp_path: Path) -> None:
    listed = [
        entry_of("/pub/a", b"one"),
        replace(entry_of("/priv/b", b"two"), state="incomplete"),
        replace(entry_of("/pub/gone", b""), state="vanished"),
    ]
    report = verify(write_archive(tmp_path / "a.zip", FILES, listed))
    assert report.is_good
    assert report.noted == ("priv/b", "pub/gone")


def test_an_archive_without_a_manifest_proves_nothing(tmp_path: Path) -> None:
    report = verify(foreign_archive(tmp_path / "a.zip", {"pub/a": b"x"}))
    assert not report.has_manifest
    assert not report.is_good


def test_something_else_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK" * 100)
    with pytest.raises(ArchiveError):
        verify(tmp_path / "a")
