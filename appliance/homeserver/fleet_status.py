"""The list of an operator's nodes, which `fleet-status.yml` puts into the data folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FLEET_FILE = "fleet.json"
"""In the data folder."""
VERDICTS = ("healthy", "ailing", "unreachable")
MOST_NODES = 1000
LONGEST_TEXT = 500
_LARGEST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class FleetNode:
    """One node as it was then; None is what could not be found out."""

    name: str
    verdict: str
    problems: tuple[str, ...]
    version: str | None
    public_key: str | None
    schema: str | None
    certificate_days: int | None
    backup_age_s: int | None
    published_age_s: int | None
    disk_free_bytes: int | None
    disk_total_bytes: int | None
    upgraded_at: datetime | None


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """All nodes at one moment."""

    at: datetime
    nodes: tuple[FleetNode, ...]


def has_fleet_status(data_dir: Path) -> bool:
    """Whether there is a list at all."""
    return (data_dir / FLEET_FILE).exists()


def read_fleet_status(data_dir: Path) -> FleetStatus | None:
    """The list; None when there is none, or none that can be read: another program writes it."""
    try:
        with (data_dir / FLEET_FILE).open("rb") as file:
            said = json.loads(file.read(_LARGEST_BYTES))
        at = _moment(said["at"])
        rows = [row for row in said["nodes"] if isinstance(row, dict)]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return None if at is None else FleetStatus(at, tuple(map(_node, rows[:MOST_NODES])))


def _node(row: Mapping[str, Any]) -> FleetNode:
    problems = row.get("problems")
    said = problems if isinstance(problems, list) else []
    verdict = row.get("verdict")
    return FleetNode(
        name=_text(row.get("name")) or "",
        # One that this version does not know is nothing to be calm about.
        verdict=verdict if verdict in VERDICTS else "ailing",
        problems=tuple(text for item in said if (text := _text(item))),
        version=_text(row.get("version")),
        public_key=_text(row.get("key")),
        schema=_text(row.get("schema")),
        certificate_days=_whole(row.get("certificate_days")),
        backup_age_s=_whole(row.get("backup_age_s")),
        published_age_s=_whole(row.get("published_age_s")),
        disk_free_bytes=_whole(row.get("disk_free_bytes")),
        disk_total_bytes=_whole(row.get("disk_total_bytes")),
        upgraded_at=_moment(row.get("upgraded_at")),
    )


def _text(value: object) -> str | None:
    return value[:LONGEST_TEXT] if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Nothing here is as large as this, and Python's JSON knows infinity.
    return int(value) if abs(value) < 2**53 else None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
