"""`invite`: made, listed and revoked, while the node runs or not."""

from appliance.cli.output import with_metadata
from appliance.clock import system_clock
from appliance.data_folder import DataFolder
from appliance.metadata import signup_tokens
from tests.support.appliance import keypair_of
from tests.support.command_line import CommandLine


def _use(cli: CommandLine, code: str, name: str) -> str:
    user = keypair_of(name).public_key.z32
    folder = DataFolder(cli.data_dir)
    assert with_metadata(
        folder,
        lambda metadata: metadata.write(signup_tokens.consume, code, user, system_clock()),
    )
    return user


def test_create_shows_code_link_and_qr_code(cli: CommandLine) -> None:
    text = cli("invite", "create").text
    (made,) = cli("invite", "list", "--json").json
    key = DataFolder(cli.data_dir).keypair().public_key.z32
    assert f"Invite  {made['code']}\n" in text
    assert f"Link    pubkyauth://direct_signup?hs={key}&st={made['code']}\n" in text
    assert "█" in text


def test_create_as_json_tells_everything(cli: CommandLine) -> None:
    made = cli("invite", "create", "--note", "for Ada", "--days", "14", "--json").json
    assert (made["note"], made["state"], made["used_by"]) == ("for Ada", "unused", None)
    assert made["expires_at"] > made["created_at"]
    assert made["link"].endswith(f"&st={made['code']}")


def test_an_invite_can_be_shown_again(cli: CommandLine) -> None:
    made = cli("invite", "create", "--json").json
    text = cli("invite", "show", str(made["id"])).text
    assert made["code"] in text
    assert made["link"] in text
    assert "█" in text
    assert cli("invite", "show", str(made["id"]), "--json").json == made


def test_an_invite_that_is_spent_says_so_when_shown(cli: CommandLine) -> None:
    made = cli("invite", "create", "--json").json
    _use(cli, made["code"], "ada")
    assert "This invite is used" in cli("invite", "show", str(made["id"])).text


def test_showing_an_invite_that_was_never_made_is_an_error(cli: CommandLine) -> None:
    assert cli("invite", "show", "7").refusal == "No invite has the ID 7"


def test_the_list_is_newest_first_with_state_and_user(cli: CommandLine) -> None:
    first = cli("invite", "create", "--note", "one", "--json").json
    second = cli("invite", "create", "--note", "two", "--json").json
    user = _use(cli, first["code"], "ada")
    rows = cli("invite", "list", "--json").json
    assert [(row["note"], row["state"], row["used_by"]) for row in rows] == [
        ("two", "unused", None),
        ("one", "used", user),
    ]
    lines = cli("invite", "list").text.splitlines()
    assert lines[0].split() == ["ID", "INVITE", "STATE", "MADE", "USED", "BY", "NOTE"]
    assert second["code"] in lines[1]
    assert user in lines[2]


def test_the_list_can_be_of_one_state(cli: CommandLine) -> None:
    codes = [cli("invite", "create", "--json").json["code"] for _ in range(2)]
    _use(cli, codes[0], "ada")
    for state, expected in (("used", codes[:1]), ("unused", codes[1:]), ("revoked", [])):
        rows = cli("invite", "list", "--state", state, "--json").json
        assert [row["code"] for row in rows] == expected


def test_an_empty_list_says_what_to_do(cli: CommandLine) -> None:
    assert "invite create" in cli("invite", "list").text
    assert cli("invite", "list", "--json").json == []


def test_a_revoked_invite_is_worthless(cli: CommandLine) -> None:
    made = cli("invite", "create", "--json").json
    assert made["code"] in cli("invite", "revoke", str(made["id"])).text
    assert cli("invite", "list", "--json").json[0]["state"] == "revoked"


def test_revoke_as_json_shows_the_invite(cli: CommandLine) -> None:
    made = cli("invite", "create", "--json").json
    revoked = cli("invite", "revoke", str(made["id"]), "--json").json
    assert (revoked["code"], revoked["state"]) == (made["code"], "revoked")


def test_a_used_or_unknown_invite_cannot_be_revoked(cli: CommandLine) -> None:
    made = cli("invite", "create", "--json").json
    _use(cli, made["code"], "ada")
    assert cli("invite", "revoke", str(made["id"])).refusal == "This invite was used already"
    assert cli("invite", "revoke", "999").refusal == "Not Found"


def test_too_long_a_note_is_refused(cli: CommandLine) -> None:
    refusal = cli("invite", "create", "--note", "n" * 201).refusal
    assert refusal == "A note has at most 200 characters"
