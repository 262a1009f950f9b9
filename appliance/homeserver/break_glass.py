"""An operator's look into somebody's files: with a reason, for a while, noted, and told.

Nothing is read before its note is durable, so no look can be had without leaving a trace.
"""

from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.metadata import audit, break_glass, entries, users
from appliance.metadata.break_glass import Opening, Read
from appliance.metadata.entries import Entry, Folder
from appliance.metadata.store import Metadata, Tx
from appliance.metadata.users import User

OPEN_US = 15 * 60 * 1_000_000
SHORTEST_REASON, LONGEST_REASON = 10, 500
LONGEST_WHO = 100
READS_TOLD = 200


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a person is told of one look; `reads` are the newest of `read_count`."""

    opening: Opening
    read_count: int
    reads: list[Read]


class BreakGlass:
    """Looks into people's files. Every method raises PubkyError not_found for an unknown key."""

    def __init__(self, metadata: Metadata, clock: Clock) -> None:
        self._metadata = metadata
        self._clock = clock

    async def open(self, key: str, actor: str, reason: str, who: str = "") -> Opening:
        """Open a user's files for a quarter of an hour; raises PubkyError invalid.

        The reason is shown to the user as it is written. `who` is for programs that serve several
        operators: what they know of the one who asks.
        """
        reason = reason.strip()
        if len(who) > LONGEST_WHO or not who.isprintable():
            raise invalid(f"who has at most {LONGEST_WHO} printable characters")
        actor = f"{actor} ({who})" if who else actor
        if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON or not reason.isprintable():
            raise invalid(
                f"A reason has {SHORTEST_REASON} to {LONGEST_REASON} printable characters"
            )
        return await self._metadata.write(_open, key, actor, reason, self._clock())

    async def close(self, key: str) -> None:
        """End the look before its time."""
        await self._metadata.write(_close, key, self._clock())

    async def find_open(self, key: str) -> Opening | None:
        """The look that goes on now."""
        return await self._metadata.read(_find_open, key, self._clock())

    async def list(
        self, key: str, actor: str, directory: str, cursor: str | None, limit: int
    ) -> list[Entry | Folder]:
        """What lies directly in a folder; raises PubkyError forbidden when nothing is open."""
        await self._note(key, actor, directory)
        return await self._metadata.read(_list, key, directory, cursor, limit)

    async def find(self, key: str, actor: str, path: str) -> Entry:
        """A file; raises PubkyError forbidden when nothing is open."""
        await self._note(key, actor, path)
        found = await self._metadata.read(_find, key, path)
        if found is None:
            raise PubkyError("not_found", "There is no such file")
        return found

    async def _note(self, key: str, actor: str, path: str) -> None:
        await self._metadata.write(_note_read, key, actor, path, self._clock())


def announcements(tx: Tx, key: str, before_id: int | None, limit: int) -> list[Announcement]:
    """Transaction: what a user is told of looks into their files, newest first."""
    user = users.find(tx, key)
    openings = break_glass.page(tx, user.id, before_id, limit) if user else []
    return [
        Announcement(
            each, break_glass.count_reads(tx, each.id), break_glass.reads(tx, each.id, READS_TOLD)
        )
        for each in openings
    ]


def _known(tx: Tx, key: str) -> User:
    user = users.find(tx, key)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    return user


def _open(tx: Tx, key: str, actor: str, reason: str, now_us: int) -> Opening:
    return break_glass.add(tx, _known(tx, key).id, actor, reason, now_us, now_us + OPEN_US)


def _close(tx: Tx, key: str, now_us: int) -> None:
    break_glass.close(tx, _known(tx, key).id, now_us)


def _find_open(tx: Tx, key: str, now_us: int) -> Opening | None:
    return break_glass.find_open(tx, _known(tx, key).id, now_us)


def _note_read(tx: Tx, key: str, actor: str, path: str, now_us: int) -> None:
    opening = break_glass.find_open(tx, _known(tx, key).id, now_us)
    if opening is None:
        raise PubkyError("forbidden", "Nobody opened these files, or the time is over")
    break_glass.note_read(tx, opening.id, now_us, path)
    audit.append(tx, now_us, actor, "break_glass.read", f"{key}{path}", "noted")


def _list(tx: Tx, key: str, directory: str, cursor: str | None, limit: int) -> list[Entry | Folder]:
    user_id = _known(tx, key).id
    if directory == "/":
        roots = ("/priv/", "/pub/")
        return [Folder(root) for root in roots if entries.has_any_under(tx, user_id, root)]
    return entries.list_shallow(tx, user_id, directory, cursor, limit, reverse=False)


def _find(tx: Tx, key: str, path: str) -> Entry | None:
    return entries.find(tx, _known(tx, key).id, path)
