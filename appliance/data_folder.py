"""The folder of one node: its key, its settings, its password, and the lock that keeps it to one.

Files that matter are written beside their place, flushed and then renamed: a crash leaves the old
file or the new one, never half of one.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from appliance.config import Config, load_config, sample_config
from appliance.errors import PubkyError
from appliance.homeserver.admin_access import password_hash, random_password
from appliance.pubky.keys import Keypair

KEY_FILE = "secret"
CONFIG_FILE = "config.toml"
PASSWORD_FILE = "admin_password"  # noqa: S105 - a file's name
LOCK_FILE = "lock"
DASHBOARD_FILE = "dashboard.sqlite3"

# Two databases open with an index of 32 KiB each, and write their first pages.
LEAST_ROOM_BYTES = 256 * 1024


class DataFolderError(Exception):
    """The folder cannot be used; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `initialise` made: the file names, and the password if it is new."""

    made: tuple[str, ...]
    new_password: str | None


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder of one node."""

    path: Path

    def initialise(self) -> Initialised:
        """Make whatever is missing and touch nothing that is there; raises DataFolderError."""
        made: list[str] = []
        new_password = None
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            keypair = Keypair.from_seed(secrets.token_bytes(32))
            if self._make(KEY_FILE, keypair.secret_text()):
                made.append(KEY_FILE)
            if self._make(CONFIG_FILE, sample_config()):
                made.append(CONFIG_FILE)
            if not (self.path / PASSWORD_FILE).exists():
                password = random_password()
                if self._make(PASSWORD_FILE, password_hash(password) + "\n"):
                    new_password = password
                    made.append(PASSWORD_FILE)
        except OSError as error:
            raise DataFolderError(
                f"{self.path}: cannot be used as data folder: {error.strerror}"
            ) from error
        return Initialised(tuple(made), new_password)

    def keypair(self) -> Keypair:
        """The node's key; raises DataFolderError when it is missing or damaged."""
        text = self._read(KEY_FILE)
        try:
            return Keypair.from_secret_text(text)
        except PubkyError as error:
            raise DataFolderError(
                f"{self.path / KEY_FILE}: the node's key is damaged ({error.message}); "
                "put your copy of this file back"
            ) from error

    def config(self) -> Config:
        """The settings; raises ConfigError."""
        return load_config(self.path / CONFIG_FILE)

    def hashed_admin_password(self) -> str:
        """The Argon2id text; raises DataFolderError when it is missing or damaged."""
        text = self._read(PASSWORD_FILE).strip()
        if not text.startswith("$argon2id$"):
            raise DataFolderError(
                f"{self.path / PASSWORD_FILE}: is damaged; delete the file and run "
                "'pubky-appliance init' for a new password"
            )
        return text

    def check_room(self) -> None:
        """Raises DataFolderError when the disk is too full for the databases to open."""
        if disk_usage(self.path).free < LEAST_ROOM_BYTES:
            raise DataFolderError(f"{self.path}: the disk is full; make room and start again")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process; raises DataFolderError when another one has it."""
        try:
            descriptor = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderError(f"{self.path}: cannot be written: {error.strerror}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DataFolderError(
                    f"{self.path}: another node runs with this data folder already"
                ) from None
            yield
        finally:
            os.close(descriptor)

    @property
    def is_in_use(self) -> bool:
        """Whether a node runs with this folder now."""
        try:
            with self.locked():
                return False
        except DataFolderError:
            return True

    def _make(self, name: str, text: str) -> bool:
        """Whether the file was missing; two first runs at once make each file only once."""
        if (self.path / name).exists():
            return False
        try:
            write_atomically(self.path / name, text, new=True)
        except FileExistsError:
            return False
        return True

    def _read(self, name: str) -> str:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataFolderError(
                f"{self.path / name}: is missing; run 'pubky-appliance init'"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataFolderError(f"{self.path / name}: cannot be read: {error}") from error


def write_atomically(path: Path, text: str, *, new: bool) -> None:
    """Write a file of mode 0600 so that it is there whole or not at all; raises OSError.

    With `new`, an existing file is an error: a key is never overwritten.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if new:
            # A link fails when the name is taken; a rename would replace it.
            path.hardlink_to(temporary)
        else:
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
