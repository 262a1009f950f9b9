"""Moving to another homeserver: what to do in which order, and how far it is, as seen from here."""

from dataclasses import dataclass
from datetime import datetime

from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorError
from dashboard.doors.network import KeyState
from dashboard.errors import wording_of
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import find_own
from dashboard.parts import Parts
from dashboard.routes import RouteTable

# An older export misses too much of what was written since.
FRESH_S = 86_400
_WHERE = ("this node", "another node")


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
class ExitPage:
    """The steps, what they are about, and what could not be read."""

    steps: tuple[Step, ...]
    file_count: int | None
    byte_count: int | None
    errors: tuple[str, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/exit", audience="tenant")
    async def index() -> ResponseReturnValue:
        key = signed_in().public_key or ""
        own = await find_own(parts)
        usage = await own.door.own.usage() if own is not None else None
        errors: list[str] = []
        state, node_key = None, ""
        try:
            state = await parts.admin.key_state(key, 1)
            node_key = (await parts.admin.node()).public_key
        except DoorError as error:
            errors.append(wording_of(error))
        exported_at = max(
            (
                job.ended_at
                for job in parts.jobs.of(key)
                if job.kind == "export" and job.state == "done" and job.ended_at is not None
            ),
            default=None,
        )
        content = ExitPage(
            steps_of(exported_at, state, node_key, parts.now_s()),
            usage.file_count if usage else None,
            usage.byte_count if usage else None,
            tuple(errors),
        )
        return await render("own/exit.html", await frame(parts, "export"), content)


def steps_of(
    exported_at: datetime | None, state: KeyState | None, node_key: str, now_s: float
) -> tuple[Step, ...]:
    """The move in its order; nothing here is done by this node without the person."""
    is_fresh = exported_at is not None and now_s - exported_at.timestamp() < FRESH_S
    named = state.packet.homeserver if state is not None and state.packet is not None else None
    has_left = None if named is None else named != node_key
    return (
        Step(
            "Take a copy along",
            "Export everything, and keep the archive: it lists a hash of every file.",
            is_fresh,
            None if exported_at is None else f"The last whole export ended {exported_at:%Y-%m-%d}.",
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
            "Ask its operator for an invite and for enough room. If it is of this kind, import the"
            " archive there; its dry run says what would not fit.",
            None,
            None,
        ),
        Step(
            "Compare",
            "The new homeserver's ETags are the hashes of the archive's list: every file can be"
            " held against them before anything is given up.",
            None,
            None,
        ),
        Step(
            "Tell the network",
            "Let Ring publish the new homeserver for your key. Only your key can do that.",
            has_left,
            None
            if named is None
            else f"Your record names {'another node' if has_left else 'this node'}.",
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
            "Wait until others have seen the new record, a few days. Then delete your files here,"
            " or ask the operator to delete the account.",
            None,
            None,
            "/files",
            "Files",
        ),
    )
