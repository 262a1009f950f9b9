"""A node that has an address and no name."""

from tests.deploy.certificates import assert_shown_anew, served
from tests.deploy.conftest import DASHBOARD, Node, node_variables
from tests.deploy.machines import Network, port_is_open
from tests.deploy.pebble import make_known, running_pebble
from tests.deploy.playbooks import inventory


def test_an_address_is_certified_and_shown_to_those_who_name_nobody(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    # Debian's pebble writes the first name into the subject, and an address there is one too many
    # for certbot: so the dashboard has a name here, and comes first.
    with running_pebble(hosts, {DASHBOARD: host.address}) as authority:
        make_known(authority, host)
        settings = node_variables(host) | {
            "pubky_domain": host.address,
            "pubky_tls_mode": "acme_ip",
            "pubky_tls_acme_directory": authority.directory,
            "pubky_tls_acme_ca_bundle": "/root/test-authority.crt",
            # This authority knows of no profiles.
            "pubky_tls_acme_ip_profile": "",
            "pubky_app_verify_ca_file": str(authority.roots),
        }
        certified = inventory(hosts, (host, settings))
        certified.run("site.yml", "--skip-tags=base,backup,monitoring")
        assert f"IP Address:{host.address}" in served(host.address, "", "-ext", "subjectAltName")
        certified.run("verify.yml")
        assert certified.run("site.yml", "--tags=nginx,tls").changed_tasks == []

        first = served(host.address, "", "-serial")
        host.text("sed -i '1i renew_before_expiry = 3000 days' /etc/pubky/acme/renewal/pubky.conf")
        host.text("systemctl start pubky-acme.service")
        assert_shown_anew(host.address, "", first)

        # Without a name of its own, the dashboard is behind another port of the address.
        nameless = inventory(hosts, (host, settings | {"pubky_dashboard_domain": ""}))
        nameless.run("site.yml", "--tags=app,nginx,firewall", "--skip-tags=tls")
    assert port_is_open(host.address, 8443)
    assert served(host.address, "", "-serial", port=8443) == served(host.address, "", "-serial")
    assert f'origin = "https://{host.address}:8443"' in host.text("cat /var/lib/pubky/config.toml")
