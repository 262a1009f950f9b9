"""Moving to another homeserver: what to do in which order, and how far it is, as seen from here."""

from dataclasses import dataclass
from datetime import datetime

from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorError
from dashboard.doors.machine import Backup
from dashboard.doors.network import KeyState
from dashboard.errors import wording_of
from dashboard.jobs.moving import ALL_THERE, VERDICT
from dashboard.jobs.record import JobRecord, Kind
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import find_own
from dashboard.parts import Parts
from dashboard.routes import RouteTable

# An older copy misses too much of what was written since.
FRESH_S = 86_400
# A backup whose restoring was last tried before that says little about today's.
TRIED_S = 100 * 86_400
_KINDS: tuple[Kind, ...] = ("move", "compare", "watch", "leave")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the move. `is_done` is None where this node cannot know."""

    title: str
    what: str
    is_done: bool | None
    evidence: str | None
    href: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What this node knows of somebody's move; times are of the newest success of each kind."""

    exported_at: datetime | None = None
    copied_at: datetime | None = None
    compared: JobRecord | None = None
    deleted_at: datetime | None = None
    has_place: bool = False
    state: KeyState | None = None
    node_key: str = ""
    tried: Backup | None = None

    @property
    def named(self) -> str | None:
        """The homeserver that the person's record names, as far as this node knows."""
        packet = self.state.packet if self.state is not None else None
        return None if packet is None else packet.homeserver

    @property
    def has_left(self) -> bool | None:
        """Whether the record names another node; None where it is not known."""
        return None if self.named is None or not self.node_key else self.named != self.node_key

    @property
    def all_there(self) -> bool | None:
        """What the last comparison said; None before there was one."""
        if self.compared is None:
            return None
        return any(fact.name == VERDICT and fact.value == ALL_THERE for fact in self.compared.facts)


@dataclass(frozen=True, slots=True)
class ExitPage:
    """The steps, the chosen place if there is one, and what could not be read.

    `done` of the `known` steps are: those that this node can see. `typed` was no place.
    """

    steps: tuple[Step, ...]
    done: int
    known: int
    place_key: str | None
    place_url: str | None
    jobs: tuple[JobRecord, ...]
    file_count: int | None
    byte_count: int | None
    errors: tuple[str, ...]
    problem: str | None
    typed: str


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/exit", audience="tenant")
    async def index() -> ResponseReturnValue:
        return await exit_page(parts)


async def exit_page(
    parts: Parts, problem: str | None = None, typed: str = ""
) -> ResponseReturnValue:
    """The page, also after an act that did not succeed."""
    key = signed_in().public_key or ""
    own = await find_own(parts)
    usage = await own.door.own.usage() if own is not None else None
    seen, errors = await look_around(parts, key)
    steps = steps_of(seen, parts.now_s())
    place = parts.places.find(signed_in().id)
    content = ExitPage(
        steps=steps,
        done=sum(step.is_done is True for step in steps),
        known=sum(step.is_done is not None for step in steps),
        place_key=None if place is None else place.place.public_key,
        place_url=None if place is None else place.place.url,
        jobs=tuple(job for job in parts.jobs.of(key) if job.kind in _KINDS)[:5],
        file_count=usage.file_count if usage else None,
        byte_count=usage.byte_count if usage else None,
        errors=errors,
        problem=problem,
        typed=typed,
    )
    return await render("own/exit.html", await frame(parts, "export"), content)


async def look_around(parts: Parts, key: str) -> tuple[Seen, tuple[str, ...]]:
    """What is known of a person's move, and what could not be read."""
    errors: list[str] = []
    state, node_key, tried = None, "", None
    try:
        state = await parts.admin.key_state(key, 1)
        node_key = (await parts.admin.node()).public_key
        tried = next(
            (each for each in await parts.admin.machine.backups() if each.kind == "drill"), None
        )
    except DoorError as error:
        errors.append(wording_of(error))
    jobs = parts.jobs.of(key)
    seen = Seen(
        exported_at=_newest(jobs, "export"),
        copied_at=_newest(jobs, "move"),
        compared=next(
            (job for job in jobs if job.kind in {"move", "compare"} and job.state == "done"), None
        ),
        deleted_at=_newest(jobs, "leave"),
        has_place=parts.places.find(signed_in().id) is not None,
        state=state,
        node_key=node_key,
        tried=tried,
    )
    return seen, tuple(errors)


