"""`user`: who signed up, and whether they may write."""

import pytest

from appliance.cli.output import with_metadata
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.metadata import users
from appliance.metadata.sqlite import SqliteMetadata
from tests.support.appliance import keypair_of
from tests.support.command_line import CommandLine

ADA = keypair_of("ada").public_key.z32
BOB = keypair_of("bob").public_key.z32


@pytest.fixture
def peopled(cli: CommandLine) -> CommandLine:
    """A node with Ada and then Bob."""
    folder = DataFolder(cli.data_dir)

    async def sign_up_both(metadata: SqliteMetadata) -> None:
        for key in (ADA, BOB):
            assert await metadata.write(users.create, key, system_clock())

    with_metadata(folder, sign_up_both)
    return cli


def test_the_list_is_newest_first(peopled: CommandLine) -> None:
    rows = peopled("user", "list", "--json").json
    assert [row["pubkey"] for row in rows] == [BOB, ADA]
    assert {(row["used_bytes"], row["entries"], row["disabled"]) for row in rows} == {(0, 0, False)}
    lines = peopled("user", "list").text.splitlines()
    assert lines[0].split()[:2] == ["USER", "SINCE"]
    assert [line.split()[0] for line in lines[1:]] == [BOB, ADA]


def test_an_empty_list_says_what_to_do(cli: CommandLine) -> None:
    assert "invite create" in cli("user", "list").text
    assert cli("user", "list", "--json").json == []


def test_show_tells_one_user_with_or_without_prefix(peopled: CommandLine) -> None:
    assert peopled("user", "show", ADA, "--json").json["pubkey"] == ADA
    assert peopled("user", "show", f"pubky{ADA}", "--json").json["pubkey"] == ADA
    assert ADA in peopled("user", "show", ADA).text


def test_disable_and_enable_change_what_show_tells(peopled: CommandLine) -> None:
    assert peopled("user", "disable", ADA).text == f"{ADA} can no longer write.\n"
    assert peopled("user", "show", ADA, "--json").json["disabled"] is True
    assert peopled("user", "show", BOB, "--json").json["disabled"] is False
    assert peopled("user", "enable", ADA).text == f"{ADA} can now write.\n"
    assert peopled("user", "show", ADA, "--json").json["disabled"] is False


@pytest.mark.parametrize("command", ["show", "disable", "enable"])
def test_a_stranger_is_refused(peopled: CommandLine, command: str) -> None:
    stranger = keypair_of("stranger").public_key.z32
    assert stranger in peopled("user", command, stranger).refusal


@pytest.mark.parametrize("command", ["show", "disable", "enable"])
def test_what_is_no_key_is_told_so(peopled: CommandLine, command: str) -> None:
    assert "'ada' is no public key" in peopled("user", command, "ada").refusal
