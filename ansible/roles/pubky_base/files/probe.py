"""What the preflight wants to know of a host: prints one JSON object, and changes nothing.

probe.py DATA-FOLDER NAME..., as root, with the system's own Python from 3.11 on.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

MIB = 1024 * 1024
# What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 section 7), and how many
# bytes stand before the public key in what openssl answers.
PKCS8_HEAD = bytes.fromhex("302e020100300506032b657004220420")
SPKI_HEAD_BYTES = 12
Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769"


def node_key(folder: Path) -> str:
    """The public key of the node that the folder belongs to; "" when none can be read."""
    public = folder / "public_key"
    if public.exists():
        return public.read_text(encoding="ascii").strip()
    try:
        secret = bytes.fromhex((folder / "secret").read_text(encoding="ascii").strip())
        done = subprocess.run(
            ["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
            input=PKCS8_HEAD + secret,
            capture_output=True,
            check=False,
        )
    except (OSError, ValueError):
        return ""
    return z_base_32(done.stdout[SPKI_HEAD_BYTES:]) if done.returncode == 0 else ""


def z_base_32(key: bytes) -> str:
    """32 bytes as 52 characters."""
    # 260 bits are 52 times 5: four zeros more than the key has.
    number = int.from_bytes(key, "big") << 4
    return "".join(Z_BASE_32[number >> (5 * place) & 31] for place in range(51, -1, -1))


def addresses(name: str) -> list[str]:
    """What the host's resolver says of a name, in order; empty when it says nothing."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(entry[4][0]) for entry in found})


def free_mib(path: Path) -> int:
    """Free MiB where a folder is, or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // MIB


def listening() -> str:
    """Who listens, as `ss` tells it."""
    command = ["ss", "--no-header", "--listening", "--tcp", "--udp", "--numeric", "--processes"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def main() -> None:
    """Look, and tell."""
    folder = Path(sys.argv[1])
    report = {
        "time": int(time.time()),
        "free_mib": {place: free_mib(Path(place)) for place in ("/var", str(folder))},
        "listening": listening(),
        "files": sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else [],
        "key": node_key(folder),
        "names": {name: addresses(name) for name in sys.argv[2:]},
    }
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
