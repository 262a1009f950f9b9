"""What changed in the visitor's data and who changed it, with filters and a live tail."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from quart import abort, request
from quart.typing import ResponseReturnValue

from dashboard import wording
from dashboard.addresses import AddressError, OwnPath, own_address
from dashboard.doors.own_facts import Change
from dashboard.live import Event, Streams
from dashboard.page_context import frame, render_named, signed_in
from dashboard.pages.own.asking import Own, asked_choice, find_own, to_connect
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
    stream: str
    is_first: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the event log."""

    @table.add("/activity", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        folder, kind, writer = filters = _asked_filters()
        before = request.args.get("before", "")[:16]
        changes, cursor = await _changes(own, filters, before)
        kept = {
            name: value
            for name, value in (("folder", folder), ("kind", kind), ("writer", writer))
            if value
        }
        newest = max((change.id for change in changes), default=0)
        content = ActivityPage(
            days=_by_day(changes),
            folder=folder,
            kind=kind,
            writer=writer,
            writer_name=next((each.writer_name for each in changes), ""),
            older=f"/activity?{urlencode({**kept, 'before': cursor})}" if cursor else None,
            live=f"/activity?{urlencode({**kept, 'live': '1'})}",
            is_live=request.args.get("live") == "1" and not before,
            stream=f"/activity/stream?{urlencode({**kept, 'after': newest})}",
            is_first=not before,
        )
        return await render_named(
            parts, "own/activity.html", await frame(parts, "activity"), content
        )

    streams = Streams(parts)

    @table.add("/activity/stream", audience="tenant", policy="machine")
    async def stream() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            abort(409, "Connect your data first.")
        filters, seen = _asked_filters(), _asked_place()

        async def look() -> Sequence[Event]:
            nonlocal seen
            changes, _ = await _changes(own, filters)
            new = [change for change in reversed(changes) if change.id > seen]
            seen = max((change.id for change in new), default=seen)
            if len(new) == LIMIT:
                return (Event("reload"),)  # there may be more between these and the last ones
            return [Event("message", {"row": _row(change)}, change.id) for change in new]

        return streams.follow(signed_in(), look)


def _row(change: Change) -> dict[str, str]:
    """The texts of one line, and where it leads."""
    is_written = change.kind == "PUT"
    nobody = "who runs this node" if change.writer == "operator" else "an app without a name"
    return {
        "verb": "Written" if is_written else "Deleted",
        "path": wording.visible_name(change.path.text),
        "href": own_address(change.path) if is_written else f"/own/history{change.path.quoted}",
        "writer": wording.visible_name(change.writer_name) or nobody,
        "at": wording.absolute(change.at),
    }


async def _changes(
    own: Own, filters: tuple[str, str, str], before: str = ""
) -> tuple[tuple[Change, ...], str | None]:
    folder, kind, writer = filters
    query = {"folder": folder or "/", "kind": kind, "writer": writer, "before": before}
    return await own.door.own.changes({**query, "limit": LIMIT})


def _asked_filters() -> tuple[str, str, str]:
    """Folder, kind and writer."""
    kind = asked_choice("kind", KINDS, "")
    return _asked_folder(), kind, request.args.get("writer", "")[:40]


def _asked_place() -> int:
    """The last change that the browser knows of."""
    text = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        abort(400, "After which change?")
    return int(text)


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
