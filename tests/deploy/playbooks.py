"""Runs the project's playbooks on test hosts, and reads what they say they did."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.deploy.machines import Host, Network, ssh_options
from tests.support.needs import cannot_run_here

PROJECT = Path(__file__).parent.parent.parent
ANSIBLE = PROJECT / "ansible"

_RECAP = re.compile(
    r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE
)
_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.*)\]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recap:
    """What one run of a playbook came to."""

    code: int
    out: str
    changed: Mapping[str, int]

    @property
    def changed_tasks(self) -> list[str]:
        """The names of the tasks that changed something, in order."""
        parts = _TASK.split(self.out)
        return [
            name
            for name, text in zip(parts[1::2], parts[2::2], strict=True)
            if re.search(r"^changed: ", text, re.MULTILINE)
        ]

    def said(self, label: str) -> str:
        """What the last lines of an installation say behind `label`."""
        found = re.search(rf"{label}\s+(\S+)", self.out)
        assert found, self.out[-2000:]
        return found[1].rstrip("\"'")


@dataclass(frozen=True, slots=True)
class Inventory:
    """Test hosts, each with its variables."""

    path: Path

    def run(
        self, playbook: str, *arguments: str, expect_failure: bool = False, timeout_s: float = 600
    ) -> Recap:
        """Run a playbook; fails the test when its outcome is not the expected one."""
        done = subprocess.run(
            [
                str(ansible("ansible-playbook")),
                str(ANSIBLE / playbook),
                f"--inventory={self.path}",
                *arguments,
            ],
            cwd=ANSIBLE,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=_environment(),
        )
        changed = {match[1]: int(match[3]) for match in _RECAP.finditer(done.stdout)}
        recap = Recap(done.returncode, done.stdout + done.stderr, changed)
        assert (done.returncode != 0) == expect_failure, recap.out[-6000:]
        return recap


def inventory(network: Network, *hosts: tuple[Host, Mapping[str, Any]]) -> Inventory:
    """Write an inventory of hosts and their variables."""
    options = " ".join(ssh_options(network.key))
    common = {
        "ansible_user": "root",
        "ansible_ssh_common_args": options,
        "pubky_app_wheel": str(wheel(network.work / "wheel")),
        "pubky_backup_password_file": str(network.backup_password),
    }
    entries = {host.name: {"ansible_host": host.address, **variables} for host, variables in hosts}
    path = network.work / f"inventory-{'-'.join(entries)}.json"
    content = {"pubky": {"hosts": entries, "vars": common}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return Inventory(path)


def ansible(program: str) -> Path:
    """A program of Ansible's: of this environment, or of one that PUBKY_ANSIBLE names."""
    folders = [os.environ.get("PUBKY_ANSIBLE", ""), str(Path(sys.executable).parent)]
    found = shutil.which(program, path=os.pathsep.join(filter(None, folders)))
    if found is None:
        cannot_run_here(f"{program} is not installed")
    return Path(found)


@cache
def wheel(folder: Path) -> Path:
    """The project's wheel, built once in this folder from the files as they are."""
    return build_wheel(PROJECT, folder)


def build_wheel(
    project: Path, folder: Path, change: Callable[[Path], object] | None = None
) -> Path:
    """Build the wheel of a source tree, outside of that tree, always with the same bytes.

    `change` may make another program of the copy first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    for name in ("appliance", "dashboard"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(project / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(project / name, source)
    if change is not None:
        change(source)
    command: Sequence[str] = (
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
        f"--wheel-dir={folder}", str(source),
    )  # fmt: skip
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1000000000"})
    shutil.rmtree(source)
    return next(folder.glob("*.whl"))


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**kept, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
