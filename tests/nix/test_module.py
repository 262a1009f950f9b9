"""What the NixOS module makes of its options, and what it refuses."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.config.reading import parse_config
from tests.nix.evaluation import NIX, EvaluationError, Nix, node
from tests.nix.schema import COMMITTED, settings_json

DOMAIN = 'domain = "node.example.org";'
ENABLED = "backup = { enable = true; "
BACKUP = ENABLED + 'repository = "/b"; passwordFile = "/p"; };'
KEY = 'nodeKey.file = "/run/secrets/node-key";'


def settings_of(nix: Nix, module: str) -> dict[str, dict[str, Any]]:
    """The settings that the program would get."""
    settings: dict[str, dict[str, Any]] = nix.machine(
        module, "machine.config.services.pubky-appliance.settings"
    )
    return settings


def as_toml(settings: dict[str, dict[str, Any]]) -> str:
    """Settings without tables in lists, as nixpkgs writes them; JSON's values are TOML's too."""
    return "\n".join(
        f"[{section}]\n"
        + "".join(f"{name} = {json.dumps(value)}\n" for name, value in keys.items())
        for section, keys in settings.items()
    )


def test_a_machine_without_the_node_gets_nothing_of_it(nix: Nix) -> None:
    machine = nix.machine("{ }")
    assert machine["systemd"] == {"services": {}, "sockets": {}, "tmpfiles": {"rules": []}}
    assert machine["users"] == {"users": {}, "groups": {}}
    assert machine["services"]["nginx"]["enable"] is False


def test_the_program_accepts_the_settings_that_are_written_for_it(nix: Nix) -> None:
    settings = settings_of(nix, node(DOMAIN + "settings.storage.default_quota_mb = 10240;"))
    config = parse_config(as_toml(settings))
    assert config.pkdns.icann_domain == "node.example.org"
    assert config.pkdns.public_ip == "auto"
    assert config.dashboard.origin == "https://dash.node.example.org"
    assert str(config.drive.pubky_listen_socket) == "0.0.0.0:6287"
    assert config.storage.default_quota_mb == 10240


def test_settings_of_ones_own_stand_above_those_of_the_module(nix: Nix) -> None:
    own = (
        'settings = { drive.pubky_listen_socket = "[::]:7000"; pkdns.public_ip = "203.0.113.7"; };'
    )
    settings = settings_of(nix, node(DOMAIN + own))
    assert settings["drive"]["pubky_listen_socket"] == "[::]:7000"
    assert settings["pkdns"]["public_ip"] == "203.0.113.7"


def test_settings_from_several_files_come_together(nix: Nix) -> None:
    module = (
        "{ imports = [ { services.pubky-appliance.settings.logging.level = "
        '"debug"; } ]; services.pubky-appliance = { enable = true; '
        'settings.logging.format = "json"; }; }'
    )
    assert settings_of(nix, module)["logging"] == {"level": "debug", "format": "json"}


def test_every_typed_setting_is_one_of_the_program(nix: Nix) -> None:
    known = json.loads(settings_json())
    typed = settings_of(nix, node(""))
    assert typed
    for section, names in typed.items():
        assert set(names) <= set(known[section])


def test_the_committed_list_of_settings_is_that_of_the_program() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == settings_json(), (
        "renew it: .venv/bin/python -m tests.nix.schema"
    )


def test_the_settings_are_looked_at_by_the_program_while_the_system_is_built(nix: Nix) -> None:
    built = "machine.config.services.pubky-appliance.settingsFile.described or null"
    checked = nix.machine(node(""), built)
    assert "/bin/pubky-appliance config check" in checked
    assert "exit 1" in checked
    assert nix.machine(node("checkSettings = false;"), built) is None
    used = nix.machine(
        node(""),
        "[ machine.config.services.pubky-appliance.settingsFile.outPath"
        " machine.config.systemd.services.pubky.serviceConfig.ExecStartPre.text ]",
    )
    assert used[0] in used[1]


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("domain = 7;", "is not of type"),
        ('enabled = "yes";', "does not exist"),
        ("settings.admin.listen_socket = 6288;", "is not of type"),
        ("settings.storage.default_quota_mb = x: x;", "is not of type"),
        ("nodeKey.file = /etc/hostname;", "is not of type"),
        ("nginx.rate = -1;", "is not of type"),
        ('backup.keep.daily = "7";', "is not of type"),
    ],
)
def test_a_wrong_option_is_refused_by_its_name(nix: Nix, option: str, complaint: str) -> None:
    with pytest.raises(EvaluationError) as refused:
        nix.machine(node(option))
    assert complaint in str(refused.value)
    assert "services.pubky-appliance" in str(refused.value)


def test_two_files_that_disagree_are_refused(nix: Nix) -> None:
    module = (
        '{ imports = [ { services.pubky-appliance.domain = "a.example"; } ]; '
        'services.pubky-appliance = { enable = true; domain = "b.example"; }; }'
    )
    with pytest.raises(EvaluationError, match="conflicting definition"):
        nix.machine(module)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (KEY + 'nodeKey.encryptedFile = "/etc/k.cred";', "set file or encryptedFile, not both"),
        ('nodeKey.file = "${builtins.toFile "key" "00"}";', "let sops-nix, agenix"),
        ('dataDir = "/home/ada/pubky";', "Choose another place, such as /var/lib/pubky"),
        ('domain = "a.example"; dashboard.domain = "a.example";', 'Try "dash.a.example"'),
        ("nginx.enable = true;", "Set services.pubky-appliance.domain, or nginx.enable = false"),
        (ENABLED + 'passwordFile = "/p"; };', "set repository or repositoryFile"),
        (ENABLED + 'repository = "/b"; };', "Make one (openssl rand"),
        (
            ENABLED + 'repository = "/b"; passwordFile = "${builtins.toFile "p" ""}"; };',
            'Name it as text, "/run/secrets/backup-password"',
        ),
        (
            ENABLED + 'passwordFile = "/p"; repository = "rest:https://me:hush@host/x"; };',
            "Put the name into a file and set repositoryFile",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(nix: Nix, options: str, remedy: str) -> None:
    with pytest.raises(EvaluationError) as refused:
        nix.machine(node(options))
    assert "Failed assertions" in str(refused.value)
    assert remedy in " ".join(str(refused.value).split())


def test_a_sound_system_has_no_warnings(nix: Nix) -> None:
    assert nix.machine(node(DOMAIN), "machine.config.warnings") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "Set it to a name that points to this machine"),
        (DOMAIN + 'settings.admin.listen_socket = "0.0.0.0:6288";', "Keep it on 127.0.0.1"),
        (DOMAIN + 'settings.metrics.listen_socket = "[::]:6289";', "Keep it on 127.0.0.1"),
    ],
)
def test_what_is_unwise_is_warned_of(nix: Nix, options: str, said: str) -> None:
    (warning,) = nix.machine(node(options), "machine.config.warnings")
    assert said in warning


def test_the_firewall_stays_shut_unless_it_is_asked_for(nix: Nix) -> None:
    shut = nix.machine(node(DOMAIN), "machine.config.networking.firewall")
    assert shut == {"allowedTCPPorts": [], "allowedUDPPorts": []}


def test_the_firewall_opens_what_strangers_may_reach_and_no_more(nix: Nix) -> None:
    module = node(DOMAIN + 'openFirewall = true; settings.dht.listen_socket = "0.0.0.0:7881";')
    opened = nix.machine(module, "machine.config.networking.firewall")
    assert opened == {"allowedTCPPorts": [6287, 80, 443], "allowedUDPPorts": [7881]}


def test_sockets_are_opened_for_the_parts_that_run(nix: Nix) -> None:
    streams = "machine.config.systemd.sockets.pubky.listenStreams"
    assert nix.machine(node('settings.run.parts = [ "web" "admin" ];'), streams) == [
        "127.0.0.1:6286"
    ]


def test_a_key_that_is_passed_is_a_credential_and_never_in_the_environment(nix: Nix) -> None:
    service = nix.machine(node(KEY), "machine.config.systemd.services.pubky")
    assert service["serviceConfig"]["LoadCredential"] == ["node-key:/run/secrets/node-key"]
    assert service["serviceConfig"]["LoadCredentialEncrypted"] == []
    assert "environment" not in service
    assert "/run/secrets" not in service["serviceConfig"]["ExecStart"]


def test_the_first_start_says_its_password_to_nobody(nix: Nix) -> None:
    prepare = nix.machine(
        node(""), "machine.config.systemd.services.pubky.serviceConfig.ExecStartPre.text"
    )
    (init,) = [line for line in prepare.splitlines() if " init" in line]
    assert init.endswith("> /dev/null")
    # The sample settings must not get there first.
    assert prepare.index("config.toml") < prepare.index(" init")


def test_a_change_of_settings_changes_the_unit_so_that_the_node_restarts(nix: Nix) -> None:
    started = "toString machine.config.systemd.services.pubky.serviceConfig.ExecStartPre"
    first = nix.machine(node(""), started)
    assert nix.machine(node(""), started) == first
    assert nix.machine(node('settings.logging.level = "debug";'), started) != first


def test_the_command_works_on_this_node_as_its_account(nix: Nix) -> None:
    (wrapper,) = nix.machine(
        node('dataDir = "/srv/my data";'),
        "map (made: made.text) machine.config.environment.systemPackages",
    )
    assert "runuser --user=pubky -- " in wrapper
    assert "--data-dir='/srv/my data' \"$@\"" in wrapper


def test_a_backup_takes_the_rows_of_one_moment_and_then_the_bytes(nix: Nix) -> None:
    job = nix.machine(node(BACKUP), "machine.config.services.restic.backups.pubky")
    assert job["paths"] == ["/var/lib/pubky/.backup", "/var/lib/pubky/blobs"]
    assert "backup snapshot /var/lib/pubky/.backup\n" in job["backupPrepareCommand"]
    assert "backup missing /var/lib/pubky/.backup" in job["backupCleanupCommand"]
    assert (job["repository"], job["repositoryFile"], job["passwordFile"]) == ("/b", None, "/p")


def test_a_backup_finds_the_bytes_where_the_settings_put_them(nix: Nix) -> None:
    paths = "machine.config.services.restic.backups.pubky.paths"
    module = node(BACKUP + 'settings.storage.blobs = "files:/mnt/disk/bytes";')
    assert nix.machine(module, paths)[1] == "/mnt/disk/bytes"


def test_a_backup_leaves_out_a_key_that_somebody_else_keeps(nix: Nix) -> None:
    prepare = "machine.config.services.restic.backups.pubky.backupPrepareCommand"
    assert "--without-key" not in nix.machine(node(BACKUP), prepare)
    assert "--without-key" in nix.machine(node(BACKUP + KEY), prepare)


def test_the_readme_names_every_option_and_no_other(nix: Nix) -> None:
    options = (
        "let names = builtins.mapAttrs (_: each: if (each._type or null) == "
        '"option" then null else names each); in names machine.options.services.pubky-appliance'
    )
    found = set(flat(nix.machine("{ }", options)))
    table = (NIX / "README.md").read_text(encoding="utf-8").partition("| option | what |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]
    named = {name for row in rows for name in re.findall(r"`([A-Za-z.]+)`", row.split("|")[1])}
    assert named == found - {"settingsFile"}


def flat(names: dict[str, Any]) -> Iterator[str]:
    """Names with those below them, joined by dots."""
    for name, below in names.items():
        if below is None:
            yield name
        else:
            yield from (f"{name}.{inner}" for inner in flat(below))
