"""Archives of strangers: what passes, what is left out, and what refuses the whole of it."""

import stat
import struct
from datetime import timedelta
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.archive.directory import ArchiveError
from dashboard.archive.reading import Archive, Limits
from tests.support.archives import NOON, entry_of, foreign_archive, write_archive

FILES = {"/pub/app/a.json": b"{}" * 400, "/priv/notes/é": b"secret", "/pub/empty": b""}


def refused(path: Path, limits: Limits | None = None) -> str:
    try:
        with Archive.open(path, limits) as archive:
            for entry in archive.entries:
                archive.hash_of(entry)
    except ArchiveError as error:
        return str(error)
    raise AssertionError("it was read")


def test_our_own_archives_come_back_whole(tmp_path: Path) -> None:
    with Archive.open(write_archive(tmp_path / "a.zip", FILES)) as archive:
        read = {entry.path.text: b"".join(archive.chunks(entry)) for entry in archive.entries}
        assert read == FILES
        assert archive.left_out == ()
        assert {entry.modified_at for entry in archive.entries} == {NOON}
        assert {entry.blake3 for entry in archive.entries} == {
            entry_of(*each).blake3 for each in FILES.items()
        }


def test_archives_of_other_programs_are_read_by_their_names(tmp_path: Path) -> None:
    made = foreign_archive(
        tmp_path / "a.zip",
        {"pub/": b"", "pub/a.png": b"1", ".DS_Store": b"2", "pub//x": b"3", "README.txt": b"4"},
    )
    with Archive.open(made) as archive:
        assert [(each.path.text, each.content_type) for each in archive.entries] == [
            ("/pub/a.png", "image/png")
        ]
        assert [each.name for each in archive.left_out] == [".DS_Store", "pub//x"]
        assert archive.listed is None


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../x",
        "pub/../../x",
        "pub/..",
        "C:/x",
        "c:x",
        "pub\\x",
        "..\\x",
        "pub/a\0b",
    ],
)
def test_names_that_lead_elsewhere_refuse_the_archive(tmp_path: Path, name: str) -> None:
    assert "name" in refused(foreign_archive(tmp_path / "a.zip", {name: b"x"}))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_refuse_the_archive(tmp_path: Path, kind: int) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": b"/etc/passwd"}, kind | 0o777)
    assert "link" in refused(made)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_refuse_the_archive(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("pub/a", b"1")
        made.writestr("pub/a", b"2")
    assert "same name" in refused(tmp_path / "a.zip")


def test_two_names_for_one_path_refuse_the_archive(tmp_path: Path) -> None:
    made = write_archive(tmp_path / "a.zip", {"/pub/a": b"1", "/pub/b": b"2"}, [])
    with Archive.open(made) as archive:
        assert len(archive.entries) == 2
    listed = [entry_of("/pub/a", b"1")]
    moved = type(listed[0])(listed[0].path, "pub/b", 1, "", "", NOON)
    made = write_archive(tmp_path / "b.zip", {"/pub/a": b"1", "/pub/b": b"2"}, [moved])
    assert "same path" in refused(made)


def test_files_that_overlap_refuse_the_archive(tmp_path: Path) -> None:
    """The trick by which one compressed block serves as a thousand files."""
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": bytes(5000), "pub/b": bytes(5000)})
    data = bytearray(made.read_bytes())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", 0)
    made.write_bytes(data)
    assert "overlap" in refused(made)


def test_a_bomb_refuses_the_archive(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": bytes(20_000_000)})
    assert made.stat().st_size < 25_000
    assert "beyond measure" in refused(made)


def test_even_small_files_are_no_bombs(tmp_path: Path) -> None:
    with Archive.open(foreign_archive(tmp_path / "a.zip", {"pub/a": bytes(900_000)})) as archive:
        assert len(b"".join(archive.chunks(archive.entries[0]))) == 900_000


def test_a_file_that_grows_past_what_it_says_is_stopped(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": bytes(900_000)})
    data = bytearray(made.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 1000)
    made.write_bytes(data)
    with Archive.open(made) as archive, pytest.raises(ArchiveError):
        archive.hash_of(archive.entries[0])


def test_too_many_entries_are_counted_and_not_believed(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {f"pub/{number}": b"" for number in range(11)})
    data = bytearray(made.read_bytes())
    data[-14:-10] = struct.pack("<HH", 1, 1)
    made.write_bytes(data)
    assert "more than 10" in refused(made, Limits(entries=10))


def test_too_much_in_all_refuses_and_one_too_large_is_left_out(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": b"x" * 60, "pub/b": b"x" * 50})
    assert "too large" in refused(made, Limits(total_bytes=100))
    with Archive.open(made, Limits(file_bytes=50)) as archive:
        assert [each.name for each in archive.left_out] == ["pub/a"]
        assert [each.name for each in archive.entries] == ["pub/b"]


def test_unusual_compression_and_encryption_are_refused(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w", ZIP_BZIP2) as packed:
        packed.writestr("pub/a", b"x" * 100)
    assert "unusual" in refused(tmp_path / "a.zip")
    made = foreign_archive(tmp_path / "b.zip", {"pub/a": b"x"})
    data = bytearray(made.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    made.write_bytes(data)
    assert "encrypted" in refused(made)


@pytest.mark.parametrize(
    ("before", "behind"), [(b"x", b""), (b"", b"x"), (b"#!/bin/sh\n", b""), (b"", b"PK\x05\x06")]
)
def test_bytes_around_an_archive_refuse_it(tmp_path: Path, before: bytes, behind: bytes) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": b"x"})
    made.write_bytes(before + made.read_bytes() + behind)
    refused(made)


def test_a_comment_refuses_the_archive(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "a.zip", "w", ZIP_DEFLATED) as made:
        made.writestr("pub/a", b"x")
        made.comment = b"PK\x05\x06" + bytes(18)
    refused(tmp_path / "a.zip")


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"pub/a": b"some words that differ"})
    data = bytearray(made.read_bytes())
    data[40] ^= 1
    made.write_bytes(data)
    assert "damaged" in refused(made)


def test_files_that_were_not_whole_are_left_out(tmp_path: Path) -> None:
    listed = [entry_of("/pub/a", b"1", "incomplete"), entry_of("/pub/b", b"", "vanished")]
    with Archive.open(write_archive(tmp_path / "a.zip", {"/pub/a": b"1"}, listed)) as archive:
        assert archive.entries == ()
        assert [each.name for each in archive.left_out] == ["pub/a"]
        assert archive.missing() == ()


def test_an_archive_with_a_broken_manifest_is_refused(tmp_path: Path) -> None:
    made = foreign_archive(tmp_path / "a.zip", {"MANIFEST.jsonl": b"[]\n", "pub/a": b""})
    assert "manifest" in refused(made)


def test_the_modified_time_of_a_listed_file_is_exact(tmp_path: Path) -> None:
    entry = entry_of("/pub/a", b"1")
    exact = type(entry)(
        entry.path, entry.name, 1, "a/b", entry.blake3, NOON + timedelta(microseconds=5)
    )
    with Archive.open(write_archive(tmp_path / "a.zip", {"/pub/a": b"1"}, [exact])) as archive:
        assert archive.entries[0].modified_at == NOON + timedelta(microseconds=5)
        assert archive.entries[0].content_type == "a/b"


ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@ANY
@given(st.binary(max_size=300))
def test_any_bytes_are_an_archive_or_refused(tmp_path: Path, data: bytes) -> None:
    _read_all(tmp_path, data)


@ANY
@given(st.data())
def test_a_mangled_archive_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """A few changed bytes anywhere: never another exception, never more bytes than announced."""
    whole = bytearray(write_archive(tmp_path / "whole.zip", FILES).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    _read_all(tmp_path, bytes(whole[: data.draw(st.integers(len(whole) - 30, len(whole)))]))


def _read_all(folder: Path, data: bytes) -> None:
    target = folder / "any.zip"
    target.write_bytes(data)
    try:
        with Archive.open(target) as archive:
            for entry in archive.entries:
                assert sum(map(len, archive.chunks(entry))) == entry.byte_count
    except ArchiveError:
        pass
