"""What changed in the visitor's data and who changed it, with filters and a live tail."""

from dataclasses import dataclass
from urllib.parse import urlencode

from quart import abort, make_response, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath
from dashboard.doors.own_facts import Change
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import asked_choice, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

LIMIT = 100
KINDS = ("", "PUT", "DEL")


@dataclass(frozen=True, slots=True)
class Day:
    """The changes of one day (UTC), newest first."""

    day: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """Some changes, the filters, and where the older ones are."""

    days: tuple[Day, ...]
    folder: str
    kind: str
    writer: str
    writer_name: str
    older: str | None
    live: str
    is_live: bool
    is_first: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the event log."""

    @table.add("/activity", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        kind = asked_choice("kind", KINDS, "")
        folder = _asked_folder()
        writer = request.args.get("writer", "")[:40]
        before = request.args.get("before", "")[:16]
        query = {"folder": folder or "/", "kind": kind, "writer": writer, "before": before}
        changes, cursor = await own.door.own.changes({**query, "limit": LIMIT})
        kept = {
            name: value
            for name, value in (("folder", folder), ("kind", kind), ("writer", writer))
            if value
        }
        content = ActivityPage(
            days=_by_day(changes),
            folder=folder,
            kind=kind,
            writer=writer,
            writer_name=next((each.writer_name for each in changes), ""),
            older=f"/activity?{urlencode({**kept, 'before': cursor})}" if cursor else None,
            live=f"/activity?{urlencode({**kept, 'live': '1'})}",
            is_live=request.args.get("live") == "1" and not before,
            is_first=not before,
        )
        body = await render("own/activity.html", await frame(parts, "activity"), content)
        # A header and not an element: it also works where the page is read aloud.
        return await make_response(body, {"Refresh": "5"} if content.is_live else {})


def _asked_folder() -> str:
    text = request.args.get("folder", "").strip()
    if not text:
        return ""
    try:
        return OwnPath.parse(text).as_folder.text
    except AddressError as error:
        abort(400, str(error))


def _by_day(changes: tuple[Change, ...]) -> tuple[Day, ...]:
    days: dict[str, list[Change]] = {}
    for change in changes:
        days.setdefault(change.at.strftime("%Y-%m-%d"), []).append(change)
    return tuple(Day(day, tuple(found)) for day, found in days.items())
