"""What the preflight asks of names: unknown and renamed variables, and ports that are taken."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

OUR_PROGRAMS = frozenset({"nginx", "pubky-appliance", "systemd"})
SPECS = "roles/*/meta/argument_specs.yml"
WEB_PORTS = frozenset({80, 443})
# Asked for in more than one role, so no role's prefix fits.
SHARED = frozenset(
    {
        "pubky_dashboard_domain",
        "pubky_dashboard_port",
        "pubky_domain",
        "pubky_http_relay_domain",
        "pubky_pkarr_relay_domain",
        "pubky_proxy_mode",
        "pubky_public_ip",
        "pubky_rollback_data",
        "pubky_uninstall_purge",
    }
)

_OPTION = re.compile(r"^ {6}(pubky_\w+):", re.MULTILINE)
_OWN = re.compile(r"^(pubky_\w+):", re.MULTILINE)
_LISTENER = re.compile(
    r"^(tcp|udp)\s+\S+\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s*(?:users:\(\(\"([^\"]+)\")?"
)


def renamed(
    variables: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """Those of the variables that have a new name, with a warning each.

    `names` maps an old name to `new` and to `until`, the version that will refuse the old one.
    """
    return [
        {
            "old": old,
            "new": entry["new"],
            "warning": f"{old} is called {entry['new']} now; the old name is understood until"
            f" version {entry['until']}.",
        }
        for old, entry in names.items()
        if old in variables
    ]


def roles(folder: str) -> list[str]:
    """The names of the roles that say which variables they take."""
    return sorted(spec.parent.parent.name for spec in Path(folder).glob(SPECS))


def unknown_variables(
    variables: Mapping[str, Any], folder: str, old_names: Iterable[str] = ()
) -> list[str]:
    """A sentence for every variable that begins with pubky_ and that no role knows."""
    known = {*SHARED, *old_names}
    for spec in Path(folder).glob(SPECS):
        role = spec.parent.parent
        known.update(_OPTION.findall(spec.read_text(encoding="utf-8")))
        own = role / "vars/main.yml"
        if own.exists():
            known.update(_OWN.findall(own.read_text(encoding="utf-8")))
        for file in (role / "tasks").glob("*.yml"):
            words = re.findall(r"\bpubky_\w+", file.read_text(encoding="utf-8"))
            known.update(word for word in words if word.startswith(f"{role.name}_"))
    return [
        f"{name} is not a variable of these roles{_nearest(name, known)}"
        for name in sorted(variables)
        if name.startswith("pubky_") and name not in known
    ]


def unknown_settings(
    settings: Mapping[str, Mapping[str, Any]], known: Mapping[str, Iterable[str]]
) -> list[str]:
    """A sentence for every section and name that config.toml does not have."""
    problems = [
        f"pubky_app_config: there is no section {section}{_nearest(section, known) or '.'}"
        for section in settings
        if section not in known
    ]
    for section, names in known.items():
        problems += [
            f"pubky_app_config: {section} has no setting {name}{_nearest(name, names) or '.'}"
            for name in settings.get(section, ())
            if name not in names
        ]
    return problems


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else "."


def taken_ports(listing: str, tcp: Iterable[int], udp: Iterable[int]) -> list[str]:
    """Which of the ports a program that is not ours has, by the output of ss, and what to do."""
    wanted = {("tcp", port) for port in tcp} | {("udp", port) for port in udp}
    found = (_LISTENER.match(line) for line in listing.splitlines())
    taken = {
        (int(match[3]), match[1], match[4] or "another program")
        for match in found
        if match and (match[1], int(match[3])) in wanted and match[4] not in OUR_PROGRAMS
    }
    return [_taken(*entry) for entry in sorted(taken)]


def _taken(port: int, kind: str, program: str) -> str:
    if port in WEB_PORTS:
        remedy = (
            "Stop that program, or, where it is a web server that is to stay, set"
            " pubky_proxy_mode: external."
        )
    elif kind == "udp":
        remedy = "Stop that program, or set dht.listen_socket in pubky_app_config to another port."
    else:
        remedy = "Stop that program."
    return f"{'UDP port' if kind == 'udp' else 'Port'} {port} is taken by {program}. {remedy}"


def as_sentence(finding: Mapping[str, str]) -> str:
    """A finding of the look from outside, for people."""
    return f"{finding['subject']}: {finding['problem']}"


class FilterModule:
    """The filters by the names that playbooks use."""

    def filters(self) -> dict[str, Any]:
        """Names and functions."""
        return {
            "pubky_as_sentence": as_sentence,
            "pubky_renamed": renamed,
            "pubky_roles": roles,
            "pubky_taken_ports": taken_ports,
            "pubky_unknown_settings": unknown_settings,
            "pubky_unknown_variables": unknown_variables,
        }
