"""Every command explains itself, speaks JSON where it tells facts, and fails in one line."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from appliance.cli.main import root
from appliance.version import VERSION
from tests.support.command_line import CommandLine

# They confirm an act, or print a file: there are no facts to give to a program.
WITHOUT_JSON = {
    "backup record",
    "config sample",
    "token revoke",
    "user disable",
    "user enable",
    "user suspend",
    "user unsuspend",
}


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from _commands(below, (*path, name))


COMMANDS = dict(_commands(root, ()))
LEAVES = {path: found for path, found in COMMANDS.items() if not isinstance(found, click.Group)}


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_says_what_the_command_is_for_and_gives_an_example(path: str) -> None:
    shown = CliRunner().invoke(root, [*path.split(), "--help"])
    assert shown.exit_code == 0
    assert COMMANDS[path].get_short_help_str(200).strip(".") in " ".join(shown.output.split())
    assert "pubky-appliance " in (COMMANDS[path].epilog or "")


@pytest.mark.parametrize("path", [path for path in COMMANDS if path])
def test_every_example_is_of_its_command_and_parses(path: str) -> None:
    example = (COMMANDS[path].epilog or "").removeprefix("Example: pubky-appliance ")
    arguments = shlex.split(example.partition(" > ")[0])
    # Unknown options are refused before --help is looked at.
    shown = CliRunner().invoke(root, [*arguments, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"Usage: root {path}" in shown.output


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_that_tells_facts_can_tell_them_as_json(path: str) -> None:
    options = {option for parameter in LEAVES[path].params for option in parameter.opts}
    assert ("--json" in options) is (path not in WITHOUT_JSON)


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_is_explained(path: str) -> None:
    options = [item for item in COMMANDS[path].params if isinstance(item, click.Option)]
    own = [item for item in options if not isinstance(item.type, click.Choice)]
    unexplained = [item.name for item in own if not item.help and not item.show_default]
    assert unexplained == []


@pytest.mark.parametrize("arguments", [["nothing"], ["run", "--nothing"], ["invite", "revoke"]])
def test_a_wrong_command_line_is_told_with_the_usage(
    new_cli: CommandLine, arguments: list[str]
) -> None:
    ended = new_cli(*arguments)
    assert ended.code == 2
    assert ended.err.startswith("Usage: ")
    assert "Error: " in ended.err
    assert not new_cli.data_dir.exists()


def test_a_data_folder_that_is_a_file_is_refused(new_cli: CommandLine) -> None:
    new_cli.data_dir.touch()
    ended = new_cli("init")
    assert ended.code == 2
    assert "is a file" in ended.err


def test_the_version_is_told_in_three_ways(new_cli: CommandLine) -> None:
    assert new_cli("version").text == f"{VERSION}\n"
    assert new_cli("version", "--json").json == {"version": VERSION}
    assert new_cli("--version").text == f"pubky-appliance, version {VERSION}\n"


def test_the_installed_command_is_this_one() -> None:
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'pubky-appliance = "appliance.cli:main"' in text


@pytest.mark.parametrize(
    "arguments", [["invite", "list"], ["user", "list"], ["login-link"], ["config", "show"]]
)
def test_without_a_node_commands_say_so_and_make_nothing(
    new_cli: CommandLine, arguments: list[str]
) -> None:
    assert str(new_cli.data_dir) in new_cli(*arguments).refusal
    assert not new_cli.data_dir.exists()
