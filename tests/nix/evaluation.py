"""Nix without a network and without a trace on this machine: its store is a folder of the test.

Modules are evaluated with nix/tests/stub-nixpkgs, or with nixpkgs' own lib where NIXPKGS_LIB
names it.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.needs import cannot_run_here

ROOT = Path(__file__).parents[2]
NIX = ROOT / "nix"
STUB = NIX / "tests" / "stub-nixpkgs"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class EvaluationError(Exception):
    """Nix refused the expression; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Nix:
    """Debian's Nix, working in a folder of its own."""

    folder: Path

    def run(self, *command: str) -> str:
        """What the command printed; raises EvaluationError."""
        done = subprocess.run(
            command,
            env=dict(self._environment()),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode != 0:
            raise EvaluationError(_COLOUR.sub("", done.stderr))
        return _COLOUR.sub("", done.stdout)

    def evaluate(self, expression: str) -> Any:
        """The value of a Nix expression, by way of JSON."""
        quiet = ("--option", "build-users-group", "")
        return json.loads(
            self.run(
                "nix-instantiate", "--eval", "--strict", "--json", *quiet, "--expr", expression
            )
        )

    def machine(self, module: str, wanted: str = "machine.checked") -> Any:
        """What becomes of a system with `module`, the text of a module, in it.

        `wanted` may use `machine`, `lib` and `pkgs`; its default fails where NixOS would refuse.
        """
        return self.evaluate(
            f"let {self.surroundings} machine = import {STUB}/nixos.nix "
            f"{{ inherit lib pkgs; modules = [ {NIX}/module.nix ({module}) ]; }}; in {wanted}"
        )

    @property
    def surroundings(self) -> str:
        """Bindings of `lib` and `pkgs`."""
        lib = os.environ.get("NIXPKGS_LIB") or f"{STUB}/lib.nix"
        return (
            f"lib = import {lib}; "
            f'pkgs = import {STUB}/pkgs.nix {{ inherit lib; system = "x86_64-linux"; }};'
        )

    def _environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "NIX_STORE_DIR": str(self.folder / "store"),
            "NIX_STATE_DIR": str(self.folder / "state"),
            "NIX_LOG_DIR": str(self.folder / "log"),
            "NIX_CONF_DIR": str(self.folder / "etc"),
        }


def nix_in(folder: Path) -> Nix:
    """Nix with its store in `folder`."""
    if shutil.which("nix-instantiate") is None:
        cannot_run_here("Nix is missing; install it with 'make test-peers' (Debian's nix-bin)")
    return Nix(folder)


def node(settings: str) -> str:
    """The text of a module in which the node is enabled and has these further options."""
    return f"{{ services.pubky-appliance = {{ enable = true; {settings} }}; }}"
