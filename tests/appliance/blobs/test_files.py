"""Bytes in files: written once and whole, or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.blobs.files import SMALL_BYTES, WRITE_BUFFER_BYTES, FileBlobs
from appliance.blobs.store import HEAD_BYTES, Blob, blobs_folder
from appliance.errors import invalid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the blobs go."""
    return tmp_path / "blobs"


@pytest.fixture
def blobs(folder: Path) -> FileBlobs:
    """An empty store."""
    return FileBlobs(folder, durable=False)


def files(folder: Path) -> list[Path]:
    """Every stored file."""
    return [path for path in folder.rglob("*") if path.is_file()]


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    """A body."""
    for chunk in chunks:
        yield chunk


async def content(blobs: FileBlobs, blob: Blob, start: int = 0, stop: int | None = None) -> bytes:
    """What the store holds of a blob."""
    async with blobs.open(blob.id) as reader:
        end = blob.size if stop is None else stop
        return b"".join([chunk async for chunk in reader.chunks(start, end)])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.integers(0, 2 * WRITE_BUFFER_BYTES).map(lambda size: b"x" * size),
        ),
        max_size=5,
    )
)
async def test_what_was_written_is_read(blobs: FileBlobs, chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    blob = await blobs.write(stream(*chunks))
    assert blob.size == len(whole)
    assert blob.content_hash.raw == blake3(whole).digest()
    assert blob.head == whole[:HEAD_BYTES]
    assert await content(blobs, blob) == whole
    small = blobs.read_small(blob.id, blob.size)
    assert small == (whole if len(whole) <= SMALL_BYTES else None)
    file = blobs.open_file(blob.id)
    assert file is not None
    with file:
        assert file.read() == whole


async def test_any_part_can_be_read(blobs: FileBlobs) -> None:
    whole = bytes(range(256)) * 3000
    blob = await blobs.write(stream(whole))
    for start, stop in ((0, 0), (0, 1), (5, 300_000), (767_999, 768_000), (0, 768_000)):
        assert await content(blobs, blob, start, stop) == whole[start:stop]


async def test_identical_bytes_are_kept_apart(blobs: FileBlobs) -> None:
    one, two = await blobs.write(stream(b"same")), await blobs.write(stream(b"same"))
    assert one.id != two.id
    await blobs.delete(one.id)
    assert await content(blobs, two) == b"same"


async def test_a_stream_that_fails_leaves_nothing(blobs: FileBlobs, folder: Path) -> None:
    async def failing(size: int) -> AsyncIterator[bytes]:
        yield b"x" * size
        raise invalid("Stream broken")

    for size in (1, WRITE_BUFFER_BYTES * 2):
        with pytest.raises(type(invalid("")), match="Stream broken"):
            await blobs.write(failing(size))
        assert files(folder) == []


async def test_a_writer_that_is_cancelled_leaves_nothing(blobs: FileBlobs, folder: Path) -> None:
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * WRITE_BUFFER_BYTES
            if files(folder):
                reached.set()
                await asyncio.sleep(0)

    writing = asyncio.ensure_future(blobs.write(endless()))
    await reached.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert files(folder) == []


async def test_cancelling_at_any_moment_leaves_all_or_nothing(
    blobs: FileBlobs, folder: Path
) -> None:
    finished = 0
    for turns in range(40):
        writing = asyncio.ensure_future(blobs.write(stream(b"x" * WRITE_BUFFER_BYTES, b"y")))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        (result,) = await asyncio.gather(writing, return_exceptions=True)
        finished += isinstance(result, Blob)
        assert len(files(folder)) == finished


async def test_a_reader_goes_on_after_the_deletion(blobs: FileBlobs, folder: Path) -> None:
    whole = b"x" * 1_000_000
    blob = await blobs.write(stream(whole))
    async with blobs.open(blob.id) as reader:
        chunks = reader.chunks(0, blob.size)
        got = await anext(chunks)
        await blobs.delete(blob.id)
        assert files(folder) == []
        async for chunk in chunks:
            got += chunk
    assert got == whole


async def test_what_is_not_there_is_told_apart_from_what_is_empty(blobs: FileBlobs) -> None:
    missing = "0" * 32
    assert blobs.read_small(missing, 5) is None
    assert blobs.open_file(missing) is None
    with pytest.raises(FileNotFoundError):
        async with blobs.open(missing):
            pass
    await blobs.delete(missing)
    empty = await blobs.write(stream())
    assert blobs.read_small(empty.id, 0) == b""


async def test_a_file_that_was_cut_short_is_noticed(blobs: FileBlobs, folder: Path) -> None:
    blob = await blobs.write(stream(b"0123456789"))
    os.truncate(files(folder)[0], 5)
    assert blobs.read_small(blob.id, blob.size) is None
    with pytest.raises(EOFError):
        await content(blobs, blob)


async def test_old_blobs_are_found_by_their_age(blobs: FileBlobs, folder: Path) -> None:
    made = [await blobs.write(stream(b"x")) for _ in range(5)]
    old = {blob.id for blob in made[:2]}
    for path in files(folder):
        if path.name in old:
            os.utime(path, (1000, 1000))
    found = [name async for shelf in blobs.ids(2_000_000_000) for name in shelf]
    assert set(found) == old
    assert len([name async for shelf in blobs.ids(2**62) for name in shelf]) == 5


async def test_stored_bytes_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "blobs"
    await FileBlobs(folder).write(stream(b"private"))
    assert all(item.stat().st_mode & 0o077 == 0 for item in [folder, *folder.rglob("*")])


def test_a_relative_folder_lies_in_the_data_folder(tmp_path: Path) -> None:
    assert blobs_folder("files:blobs", tmp_path) == tmp_path / "blobs"
    assert blobs_folder("files:/srv/blobs", tmp_path) == Path("/srv/blobs")
