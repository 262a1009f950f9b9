"""`events tail` on a folder whose node does not run."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.cli.main import root
from appliance.data_folder import DataFolder
from appliance.metadata import events, users
from appliance.metadata.events import OPERATOR
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Tx
from tests.support.appliance import keypair_of

ALICE = keypair_of("alice").public_key.z32
BOB = keypair_of("bob").public_key.z32


def _write(tx: Tx) -> None:
    for key in (ALICE, BOB):
        users.create(tx, key, 0)
    tx.order_events()
    for user_id, path in ((1, "/pub/a"), (2, "/pub/b/x"), (1, "/priv/c"), (2, "/pub/b/y")):
        events.append(tx, user_id, "PUT", path, bytes(32), OPERATOR, 1_700_000_000_000_000)
    events.append(tx, 1, "DEL", "/pub/a", None, OPERATOR, 1_700_000_000_000_001)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A node with five events of two users."""
    folder = tmp_path / "node"
    DataFolder(folder).initialise()

    async def fill() -> None:
        metadata = await open_sqlite(folder / "metadata.sqlite3", durable=False)
        await metadata.write(_write)
        await metadata.close()

    asyncio.run(fill())
    return folder


def _tail(data_dir: Path, *options: str) -> Result:
    command = ["--data-dir", str(data_dir), "events", "tail", "--no-follow", *options]
    return CliRunner().invoke(root, command)


def _ids(data_dir: Path, *options: str) -> list[int]:
    result = _tail(data_dir, "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["id"] for line in result.output.splitlines()]


def test_lines_for_people_name_number_time_kind_and_url(data_dir: Path) -> None:
    lines = _tail(data_dir, "--since", "0").output.splitlines()
    assert len(lines) == 5
    assert lines[2] == f"3  2023-11-14T22:13:20.000000+00:00  PUT pubky://{ALICE}/priv/c"


def test_json_lines_hold_every_fact(data_dir: Path) -> None:
    put, deleted = _tail(data_dir, "--since", "3", "--json").output.splitlines()
    assert json.loads(put) == {
        "id": 4,
        "kind": "PUT",
        "user": BOB,
        "path": "/pub/b/y",
        "content_hash": "A" * 43 + "=",
        "at": "2023-11-14T22:13:20.000000+00:00",
    }
    assert json.loads(deleted)["content_hash"] is None


def test_users_and_paths_are_filters(data_dir: Path) -> None:
    assert _ids(data_dir, "--since", "0", "--user", BOB) == [2, 4]
    assert _ids(data_dir, "--since", "0", "--user", ALICE, "--user", f"pubky{BOB}") == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert _ids(data_dir, "--since", "1", "--path", "pub/b/", "--path", "/pub/a") == [2, 4, 5]


def test_without_since_it_begins_at_the_end(data_dir: Path) -> None:
    assert _ids(data_dir) == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--user", "bob"], "'bob' is no public key"),
        (["--user", keypair_of("nobody").public_key.z32], "Not Found"),
        (["--path", "/../x"], "'/../x' is no path: path traverses above root"),
        (["--since", "yesterday"], "Invalid cursor"),
    ],
)
def test_bad_wishes_are_refused(data_dir: Path, options: list[str], text: str) -> None:
    result = _tail(data_dir, *options)
    assert result.exit_code != 0
    assert text in f"{result.output}{result.exception}"
