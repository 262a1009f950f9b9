"""Makes bundles for test hosts, as `make bundle` does."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.machines import Network
from tests.deploy.playbooks import ANSIBLE, ansible, wheel


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle, and what its maker tells whoever installs it."""

    path: Path
    key: str


def make_bundle(hosts: Network, suite: str, *options: str) -> Bundle:
    """Make a bundle of the tree as it is."""
    path = hosts.work / f"bundles/pubky-{suite}-amd64.tar"
    done = subprocess.run(
        [
            sys.executable,
            str(ANSIBLE / "bundle/make-bundle"),
            f"--suite={suite}",
            "--arch=amd64",
            f"--wheel={wheel(hosts.work / 'wheel')}",
            f"--key={hosts.work / 'bundles/key.pem'}",
            f"--out={path}",
            f"--ansible={ansible('ansible-playbook')}",
            *options,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Its key is +(\S+)", done.stdout)
    assert found, done.stdout
    return Bundle(path, found[1])
