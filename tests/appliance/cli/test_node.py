"""`init`, `run` under a service manager, `login-link` and `testnet`."""

import asyncio
import io
import stat
from pathlib import Path

import httpx
import pytest
from nacl.pwhash import verify

from appliance.config import load_config, sample_config
from appliance.data_folder import DASHBOARD_FILE, DataFolder
from dashboard.sign_in import SignIns
from tests.support.command_line import CommandLine
from tests.support.node_process import finished, make_data_dir, running_process
from tests.support.testnet_process import running_testnet_process

KEY_OF_A_ZERO_SEED = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


def test_init_makes_key_settings_and_password(new_cli: CommandLine) -> None:
    facts = new_cli("init", "--json").json
    folder = DataFolder(new_cli.data_dir)
    assert facts["data_dir"] == str(new_cli.data_dir)
    assert facts["public_key"] == folder.keypair().public_key.z32
    assert sorted(facts["made"]) == ["admin_password", "config.toml", "secret"]
    assert verify(folder.hashed_admin_password().encode(), facts["admin_password"].encode())
    assert (new_cli.data_dir / "config.toml").read_text(encoding="utf-8") == sample_config()


def test_what_init_makes_is_for_its_owner_only(new_cli: CommandLine) -> None:
    new_cli("init")
    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in new_cli.data_dir.iterdir()}
    assert modes == {"secret": 0o600, "config.toml": 0o600, "admin_password": 0o600}
    assert stat.S_IMODE(new_cli.data_dir.stat().st_mode) == 0o700


def test_init_shows_the_password_once_and_stores_only_its_hash(new_cli: CommandLine) -> None:
    password = new_cli("init", "--json").json["admin_password"]
    for item in new_cli.data_dir.iterdir():
        assert password not in item.read_text(encoding="utf-8")
    again = new_cli("init", "--json").json
    assert (again["made"], again["admin_password"]) == ([], None)


def test_init_again_changes_nothing(new_cli: CommandLine) -> None:
    assert "Password     " in new_cli("init").text
    before = {item.name: item.read_bytes() for item in new_cli.data_dir.iterdir()}
    assert "Everything was there already." in new_cli("init").text
    assert {item.name: item.read_bytes() for item in new_cli.data_dir.iterdir()} == before


def test_init_after_the_password_file_is_deleted_makes_a_new_one(cli: CommandLine) -> None:
    (cli.data_dir / "admin_password").unlink()
    facts = cli("init", "--json").json
    assert facts["made"] == ["admin_password"]
    assert facts["admin_password"]


def test_a_new_password_is_shown_once_and_kept_as_a_hash(cli: CommandLine) -> None:
    facts = cli("password", "--json").json
    hashed = DataFolder(cli.data_dir).hashed_admin_password()
    assert facts["restart_needed"] is False
    assert verify(hashed.encode(), facts["admin_password"].encode())
    assert "(shown only now)" in cli("password").text


