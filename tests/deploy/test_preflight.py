"""What stops an installation is told before anything changes, with what to do about it."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.deploy.conftest import files_on, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import inventory


@pytest.fixture(scope="module")
def bare(hosts: Network) -> Host:
    """A bare host, which every test leaves as it was."""
    return hosts.boot("bare")


def refusal(hosts: Network, host: Host, *options: str, **variables: Any) -> str:
    """What the preflight says when it refuses; it must change nothing."""
    before = files_on(host)
    names = node_variables(host) | variables
    said = inventory(hosts, (host, names)).run("site.yml", *options, expect_failure=True).out
    assert files_on(host) == before
    return " ".join(said.split())


@contextmanager
def outside(address: str, unreachable: int) -> Iterator[str]:
    """A service that connects back to whoever asks; its router keeps one port shut."""

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            port = int(self.path.rpartition("/")[2])
            is_open = False
            if port != unreachable:
                with socket.socket() as probe:
                    probe.settimeout(5)
                    is_open = probe.connect_ex((self.client_address[0], port)) == 0
            body = b'{"reachable": true}' if is_open else b'{"reachable": false}'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer((address, 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{address}:{server.server_port}/port/{{port}}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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


def test_the_port_of_the_dht_may_be_taken_as_well(hosts: Network, bare: Host) -> None:
    taker = "import socket,time;s=socket.socket(2,2);s.bind((str(),6881));time.sleep(600)"
    bare.text(f"systemd-run --quiet --unit=squatter python3 -c '{taker}'")
    said = refusal(hosts, bare)
    bare.text("systemctl stop squatter")
    assert "UDP port 6881 is taken by python3. Stop that program" in said


def test_all_that_is_wrong_is_told_at_once(hosts: Network, bare: Host) -> None:
    said = refusal(
        hosts,
        bare,
        pubky_tls_mod="own",
        pubky_tls_mode="own",
        pubky_app_signup_mode="never",
        pubky_base_min_disk_mb=10**7,
        pubky_dashboard_domain="n1.test",
        pubky_base_reboot_time="4:30",
    )
    for sentence in (
        "did you mean pubky_tls_mode?",
        "value of pubky_app_signup_mode must be one of: token_required, open, got: never",
        "10000000 are needed. Remove something first.",
        "are both 'n1.test'; each needs a name of its own.",
        "so pubky_tls_own_key must name a file on this controller.",
        "or staggered.",
    ):
        assert sentence in said


def test_an_old_name_of_a_variable_is_understood_with_a_warning(hosts: Network, bare: Host) -> None:
    names = {"pubky_old": {"new": "pubky_base_min_disk_mb", "until": "2.0.0"}}
    renamed = "-e" + json.dumps({"pubky_base_renamed": names})
    said = refusal(hosts, bare, renamed, pubky_old=10**7)
    assert "pubky_old is called pubky_base_min_disk_mb now" in said
    assert "10000000 are needed" in said


def test_a_data_folder_of_another_node_is_not_taken_over(hosts: Network, bare: Host) -> None:
    bare.text(f"mkdir /var/lib/pubky && echo {'y' * 52} > /var/lib/pubky/public_key")
    said = refusal(hosts, bare, pubky_node_key="b" * 52)
    bare.text("rm -r /var/lib/pubky")
    assert f"/var/lib/pubky belongs to the node {'y' * 52}, and pubky_node_key names" in said


def test_a_name_that_points_elsewhere_stops_a_public_certificate_only(
    hosts: Network, bare: Host
) -> None:
    bare.text("echo 9.9.9.9 n1.test dash.n1.test >> /etc/hosts")
    own = {"pubky_public_ip": "8.8.8.8"}
    said = refusal(hosts, bare, pubky_tls_mode="acme", **own)
    names = node_variables(bare) | own
    passed = inventory(hosts, (bare, names)).run("preflight.yml").out
    bare.text("sed -i /9.9.9.9/d /etc/hosts")
    assert "n1.test points to 9.9.9.9, and this host is" in said
    assert "n1.test points to 9.9.9.9, and this host is" in " ".join(passed.split())


def test_what_cannot_be_reached_from_outside_is_told(hosts: Network, bare: Host) -> None:
    with outside(hosts.gateway, unreachable=443) as url:
        said = refusal(hosts, bare, pubky_probe_url=url)
    assert "Port 443 cannot be reached from outside (the service sees nothing there)" in said
    assert "Port 80 cannot be reached" not in said


def test_a_data_folder_without_a_key_is_not_taken_over(hosts: Network, bare: Host) -> None:
    bare.text("mkdir /var/lib/pubky && touch /var/lib/pubky/metadata.sqlite3")
    said = refusal(hosts, bare)
    bare.text("rm -r /var/lib/pubky")
    assert "/var/lib/pubky has files but no node's key" in said


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"pubky_base_min_memory_mb": 10**7}, "MiB of memory are too little"),
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
