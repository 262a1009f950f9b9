"""`doctor`: good news, bad news, and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.cli.output import with_metadata
from appliance.data_folder import DataFolder
from appliance.metadata import events
from tests.support.command_line import CommandLine


def _verdicts(findings: list[dict[str, str]]) -> dict[str, str]:
    return {finding["subject"]: finding["verdict"] for finding in findings}


def test_a_new_node_is_in_order(cli: CommandLine) -> None:
    verdicts = _verdicts(cli("doctor", "--json").json)
    assert set(verdicts.values()) <= {"good", "warning"}
    assert {"data folder", "node key", "settings", "database", "disk", "client API"} <= set(
        verdicts
    )
    assert "ok    node key: " in cli("doctor").text


def test_without_a_folder_it_says_how_to_make_one(new_cli: CommandLine) -> None:
    ended = new_cli("doctor")
    assert ended.code == 1
    assert "pubky-appliance init" in ended.out
    assert not new_cli.data_dir.exists()


def _short_key(folder: Path) -> None:
    (folder / "secret").write_text("0123", encoding="utf-8")


def _no_password(folder: Path) -> None:
    (folder / "admin_password").write_text("hunter2", encoding="utf-8")


def _wrong_setting(folder: Path) -> None:
    (folder / "config.toml").write_text("[nothing]\n", encoding="utf-8")


def _damaged_database(folder: Path) -> None:
    with_metadata(DataFolder(folder), lambda metadata: metadata.read(events.last_id))
    with (folder / "metadata.sqlite3").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


@pytest.mark.parametrize(
    ("damage", "subject"),
    [
        (_short_key, "node key"),
        (_no_password, "operator's password"),
        (_wrong_setting, "settings"),
        (_damaged_database, "database"),
    ],
)
def test_damage_is_bad_news_with_a_remedy(
    cli: CommandLine, damage: Callable[[Path], None], subject: str
) -> None:
    damage(cli.data_dir)
    ended = cli("doctor")
    assert ended.code == 1
    lines = ended.out.splitlines()
    (number,) = [n for n, line in enumerate(lines) if line.startswith(f"BAD   {subject}: ")]
    assert lines[number + 1].startswith("      ")


def test_a_key_that_others_may_read_is_a_warning_with_the_command(cli: CommandLine) -> None:
    key = cli.data_dir / "secret"
    key.chmod(0o644)
    assert f"chmod go= {key}" in cli("doctor").text
    assert _verdicts(cli("doctor", "--json").json)["node key file"] == "warning"


def test_it_changes_nothing(cli: CommandLine) -> None:
    before = {item.name: item.stat().st_mtime_ns for item in cli.data_dir.iterdir()}
    cli("doctor")
    assert {item.name: item.stat().st_mtime_ns for item in cli.data_dir.iterdir()} == before
