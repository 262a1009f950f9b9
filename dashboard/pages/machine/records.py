"""What is on record: the newest log lines, and what operators did."""

import json
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from quart import abort, make_response, request
from quart.typing import ResponseReturnValue

from dashboard.doors.machine import Act, LogLine
from dashboard.page_context import frame, render
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable

LEVELS = ("debug", "info", "warning", "error")
_LIMIT = 200
_LONGEST_PART = 200
_MOST_DOWNLOADED = 1000


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some log lines, the filters, and where the older ones and the download are."""

    lines: tuple[LogLine, ...]
    level: str
    part: str
    older: str | None
    download: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some acts of operators."""

    acts: tuple[Act, ...]
    part: str
    paging: Paging
    next_cursor: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the log and the audit log."""

    @table.add("/logs")
    async def logs() -> ResponseReturnValue:
        level, part = _asked()
        cursor = request.args.get("cursor", "")[:16]
        query: dict[str, str | int] = {"level": level, "contains": part, "limit": _LIMIT}
        lines, older = await parts.admin.machine.logs({**query, "cursor": cursor})
        kept = {name: value for name, value in (("level", level), ("contains", part)) if value}
        content = LogPage(
            lines,
            level,
            part,
            f"/logs?{urlencode({**kept, 'cursor': older})}" if older else None,
            f"/logs/download?{urlencode(kept)}",
        )
        return await render("machine/logs.html", await frame(parts, "logs"), content)

    @table.add("/logs/download", policy="machine")
    async def download() -> ResponseReturnValue:
        level, part = _asked()
        lines, _ = await parts.admin.machine.logs(
            {"level": level, "contains": part, "limit": _MOST_DOWNLOADED}
        )
        body = "".join(json.dumps(asdict(line), default=str) + "\n" for line in reversed(lines))
        headers = {
            "Content-Type": "application/jsonl; charset=utf-8",
            "Content-Disposition": 'attachment; filename="node-log.jsonl"',
        }
        return await make_response(body, headers)

    @table.add("/audit")
    async def audit() -> ResponseReturnValue:
        part = request.args.get("contains", "").strip()
        if len(part) > _LONGEST_PART:
            abort(400, "That is longer than what the audit log can be asked for.")
        paging = asked_page("/audit", **({"contains": part} if part else {}))
        acts, following = await parts.admin.machine.audit(paging.limit, paging.cursor, part)
        content = AuditPage(acts, part, paging, following)
        return await render("machine/audit.html", await frame(parts, "audit"), content)


def _asked() -> tuple[str, str]:
    level = request.args.get("level") or "info"
    part = request.args.get("contains", "").strip()
    if level not in LEVELS or len(part) > _LONGEST_PART:
        abort(400, "This level or text is not one that the log can be asked for.")
    return level, part