def test_a_password_of_ones_own_comes_by_standard_input_and_is_not_shown(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert cli("password", "--stdin").text == "The password is changed.\n"
    hashed = DataFolder(cli.data_dir).hashed_admin_password()
    assert verify(hashed.encode(), b"correct horse battery")


def test_a_short_password_changes_nothing(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = DataFolder(cli.data_dir).hashed_admin_password()
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    assert "at least 12 characters" in cli("password", "--stdin").refusal
    assert DataFolder(cli.data_dir).hashed_admin_password() == before


def test_a_folder_that_was_never_made_gets_no_password(new_cli: CommandLine) -> None:
    assert "run 'pubky-appliance init'" in new_cli("password").refusal
    assert not new_cli.data_dir.exists()


def test_commands_that_need_no_secret_work_while_the_service_manager_keeps_it(
    cli: CommandLine,
) -> None:
    key = cli("init", "--json").json["public_key"]
    (cli.data_dir / "public_key").write_text(key, encoding="utf-8")
    (cli.data_dir / "secret").unlink()
    assert cli("init", "--json").json["public_key"] == key
    assert cli("status", "--json").json["public_key"] == key
    assert cli("invite", "create", "--json").json["link"].startswith("pubkyauth://")
    findings = {found["subject"]: found for found in cli("doctor", "--json").json}
    assert findings["node key"]["evidence"] == key
    assert findings["node key file"]["verdict"] == "good"
    assert "kept by the service manager" in cli("run").refusal
    assert "kept by the service manager" in cli("publish").refusal


def test_the_default_ports_are_the_well_known_ones_on_loopback(cli: CommandLine) -> None:
    config = load_config(cli.data_dir / "config.toml")
    assert str(config.drive.icann_listen_socket) == "127.0.0.1:6286"
    assert str(config.admin.listen_socket) == "127.0.0.1:6288"
    assert str(config.metrics.listen_socket) == "127.0.0.1:6289"
    assert str(config.dashboard.listen_socket) == "127.0.0.1:6290"


def test_a_login_link_signs_in_once(cli: CommandLine) -> None:
    link = cli("login-link").text.strip()
    assert link.startswith("http://127.0.0.1:6290/login/")
    assert cli("login-link", "--json").json["login_link"] != link

    async def consumed_twice() -> list[bool]:
        sign_ins = await SignIns.open(cli.data_dir / DASHBOARD_FILE)
        token = link.rpartition("/")[2]
        taken = [await sign_ins.consume(token, "a browser") for _ in range(2)]
        await sign_ins.close()
        return [secret is not None for secret in taken]

    assert asyncio.run(consumed_twice()) == [True, False]


def test_a_damaged_store_of_sign_ins_is_told_in_one_line(cli: CommandLine) -> None:
    (cli.data_dir / DASHBOARD_FILE).write_bytes(b"no database at all " * 300)
    assert "dashboard.sqlite3: file is not a database" in cli("login-link").refusal


@pytest.mark.system
def test_under_a_service_manager_nothing_secret_is_printed(tmp_path: Path) -> None:
    data_dir = make_data_dir(tmp_path / "node", general={"signup_mode": "token_required"})
    assert finished("--data-dir", str(data_dir), "init").returncode == 0
    with running_process(data_dir, JOURNAL_STREAM="8:12345") as node:
        assert {"invite", "invite_link", "login_link", "admin_password"}.isdisjoint(node.facts)
        assert httpx.get(node.client_url).status_code == 200


@pytest.mark.system
@pytest.mark.parametrize("variables", [{"JOURNAL_STREAM": "8:12345"}, {}])
def test_a_password_that_nobody_would_see_is_not_made(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    quiet = [] if variables else ["--quiet"]
    data_dir = make_data_dir(tmp_path / "node")
    ended = finished("--data-dir", str(data_dir), "run", *quiet, **variables)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: this data folder is new; run 'pubky-appliance init' first")
    assert "admin_password" in finished("--data-dir", str(data_dir), "init").stdout


@pytest.mark.system
def test_a_testnet_tells_its_facts_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_testnet_process(tmp_path) as facts:
        assert facts["public_key"] == KEY_OF_A_ZERO_SEED
        assert httpx.get(facts["client_url"]).text == "Pubky Homeserver"
        packet = httpx.get(f"{facts['pkarr_relay_url']}/{facts['public_key']}")
        assert packet.status_code == 200
        password = {"X-Admin-Password": facts["admin_password"]}
        assert httpx.get(facts["admin_url"] + "/info", headers=password).status_code == 200
        assert len(list(tmp_path.glob("pubky-testnet-*"))) == 1
        second = finished("testnet")
        assert second.returncode == 2
        assert second.stderr.startswith("Error: cannot listen on 127.0.0.1:")
    assert not list(tmp_path.glob("pubky-testnet-*"))
