"""Where the certificate comes from, judged by the one that is shown and not by files."""

import json
import subprocess

import pytest

from tests.deploy.certificates import assert_shown_anew, served, session, shut
from tests.deploy.conftest import DASHBOARD, DOMAIN, Node, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.pebble import make_authority, make_known, running_pebble
from tests.deploy.playbooks import inventory


def test_the_hosts_own_authority_vouches_for_its_names_and_no_others(node: Node) -> None:
    constraints = node.host.text(
        "openssl x509 -in /etc/pubky/tls/ca.crt -noout -ext nameConstraints"
    )
    assert "critical" in constraints
    assert f"DNS:{DOMAIN}" in constraints
    names = served(node.host.address, DOMAIN, "-ext", "subjectAltName")
    assert f"DNS:{DOMAIN}" in names
    assert f"DNS:{DASHBOARD}" in names


def test_a_certificate_of_the_hosts_own_authority_is_renewed_before_it_ends(node: Node) -> None:
    before = served(node.host.address, DOMAIN, "-serial")
    node.host.text("systemctl start pubky-certify.service")
    assert served(node.host.address, DOMAIN, "-serial") == before
    # As if more days had to be left than it has.
    node.host.text("sed -i 's/checkend 2592000/checkend 35000000/' /usr/local/lib/pubky/certify")
    node.host.text("systemctl start pubky-certify.service")
    assert_shown_anew(node.host.address, DOMAIN, before)
    node.inventory.run("site.yml", "--tags=tls")


def test_ones_own_certificate_is_shown_and_a_wrong_one_is_refused(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    folder = hosts.work / "own"
    folder.mkdir()
    good = make_authority(folder, "good", f"DNS:{DOMAIN},DNS:{DASHBOARD}")
    other = make_authority(folder, "other", f"DNS:{DOMAIN},DNS:{DASHBOARD}")
    short = make_authority(folder, "short", f"DNS:{DOMAIN}")

    def with_files(certificate: str, key: str) -> dict[str, object]:
        return node_variables(host) | {
            "pubky_tls_mode": "own",
            "pubky_tls_own_certificate": certificate,
            "pubky_tls_own_key": key,
            "pubky_app_verify_ca_file": str(folder / "ca.crt"),
        }

    own = inventory(hosts, (host, with_files(str(good), str(good.with_suffix(".key")))))
    own.run("site.yml", "--skip-tags=base,backup,monitoring")
    own.run("verify.yml")
    shown = served(host.address, DOMAIN, "-serial")
    wanted = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-in", good], capture_output=True, check=True
    )
    assert shown == wanted.stdout.decode()
    assert own.run("site.yml", "--tags=tls").changed_tasks == []

    mixed = inventory(hosts, (host, with_files(str(other), str(good.with_suffix(".key")))))
    refused = mixed.run("site.yml", "--tags=tls", expect_failure=True)
    assert "do not belong together" in refused.out
    narrow = inventory(hosts, (host, with_files(str(short), str(short.with_suffix(".key")))))
    refused = narrow.run("site.yml", "--tags=tls", expect_failure=True)
    assert f"not for {DASHBOARD}" in refused.out
    host.text("systemctl restart nginx")
    assert served(host.address, DOMAIN, "-serial") == shown


def test_an_authority_certifies_the_node_and_renewal_reaches_the_web_server(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    names = {DOMAIN: host.address, DASHBOARD: host.address}
    with running_pebble(hosts, names) as authority:
        make_known(authority, host)
        host.text(f"echo '{host.address} {DOMAIN} {DASHBOARD}' >> /etc/hosts")
        settings = node_variables(host) | {
            "pubky_tls_mode": "acme",
            "pubky_tls_acme_directory": authority.directory,
            "pubky_tls_acme_ca_bundle": "/root/test-authority.crt",
            "pubky_app_verify_ca_file": str(authority.roots),
        }
        certified = inventory(hosts, (host, settings))
        certified.run("site.yml")
        certified.run("verify.yml")
        assert "Pebble" in served(host.address, DOMAIN, "-issuer")
        assert certified.run("site.yml", "--tags=tls").changed_tasks == []

        first = served(host.address, DOMAIN, "-serial")
        host.text("systemctl start pubky-acme.service")
        assert served(host.address, DOMAIN, "-serial") == first

        # Due as well when the new one is years away from its end.
        host.text("sed -i '1i renew_before_expiry = 3000 days' /etc/pubky/acme/renewal/pubky.conf")
        host.text("systemctl start pubky-acme.service")
        assert_shown_anew(host.address, DOMAIN, first)
        assert last_renewal(host)["ok"] is True

        second = served(host.address, DOMAIN, "-serial")
        shut(host, 80)
        assert host.run("systemctl start pubky-acme.service").code != 0
        kept = last_renewal(host)
        assert kept["ok"] is False
        assert "cannot reach port 80" in str(kept["detail"])
        assert served(host.address, DOMAIN, "-serial") == second


def last_renewal(host: Host) -> dict[str, object]:
    """What the host keeps for those who watch it."""
    kept: dict[str, object] = json.loads(host.text("cat /etc/pubky/tls/last-renewal.json"))
    return kept


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_modern_versions_of_tls_are_spoken(node: Node, version: str) -> None:
    option = f"-tls{version.removeprefix('TLSv').replace('.', '_')}"
    assert version in session(node.host.address, DOMAIN, option)


def test_old_versions_of_tls_are_not_spoken(node: Node) -> None:
    said = session(node.host.address, DOMAIN, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in said
