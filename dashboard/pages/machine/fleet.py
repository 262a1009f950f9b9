"""The operator's other nodes, as the playbook that looks after them found them; only to be read."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quart.typing import ResponseReturnValue

from dashboard.doors.fleet import Fleet, FleetNode
from dashboard.page_context import frame, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable

OLD_S = 2 * 86_400
_ORDER = ("unreachable", "ailing", "healthy")


@dataclass(frozen=True, slots=True)
class Row:
    """A node, with ages counted from when the list was made."""

    node: FleetNode
    backup_at: datetime | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class FleetPage:
    """The list, with who needs somebody first. `at` is None where no list was put."""

    at: datetime | None
    is_old: bool
    rows: tuple[Row, ...]
    ailing: int
    unreachable: tuple[str, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/admin/fleet")
    async def fleet() -> ResponseReturnValue:
        around = await frame(parts, "fleet")
        found = await parts.admin.fleet.fleet()
        return await render("machine/fleet.html", around, _page(found, around.now_s))


def _page(found: Fleet | None, now_s: float) -> FleetPage:
    if found is None:
        return FleetPage(None, is_old=False, rows=(), ailing=0, unreachable=())
    ordered = sorted(found.nodes, key=lambda node: (_rank(node), node.name))
    return FleetPage(
        at=found.at,
        is_old=now_s - found.at.timestamp() > OLD_S,
        rows=tuple(
            Row(node, _then(found, node.backup_age_s), _then(found, node.published_age_s))
            for node in ordered
        ),
        ailing=sum(node.verdict == "ailing" for node in ordered),
        unreachable=tuple(node.name for node in ordered if node.verdict == "unreachable"),
    )


def _rank(node: FleetNode) -> int:
    return _ORDER.index(node.verdict) if node.verdict in _ORDER else 0


def _then(found: Fleet, age_s: int | None) -> datetime | None:
    try:
        return None if age_s is None else found.at - timedelta(seconds=age_s)
    except OverflowError:
        return None
