"""Archives that are made while they are sent."""

import subprocess
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from shutil import which
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import OwnPath
from dashboard.archive.names import EVENTS, MANIFEST, name_of, path_of
from dashboard.archive.writing import ArchiveWriter, outcome
from tests.support.archives import NOON, write_archive
from tests.support.needs import cannot_run_here


def whole(files: dict[str, tuple[bytes, str]]) -> bytes:
    writer = ArchiveWriter()
    made = b""
    for name, (body, content_type) in files.items():
        writer.begin(name, len(body), content_type, NOON)
        writer.write(body)
        assert writer.end() == (len(body), blake3(body).hexdigest())
        made += writer.take()
    writer.finish()
    made += writer.take()
    assert (writer.byte_count, writer.blake3_hex) == (len(made), blake3(made).hexdigest())
    writer.close()
    return made


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
                       st.binary(max_size=4000), max_size=5))  # fmt: skip
def test_every_file_comes_out_as_it_went_in(files: dict[str, bytes]) -> None:
    made = whole({name: (body, "text/plain") for name, body in files.items()})
    with ZipFile(BytesIO(made)) as read:
        assert read.testzip() is None
        assert {info.filename: read.read(info) for info in read.infolist()} == files


def test_media_are_stored_and_short_texts_deflated() -> None:
    files = {
        "a.json": (b"{}" * 500, "application/json"),
        "b.jpg": (b"x" * 1000, "image/jpeg"),
        "c.txt": (b"x" * 2_000_000, "text/plain; charset=utf-8"),
    }
    with ZipFile(BytesIO(whole(files))) as read:
        kinds = {info.filename: info.compress_type for info in read.infolist()}
    assert kinds == {"a.json": ZIP_DEFLATED, "b.jpg": ZIP_STORED, "c.txt": ZIP_STORED}


@pytest.mark.parametrize("year", [1, 1979, 2108, 9999])
def test_times_that_zip_cannot_tell_do_no_harm(year: int) -> None:
    writer = ArchiveWriter()
    writer.begin("a", 0, "", datetime(year, 6, 1, tzinfo=UTC))
    writer.end()
    writer.finish()
    with ZipFile(BytesIO(writer.take())) as read:
        assert 1980 <= read.infolist()[0].date_time[0] <= 2107
    writer.close()


def test_unzip_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    if which("unzip") is None:
        cannot_run_here("unzip is not installed")
    archive = write_archive(tmp_path / "a.zip", {"/pub/é/a.txt": b"x" * 100, "/priv/b": b""})
    done = subprocess.run(["unzip", "-t", archive], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert b"No errors detected" in done.stdout


def test_a_file_above_four_gigabytes_passes_through_without_memory(tmp_path: Path) -> None:
    """5 GiB of zeros, written as they would be sent, into a file with holes."""
    piece, count = bytes(16 * 1024 * 1024), 320
    target = tmp_path / "large.zip"
    tracemalloc.start()
    try:
        with target.open("wb") as out:
            for data in _large(piece, count):
                if data.count(0) == len(data):
                    out.seek(len(data), 1)
                else:
                    out.write(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(piece)
    with ZipFile(target) as read:
        assert [info.file_size for info in read.infolist()] == [len(piece) * count, 5]
        assert read.read("pub/behind") == b"after"
    if which("unzip") is not None:
        listed = subprocess.run(["unzip", "-l", target], capture_output=True, check=True)
        assert str(len(piece) * count).encode() in listed.stdout


def _large(piece: bytes, count: int) -> Iterator[bytes]:
    writer = ArchiveWriter()
    writer.begin("pub/large", len(piece) * count, "video/mp4", NOON)
    for _ in range(count):
        writer.write(piece)
        yield writer.take()
    assert writer.end()[0] == len(piece) * count
    writer.begin("pub/behind", 5, "", NOON)
    writer.write(b"after")
    writer.end()
    writer.finish()
    yield writer.take()
    writer.close()


def test_an_archive_that_is_given_up_complains_of_nothing() -> None:
    writer = ArchiveWriter()
    writer.begin("a", 10, "", NOON)
    writer.write(b"half")
    writer.close()
    assert writer.take() == b""


def test_lines_of_unknown_number_fit(tmp_path: Path) -> None:
    writer = ArchiveWriter()
    writer.begin_lines(EVENTS, NOON)
    for number in range(1000):
        writer.write(b"%d\n" % number)
    writer.end()
    writer.begin_manifest(NOON)
    assert not writer.write_manifest()
    writer.end()
    writer.finish()
    target = tmp_path / "a.zip"
    target.write_bytes(writer.take())
    writer.close()
    with ZipFile(target) as read:
        assert read.read(EVENTS).count(b"\n") == 1000
        assert read.namelist() == [EVENTS, MANIFEST]


@pytest.mark.parametrize(
    ("listed", "promised", "found", "is_whole", "said"),
    [
        ("a", "a", "a", True, "kept"),
        ("a", "b", "b", True, "changed"),
        ("a", "a", "b", True, "damaged"),
        ("a", "b", "a", True, "damaged"),
        ("a", "a", "a", False, "incomplete"),
    ],
)
def test_hashes_say_what_happened(
    listed: str, promised: str, found: str, is_whole: bool, said: str
) -> None:
    assert outcome(listed, promised, found, is_whole=is_whole) == said


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/pub/pubky.app/posts/1", "pub/pubky.app_/posts/1"),
        ("/pub/pubky.app_/posts/1", "pub/pubky.app__/posts/1"),
        ("/priv/a.app/x.app/1", "priv/a.app_/x.app/1"),
        ("/pub/social/v1/1", "pub/social/v1/1"),
        ("/pub/pubky.app", "pub/pubky.app"),
    ],
)
def test_program_folders_get_another_name_if_wished(path: str, name: str) -> None:
    own = OwnPath.parse(path)
    assert name_of(own, rename_bundles=True) == name
    assert path_of(name_of(own)) == own
