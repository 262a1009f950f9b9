# ruff: noqa: INP001 - Ansible loads plugins from a folder that is no package
"""What the preflight asks of texts and names: unknown variables, and ports that are taken."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

OUR_PROGRAMS = frozenset({"nginx", "pubky-appliance", "systemd"})
# Asked for in more than one role, so no role's prefix fits.
SHARED = frozenset(
    {
        "pubky_dashboard_domain",
        "pubky_domain",
        "pubky_http_relay_domain",
        "pubky_pkarr_relay_domain",
        "pubky_proxy_mode",
        "pubky_public_ip",
        "pubky_rollback_data",
        "pubky_uninstall_purge",
    }
)

_LISTENER = re.compile(r"^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(?:users:\(\(\"([^\"]+)\")?")


def unknown_variables(variables: Mapping[str, Any], folder: str) -> list[str]:
    """A sentence for every variable that begins with pubky_ and that no role knows."""
    known = set(SHARED)
    for spec in Path(folder).glob("roles/*/meta/argument_specs.yml"):
        points = yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"].values()
        known.update(name for point in points for name in point.get("options", {}))
        internal = re.compile(rf"{spec.parent.parent.name}_")
        own = spec.parent.parent / "vars" / "main.yml"
        if own.exists():
            known.update(yaml.safe_load(own.read_text(encoding="utf-8")))
        registered = (spec.parent.parent / "tasks").glob("*.yml")
        for file in registered:
            words = re.findall(r"\bpubky_\w+", file.read_text(encoding="utf-8"))
            known.update(word for word in words if internal.match(word))
    return [
        f"{name} is not a variable of these roles{_nearest(name, known)}."
        for name in sorted(variables)
        if name.startswith("pubky_") and name not in known
    ]


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def taken_ports(listing: str, wanted: Iterable[int]) -> list[str]:
    """Which of the wanted TCP ports a program that is not ours has, by the output of ss."""
    wanted = set(wanted)
    found = (_LISTENER.match(line) for line in listing.splitlines())
    taken = {
        (int(match[2]), match[3] or "another program")
        for match in found
        if match and int(match[2]) in wanted and match[3] not in OUR_PROGRAMS
    }
    return [f"Port {port} is taken by {program}" for port, program in sorted(taken)]


def as_sentence(finding: Mapping[str, str]) -> str:
    """A finding of the look from outside, for people."""
    return f"{finding['subject']}: {finding['problem']}"


class FilterModule:
    """The filters by the names that playbooks use."""

    def filters(self) -> dict[str, Any]:
        """Names and functions."""
        return {
            "pubky_as_sentence": as_sentence,
            "pubky_taken_ports": taken_ports,
            "pubky_unknown_variables": unknown_variables,
        }
