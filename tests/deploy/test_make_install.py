"""The one command for the machine at hand, with nothing but the source and a bare system."""

import json
import subprocess

from tests.deploy.conftest import DOMAIN
from tests.deploy.machines import Network, ssh_options
from tests.deploy.playbooks import PROJECT

SOURCE = ("appliance", "dashboard", "ansible", "Makefile", "pyproject.toml", "README.md", "LICENSE")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-tools.lock")


def test_one_command_makes_a_node_of_the_machine_it_runs_on(hosts: Network) -> None:
    host = hosts.boot("alone")
    with subprocess.Popen(
        ["tar", "--create", "--exclude=__pycache__", "--exclude=.venv", "--exclude=mine",
         f"--directory={PROJECT}", *SOURCE, *LOCKS],
        stdout=subprocess.PIPE,
    ) as packed:  # fmt: skip
        subprocess.run(
            ["ssh", *ssh_options(host.key), f"root@{host.address}",
             "mkdir /srv/pubky && tar --extract --directory=/srv/pubky"],
            stdin=packed.stdout, check=True, timeout=60,
        )  # fmt: skip
    host.text(
        "apt-get update -qq && apt-get install -qq --no-install-recommends make", timeout_s=90
    )

    nameless = host.run("make -C /srv/pubky install", timeout_s=300)
    assert "Say which name it has: make install DOMAIN=node.example.org" in nameless.err

    said = host.text(f"make -C /srv/pubky install DOMAIN={DOMAIN}", timeout_s=400)
    assert f"https://{DOMAIN}" in said
    assert "Invite" in said
    ready = host.in_namespace(["curl", "--silent", "http://127.0.0.1:6289/readyz"]).out
    assert json.loads(ready)["ready"] is True

    kept = "/srv/pubky/ansible/secrets/this-machine.backup-password"
    password = host.text("cat", kept).strip()
    assert len(password) == 40
    assert password not in said
    assert host.text("stat -c %a", kept).strip() == "600"

    again = host.text("make -C /srv/pubky install", timeout_s=200)
    assert "changed=0" in again
