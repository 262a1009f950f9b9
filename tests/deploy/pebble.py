"""Pebble, an ACME authority for tests, and the DNS server by which it finds the test hosts."""

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.machines import Host, Network, port_is_open
from tests.support.needs import cannot_run_here

DIRECTORY_PORT = 14000
MANAGEMENT_PORT = 15000
DNS_PORT = 8053
DNS_MANAGEMENT_PORT = 8055


@dataclass(frozen=True, slots=True)
class Authority:
    """A running authority: its directory, and the file with the authority of its own address."""

    directory: str
    own_authority: Path
    roots: Path


@contextmanager
def running_pebble(
    hosts: Network, names: Mapping[str, str], *, dns_server: str = "", responder: str = ""
) -> Iterator[Authority]:
    """Run both for the length of the block, for these names and their addresses.

    The authority asks `dns_server` (host:port) instead, where one is given. Its certificates name
    `responder`, where one can ask which of them were taken back.
    """
    for program in ("pebble", "pebble-challtestsrv"):
        if shutil.which(program) is None:
            cannot_run_here(f"{program} is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pebble-", dir=hosts.work))
    address = hosts.gateway
    certificate = make_authority(folder, "pebble", f"IP:{address}")
    config = {
        "pebble": {
            "listenAddress": f"{address}:{DIRECTORY_PORT}",
            "managementListenAddress": f"{address}:{MANAGEMENT_PORT}",
            "certificate": str(certificate),
            "privateKey": str(certificate.with_suffix(".key")),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": responder,
        }
    }
    (folder / "pebble.json").write_text(json.dumps(config), encoding="utf-8")
    with (
        subprocess.Popen(
            [
                "pebble-challtestsrv", "-dns01", f"{address}:{DNS_PORT}", "-http01", "",
                "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "", "-defaultIPv6", "",
                "-management", f"{address}:{DNS_MANAGEMENT_PORT}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as dns,
        subprocess.Popen(
            [
                "pebble", "-config", str(folder / "pebble.json"),
                "-dnsserver", dns_server or f"{address}:{DNS_PORT}",
            ],
            env={
                "PATH": "/usr/bin",
                # Otherwise it takes some names for proven because they were once.
                "PEBBLE_AUTHZREUSE": "0",
                "PEBBLE_VA_NOSLEEP": "1",
                "PEBBLE_WFE_NONCEREJECT": "0",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as pebble,
    ):  # fmt: skip
        try:
            for port in (DIRECTORY_PORT, MANAGEMENT_PORT, DNS_MANAGEMENT_PORT):
                _wait_for(address, port)
            for host, host_address in names.items():
                body = json.dumps({"host": host, "addresses": [host_address]}).encode()
                url = f"http://{dns_management(hosts)}/add-a"
                urllib.request.urlopen(url, body, timeout=5).close()
            roots = folder / "roots.crt"
            _fetch_roots(folder, address, roots)
            yield Authority(f"https://{address}:{DIRECTORY_PORT}/dir", folder / "ca.crt", roots)
        finally:
            pebble.terminate()
            dns.terminate()


def make_known(authority: Authority, host: Host) -> None:
    """Let the host reach the authority, and trust what it certifies, as browsers would."""
    host.run("cat > /root/test-authority.crt", stdin=authority.own_authority.read_text())
    # The host's list also has what this machine trusts, which its own tool would forget.
    done = host.run(
        "set -e; bundle=/etc/ssl/certs/ca-certificates.crt; cp $bundle /root/before.crt;",
        "cat > /usr/local/share/ca-certificates/pebble.crt; update-ca-certificates;",
        "cat /root/before.crt >> $bundle",
        stdin=authority.roots.read_text(),
    )
    assert done.code == 0, done.err


def dns_management(hosts: Network) -> str:
    """Where the DNS server takes changes, by POST with JSON over plain HTTP."""
    return f"{hosts.gateway}:{DNS_MANAGEMENT_PORT}"


def make_authority(folder: Path, name: str, subject: str, days: int = 30) -> Path:
    """A certificate NAME.pem with NAME.key for `subject`, by the authority ca.crt in the folder."""
    _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{folder}/{name}.key")
    if not (folder / "ca.crt").exists():
        _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=test authority", "-days", "30", "-keyout", f"{folder}/ca.key",
            "-out", f"{folder}/ca.crt",
        )  # fmt: skip
    (folder / f"{name}.ext").write_text(f"subjectAltName={subject}\n", encoding="utf-8")
    _openssl(
        "req", "-new", "-key", f"{folder}/{name}.key", "-subj", f"/CN={name}",
        "-out", f"{folder}/{name}.csr",
    )  # fmt: skip
    _openssl(
        "x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.crt",
        "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-days", str(days),
        "-extfile", f"{folder}/{name}.ext", "-out", f"{folder}/{name}.pem",
    )  # fmt: skip
    return folder / f"{name}.pem"


def _fetch_roots(folder: Path, address: str, target: Path) -> None:
    url = f"https://{address}:{MANAGEMENT_PORT}/roots/0"
    command = ["curl", "--silent", "--fail", "--cacert", f"{folder}/ca.crt", "-o", str(target), url]
    subprocess.run(command, check=True, timeout=10)


def _wait_for(address: str, port: int) -> None:
    for _ in range(100):
        if port_is_open(address, port):
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on {address}:{port}")


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)