def _newest(jobs: tuple[JobRecord, ...], kind: Kind) -> datetime | None:
    ended = (job.ended_at for job in jobs if job.kind == kind and job.state == "done")
    return max((moment for moment in ended if moment is not None), default=None)


def steps_of(seen: Seen, now_s: float) -> tuple[Step, ...]:
    """The move in its order; nothing of it is done by this node without the person."""
    return (
        Step(
            "Take a copy along",
            "Export everything, and keep the archive: it lists a hash of every file.",
            _is_fresh(seen.exported_at, now_s),
            _join(_when("The last whole export ended", seen.exported_at), _tried(seen, now_s)),
            "/export",
            "Export",
        ),
        Step(
            "Hold your key yourself",
            "Open Ring, or your recovery file, and see that your key is in it. This node never had"
            " it, so nobody here can help if it is lost.",
            None,
            None,
        ),
        Step(
            "Have an account at the new homeserver",
            "Ask its operator for an invite and for enough room. Below you approve with Ring that"
            " this dashboard may store your files there.",
            True if seen.has_place or seen.copied_at is not None else None,
            None,
        ),
        Step(
            "Copy",
            "Everything is sent to the new homeserver. Nothing here changes, and what is there"
            " already is not sent twice: begin as often as you like.",
            _is_fresh(seen.copied_at, now_s),
            _when("The last copy ended", seen.copied_at),
        ),
        Step(
            "Compare",
            "Every file is held against its namesake there by its hash, from both sides.",
            bool(seen.all_there),
            None if seen.compared is None else _verdict(seen.compared),
            None if seen.compared is None else f"/jobs/{seen.compared.id}",
            "Receipt",
        ),
        Step(
            "Tell the network",
            "Let Ring publish the new homeserver for your key. Only your key can do that.",
            seen.has_left,
            None
            if seen.has_left is None
            else f"Your record names {'another node' if seen.has_left else 'this node'}.",
            "/visibility",
            "Look",
        ),
        Step(
            "Let apps in again",
            "Each app asks you once more at the new place. What it may do here can be ended then.",
            None,
            None,
            "/access",
            "Access",
        ),
        Step(
            "Leave",
            "Wait until others have seen the new record, a few days. Then let this account only"
            " read, or delete what is here.",
            True if seen.deleted_at is not None else None,
            _when("Everything here was deleted", seen.deleted_at),
            "/exit/leave",
            "Leave",
        ),
    )


def _is_fresh(moment: datetime | None, now_s: float) -> bool:
    return moment is not None and now_s - moment.timestamp() < FRESH_S


def _when(words: str, moment: datetime | None) -> str | None:
    return None if moment is None else f"{words} {moment:%Y-%m-%d}."


def _tried(seen: Seen, now_s: float) -> str | None:
    """What the node's own backup is worth: when restoring it was tried, and how it went."""
    if seen.tried is None:
        return None
    day, is_old = f"{seen.tried.at:%Y-%m-%d}", now_s - seen.tried.at.timestamp() > TRIED_S
    if not seen.tried.is_ok:
        return f"Restoring this node's own backup failed when it was last tried, on {day}."
    worth = ", too long ago to count on" if is_old else ""
    return f"This node's own backup was last restored as a trial on {day}{worth}."


def _verdict(job: JobRecord) -> str | None:
    said = next((str(fact.value) for fact in job.facts if fact.name == VERDICT), None)
    return said if job.ended_at is None or said is None else f"{said} ({job.ended_at:%Y-%m-%d})"


def _join(*texts: str | None) -> str | None:
    return " ".join(text for text in texts if text is not None) or None
