"""What playbooks ask about several hosts: who comes first, who asks whom, and tables to read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

BATCHES = [1, "25%", "100%"]
TRUE = frozenset({"true", "yes", "on", "1"})


def canaries_first(hosts: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The hosts with pubky_canary before the others, each part in the inventory's order."""
    return sorted(hosts, key=lambda host: not _is_canary(variables.get(host, {})))


def batches(hosts: Sequence[str], variables: Mapping[str, Mapping[str, Any]]) -> list[int | str]:
    """Sizes for `serial`: one for each canary, then those of pubky_batches.

    Ansible counts a share such as 25% of all hosts of the play.
    """
    canaries = sum(_is_canary(variables.get(host, {})) for host in hosts)
    said = (variables.get(host, {}).get("pubky_batches") for host in hosts)
    wanted = next(filter(None, said), BATCHES)
    return [1] * canaries + list(wanted)


def _is_canary(variables: Mapping[str, Any]) -> bool:
    return str(variables.get("pubky_canary", "")).lower() in TRUE


def others(hosts: Sequence[str], host: str) -> list[str]:
    """The other hosts, beginning with the one behind this in the list."""
    place = hosts.index(host) if host in hosts else 0
    return [other for other in [*hosts[place + 1 :], *hosts[:place]] if other != host]


def staggered(hosts: Sequence[str], host: str) -> str:
    """A time of day in the small hours of its own for a host: a quarter of an hour after the last.

    From 02:00 to 05:45; the seventeenth host shares the first one's.
    """
    minutes = 120 + 15 * (hosts.index(host) % 16 if host in hosts else 0)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Lines of text with aligned columns, the heads first; what is unknown is a dash."""
    cells = [list(columns)]
    cells += [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def fleet_nodes(
    hosts: Sequence[str], variables: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What each host said of itself, with name and verdict: healthy, ailing or unreachable."""
    return [_node(host, variables[host].get("pubky_app_status", {})) for host in hosts]


def _node(host: str, status: Mapping[str, Any]) -> dict[str, Any]:
    if "rc" not in status:
        return {"name": host, "verdict": "unreachable", "problems": ["It cannot be reached."]}
    try:
        said = json.loads(status.get("stdout", ""))
    except ValueError:
        return {"name": host, "verdict": "ailing", "problems": ["There is no node on this host."]}
    return {"name": host, "verdict": "ailing" if said["problems"] else "healthy", **said}


def fleet_table(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The list for people: who ails first, and a line for each thing that ails them."""
    ordered = sorted(nodes, key=lambda node: (node["verdict"] == "healthy", node["name"]))
    rows = [
        {
            "verdict": node["verdict"],
            "host": node["name"],
            "version": node.get("version"),
            "schema": str(node.get("schema") or "").partition("_")[0],
            "certificate": _days(node.get("certificate_days")),
            "backup": _age(node.get("backup_age_s")),
            "published": _age(node.get("published_age_s")),
            "disk free": _gib(node.get("disk_free_bytes")),
            "upgraded": str(node.get("upgraded_at") or "")[:10],
            "key": str(node.get("key") or "")[:8],
        }
        for node in ordered
    ]
    said = [f"{node['name']}: {text}" for node in ordered for text in node["problems"]]
    return [*table(rows, list(rows[0]) if rows else ["verdict", "host"]), *said]


def _days(days: float | None) -> str | None:
    return None if days is None else f"{days:.0f} d"


def _age(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _gib(count: int | None) -> str | None:
    return None if count is None else f"{count / 2**30:.1f} GiB"


def _cell(value: object) -> str:
    return "-" if value is None or value == "" else str(value)


class FilterModule:
    """The filters by the names that playbooks use."""

    def filters(self) -> dict[str, Any]:
        """Names and functions."""
        return {
            "pubky_batches": batches,
            "pubky_canaries_first": canaries_first,
            "pubky_fleet_nodes": fleet_nodes,
            "pubky_fleet_table": fleet_table,
            "pubky_others": others,
            "pubky_staggered": staggered,
        }
