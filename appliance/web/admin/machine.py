"""The machine itself: health, the newest log lines, a day of figures, backups."""

import math
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime

from quart import Blueprint, Response, jsonify, request

from appliance.errors import invalid
from appliance.homeserver.backup_log import BACKUPS_FILE, read_backups
from appliance.homeserver.figure_series import resident_bytes
from appliance.homeserver.node_status import disk_space
from appliance.pubky.timestamp import rfc3339
from appliance.version import VERSION
from appliance.web.admin.pages import moment_or, page_limit, row_cursor
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:write"
LEVELS = ("debug", "info", "warning", "error", "critical")


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
        found = services.log.lines(
            limit + 1,
            row_cursor(),
            least_level=level,
            part=part,
            since_s=moment_or("since", 0.0),
            until_s=moment_or("until", math.inf),
        )
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
        lines = read_backups(services.data_dir / BACKUPS_FILE)
        return jsonify({"items": [asdict(line) | {"at": line.at.isoformat()} for line in lines]})

    return blueprint
