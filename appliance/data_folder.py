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
from appliance.pubky.keys import Keypair, PublicKey

KEY_FILE = "secret"
PUBLIC_KEY_FILE = "public_key"
"""There instead of the key when the service manager keeps that and passes it as a credential."""
CREDENTIAL = "node-key"
CONFIG_FILE = "config.toml"
PASSWORD_FILE = "admin_password"  # noqa: S105 - a file's name
LOCK_FILE = "lock"
ADDRESS_FILE = "public_address"
"""The addresses that the node found out to be its own."""
MOVED_FILE = "moved"
"""Says where a node went that lives on another machine now; one that has it never starts."""
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
    credentials: Path | None = None
    """What the service manager passed to this process (systemd.exec(5), CREDENTIALS)."""

    def initialise(self) -> Initialised:
        """Make whatever is missing and touch nothing that is there; raises DataFolderError."""
        made: list[str] = []
        new_password = None
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            made += self._make_key()
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
        """The node's key: the credential if there is one, else the file.

        Raises DataFolderError when it is missing, damaged, or not the one that `public_key` names.
        """
        place = self._credential or self.path / KEY_FILE
        if not place.exists() and (self.path / PUBLIC_KEY_FILE).exists():
            raise DataFolderError(
                f"{self.path}: the node's key is kept by the service manager, which passes it to "
                "the running node alone; this command cannot use it"
            )
        text = _read(place)
        try:
            keypair = Keypair.from_secret_text(text)
        except PubkyError as error:
            raise DataFolderError(
                f"{place}: the node's key is damaged ({error.message}); "
                "put your copy of this file back"
            ) from error
        if (self.path / PUBLIC_KEY_FILE).exists() and keypair.public_key != self._named_key():
            raise DataFolderError(
                f"{place}: is the key of {keypair.public_key}, but {self.path} belongs to "
                f"{self._named_key()}; put the right key there"
            )
        return keypair

    def public_key(self) -> PublicKey:
        """The node's public key, which is known without its secret; raises as `keypair` does."""
        if self._credential is None and not (self.path / KEY_FILE).exists():
            return self._named_key()
        return self.keypair().public_key

    def config(self) -> Config:
        """The settings; raises ConfigError."""
        return load_config(self.path / CONFIG_FILE)

    def hashed_admin_password(self) -> str:
        """The Argon2id text; raises DataFolderError when it is missing or damaged."""
        text = _read(self.path / PASSWORD_FILE).strip()
        if not text.startswith("$argon2id$"):
            raise DataFolderError(
                f"{self.path / PASSWORD_FILE}: is damaged; make a new password with "
                "'pubky-appliance password'"
            )
        return text

    def set_admin_password(self, password: str) -> None:
        """Replace the operator's password, as a hash; a running node takes it at its next start.

        Raises DataFolderError.
        """
        try:
            text = password_hash(password) + "\n"
            write_atomically(self.path / PASSWORD_FILE, text, new=False)
        except OSError as error:
            raise DataFolderError(f"{self.path}: cannot be written: {error.strerror}") from error

    def check_not_moved(self) -> None:
        """Raises DataFolderError when this node lives on another machine now.

        Two nodes with one key would take its address from each other, hour by hour.
        """
        mark = self.path / MOVED_FILE
        if mark.exists():
            raise DataFolderError(
                f"{mark}: this node moved away: {' '.join(_read(mark).split())[:200]} To start it "
                "here again, stop the other one for good, then remove this file"
            )

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

    @property
    def _credential(self) -> Path | None:
        place = self.credentials / CREDENTIAL if self.credentials else None
        return place if place is not None and place.exists() else None

    def _named_key(self) -> PublicKey:
        # Without this file it is a folder that was never made, so that is what is told.
        if not (self.path / PUBLIC_KEY_FILE).exists():
            _read(self.path / KEY_FILE)
        try:
            return PublicKey.parse(_read(self.path / PUBLIC_KEY_FILE).strip())
        except PubkyError as error:
            raise DataFolderError(
                f"{self.path / PUBLIC_KEY_FILE}: is damaged ({error.message}); "
                "it holds the node's public key in 52 characters"
            ) from error

    def _make_key(self) -> list[str]:
        """A node has one key for ever: where it lies elsewhere, none is made here."""
        if self._credential is not None:
            text = f"{self.keypair().public_key}\n"
            return [PUBLIC_KEY_FILE] if self._make(PUBLIC_KEY_FILE, text) else []
        if (self.path / PUBLIC_KEY_FILE).exists():
            return []
        keypair = Keypair.from_seed(secrets.token_bytes(32))
        return [KEY_FILE] if self._make(KEY_FILE, keypair.secret_text()) else []

    def _make(self, name: str, text: str) -> bool:
        """Whether the file was missing; two first runs at once make each file only once."""
        if (self.path / name).exists():
            return False
        try:
            write_atomically(self.path / name, text, new=True)
        except FileExistsError:
            return False
        return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataFolderError(f"{path}: is missing; run 'pubky-appliance init'") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataFolderError(f"{path}: cannot be read: {error}") from error


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
