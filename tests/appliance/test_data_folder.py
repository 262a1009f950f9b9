"""The folder of a node: made once, never overwritten, held by one."""

from pathlib import Path

import pytest
from nacl.pwhash import verify

from appliance.config import Config
from appliance.data_folder import DataFolder, DataFolderError, write_atomically
from appliance.pubky.keys import Keypair


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A folder that was initialised."""
    made = DataFolder(tmp_path / "node")
    made.initialise()
    return made


def test_a_first_start_makes_key_settings_and_password(tmp_path: Path) -> None:
    made = DataFolder(tmp_path / "deep" / "node").initialise()
    assert made.made == ("secret", "config.toml", "admin_password")
    assert made.new_password is not None
    assert len(made.new_password) == 24


def test_a_second_start_touches_nothing(folder: DataFolder) -> None:
    before = {item.name: item.read_bytes() for item in folder.path.iterdir()}
    again = folder.initialise()
    assert (again.made, again.new_password) == ((), None)
    assert {item.name: item.read_bytes() for item in folder.path.iterdir()} == before


def test_only_what_is_missing_is_made(folder: DataFolder) -> None:
    key = folder.keypair().public_key
    (folder.path / "config.toml").unlink()
    (folder.path / "admin_password").unlink()
    again = folder.initialise()
    assert again.made == ("config.toml", "admin_password")
    assert folder.keypair().public_key == key


def test_everything_is_for_its_owner_only(folder: DataFolder) -> None:
    for path in (folder.path, *folder.path.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_password_itself_is_nowhere(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    password = folder.initialise().new_password
    assert password is not None
    assert all(password.encode() not in item.read_bytes() for item in tmp_path.iterdir())
    assert folder.hashed_admin_password().startswith("$argon2id$")


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        folder = DataFolder(tmp_path / name)
        folder.initialise()
        keys.add(folder.keypair().public_key.z32)
    assert len(keys) == 2


def test_the_sample_configuration_is_the_default(folder: DataFolder) -> None:
    assert folder.config() == Config()


@pytest.mark.parametrize("damage", ["", "x", "00" * 31, "zz" * 32, "00" * 33])
def test_a_damaged_key_is_named_and_never_replaced(folder: DataFolder, damage: str) -> None:
    path = folder.path / "secret"
    path.write_text(damage)
    with pytest.raises(DataFolderError, match=r"damaged.*put your copy"):
        folder.keypair()
    folder.initialise()
    assert path.read_text() == damage


def test_a_damaged_password_file_says_what_to_do(folder: DataFolder) -> None:
    (folder.path / "admin_password").write_text("a password in the clear")
    with pytest.raises(DataFolderError, match="make a new password with"):
        folder.hashed_admin_password()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for read in (folder.keypair, folder.hashed_admin_password):
        with pytest.raises(DataFolderError, match="is missing; run 'pubky-appliance init'"):
            read()


@pytest.fixture
def sealed(folder: DataFolder, tmp_path: Path) -> DataFolder:
    """A folder whose key the service manager keeps, as the running node sees it."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    key = folder.public_key()
    (folder.path / "secret").rename(credentials / "node-key")
    (folder.path / "public_key").write_text(f"{key}\n")
    return DataFolder(folder.path, credentials)


def test_a_key_that_the_service_manager_passes_is_used(sealed: DataFolder) -> None:
    assert sealed.keypair().public_key == sealed.public_key()
    assert sealed.initialise().made == ()


def test_without_the_credential_the_public_key_is_known_and_the_secret_told_of(
    sealed: DataFolder,
) -> None:
    outside = DataFolder(sealed.path)
    assert outside.public_key() == sealed.public_key()
    with pytest.raises(DataFolderError, match="kept by the service manager"):
        outside.keypair()


def test_a_key_that_is_kept_elsewhere_is_never_made_anew(sealed: DataFolder) -> None:
    assert DataFolder(sealed.path).initialise().made == ()
    assert not (sealed.path / "secret").exists()


def test_a_passed_key_is_named_in_a_folder_that_does_not_say_its_key(sealed: DataFolder) -> None:
    key = sealed.public_key()
    (sealed.path / "public_key").unlink()
    assert sealed.initialise().made == ("public_key",)
    assert DataFolder(sealed.path).public_key() == key


def test_the_key_of_another_node_is_refused(sealed: DataFolder) -> None:
    other = Keypair.from_seed(bytes(32))
    refused = pytest.raises(DataFolderError, match=f"is the key of {other.public_key}, but")
    (sealed.path.parent / "credentials" / "node-key").write_text(other.secret_text())
    with refused:
        sealed.keypair()
    (sealed.path / "secret").write_text(other.secret_text())
    with refused:
        DataFolder(sealed.path).keypair()


def test_a_damaged_public_key_is_told(sealed: DataFolder) -> None:
    (sealed.path / "public_key").write_text("x")
    with pytest.raises(DataFolderError, match="public_key: is damaged"):
        DataFolder(sealed.path).public_key()


def test_a_new_password_replaces_the_old_one(folder: DataFolder) -> None:
    before = folder.hashed_admin_password()
    folder.set_admin_password("correct horse")
    assert folder.hashed_admin_password() != before
    assert verify(folder.hashed_admin_password().encode(), b"correct horse")
    assert (folder.path / "admin_password").stat().st_mode & 0o777 == 0o600


def test_bytes_that_are_no_text_are_told(folder: DataFolder) -> None:
    (folder.path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(DataFolderError, match="cannot be read"):
        folder.keypair()


def test_one_node_holds_the_folder(folder: DataFolder) -> None:
    refused = pytest.raises(DataFolderError, match="another node runs")
    with folder.locked(), refused, folder.locked():
        pass
    with folder.locked():
        pass


def test_a_path_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataFolderError, match="cannot be used as data folder"):
        DataFolder(tmp_path / "file").initialise()
    with (
        pytest.raises(DataFolderError, match="cannot be written"),
        DataFolder(tmp_path / "none").locked(),
    ):
        pass


def test_an_atomic_write_replaces_or_refuses(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "one", new=True)
    with pytest.raises(FileExistsError):
        write_atomically(path, "two", new=True)
    assert path.read_text() == "one"
    write_atomically(path, "three", new=False)
    assert path.read_text() == "three"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old", new=True)
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "half\ud800", new=False)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
