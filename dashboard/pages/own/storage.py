"""What takes room: a treemap, growth, the largest, twins, orphans, and when the quota is full."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from quart import current_app
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.answers import DoorError
from dashboard.doors.own_facts import Breakdown, FolderSum, Orphan, Usage
from dashboard.drawings.usage import Part
from dashboard.kinds.files import BLOBS
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_MOST_ORPHANS = 50
# Shorter histories say little about what is to come.
_LEAST_MONTHS = 3
_MOST_MONTHS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class StoragePage:
    """Everything that takes room. `months_left` is None when nothing can be said."""

    usage: Usage
    breakdown: Breakdown
    parts: tuple[Part, ...]
    months: tuple[tuple[str, int], ...]
    orphans: tuple[Orphan, ...]
    twin_bytes: int
    months_left: int | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/storage", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        usage, breakdown, orphans = await asyncio.gather(
            own.door.own.usage(),
            own.door.own.breakdown(may_be_old=True),
            own.door.own.unreferenced(OwnPath(BLOBS), _MOST_ORPHANS),
        )
        if not breakdown.is_current:
            current_app.add_background_task(_count_anew, own)
        months = tuple((month.name, month.byte_count) for month in breakdown.months)
        content = StoragePage(
            usage=usage,
            breakdown=breakdown,
            parts=parts_of(usage),
            months=months,
            orphans=orphans,
            twin_bytes=sum(twin.wasted_bytes for twin in breakdown.twins),
            months_left=months_left(usage, months, datetime.fromtimestamp(parts.now_s(), UTC)),
        )
        return await render("own/storage.html", await frame(parts, "storage"), content)


async def _count_anew(own: Own) -> None:
    """So that whoever looks again sees it; the node remembers."""
    with suppress(DoorError):
        await own.door.own.breakdown()


def parts_of(usage: Usage) -> tuple[Part, ...]:
    """The folders two levels down where there are such, else the apps; they do not overlap."""
    apps = {app.path.text for app in usage.apps}
    below: dict[str, list[FolderSum]] = {}
    for folder in usage.folders:
        parent = folder.path.parent
        if parent is not None and parent.text in apps:
            below.setdefault(parent.text, []).append(folder)
    found = []
    for app in usage.apps:
        inner = below.get(app.path.text, [])
        rest = app.byte_count - sum(folder.byte_count for folder in inner)
        found += [_part(folder, folder.byte_count) for folder in inner]
        if rest > 0:
            found.append(_part(app, rest))
    return tuple(found)


def _part(folder: FolderSum, byte_count: int) -> Part:
    return Part(
        folder.path.text, byte_count, own_address(folder.path), folder.path.text.startswith("/priv")
    )


def months_left(usage: Usage, months: tuple[tuple[str, int], ...], now: datetime) -> int | None:
    """Whole months until the quota is full at the pace of the last three whole ones."""
    if usage.quota_bytes is None:
        return None
    left = usage.quota_bytes - usage.charged_bytes
    if left <= 0:
        return 0
    whole = [count for month, count in months if month < now.strftime("%Y-%m")]
    if len(whole) < _LEAST_MONTHS:
        return None
    pace = sum(whole[-_LEAST_MONTHS:]) / _LEAST_MONTHS
    if pace <= 0 or left / pace > _MOST_MONTHS_AHEAD:
        return None
    return int(left / pace)
