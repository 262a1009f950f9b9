"""What stops an installation is told before anything changes, with what to do about it."""

from typing import Any

import pytest

from tests.deploy.conftest import files_on, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import inventory


@pytest.fixture(scope="module")
def bare(hosts: Network) -> Host:
    """A bare host, which every test leaves as it was."""
    return hosts.boot("bare")


def refusal(hosts: Network, host: Host, **variables: Any) -> str:
    """What the preflight says when it refuses; it must change nothing."""
    before = files_on(host)
    names = node_variables(host) | variables
    said = inventory(hosts, (host, names)).run("site.yml", expect_failure=True).out
    assert files_on(host) == before
    return " ".join(said.split())


def test_a_healthy_bare_host_passes(hosts: Network, bare: Host) -> None:
    inventory(hosts, (bare, node_variables(bare))).run("preflight.yml")


def test_a_misspelled_variable_is_named_with_the_right_one(hosts: Network, bare: Host) -> None:
    said = refusal(hosts, bare, pubky_tls_mod="own")
    assert "pubky_tls_mod is not a variable of these roles; did you mean pubky_tls_mode?" in said


def test_a_taken_port_is_named_with_the_program_that_has_it(hosts: Network, bare: Host) -> None:
    bare.text("systemd-run --quiet --unit=squatter python3 -m http.server 80")
    said = refusal(hosts, bare)
    bare.text("systemctl stop squatter")
    assert "Port 80 is taken by python3. Stop that program" in said


def test_a_data_folder_without_a_key_is_not_taken_over(hosts: Network, bare: Host) -> None:
    bare.text("mkdir /var/lib/pubky && touch /var/lib/pubky/metadata.sqlite3")
    said = refusal(hosts, bare)
    bare.text("rm -r /var/lib/pubky")
    assert "/var/lib/pubky has files but no node's key" in said


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"pubky_base_min_disk_mb": 10**9}, "1000000000 are needed. Remove something first."),
        ({"pubky_base_min_memory_mb": 10**9}, "MiB of memory are too little"),
        ({"pubky_base_max_clock_skew_s": -1}, "Set it, for example with: timedatectl set-ntp true"),
        ({"pubky_tls_mode": "acme"}, "n1.test has no address in the DNS"),
    ],
)
def test_what_is_missing_is_said_with_the_remedy(
    hosts: Network, bare: Host, variables: dict[str, Any], sentence: str
) -> None:
    assert sentence in refusal(hosts, bare, **variables)


def test_a_value_that_no_role_knows_is_refused(hosts: Network, bare: Host) -> None:
    said = refusal(hosts, bare, pubky_tls_mode="selfsigned")
    assert "value of pubky_tls_mode must be one of: local_ca, own, acme" in said
