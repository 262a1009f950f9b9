"""What the playbooks' filters say, without a host."""

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky.keys import Keypair

ANSIBLE = Path(__file__).parent.parent / "ansible"
CALM: dict[str, list[str]] = {"errors": [], "warnings": []}


def loaded(path: str) -> ModuleType:
    """A file that Ansible loads by its path."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ANSIBLE / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


checks = loaded("filter_plugins/pubky_checks.py")
fleet = loaded("filter_plugins/pubky_fleet.py")
preflight = loaded("filter_plugins/pubky_preflight.py")
probe = loaded("roles/pubky_base/files/probe.py")


# --- Names ----------------------------------------------------------------------------------------


def test_a_misspelled_variable_is_named_with_the_nearest_right_one() -> None:
    said = checks.unknown_variables({"pubky_tls_mod": 1, "other": 2}, str(ANSIBLE))
    assert said == ["pubky_tls_mod is not a variable of these roles; did you mean pubky_tls_mode?"]


def test_a_variable_like_no_other_is_named_alone() -> None:
    (said,) = checks.unknown_variables({"pubky_zzzzzzzzzzzzzz": 1}, str(ANSIBLE))
    assert said == "pubky_zzzzzzzzzzzzzz is not a variable of these roles."


@pytest.mark.parametrize(
    "name",
    ["pubky_domain", "pubky_canary", "pubky_app_wheel", "pubky_base_probe", "pubky_node_key"],
)
def test_the_roles_own_names_are_known(name: str) -> None:
    assert checks.unknown_variables({name: 1}, str(ANSIBLE)) == []


def test_an_old_name_is_known_and_warned_of() -> None:
    names = {"pubky_old": {"new": "pubky_domain", "until": "2.0.0"}}
    assert checks.unknown_variables({"pubky_old": 1}, str(ANSIBLE), names) == []
    (found,) = checks.renamed({"pubky_old": 1}, names)
    assert (found["old"], found["new"]) == ("pubky_old", "pubky_domain")
    assert found["warning"] == (
        "pubky_old is called pubky_domain now; the old name is understood until version 2.0.0."
    )
    assert checks.renamed({"pubky_domain": 1}, names) == []


def test_every_role_that_takes_variables_is_asked() -> None:
    assert {"pubky_app", "pubky_base", "pubky_nginx", "pubky_tls"} <= set(
        checks.roles(str(ANSIBLE))
    )


# --- Ports ----------------------------------------------------------------------------------------

LISTING = """\
udp   UNCONN 0      0            0.0.0.0:6881      0.0.0.0:*    users:(("aria2c",pid=9,fd=6))
tcp   LISTEN 0      511          0.0.0.0:80        0.0.0.0:*    users:(("apache2",pid=1,fd=6))
tcp   LISTEN 0      511             [::]:443          [::]:*    users:(("nginx",pid=2,fd=7))
tcp   LISTEN 0      511        127.0.0.1:6286      0.0.0.0:*
tcp   LISTEN 0      511        127.0.0.1:5432      0.0.0.0:*    users:(("postgres",pid=3,fd=7))
"""


def test_taken_ports_are_named_with_their_owners_and_a_remedy() -> None:
    said = checks.taken_ports(LISTING, [80, 443, 6286], [6881])
    assert said == [
        (
            "Port 80 is taken by apache2. Stop that program, or, where it is a web server that is"
            " to stay, set pubky_proxy_mode: external."
        ),
        "Port 6286 is taken by another program. Stop that program.",
        (
            "UDP port 6881 is taken by aria2c. Stop that program, or set dht.listen_socket in"
            " pubky_app_config to another port."
        ),
    ]


def test_a_tcp_program_does_not_take_an_udp_port() -> None:
    assert checks.taken_ports(LISTING, [6881], [80]) == []


@given(st.text())
def test_any_listing_is_read_without_an_error(listing: str) -> None:
    assert isinstance(checks.taken_ports(listing, [80], [6881]), list)


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"pubky_base_journal_max_mb": 2}, "is 2; it must be from 16 to 1000000."),
        ({"pubky_app_health_s": "0"}, "is 0; it must be from 1 to 3600."),
        ({"pubky_base_reboot_time": "4:30"}, "write a time of day such as"),
        ({"pubky_base_reboot_time": 16200}, "write a time of day such as"),
        ({"pubky_public_ip": "home"}, "write an address, auto or none."),
        ({"pubky_node_key": "abc"}, "pubky_node_key is no key"),
        ({"pubky_batches": "all"}, "pubky_batches must be a list"),
        ({"pubky_batches": [1, "150%"]}, "pubky_batches must be a list"),
        ({"pubky_domain": "no de"}, "which is no host name such as node.example.org."),
        (
            {"pubky_domain": "a.org", "pubky_dashboard_domain": "a.org"},
            "are both 'a.org'; each needs a name of its own.",
        ),
        ({"pubky_tls_mode": "own", "pubky_tls_own_key": "README.md"}, "must name a file on this"),
        (
            {
                "pubky_tls_mode": "own",
                "pubky_tls_own_certificate": "x",
                "pubky_tls_own_key": "site.yml",
            },
            "pubky_tls_own_certificate is 'x', and there is no such file on this controller.",
        ),
        ({"pubky_tls_mode": "acme", "pubky_domain": "localhost"}, "must be a public name such as"),
        ({"pubky_tls_mode": "acme", "pubky_domain": "10.0.0.1"}, "must be a public name such as"),
        ({"pubky_app_data_dir": "/srv"}, "name a folder of its own"),
        ({"pubky_app_data_dir": "/home/node"}, "which the confined service cannot use"),
        ({"pubky_app_data_dir": "/opt/pubky/data"}, "lie in each other; keep them apart."),
    ],
)
def test_a_wrong_setting_is_told_with_the_remedy(variables: dict[str, Any], said: str) -> None:
    (found,) = preflight.setting_errors(variables, str(ANSIBLE))
    assert said in found


def test_right_settings_are_not_spoken_of() -> None:
    variables = {
        "pubky_domain": "node.example.org",
        "pubky_dashboard_domain": "dash.example.org",
        "pubky_tls_mode": "acme",
        "pubky_base_reboot_time": "staggered",
        "pubky_batches": [1, "25%", "100%"],
        "pubky_public_ip": "2001:db8::1",
        "pubky_app_data_dir": "/srv/pubky",
        "pubky_app_health_s": 60,
    }
    assert preflight.setting_errors(variables, str(ANSIBLE)) == []


def test_a_certificate_is_nobodys_matter_behind_a_web_server_of_ones_own() -> None:
    variables = {"pubky_tls_mode": "own", "pubky_proxy_mode": "external"}
    assert preflight.setting_errors(variables, str(ANSIBLE)) == []


# --- The data folder ------------------------------------------------------------------------------


@pytest.mark.parametrize("key_file", ["secret", "public_key"])
def test_a_folder_with_a_key_is_a_nodes(key_file: str) -> None:
    files = [key_file, "metadata.sqlite3", "notes.txt"]
    assert preflight.data_folder_errors("/d", files, "a", "") == []
    assert preflight.data_folder_errors("/d", files, "a", "a") == []


def test_an_empty_folder_may_be_anybodys() -> None:
    assert preflight.data_folder_errors("/d", [], "", "a") == []


def test_rows_without_a_key_are_told_from_files_of_others() -> None:
    (said,) = preflight.data_folder_errors("/d", ["metadata.sqlite3", "lock"], "", "")
    assert said.startswith("/d has files but no node's key.")
    (said,) = preflight.data_folder_errors("/d", ["photos", "lock"], "", "")
    assert said.startswith("/d has files that no node makes: photos.")


def test_another_nodes_data_is_refused_with_both_keys() -> None:
    (said,) = preflight.data_folder_errors("/d", ["secret"], "theirs", "ours")
    assert said.startswith("/d belongs to the node theirs, and pubky_node_key names ours.")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_key_of_a_folder_is_found_by_its_secret(tmp_path: Path) -> None:
    pair = Keypair.from_seed(bytes(range(32)))
    (tmp_path / "secret").write_text(bytes(range(32)).hex() + "\n")
    assert probe.node_key(tmp_path) == pair.public_key.z32
    (tmp_path / "public_key").write_text("another\n")
    assert probe.node_key(tmp_path) == "another"


def test_a_folder_with_neither_has_no_key(tmp_path: Path) -> None:
    assert probe.node_key(tmp_path / "none") == ""
    (tmp_path / "secret").write_text("no key")
    assert probe.node_key(tmp_path) == ""


# --- Names in the DNS -----------------------------------------------------------------------------

OWN = ["127.0.0.1", "8.8.8.8", "fe80::1%eth0", "auto", ""]


@pytest.mark.parametrize("mode", ["acme", "local_ca", "external"])
def test_a_name_that_points_here_is_right(mode: str) -> None:
    assert preflight.dns_findings({"a.org": ["8.8.8.8"]}, OWN, mode) == CALM


def test_a_wrong_name_stops_what_an_authority_has_to_ask_and_nothing_else() -> None:
    answers = {"a.org": ["9.9.9.9"], "dash.a.org": []}
    found = preflight.dns_findings(answers, OWN, "acme")
    assert found["warnings"] == []
    points, missing = found["errors"]
    assert points.startswith("a.org points to 9.9.9.9, and this host is 8.8.8.8")
    assert missing.startswith("dash.a.org has no address in the DNS. Make its A record name")
    assert "local_ca" in missing
    found = preflight.dns_findings(answers, OWN, "local_ca")
    assert (len(found["errors"]), len(found["warnings"])) == (0, 2)


def test_behind_a_router_a_public_address_is_only_a_warning() -> None:
    found = preflight.dns_findings({"a.org": ["9.9.9.9"]}, ["192.168.1.20"], "acme")
    assert (len(found["errors"]), len(found["warnings"])) == (0, 1)


def test_a_name_in_the_hosts_own_file_says_nothing() -> None:
    assert preflight.dns_findings({"a.org": ["127.0.1.1"]}, OWN, "acme") == CALM


def test_a_tunnels_names_lead_elsewhere() -> None:
    assert preflight.dns_findings({"a.org": ["9.9.9.9"]}, OWN, "tunnel") == CALM


# --- From outside ---------------------------------------------------------------------------------


def test_ports_that_nobody_reaches_are_named() -> None:
    report = [
        {"port": 80, "problem": ""},
        {"port": 443, "problem": "the service sees nothing there"},
    ]
    (said,) = preflight.probe_errors(json.dumps(report))
    assert said.startswith(
        "Port 443 cannot be reached from outside (the service sees nothing there)"
    )


def test_a_probe_that_says_nothing_is_told() -> None:
    (said,) = preflight.probe_errors("")
    assert "pubky_probe_url" in said


def test_a_finding_is_told_once() -> None:
    assert preflight.numbered(["a ", "", "b", "a"]) == ["a", "b"]


# --- Fleets ---------------------------------------------------------------------------------------

HOSTS = ["a", "b", "c", "d"]
VARIABLES: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {},
    "c": {"pubky_canary": True},
    "d": {"pubky_canary": "no"},
}


def test_canaries_come_first_and_one_by_one() -> None:
    assert fleet.canaries_first(HOSTS, VARIABLES) == ["c", "a", "b", "d"]
    assert fleet.batches(HOSTS, VARIABLES) == [1, 1, "25%", "100%"]


def test_the_inventory_says_how_large_batches_are() -> None:
    variables = {host: said | {"pubky_batches": [2]} for host, said in VARIABLES.items()}
    assert fleet.batches(HOSTS, variables) == [1, 2]


def test_each_asks_the_next() -> None:
    assert fleet.others(HOSTS, "c") == ["d", "a", "b"]
    assert fleet.others(["a"], "a") == []


def test_no_two_of_sixteen_hosts_restart_at_the_same_time() -> None:
    hosts = [str(number) for number in range(17)]
    times = [fleet.staggered(hosts, host) for host in hosts]
    assert times[0] == times[16] == "02:00"
    assert times[15] == "05:45"
    assert len(set(times)) == 16


def test_the_list_has_those_first_who_need_somebody() -> None:
    well = {"problems": [], "version": "1.0.0", "certificate_days": 9.7, "backup_age_s": 7300}
    ill = {"problems": ["The node is not ready."]}
    variables = {
        "a": {"pubky_app_status": {"rc": 0, "stdout": json.dumps(well)}},
        "b": {"pubky_app_status": {"unreachable": True}},
        "c": {"pubky_app_status": {"rc": 0, "stdout": json.dumps(ill)}},
        "d": {"pubky_app_status": {"rc": 127, "stdout": ""}},
    }
    nodes = fleet.fleet_nodes(HOSTS, variables)
    assert [node["verdict"] for node in nodes] == ["healthy", "unreachable", "ailing", "ailing"]
    lines = fleet.fleet_table(nodes)
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["unreachable", "b"],
        ["ailing", "c"],
        ["ailing", "d"],
        ["healthy", "a"],
    ]
    assert "10 d" in lines[4]
    assert "2 h" in lines[4]
    assert lines[5:] == [
        "b: It cannot be reached.",
        "c: The node is not ready.",
        "d: There is no node on this host.",
    ]
