"""What a stranger sees of a node: run on another machine, prints one JSON list of findings.

outside.py ADDRESS DOMAIN [CA-FILE]; the address `here` is this machine's own, and the domain "" is
that of a node which nobody reaches but through its tunnel. Only the standard library, since it runs
wherever Ansible does.
"""

import json
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

WAIT_S = 5.0
# Those of the plain client API, the operator, the metrics, the dashboard and the relays.
PRIVATE_PORTS = (6286, 6288, 6289, 6290, 15411, 15412)
SECONDS_PER_DAY = 86_400


def findings(address: str, domain: str, authorities: str | None) -> Iterator[tuple[str, str]]:
    """Pairs of what was looked at and what is wrong with it, empty when nothing is."""
    if domain:
        yield "HTTPS", attempt(lambda: https(address, domain, authorities))
        yield "HTTP leads to HTTPS", attempt(lambda: redirect(address, domain))
        yield "PubkyTLS port 6287", "" if is_open(address, 6287) else "it cannot be reached"
    # A firewall gives no answer, so each of these takes the whole patience: all at once.
    with ThreadPoolExecutor(len(PRIVATE_PORTS)) as pool:
        answers = pool.map(lambda port: is_open(address, port), PRIVATE_PORTS)
    for port, answered in zip(PRIVATE_PORTS, answers, strict=True):
        yield f"port {port} is shut", "everybody can reach it" if answered else ""


def attempt(check: Callable[[], str]) -> str:
    """The check's complaint, or the error that ended it."""
    try:
        return check()
    except OSError as error:
        return str(error) or type(error).__name__


def https(address: str, domain: str, authorities: str | None) -> str:
    """Chain, name, days left, HTTP/2 and an answer of the node."""
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(address, 443) as plain, context.wrap_socket(plain, server_hostname=domain) as tls:
        certificate = tls.getpeercert() or {}
        protocol = tls.selected_alpn_protocol()
    days = (ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) / SECONDS_PER_DAY
    if days < 1:
        return "the certificate ends within a day"
    if protocol != "h2":
        return "HTTP/2 is not offered"
    context.set_alpn_protocols(["http/1.1"])
    with connect(address, 443) as plain, context.wrap_socket(plain, server_hostname=domain) as tls:
        status = status_of(tls, domain, "/")
    return "" if status == 200 else f"the node's answer has status {status}"


def redirect(address: str, domain: str) -> str:
    """Port 80 sends browsers on."""
    with connect(address, 80) as plain:
        status = status_of(plain, domain, "/")
    return "" if status == 308 else f"the answer on port 80 has status {status}"


def status_of(connection: socket.socket, domain: str, path: str) -> int:
    """The status of one GET request."""
    request = f"GET {path} HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode())
    head = b""
    while b"\r\n" not in head and (more := connection.recv(4096)):
        head += more
    words = head.split(b" ", 2)
    return int(words[1]) if len(words) > 1 else 0


def own_address() -> str:
    """The address that this machine would call others from; nothing is sent for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # TEST-NET-1 of RFC 5737: never on any network, and behind the usual route.
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def is_open(address: str, port: int) -> bool:
    """Whether a connection is accepted."""
    try:
        connect(address, port).close()
    except OSError:
        return False
    return True


def connect(address: str, port: int) -> socket.socket:
    """A TCP connection; raises OSError."""
    return socket.create_connection((address, port), timeout=WAIT_S)


if __name__ == "__main__":
    place = own_address() if sys.argv[1] == "here" else sys.argv[1]
    seen = findings(place, sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    report = [{"subject": subject, "problem": problem} for subject, problem in seen]
    json.dump(report, sys.stdout)
    sys.exit(any(line["problem"] for line in report))
