"""Certificates by a record in the DNS, where port 80 is shut."""

from pathlib import Path
from typing import Any

from tests.deploy.certificates import assert_shown_anew, served, shut
from tests.deploy.conftest import DASHBOARD, DOMAIN, Node, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.pebble import Authority, dns_management, running_pebble
from tests.deploy.playbooks import inventory

# What an operator would write for the provider of their names.
HOOK = """\
#!/usr/bin/env python3
import json, sys, urllib.request
action, name, value = sys.argv[1:]
path, body = {
    "add": ("set-txt", {"host": name + ".", "value": value}),
    "remove": ("clear-txt", {"host": name + "."}),
}[action]
urllib.request.urlopen("http://ADDRESS/" + path, json.dumps(body).encode()).close()
"""
ZONE = f"""\
$TTL 60
@ SOA ns hostmaster 1 60 60 60 60
@ NS ns
ns A ADDRESS
{DOMAIN}. A 192.0.2.1
{DASHBOARD}. A 192.0.2.1
"""
SERVER = """\
include "/etc/bind/node.key";
options { directory "/var/cache/bind"; recursion no; listen-on { any; }; };
zone "test" {
  type primary; file "/var/cache/bind/test.zone";
  update-policy { grant node zonesub TXT; };
};
"""


def by_record(host: Host, authority: Authority, **more: object) -> dict[str, Any]:
    """A host's variables for certificates by a record."""
    host.run("cat > /root/test-authority.crt", stdin=authority.own_authority.read_text())
    return node_variables(host) | {
        "pubky_tls_mode": "acme_dns",
        "pubky_tls_acme_directory": authority.directory,
        "pubky_tls_acme_ca_bundle": "/root/test-authority.crt",
        "pubky_tls_dns_wait_s": 0,
        **more,
    }


def test_a_program_of_the_operators_makes_the_record_while_port_80_is_shut(
    hosts: Network, installed_copy: Node, tmp_path: Path
) -> None:
    host = installed_copy.host
    shut(host, 80)
    hook = tmp_path / "hook"
    hook.write_text(HOOK.replace("ADDRESS", dns_management(hosts)), encoding="utf-8")
    with running_pebble(hosts, {}) as authority:
        settings = by_record(host, authority, pubky_tls_dns_hook=str(hook))
        certified = inventory(hosts, (host, settings))
        certified.run("site.yml", "--tags=base,nginx,tls")
        assert "Pebble" in served(host.address, DOMAIN, "-issuer")
        names = served(host.address, DOMAIN, "-ext", "subjectAltName")
        assert f"DNS:{DASHBOARD}" in names
        assert certified.run("site.yml", "--tags=nginx,tls").changed_tasks == []

        first = served(host.address, DOMAIN, "-serial")
        host.text("sed -i '1i renew_before_expiry = 3000 days' /etc/pubky/acme/renewal/pubky.conf")
        host.text("systemctl start pubky-acme.service")
        assert_shown_anew(host.address, DOMAIN, first)

        host.text(
            "chmod 0 /usr/local/lib/pubky/dns-hook; ln -sf /bin/false /usr/local/lib/pubky/dns-hook"
        )
        assert host.run("systemctl start pubky-acme.service").code != 0
        assert "record for the proof" in host.text("cat /etc/pubky/tls/last-renewal.json")


def test_a_name_server_takes_updates_that_are_signed(hosts: Network, installed_copy: Node) -> None:
    host = installed_copy.host
    shut(host, 80)
    server = hosts.boot(f"names{len(hosts.hosts)}")
    server.text(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install"
        " --no-install-recommends bind9 >/dev/null 2>&1",
        timeout_s=300,
    )
    server.text("tsig-keygen node > /etc/bind/node.key && chown bind /etc/bind/node.key")
    secret = server.text("cat /etc/bind/node.key").split('secret "')[1].split('"')[0]
    server.run("cat > /etc/bind/named.conf", stdin=SERVER)
    server.run("cat > /var/cache/bind/test.zone", stdin=ZONE.replace("ADDRESS", server.address))
    server.text("chown bind /var/cache/bind/test.zone && systemctl restart named")

    with running_pebble(hosts, {}, dns_server=f"{server.address}:53") as authority:
        settings = by_record(
            host,
            authority,
            pubky_tls_rfc2136_server=server.address,
            pubky_tls_rfc2136_key_name="node",
            pubky_tls_rfc2136_secret=secret,
        )
        run = inventory(hosts, (host, settings)).run("site.yml", "--tags=base,nginx,tls", "-vvv")
    assert "Pebble" in served(host.address, DOMAIN, "-issuer")
    assert secret not in run.out
    assert host.text("stat -c %a:%U /etc/pubky/tls/rfc2136.key").strip() == "600:root"
    assert (
        host.run(f"grep -rlF {secret} /usr/local/lib /etc/systemd /var/log /etc/pubky/acme").out
        == ""
    )
    hosts.discard(server)
