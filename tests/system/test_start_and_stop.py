"""How a node starts, how it refuses to start, and how it ends."""

import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from urllib.parse import urlsplit

import httpx
import pytest
from nacl.pwhash import verify

from appliance.data_folder import DataFolder
from tests.support.appliance import Person, keypair_of
from tests.support.needs import cannot_run_here
from tests.support.node_process import (
    NodeProcess,
    command,
    environment,
    finished,
    make_data_dir,
    private_disk,
    running_process,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

# Five seconds are promised; the rest is for a busy machine.
ENDS_WITHIN_S = 5.0 + 2.0
INVITED = {"signup_mode": "token_required"}
MEBIBYTE = 1024 * 1024
NO_DATABASE = b"not a database, by no means " * 200

Damage = Callable[[Path], None]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A folder with settings on free ports and nothing else."""
    return make_data_dir(tmp_path / "node", general=INVITED)


def test_the_first_run_says_where_everything_is(data_dir: Path) -> None:
    with running_process(data_dir) as node:
        facts = node.facts
        assert facts["data_dir"] == str(data_dir)
        assert facts["public_key"] == DataFolder(data_dir).keypair().public_key.z32
        assert httpx.get(facts["client_url"]).text == "Pubky Homeserver"
        assert httpx.get(facts["admin_url"]).status_code == 200
        assert httpx.get(facts["metrics_url"]).status_code == 200
        assert facts["login_link"].startswith(facts["dashboard_url"] + "/")
        password = {"X-Admin-Password": facts["admin_password"]}
        invites = httpx.get(facts["admin_url"] + "/invites", headers=password).json()["items"]
        assert [(item["code"], item["link"]) for item in invites] == [
            (facts["invite"], facts["invite_link"])
        ]
    assert node.log_text() == ""


def test_the_printed_link_signs_in_to_the_dashboard_once(data_dir: Path) -> None:
    with running_process(data_dir) as node:
        link = node.facts["login_link"]
        origin = {"origin": node.facts["dashboard_url"]}
        with httpx.Client() as browser, httpx.Client() as thief:
            assert browser.get(link).status_code == 200
            assert browser.post(link, headers=origin).status_code == 303
            assert browser.get(node.facts["dashboard_url"]).status_code == 200
            assert thief.post(link, headers=origin).status_code != 303
            assert thief.get(node.facts["dashboard_url"]).status_code != 200


def test_for_people_the_first_run_prints_link_invite_password_and_a_qr_code(
    data_dir: Path,
) -> None:
    with subprocess.Popen(
        command("--data-dir", str(data_dir), "run"),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline()]
            while not lines[-1].startswith("Scan with"):
                assert lines[-1], "the process ended early"
                lines.append(process.stdout.readline())
        finally:
            # What follows was begun before the wait for signals, so it is printed to its end.
            process.send_signal(SIGTERM)
        lines += process.stdout.readlines()
    text = "".join(lines)
    key = DataFolder(data_dir).keypair().public_key.z32
    assert process.returncode == 0
    assert f"Node key    {key}" in text
    assert "Client API  http://127.0.0.1:" in text
    assert "Dashboard   http://127.0.0.1:" in text
    assert "Password    " in text
    assert "Invite      " in text
    assert f"pubkyauth://direct_signup?hs={key}&st=" in text
    assert sum("█" in line for line in lines) > 20


def test_a_second_start_keeps_key_and_invite_and_shows_no_password(data_dir: Path) -> None:
    with running_process(data_dir) as node:
        first = node.facts
        assert node.stop() == 0
    with running_process(data_dir) as node:
        again = node.facts
    assert again["public_key"] == first["public_key"]
    assert again["invite"] == first["invite"]
    assert again["login_link"] != first["login_link"]
    assert first["admin_password"]
    assert again["admin_password"] is None


def test_a_second_node_on_the_same_folder_is_refused_and_the_first_goes_on(data_dir: Path) -> None:
    with running_process(data_dir) as node:
        second = finished("--data-dir", str(data_dir), "run")
        assert _refusal(second) == f"{data_dir}: another node runs with this data folder already"
        assert httpx.get(node.client_url).status_code == 200


def test_first_runs_at_once_make_each_file_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "node")
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: folder.initialise(), range(8)))
    assert sorted(name for result in results for name in result.made) == [
        "admin_password",
        "config.toml",
        "secret",
    ]
    (password,) = [result.new_password for result in results if result.new_password]
    assert verify(folder.hashed_admin_password().encode(), password.encode())


def test_a_taken_port_is_named_with_its_setting(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        make_data_dir(data_dir, admin={"listen_socket": address})
        refused = finished("--data-dir", str(data_dir), "run")
    assert _refusal(refused) == (
        f"cannot listen on {address} (admin.listen_socket): Address already in use"
    )


def test_an_address_that_this_machine_does_not_have_is_named(data_dir: Path) -> None:
    make_data_dir(data_dir, drive={"icann_listen_socket": "192.0.2.1:6286"})
    refused = finished("--data-dir", str(data_dir), "run")
    assert "192.0.2.1:6286 (drive.icann_listen_socket)" in _refusal(refused)


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "node"
    refused = finished("--data-dir", str(folder), "run")
    assert _refusal(refused) == f"{folder}: cannot be used as data folder: Not a directory"


@pytest.mark.parametrize("is_new", [True, False])
def test_a_folder_on_a_read_only_disk_is_refused(tmp_path: Path, *, is_new: bool) -> None:
    with private_disk(tmp_path / "disk", "8m") as disk:
        if disk is None:
            cannot_run_here("this machine lets nobody mount a file system")
        folder = disk.mounted_at / "node"
        if not is_new:
            made = finished("--data-dir", str(folder), "init", wrapper=disk.wrapper)
            assert made.returncode == 0
        disk.make_read_only()
        refused = finished("--data-dir", str(folder), "run", wrapper=disk.wrapper)
    assert _refusal(refused).startswith(f"{folder}: ")
    assert "Read-only file system" in refused.stderr


def _database_of_the_future(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "metadata.sqlite3")) as connection:
        connection.execute("CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_us INTEGER)")
        connection.execute("INSERT INTO migrations VALUES ('9999_later', 0)")
        connection.commit()


def _file(name: str, content: bytes) -> Damage:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return write


def _folder(name: str) -> Damage:
    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return make


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        pytest.param(_file("secret", b"0123"), "secret: the node's key is damaged", id="short key"),
        pytest.param(_file("secret", b""), "secret: the node's key is damaged", id="empty key"),
        pytest.param(_file("secret", b"\xff\xfe"), "secret: cannot be read", id="key is no text"),
        pytest.param(_file("admin_password", b"hunter2"), "admin_password: is damaged", id="hash"),
        pytest.param(
            _file("config.toml", b"[drive\n"), "config.toml: not valid TOML", id="no TOML"
        ),
        pytest.param(
            _file("config.toml", b"[drive]\nmax_uplaod_mb = 1\n"),
            "unknown key drive.max_uplaod_mb; did you mean max_upload_mb?",
            id="misspelt setting",
        ),
        pytest.param(_folder("config.toml"), "config.toml: cannot be read", id="config folder"),
        pytest.param(
            _file("metadata.sqlite3", NO_DATABASE),
            "metadata.sqlite3: file is not a database",
            id="database",
        ),
        pytest.param(
            _database_of_the_future,
            "metadata.sqlite3: was written by a newer version of this program (9999_later)",
            id="newer database",
        ),
        pytest.param(_folder("metadata.sqlite3"), "metadata.sqlite3: ", id="database folder"),
        pytest.param(_file("blobs", b""), "blobs: ", id="blobs is a file"),
        pytest.param(
            _file("dashboard.sqlite3", NO_DATABASE),
            "dashboard.sqlite3: ",
            id="dashboard's store",
        ),
    ],
)
def test_damage_is_told_in_one_line(data_dir: Path, damage: Damage, expected: str) -> None:
    assert finished("--data-dir", str(data_dir), "init").returncode == 0
    damage(data_dir)
    assert expected in _refusal(finished("--data-dir", str(data_dir), "run"))


def _refusal(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line that a refused start says."""
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


# --- Ending ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
async def test_a_slow_download_and_an_idle_client_do_not_hold_up_the_end(
    tmp_path: Path, client: httpx.AsyncClient, number: Signals
) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        assert (await alice.put("/pub/film", bytes(32 * 1024 * 1024))).status_code == 201
        with _connected(node) as slow, _connected(node) as slower, _connected(node) as idle:
            # One through the lane and one through Hypercorn, neither ever read to its end.
            slow.sendall(_get("/pub/film", alice))
            slower.sendall(_get("/pub/film", alice, "Range: bytes=1-\r\n"))
            idle.sendall(_get("/pub/none", alice))
            for connection in (slow, slower, idle):
                assert connection.recv(12).startswith(b"HTTP/1.1 ")
            begin_s = time.monotonic()
            assert node.stop(number) == 0
            assert time.monotonic() - begin_s < ENDS_WITHIN_S
    assert node.log_text() == ""


async def test_an_upload_under_way_is_finished_and_kept(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        with _connected(node) as upload:
            upload.sendall(_put_head("/pub/half", alice, length=2 * MEBIBYTE) + bytes(MEBIBYTE))
            _wait_for_blob_file(data_dir)
            node.process.send_signal(SIGTERM)
            _wait_until_refused(node)
            upload.sendall(b"b" * MEBIBYTE)
            assert upload.recv(12) == b"HTTP/1.1 201"
        assert node.stop() == 0
    with running_process(data_dir) as node:
        client.base_url = httpx.URL(node.client_url)
        assert (await alice.get("/pub/half")).content == bytes(MEBIBYTE) + b"b" * MEBIBYTE


async def test_an_upload_that_never_ends_is_dropped_whole(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node", run={"grace_s": 0})
    with running_process(data_dir) as node:
        alice = await _signed_up(node, client)
        with _connected(node) as upload:
            upload.sendall(_put_head("/pub/half", alice, length=2 * MEBIBYTE) + bytes(MEBIBYTE))
            _wait_for_blob_file(data_dir)
            assert node.stop() == 0
    assert _blob_files(data_dir) == []
    with running_process(data_dir) as node:
        client.base_url = httpx.URL(node.client_url)
        assert (await alice.get("/pub/half")).status_code == 404


async def test_ending_leaves_nothing_in_the_write_ahead_log(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    with running_process(data_dir) as node:
        await _signed_up(node, client)
        assert node.stop() == 0
    assert not (data_dir / "metadata.sqlite3-wal").exists()
    assert not (data_dir / "dashboard.sqlite3-wal").exists()


async def _signed_up(node: NodeProcess, client: httpx.AsyncClient) -> Person:
    client.base_url = httpx.URL(node.client_url)
    alice = Person(keypair_of("alice"), client)
    assert (await alice.sign_up()).status_code == 200
    return alice


@contextmanager
def _connected(node: NodeProcess) -> Iterator[socket.socket]:
    url = urlsplit(node.client_url)
    with socket.create_connection((url.hostname or "", url.port or 0), timeout=10) as connection:
        yield connection


def _get(path: str, person: Person, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\npubky-host: {person.z32}\r\n{more}\r\n".encode()


def _put_head(path: str, person: Person, *, length: int) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in person.headers.items())
    return f"PUT {path} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {length}\r\n\r\n".encode()


def _blob_files(data_dir: Path) -> list[Path]:
    return list((data_dir / "blobs").glob("*/*"))


def _wait_for_blob_file(data_dir: Path) -> None:
    """Until the upload has reached the disk: its first part is larger than the write buffer."""
    _poll(lambda: bool(_blob_files(data_dir)))


def _wait_until_refused(node: NodeProcess) -> None:
    """Until the node takes no new connections: it has understood that it shall end."""

    def is_refused() -> bool:
        try:
            with _connected(node):
                return False
        except ConnectionError:
            return True

    _poll(is_refused)


def _poll(is_so: Callable[[], bool]) -> None:
    give_up_s = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
