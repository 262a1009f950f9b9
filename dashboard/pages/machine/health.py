"""How the machine is: checks with remedies, a day of figures, the age of backups."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorError
from dashboard.doors.machine import Backup, Machine, Sample
from dashboard.errors import wording_of
from dashboard.page_context import frame, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.wording import number, size

_REMEDIES = {
    "database": "Look into the log: the disk may be full or failing. `pubky-appliance doctor` says"
    " more.",
    "blobs": "Look into the log: the folder of the files cannot be written.",
    "disk": "The disk is full. Free some room; trash is given up by itself.",
    "parts": "The node is starting or stopping.",
}
_OLD_BACKUP_S = 8 * 86_400
_OLD_DRILL_S = 35 * 86_400
_DRILL = "drill"
"""The kind of a line that tells of a backup that was restored on trial."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check, its verdict, and what to do about it."""

    name: str
    verdict: str
    is_ok: bool
    remedy: str | None


@dataclass(frozen=True, slots=True)
class MachinePage:
    """The machine now. `backup` is the last good one."""

    machine: Machine
    uptime_s: float
    checks: tuple[Check, ...]
    errors: int
    warnings: int
    needs_restart: bool | None
    backup: Backup | None
    backup_is_old: bool
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure over the last day."""

    title: str
    values: tuple[float, ...]
    latest: str
    highest: str


@dataclass(frozen=True, slots=True)
class FiguresPage:
    """Eight figures of the last day, a value a minute."""

    charts: tuple[Chart, ...]
    since: datetime | None
    count: int


@dataclass(frozen=True, slots=True)
class BackupsPage:
    """What programs say of the backups that they made."""

    backups: tuple[Backup, ...]
    last_good: Backup | None
    last_drill: Backup | None
    drill_is_old: bool
    drills: tuple[Backup, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages about the machine's health."""

    @table.add("/admin")
    async def machine() -> ResponseReturnValue:
        around = await frame(parts, "machine")
        found = await parts.admin.machine.machine()
        problems: list[str] = []
        needs_restart: bool | None = None
        backups: tuple[Backup, ...] = ()
        try:
            needs_restart = (await parts.admin.machine.configuration()).needs_restart
            backups = await parts.admin.machine.backups()
        except DoorError as error:
            problems.append(wording_of(error))
        last_good = _last_good(backups)
        lines = dict(found.log_lines)
        content = MachinePage(
            machine=found,
            uptime_s=around.now_s - found.started_at.timestamp(),
            checks=tuple(_check(name, verdict) for name, verdict in found.checks),
            errors=lines.get("error", 0) + lines.get("critical", 0),
            warnings=lines.get("warning", 0),
            needs_restart=needs_restart,
            backup=last_good,
            backup_is_old=last_good is not None
            and around.now_s - last_good.at.timestamp() > _OLD_BACKUP_S,
            problems=tuple(problems),
        )
        return await render("machine/machine.html", around, content)

    @table.add("/figures")
    async def figures() -> ResponseReturnValue:
        samples = await parts.admin.machine.figures()
        content = FiguresPage(charts_of(samples), samples[0].at if samples else None, len(samples))
        return await render("machine/figures.html", await frame(parts, "figures"), content)

    @table.add("/backups")
    async def list_of_backups() -> ResponseReturnValue:
        around = await frame(parts, "backups")
        found = await parts.admin.machine.backups()
        drills = tuple(line for line in found if line.kind == _DRILL)
        content = BackupsPage(
            backups=tuple(line for line in found if line.kind != _DRILL),
            last_good=_last_good(found),
            last_drill=drills[0] if drills else None,
            drill_is_old=bool(drills) and around.now_s - drills[0].at.timestamp() > _OLD_DRILL_S,
            drills=drills,
        )
        return await render("machine/backups.html", around, content)


def _last_good(lines: tuple[Backup, ...]) -> Backup | None:
    return next((line for line in lines if line.is_ok and line.kind != _DRILL), None)


def _check(name: str, verdict: str) -> Check:
    is_ok = verdict == "ok"
    return Check(name, verdict, is_ok, None if is_ok else _REMEDIES.get(name))


def charts_of(samples: tuple[Sample, ...]) -> tuple[Chart, ...]:
    """The figures that people ask for first."""
    chosen: tuple[tuple[str, Callable[[Sample], int], Callable[[int], str]], ...] = (
        ("Requests a minute", lambda sample: sample.requests, number),
        ("Refused a minute (4xx)", lambda sample: sample.client_errors, number),
        ("Failed a minute (5xx)", lambda sample: sample.server_errors, number),
        ("Memory", lambda sample: sample.memory_bytes, size),
        ("Free on the disk", lambda sample: sample.disk_free_bytes, size),
        ("Stored by everybody", lambda sample: sample.stored_bytes, size),
        ("Files of everybody", lambda sample: sample.entries, number),
        ("People", lambda sample: sample.users, number),
    )
    if not samples:
        return ()
    return tuple(
        Chart(
            title,
            tuple(float(read(sample)) for sample in samples),
            say(read(samples[-1])),
            say(max(read(sample) for sample in samples)),
        )
        for title, read, say in chosen
    )
