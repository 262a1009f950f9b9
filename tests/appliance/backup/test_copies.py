"""Copies of a node: made while it is written to, and examined as a stranger would find them."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.backup import Finding, check_copy, missing_files, stage
from appliance.backup.manifest import read_manifest
from appliance.blobs.files import FileBlobs
from appliance.clock import system_clock
from appliance.data_folder import DataFolder, DataFolderError
from appliance.errors import PubkyError
from appliance.metadata import entries, retired_blobs, users
from appliance.metadata.entries import Entry
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metadata.store import Tx
from appliance.pubky.keys import Keypair
from tests.support.appliance import keypair_of

ALICE = keypair_of("alice").public_key.z32


async def bytes_of(data: bytes) -> AsyncIterator[bytes]:
    yield data


class Home:
    """A data folder with a person who keeps files in it."""

    def __init__(self, path: Path) -> None:
        self.folder = DataFolder(path / "node")
        self.folder.initialise()
        self.copy = path / "copy"
        self.blobs = FileBlobs(self.folder.path / "blobs")
        self.files: dict[str, Entry] = {}

    @property
    def metadata_file(self) -> Path:
        return self.folder.path / "metadata.sqlite3"

    async def put(self, metadata: SqliteMetadata, name: str, data: bytes) -> None:
        """Store a file as uploads do: bytes first, then the row."""
        blob = await self.blobs.write(bytes_of(data))
        entry = Entry(f"/pub/{name}", blob.id, blob.content_hash.raw, blob.size, "text/plain", 1, 1)
        await metadata.write(_insert, entry)
        self.files[name] = entry

    def stage(self) -> None:
        stage(self.folder, self.copy, system_clock, with_key=True)

    def restore(self) -> None:
        """Put the bytes beside the copy, as a restoration does."""
        shutil.copytree(self.folder.path / "blobs", self.copy / "blobs")

    def check(self, sample: int | None = None) -> dict[str, Finding]:
        found = check_copy(self.copy, self.copy / "blobs", sample)
        return {finding.subject: finding for finding in found}

    def blob(self, name: str) -> Path:
        blob_id = self.files[name].blob_id
        return self.copy / "blobs" / blob_id[:2] / blob_id


def _insert(tx: Tx, entry: Entry) -> None:
    user = users.find(tx, ALICE)
    user_id = user.id if user else users.create(tx, ALICE, 1)
    assert user_id is not None
    entries.upsert(tx, user_id, entry)


@pytest.fixture
async def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    metadata = await open_sqlite(made.metadata_file, durable=False)
    for name in ("one", "two", "three", "empty"):
        await made.put(metadata, name, name.encode() * (name != "empty"))
    await metadata.close()
    return made


def bad(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.evidence for name, finding in findings.items() if not finding.is_good}


async def test_a_copy_made_while_somebody_writes_is_as_the_node_was_at_one_moment(
    home: Home,
) -> None:
    metadata = await open_sqlite(home.metadata_file, durable=False)
    done, begun = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        number = 0
        while not done.is_set():
            await home.put(metadata, f"new{number}", b"x")
            number += 1
            if len(home.files) >= 20:
                begun.set()

    writing = asyncio.create_task(write())
    await begun.wait()
    await asyncio.to_thread(home.stage)
    at_copy = len(home.files)
    done.set()
    await writing
    await metadata.close()
    home.restore()
    assert bad(home.check()) == {}
    assert 20 <= read_manifest(home.copy).counts.entries <= at_copy


def test_a_copy_has_everything_and_is_its_owners_alone(home: Home) -> None:
    (home.folder.path / "backups.jsonl").write_text("")
    (home.folder.path / "moved").write_text("")
    home.stage()
    assert {file.name for file in home.copy.iterdir()} == {
        "admin_password",
        "config.toml",
        "manifest.json",
        "metadata.sqlite3",
        "secret",
    }
    assert home.copy.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in home.copy.iterdir()} == {0o600}
    manifest = read_manifest(home.copy)
    assert manifest.public_key == home.folder.keypair().public_key.z32
    assert manifest.counts.users == 1
    assert manifest.counts.entries == manifest.counts.blobs == 4
    assert manifest.blobs == str(home.folder.path / "blobs")


def test_the_key_stays_where_it_is_when_another_keeps_it(home: Home) -> None:
    stage(home.folder, home.copy, system_clock, with_key=False)
    assert not (home.copy / "secret").exists()
    home.restore()
    assert list(bad(home.check())) == ["key"]


def test_a_folder_that_is_not_empty_is_left_alone(home: Home) -> None:
    home.stage()
    with pytest.raises(DataFolderError, match="not empty"):
        home.stage()


def test_a_good_copy_is_told_with_its_evidence(home: Home) -> None:
    home.stage()
    home.restore()
    found = home.check()
    assert bad(found) == {}
    assert found["counts"].evidence == "1 users, 4 entries, 4 blobs, 0 events"
    assert found["files"].evidence == "all 4 are there"
    assert found["bytes"].evidence == "4 read, each as it was stored"
    assert home.check(2)["bytes"].evidence.startswith("2 read")
    assert home.check(0)["bytes"].evidence.startswith("0 read")


def test_looking_changes_nothing(home: Home) -> None:
    home.stage()
    home.restore()
    before = {file: file.read_bytes() for file in home.copy.iterdir() if file.is_file()}
    home.check()
    assert before == {file: file.read_bytes() for file in home.copy.iterdir() if file.is_file()}


def test_missing_short_and_changed_bytes_are_found(home: Home) -> None:
    home.stage()
    home.restore()
    home.blob("one").write_bytes(b"onE")
    assert list(bad(home.check())) == ["bytes"]
    home.blob("two").write_bytes(b"")
    home.blob("three").unlink()
    found = bad(home.check())
    assert found["files"].startswith("2 of 4 are missing or short: ")
    assert home.files["three"].blob_id in found["files"]
    assert missing_files(home.copy, home.copy / "blobs") == (4, 2)


async def test_bytes_of_a_deleted_file_may_be_gone(home: Home) -> None:
    metadata = await open_sqlite(home.metadata_file, durable=False)
    gone = Entry("/pub/gone", "ff" * 16, b"h" * 32, 5, "text/plain", 1, 1)
    await metadata.write(retired_blobs.retire, 1, gone, 10, 5)
    await metadata.close()
    home.stage()
    home.restore()
    assert home.check()["files"].evidence == "all 4 are there; 1 deleted ones are gone"
    assert bad(home.check()) == {}
    assert missing_files(home.copy, home.copy / "blobs") == (4, 0)


def test_rows_that_are_fewer_than_were_copied_are_found(home: Home) -> None:
    home.stage()
    home.restore()
    with sqlite3.connect(home.copy / "metadata.sqlite3") as rows:
        rows.execute("DELETE FROM entries WHERE path = '/pub/one'")
    rows.close()
    assert list(bad(home.check())) == ["counts"]


def test_damaged_rows_are_found(home: Home) -> None:
    home.stage()
    home.restore()
    file = home.copy / "metadata.sqlite3"
    data = bytearray(file.read_bytes())
    data[100:5000] = bytes(4900)
    file.write_bytes(data)
    assert "rows" in bad(home.check())
    file.unlink()
    assert "rows" in bad(home.check())


def test_rows_of_a_newer_version_are_found(home: Home) -> None:
    home.stage()
    home.restore()
    with sqlite3.connect(home.copy / "metadata.sqlite3") as rows:
        rows.execute("INSERT INTO migrations VALUES ('9000_later', 1)")
    rows.close()
    assert bad(home.check())["schema"] == "a newer version wrote it (9000_later)"


def test_another_nodes_key_is_found(home: Home) -> None:
    home.stage()
    home.restore()
    (home.copy / "secret").write_text(Keypair.from_seed(bytes(32)).secret_text())
    assert "but the node's is" in bad(home.check())["key"]
    (home.copy / "secret").write_text("rubbish")
    assert list(bad(home.check())) == ["key"]


def test_damaged_settings_passwords_and_pages_are_found(home: Home) -> None:
    (home.folder.path / "dashboard.sqlite3").touch()
    home.stage()
    home.restore()
    assert bad(home.check()) == {}
    (home.copy / "config.toml").write_text("[nothing]\n")
    (home.copy / "admin_password").write_text("rubbish")
    (home.copy / "dashboard.sqlite3").write_bytes(b"rubbish" * 100)
    assert list(bad(home.check())) == ["settings", "password", "dashboard"]


def test_a_folder_that_is_no_copy_is_named_so(tmp_path: Path) -> None:
    (finding,) = check_copy(tmp_path, tmp_path / "blobs", None)
    assert not finding.is_good
    assert "no copy of a node" in finding.evidence


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists))
def test_any_manifest_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, written: object
) -> None:
    folder = tmp_path_factory.mktemp("copy")
    raw = written if isinstance(written, bytes) else json.dumps(written).encode()
    (folder / "manifest.json").write_bytes(raw)
    with pytest.raises(PubkyError):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database", "../metadata.sqlite3"),
        ("public_key", "somebody"),
        ("counts", {"users": -1, "entries": 0, "blobs": 0, "events": 0}),
        ("format", 2),
    ],
)
def test_a_manifest_that_leads_astray_is_refused(home: Home, name: str, value: object) -> None:
    home.stage()
    file = home.copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    assert list(bad(home.check())) == ["manifest"]
