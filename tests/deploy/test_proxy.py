"""Web servers in front of the node: one's own with our settings, and more names behind ours."""

import json
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.deploy.certificates import served, session
from tests.deploy.conftest import DASHBOARD, DOMAIN, Node, node_variables
from tests.deploy.machines import Host, Network, port_is_open
from tests.deploy.pebble import make_authority
from tests.deploy.playbooks import ansible, inventory

STAND_IN = Path(__file__).with_name("stand_in.py")
RESPONDER_PORT = 2560


def test_settings_for_ones_own_web_server_carry_all_that_the_node_needs(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    settings = node_variables(host) | {"pubky_proxy_mode": "external"}
    external = inventory(hosts, (host, settings))
    said = external.run("site.yml", "--tags=nginx,firewall").out
    assert "reverse_proxy 127.0.0.1:6286" in said
    assert external.run("site.yml", "--tags=nginx,firewall").changed_tasks == []

    host.text("systemctl stop pubky.socket pubky.service")
    run_stand_in(host, 6286, 6290)
    host.text(
        "sed 's#/path/to/#/etc/pubky/tls/#' /etc/pubky/proxy/nginx.conf"
        " > /etc/nginx/conf.d/own.conf && nginx -q -t && systemctl restart nginx"
    )
    assert_carries_everything(host)

    host.text(
        "systemctl disable --now nginx && DEBIAN_FRONTEND=noninteractive"
        " apt-get -qq install --no-install-recommends caddy >/dev/null 2>&1",
        timeout_s=300,
    )
    # Only the source of the certificates is another one: an authority of Caddy's own.
    host.text(
        "(echo '{'; echo local_certs; echo skip_install_trust; echo '}';"
        " cat /etc/pubky/proxy/Caddyfile) > /etc/caddy/Caddyfile"
    )
    host.text("caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile 2>&1")
    host.text("systemctl restart caddy")
    assert_carries_everything(host)
    assert_fits_traefik(read_yaml(host.text("cat /etc/pubky/proxy/traefik.yml")))


def test_more_names_lead_to_what_is_behind_them(hosts: Network, installed_copy: Node) -> None:
    host = installed_copy.host
    extra = "www.n1.test"
    settings = node_variables(host) | {"pubky_extra_sites": {extra: "http://127.0.0.1:3000"}}
    inventory(hosts, (host, settings)).run("site.yml", "--tags=nginx,tls")
    run_stand_in(host, 3000)
    got = json.loads(ask(host, extra, "GET", "/a//b%2Fc?d")[1])
    assert got["path"] == "/a//b%2Fc?d"
    assert f"DNS:{extra}" in served(host.address, extra, "-ext", "subjectAltName")

    wrong = node_variables(host) | {"pubky_extra_sites": {extra: "http://127.0.0.1:3000/path"}}
    refused = inventory(hosts, (host, wrong)).run("site.yml", "--tags=nginx", expect_failure=True)
    assert "without a path" in refused.out


def test_clients_learn_from_us_that_the_certificate_was_not_taken_back(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    folder = hosts.work / "stapled"
    folder.mkdir()
    responder = f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{RESPONDER_PORT}"
    pair = make_authority(folder, "own", f"DNS:{DOMAIN},DNS:{DASHBOARD}\n{responder}")
    run_responder(host, folder, pair)
    settings = node_variables(host) | {
        "pubky_tls_mode": "own",
        "pubky_tls_own_certificate": str(whole_chain(folder, pair)),
        "pubky_tls_own_key": str(pair.with_suffix(".key")),
    }
    inventory(hosts, (host, settings)).run("site.yml", "--tags=nginx,tls")
    # The first client comes before nginx has asked.
    for _ in range(50):
        if "OCSP Response Status: successful" in session(host.address, DOMAIN, "-status"):
            return
        time.sleep(0.1)
    raise AssertionError(host.text("cat /var/log/nginx/*error.log"))


def run_stand_in(host: Host, *ports: int) -> None:
    """Let something answer on ports of the host's own."""
    host.run("cat > /root/stand_in.py", stdin=STAND_IN.read_text(encoding="utf-8"))
    for port in ports:
        unit = f"stand-in-{port}"
        host.text(f"systemd-run --quiet --unit={unit} python3 /root/stand_in.py {port}")
        host.text(
            f"for i in $(seq 100); do ss -ltn | grep -q :{port} && exit; sleep 0.1; done; exit 1"
        )


def assert_carries_everything(host: Host) -> None:
    """Paths byte for byte, uploads and events as they come, both names, the client's address."""
    for _ in range(100):
        if port_is_open(host.address, 443) and served_at_all(host):
            break
        time.sleep(0.1)
    path = "/pub/a%2Fb//c%41?cursor=%2F"
    got = json.loads(ask(host, DOMAIN, "GET", path)[1])
    assert got["path"] == path
    assert got["headers"]["host"] == DOMAIN
    assert got["headers"]["x-forwarded-proto"] == "https"
    assert got["headers"]["x-forwarded-for"] == f"{host.address.rpartition('.')[0]}.1"
    assert "upgrade" not in got["headers"]
    assert ask(host, DASHBOARD, "GET", "/")[0] == 200
    assert_passes_uploads_as_they_come(host)
    assert ask(host, DOMAIN, "GET", "/events-stream")[1] == "data: one\n\n"


def served_at_all(host: Host) -> bool:
    """Whether there is a certificate by now."""
    return "BEGIN CERTIFICATE" in session(host.address, DASHBOARD)


def assert_passes_uploads_as_they_come(host: Host) -> None:
    """The node has a part of an upload before the client has sent the whole."""
    half = b"x" * 100_000
    with connected(host, DOMAIN) as tls:
        head = f"PUT /pub/x HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Length: {2 * len(half)}\r\n\r\n"
        tls.sendall(head.encode() + half)
        for _ in range(50):
            if 0 < json.loads(ask(host, DOMAIN, "GET", "/")[1])["received"] < 2 * len(half):
                break
            time.sleep(0.1)
        else:
            raise AssertionError("the upload is kept until it is whole")
        tls.sendall(half)
        assert json.loads(answer_on(tls)[1]) == {"received": 2 * len(half)}


def connected(host: Host, name: str) -> ssl.SSLSocket:
    """A TLS connection to a name on the host."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection((host.address, 443), timeout=10)
    return context.wrap_socket(plain, server_hostname=name)


def ask(host: Host, name: str, method: str, path: str) -> tuple[int, str]:
    """Status and the first part of an answer to a client that would like to be trusted."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {name}\r\nX-Forwarded-For: 192.0.2.9\r\n"
        "Upgrade: websocket\r\n\r\n"
    )
    with connected(host, name) as tls:
        tls.sendall(head.encode())
        return answer_on(tls)


def answer_on(tls: ssl.SSLSocket) -> tuple[int, str]:
    """Status and the first part of the next answer."""
    stream = tls.makefile("rb")
    status = int(stream.readline().split()[1])
    headers = dict[str, str]()
    while line := stream.readline().decode().strip():
        key, _, value = line.partition(":")
        headers[key.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        return status, stream.read(int(stream.readline(), 16)).decode()
    return status, stream.read(int(headers["content-length"])).decode()


def assert_fits_traefik(settings: dict[str, Any]) -> None:
    """Each name has a router, each router a service and middlewares that are there."""
    http = settings["http"]
    rules = " ".join(router["rule"] for router in http["routers"].values())
    assert f"Host(`{DOMAIN}`)" in rules
    assert f"Host(`{DASHBOARD}`)" in rules
    targets: set[str] = set()
    for router in http["routers"].values():
        assert set(router["middlewares"]) <= http["middlewares"].keys()
        service = http["services"][router["service"]]["loadBalancer"]
        assert service["passHostHeader"] is True
        targets.update(server["url"] for server in service["servers"])
    assert targets == {"http://127.0.0.1:6286", "http://127.0.0.1:6290"}


def read_yaml(text: str) -> dict[str, Any]:
    """Read YAML as Ansible's own Python does; that of the tests needs no reader for it."""
    program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"
    done = subprocess.run(
        [ansible("ansible-playbook").with_name("python3"), "-c", program],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def whole_chain(folder: Path, certificate: Path) -> Path:
    """The certificate with its authority's behind it."""
    chain = folder / "chain.pem"
    parts = (certificate, folder / "ca.crt")
    chain.write_text("".join(part.read_text() for part in parts), encoding="utf-8")
    return chain


def run_responder(host: Host, folder: Path, certificate: Path) -> None:
    """Let the authority say on the host that its certificate is good."""
    serial = subprocess.run(
        ["openssl", "x509", "-noout", "-serial", "-in", certificate],
        capture_output=True, text=True, check=True,
    ).stdout.strip().partition("=")[2]  # fmt: skip
    for name in ("ca.crt", "ca.key"):
        host.run(f"cat > /root/{name}", stdin=(folder / name).read_text())
    host.run("cat > /root/index.txt", stdin=f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=own\n")
    host.text(
        "systemd-run --quiet --unit=responder openssl ocsp -index /root/index.txt"
        f" -port {RESPONDER_PORT} -rsigner /root/ca.crt -rkey /root/ca.key -CA /root/ca.crt"
    )
