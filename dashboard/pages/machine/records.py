"""What is on record: the newest log lines, and what operators did."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from quart import abort, make_response, request
from quart.typing import ResponseReturnValue

from dashboard.doors.machine import Act, LogLine
from dashboard.page_context import frame, render
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable

LEVELS = ("debug", "info", "warning", "error")
SPANS = {"": timedelta(), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_LIMIT = 200
_LONGEST_PART = 200
_MOST_DOWNLOADED = 1000


@dataclass(frozen=True, slots=True)
class AskedLog:
    """Which lines are wanted. A `span` is a time up to now, in place of `since`."""

    level: str
    part: str
    span: str
    since: datetime | None
    until: datetime | None

    @property
    def query(self) -> dict[str, str | int]:
        """As the node is asked."""
        times = {"since": self.since, "until": self.until}
        found = {name: at.isoformat() for name, at in times.items() if at is not None}
        return {"level": self.level, "contains": self.part, **found}

    @property
    def kept(self) -> dict[str, str]:
        """As addresses of ours have it."""
        since = "" if self.span else field_of(self.since)
        said = {"level": self.level, "contains": self.part, "span": self.span, "since": since}
        said["until"] = field_of(self.until)
        return {name: value for name, value in said.items() if value}

    @property
    def fields(self) -> tuple[str, str]:
        """Both times as the fields of a form have them."""
        return "" if self.span else field_of(self.since), field_of(self.until)


def field_of(moment: datetime | None) -> str:
    """A time (UTC) as the field of a form has it."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some log lines, the filters, and where the older ones and the download are."""

    lines: tuple[LogLine, ...]
    asked: AskedLog
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
        asked = _asked(parts)
        cursor = request.args.get("cursor", "")[:16]
        query = {**asked.query, "limit": _LIMIT, "cursor": cursor}
        lines, older = await parts.admin.machine.logs(query)
        kept = asked.kept
        content = LogPage(
            lines,
            asked,
            f"/logs?{urlencode({**kept, 'cursor': older})}" if older else None,
            f"/logs/download?{urlencode(kept)}",
        )
        return await render("machine/logs.html", await frame(parts, "logs"), content)

    @table.add("/logs/download", policy="machine")
    async def download() -> ResponseReturnValue:
        query = {**_asked(parts).query, "limit": _MOST_DOWNLOADED}
        lines, _ = await parts.admin.machine.logs(query)
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


def _asked(parts: Parts) -> AskedLog:
    level = request.args.get("level") or "info"
    part = request.args.get("contains", "").strip()
    span = request.args.get("span", "")
    if level not in LEVELS or span not in SPANS or len(part) > _LONGEST_PART:
        abort(400, "This level, span or text is not one that the log can be asked for.")
    since, until = _asked_time("since"), _asked_time("until")
    if span:
        since = datetime.fromtimestamp(parts.now_s(), UTC) - SPANS[span]
    return AskedLog(level, part, span, since, until)


def _asked_time(name: str) -> datetime | None:
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        abort(400, f"'{name}' is a time like 2026-11-20T18:30.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
