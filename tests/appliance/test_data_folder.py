"""The folder of a node: made once, never overwritten, held by one."""

from pathlib import Path

import pytest

from appliance.config import Config
from appliance.data_folder import DataFolder, DataFolderError, write_atomically


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
    with pytest.raises(DataFolderError, match="delete the file and run"):
        folder.hashed_admin_password()


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for read in (folder.keypair, folder.hashed_admin_password):
        with pytest.raises(DataFolderError, match="is missing; run 'pubky-appliance init'"):
            read()


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
