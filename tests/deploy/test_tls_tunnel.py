"""A node behind a tunnel: nothing of it is open, and what comes through is told apart."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.conftest import DOMAIN, Node, node_variables
from tests.deploy.machines import Host, Network, port_is_open
from tests.deploy.playbooks import inventory

CLIENT = "203.0.113.7"
# Dials out with its token, as such programs do, and carries one request after the other inside.
PROGRAM = """\
#!/usr/bin/env python3
import socket, sys, time
assert sys.argv[1:-1] == ["tunnel", "--no-autoupdate", "run", "--token-file"], sys.argv
host, port, secret = open(sys.argv[-1]).read().split(":")
while True:
    try:
        edge = socket.create_connection((host, int(port)))
        edge.sendall(secret.encode() + b"\\n")
        request = edge.recv(65536)
        node = socket.create_connection(("127.0.0.1", 80))
        node.sendall(request)
        while more := node.recv(65536):
            edge.sendall(more)
        edge.close()
    except OSError:
        time.sleep(0.2)
"""


class Edge:
    """The other end of the tunnel."""

    def __init__(self, address: str) -> None:
        self.listener = socket.create_server((address, 0))
        self.listener.settimeout(60)
        self.port: int = self.listener.getsockname()[1]

    def ask(self, secret: str, head: str) -> str:
        """The answer to one request, through a tunnel whose token is right."""
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(20)
            stream = connection.makefile("rwb")
            assert stream.readline().decode().strip() == secret
            stream.write(head.replace("\n", "\r\n").encode())
            stream.flush()
            return stream.read().decode(errors="replace")


@contextmanager
def edge(hosts: Network) -> Iterator[Edge]:
    """A listener for the length of the block."""
    made = Edge(hosts.gateway)
    try:
        yield made
    finally:
        made.listener.close()


def test_a_node_behind_a_tunnel_is_reached_through_it_and_in_no_other_way(
    hosts: Network, installed_copy: Node, tmp_path: Path
) -> None:
    host = installed_copy.host
    program, token = tmp_path / "tunnel", tmp_path / "token"
    program.write_text(PROGRAM, encoding="utf-8")
    secret = "a-secret-of-the-tunnel"
    with edge(hosts) as far_end:
        token.write_text(f"{hosts.gateway}:{far_end.port}:{secret}", encoding="utf-8")
        settings = node_variables(host) | {
            "pubky_tls_mode": "tunnel",
            "pubky_tls_tunnel_program": str(program),
            "pubky_tls_tunnel_token_file": str(token),
        }
        tunnelled = inventory(hosts, (host, settings))
        run = tunnelled.run("site.yml", "--skip-tags=base,backup,monitoring", "-vvv")
        assert "Native clients (PubkyTLS) cannot connect" in run.out
        assert secret not in run.out

        request = (
            f"GET / HTTP/1.1\nHost: {DOMAIN}\nCF-Connecting-IP: {CLIENT}\nConnection: close\n\n"
        )
        assert far_end.ask(secret, request).startswith("HTTP/1.1 200")
        other = request.replace(DOMAIN, "other.test")
        assert far_end.ask(secret, other) == ""
    last = json.loads(host.text("tail -n 1 /var/log/nginx/pubky-access.log"))
    assert last["address"] == CLIENT

    assert [port for port in (80, 443, 6287) if port_is_open(host.address, port)] == []
    listening = host.text("ss --no-header --listening --tcp --numeric")
    assert "0.0.0.0:80 " not in listening
    assert 'public_ip = "none"' in host.text("cat /var/lib/pubky/config.toml")
    assert token_is_a_secret(host, secret)
    assert tunnelled.run("site.yml", "--tags=nginx,tls,firewall").changed_tasks == []


def token_is_a_secret(host: Host, secret: str) -> bool:
    """Neither command lines nor the journal nor files show it."""
    seen = host.run(
        "cat > /run/secret; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null"
        " | grep -caFf /run/secret;"
        " grep -rlFf /run/secret /etc /usr/local /var/lib /var/log",
        stdin=secret,
    )
    return seen.out.strip() == "0"
