"""The same on the other Debian: newer systemd, Python and nginx."""

from tests.deploy.conftest import node_variables
from tests.deploy.machines import Network
from tests.deploy.playbooks import inventory


def test_debian_13_becomes_a_node_and_stays_one(hosts: Network) -> None:
    host = hosts.boot("trixie", "trixie")
    newer = inventory(hosts, (host, node_variables(host)))
    newer.run("site.yml", "--check")
    newer.run("site.yml")
    assert newer.run("site.yml").changed_tasks == []
    newer.run("verify.yml")
    assert "http2 on;" in host.text("cat /etc/nginx/conf.d/pubky.conf")


def test_behind_a_web_server_of_ones_own_none_is_installed(hosts: Network) -> None:
    host = hosts.boot("external")
    variables = node_variables(host) | {"pubky_proxy_mode": "external"}
    behind = inventory(hosts, (host, variables))
    behind.run("site.yml")
    assert behind.run("site.yml").changed_tasks == []
    assert host.run("test -e /etc/nginx").code != 0
    allowed = host.text("nft list chain inet pubky input")
    assert "tcp dport { 22, 80, 443, 6287 } accept" in allowed
    asked = host.in_namespace(["curl", "--silent", "http://127.0.0.1:6286/"])
    assert asked.code == 0
