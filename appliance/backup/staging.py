"""Puts a consistent copy of a node's rows and small files into a folder, while the node runs."""

import shutil
import stat
from pathlib import Path

from appliance.backup.manifest import Manifest
from appliance.blobs.store import blobs_folder
from appliance.clock import Clock
from appliance.data_folder import (
    DASHBOARD_FILE,
    KEY_FILE,
    LOCK_FILE,
    MOVED_FILE,
    DataFolder,
    DataFolderError,
)
from appliance.homeserver.backup_log import BACKUPS_FILE
from appliance.metadata.copies import copy_database, counts, opened_copy
from appliance.pubky.timestamp import rfc3339
from appliance.version import VERSION

_DATABASE_ENDINGS = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3-journal")
# The list of backups is about this machine's; a lock and a mark of having moved are no data.
_LEFT_OUT = frozenset({LOCK_FILE, MOVED_FILE, BACKUPS_FILE})
# The files of a node are a few kilobytes each; whatever is larger is not the node's.
_LARGEST_SMALL_FILE = 1024 * 1024


def database_path(folder: DataFolder) -> Path:
    """Where the node's rows are; raises ConfigError."""
    return folder.path / folder.config().general.database_url.removeprefix("sqlite:")


def stage(folder: DataFolder, target: Path, clock: Clock, *, with_key: bool) -> Manifest:
    """Copy all but the bytes into `target`, which must be empty or not there.

    The key comes along when it is asked for and lies in the data folder.

    Rows first: bytes that they point at stay where they are for ten minutes at least, whatever
    happens. Raises DataFolderError, DatabaseUnusableError and ConfigError.
    """
    database = database_path(folder)
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.chmod(0o700)
        if any(target.iterdir()):
            raise DataFolderError(f"{target}: is not empty; name a folder that is new")
        made_us = clock()
        copy_database(database, target / database.name)
        if (folder.path / DASHBOARD_FILE).exists():
            copy_database(folder.path / DASHBOARD_FILE, target / DASHBOARD_FILE)
        for file in sorted(folder.path.iterdir()):
            if _is_small_file(file) and (with_key or file.name != KEY_FILE):
                shutil.copyfile(file, target / file.name)
                (target / file.name).chmod(0o600)
        with opened_copy(target / database.name) as tx:
            manifest = Manifest(
                version=VERSION,
                public_key=folder.public_key().z32,
                made_at=rfc3339(made_us),
                database=database.name,
                blobs=str(blobs_folder(folder.config().storage.blobs, folder.path)),
                counts=counts(tx),
            )
        manifest.write(target)
    except OSError as error:
        raise DataFolderError(f"{target}: cannot be written: {error.strerror}") from error
    return manifest


def _is_small_file(file: Path) -> bool:
    facts = file.lstat()
    return (
        stat.S_ISREG(facts.st_mode)
        and facts.st_size <= _LARGEST_SMALL_FILE
        and file.name not in _LEFT_OUT
        and not file.name.startswith(".")
        and not file.name.endswith(_DATABASE_ENDINGS)
    )
