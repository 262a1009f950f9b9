"""`config`: checked, shown, and the sample."""

from pathlib import Path

from appliance.config import config_as_dict, parse_config, sample_config
from tests.support.command_line import CommandLine


def test_a_good_file_is_good(cli: CommandLine) -> None:
    file = str(cli.data_dir / "config.toml")
    assert cli("config", "check").text == f"{file} is good.\n"
    assert cli("config", "check", "--json").json == {"file": file, "ok": True}


def test_every_problem_is_one_line(cli: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('[drive]\nmax_upload_mb = -1\n[admin]\nlisten_socket = "x"\n[nothing]\n')
    ended = cli("config", "check", str(file))
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"Error: {file}: ") for line in lines)


def test_a_missing_file_is_told(cli: CommandLine, tmp_path: Path) -> None:
    assert "cannot be read" in cli("config", "check", str(tmp_path / "none")).refusal


def test_show_tells_every_setting_in_force(cli: CommandLine) -> None:
    (cli.data_dir / "config.toml").write_text("[storage]\ntrash_days = 7\n", encoding="utf-8")
    shown = cli("config", "show", "--json").json
    assert shown["storage"]["trash_days"] == 7
    assert shown == config_as_dict(parse_config("[storage]\ntrash_days = 7\n"))
    assert "storage.trash_days = 7\n" in cli("config", "show").text


def test_the_sample_is_what_init_writes(cli: CommandLine) -> None:
    sample = cli("config", "sample").text
    assert sample == sample_config()
    assert (cli.data_dir / "config.toml").read_text(encoding="utf-8") == sample
