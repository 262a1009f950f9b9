"""What a host shows to those who connect, judged by its connections and not by its files."""

import subprocess
import time

from tests.deploy.machines import Host


def served(address: str, name: str, *wanted: str, port: int = 443) -> str:
    """A field of the certificate that is shown for a name; "" asks without a name."""
    shown = session(address, name, port=port)
    done = subprocess.run(
        ["openssl", "x509", "-noout", *wanted],
        input=shown, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def session(address: str, name: str, *options: str, port: int = 443) -> str:
    """What openssl says of a connection."""
    asked = ["-servername", name] if name else ["-noservername"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"{address}:{port}", *asked, *options],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    return done.stdout.decode(errors="replace")


def assert_shown_anew(address: str, name: str, serial: str) -> None:
    """Another certificate is shown soon: nginx replaces its processes after it was told to."""
    for _ in range(50):
        if served(address, name, "-serial") != serial:
            return
        time.sleep(0.1)
    raise AssertionError("the old certificate is still shown")


def shut(host: Host, port: int) -> None:
    """Let nobody from outside reach a port, as a router would."""
    rules = (
        "add table inet shut;"
        "add chain inet shut in { type filter hook input priority -10; };"
        f'add rule inet shut in iifname "host0" tcp dport {port} reject with tcp reset'
    )
    done = host.in_namespace(["nft", rules])
    assert done.code == 0, done.err
