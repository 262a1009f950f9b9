"""What can be said of the playbooks without a host."""

import os
import subprocess

from tests.deploy.playbooks import ANSIBLE, ansible


def test_the_linter_has_nothing_to_say_by_its_strictest_profile() -> None:
    linter = ansible("ansible-lint")
    # It starts Ansible by name, and that should be the one beside it.
    path = os.pathsep.join((str(linter.parent), os.environ["PATH"]))
    done = subprocess.run(
        [linter, "--offline", "--profile=production", "--nocolor"],
        cwd=ANSIBLE,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
