"""`backup`: what a program that keeps copies asks of the node, and what it tells it."""

from pathlib import Path

from appliance.cli.output import with_metadata
from appliance.data_folder import DataFolder
from appliance.homeserver.backup_log import read_backups
from appliance.metadata.sqlite import SqliteMetadata
from tests.support.command_line import CommandLine


def with_rows(cli: CommandLine) -> CommandLine:
    """A node that has run once."""

    async def nothing(_: SqliteMetadata) -> None:
        pass

    with_metadata(DataFolder(cli.data_dir), nothing)
    (cli.data_dir / "blobs").mkdir()
    return cli


def test_a_copy_is_made_and_found_good(cli: CommandLine, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    made = with_rows(cli)("backup", "snapshot", str(copy), "--json").json
    assert made["public_key"] == DataFolder(cli.data_dir).keypair().public_key.z32
    assert made["counts"] == {"users": 0, "entries": 0, "blobs": 0, "events": 0}
    blobs = made["blobs"]
    assert cli("backup", "missing", str(copy), "--blobs", blobs, "--json").json == {
        "files": 0,
        "missing": 0,
    }
    verdict = cli("backup", "check", str(copy), "--blobs", blobs, "--json").json
    assert verdict["is_good"]
    assert "The copy is good." in cli("backup", "check", str(copy), "--all").text


def test_the_words_lead_to_the_next_step(cli: CommandLine, tmp_path: Path) -> None:
    told = with_rows(cli)("backup", "snapshot", str(tmp_path / "copy")).text
    assert f"{cli.data_dir / 'blobs'} -> {tmp_path / 'copy' / 'blobs'}" in told


def test_a_bad_copy_ends_with_one(cli: CommandLine, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with_rows(cli)("backup", "snapshot", str(copy), "--without-key")
    ended = cli("backup", "check", str(copy))
    assert ended.code == 1
    assert "BAD   key" in ended.out
    assert "do not rely on it" in ended.out


def test_a_node_that_never_ran_has_nothing_to_copy(cli: CommandLine, tmp_path: Path) -> None:
    assert "no such database" in cli("backup", "snapshot", str(tmp_path / "copy")).refusal


def test_a_drill_is_told_with_what_it_found(cli: CommandLine, tmp_path: Path) -> None:
    copy, blobs = tmp_path / "copy", cli.data_dir / "blobs"
    with_rows(cli)("backup", "snapshot", str(copy))
    cli("backup", "check", str(copy), "--blobs", str(blobs), "--drill")
    (line,) = read_backups(cli.data_dir / "backups.jsonl")
    assert (line.kind, line.ok) == ("drill", True)
    assert "0 users, 0 entries, 0 blobs, 0 events" in line.detail
    assert line.detail.endswith("the key is in it")


def test_a_drill_with_another_nodes_copy_fails(cli: CommandLine, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with_rows(cli)("backup", "snapshot", str(copy))
    (cli.data_dir / "secret").unlink()
    DataFolder(cli.data_dir).initialise()
    assert cli("backup", "check", str(copy), "--drill").code == 1
    (line,) = read_backups(cli.data_dir / "backups.jsonl")
    assert not line.ok
    assert line.detail.startswith("key: it is ")


def test_outcomes_are_recorded_for_the_dashboard(cli: CommandLine) -> None:
    assert cli("backup", "record", "nightly", "--ok", "--bytes", "12").text == ""
    assert cli("backup", "record", "drill", "--failed", "--detail", "no room").text == ""
    newest, first = read_backups(cli.data_dir / "backups.jsonl")
    assert (first.kind, first.ok, first.bytes) == ("nightly", True, 12)
    assert (newest.kind, newest.ok, newest.detail) == ("drill", False, "no room")
    assert cli("backup", "record", "", "--ok").code == 2


def test_a_node_that_moved_away_does_not_start(cli: CommandLine) -> None:
    (cli.data_dir / "moved").write_text("It lives on the host new since Monday.\n")
    refusal = cli("run", "--quiet").refusal
    assert "It lives on the host new since Monday." in refusal
    assert "remove this file" in refusal
