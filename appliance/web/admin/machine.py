"""The machine itself: health, the newest log lines, a day of figures, backups."""

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from quart import Blueprint, Response, jsonify, request

from appliance.errors import invalid
from appliance.homeserver.figure_series import resident_bytes
from appliance.homeserver.node_status import disk_space
from appliance.pubky.timestamp import rfc3339
from appliance.version import VERSION
from appliance.web.admin.pages import page_limit, row_cursor
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:write"
LEVELS = ("debug", "info", "warning", "error", "critical")
BACKUPS_FILE = "backups.jsonl"
"""Programs that make backups append a line of JSON each: at, kind, ok, bytes, detail."""
_MOST_BACKUPS = 200
_BACKUPS_TAIL_BYTES = 256 * 1024


def routes(services: AdminServices) -> Blueprint:
    """`GET /machine`, `GET /logs`, `GET /figures` and `GET /backups`."""
    blueprint = Blueprint("machine", __name__)
    node = services.node

    @blueprint.get("/machine")
    async def machine() -> Response:
        disk = disk_space(services.data_dir)
        return jsonify(
            {
                "version": VERSION,
                "python": platform.python_version(),
                "system": platform.platform(terse=True),
                "started_at": rfc3339(services.started_us),
                "parts": list(services.config.run.parts),
                "checks": await node.readiness.verdicts(),
                "load": list(os.getloadavg()),
                "processors": os.cpu_count() or 1,
                "memory_bytes": resident_bytes(),
                "disk_free_bytes": disk.free_bytes,
                "disk_total_bytes": disk.total_bytes,
                "log_lines": dict(services.log.counts),
            }
        )

    @blueprint.get("/logs")
    async def logs() -> Response:
        level = request.args.get("level", "debug")
        if level not in LEVELS:
            raise invalid(f"Invalid level: one of {', '.join(LEVELS)} is needed")
        limit = page_limit()
        part = request.args.get("contains", "")[:200]
        found = services.log.lines(limit + 1, row_cursor(), least_level=level, part=part)
        return jsonify(
            {
                "items": [
                    {
                        "number": line.number,
                        "at": datetime.fromtimestamp(line.at_s, UTC).isoformat(),
                        "level": line.level,
                        "logger": line.logger,
                        "request": line.request,
                        "message": line.message,
                    }
                    for line in found[:limit]
                ],
                "next_cursor": str(found[limit - 1].number) if len(found) > limit else None,
            }
        )

    @blueprint.get("/figures")
    async def figures() -> Response:
        return jsonify(
            {
                "items": [
                    asdict(sample) | {"at": rfc3339(sample.at_us)}
                    for sample in services.series.samples
                ]
            }
        )

    @blueprint.get("/backups")
    async def backups() -> Response:
        return jsonify({"items": read_backups(services.data_dir / BACKUPS_FILE)})

    return blueprint


def read_backups(path: Path) -> list[dict[str, Any]]:
    """The newest backups first. Lines that are none are left out: other programs write the file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _BACKUPS_TAIL_BYTES, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    found = [backup for line in reversed(lines) if (backup := _backup(line)) is not None]
    return found[:_MOST_BACKUPS]


def _backup(line: str) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        at = datetime.fromisoformat(said["at"])
        return {
            "at": (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat(),
            "kind": str(said.get("kind", ""))[:100],
            "ok": said["ok"] is True,
            "bytes": said["bytes"] if type(said.get("bytes")) is int else None,
            "detail": str(said.get("detail", ""))[:500],
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
