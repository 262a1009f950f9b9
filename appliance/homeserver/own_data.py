"""What people may learn of their own account: totals, history, credentials, search.

Any app sees no more than it was allowed: what is stored, now or before, is for sessions that may
read both trees; who else holds keys, only for those that may do everything (`/:rw`).
"""

from collections.abc import Iterable

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.authorize import check_write
from appliance.homeserver.break_glass import Announcement, announcements
from appliance.homeserver.grants import GrantSession
from appliance.homeserver.own_facts import Access, Breakdown, FolderPage, Found, Usage, Versions
from appliance.homeserver.quotas import Quotas, quota_of_user
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import ActiveSession
from appliance.homeserver.storage import StorageLimits, delete_entry
from appliance.metadata import entries, folders, own_files, own_history, search, users
from appliance.metadata.entries import Entry
from appliance.metadata.events import Author
from appliance.metadata.own_files import Sorting, Sum
from appliance.metadata.own_history import Credential, OwnEvent, Retired, Written
from appliance.metadata.search import Filters
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.capabilities import is_root
from appliance.pubky.paths import StoragePath

MOST_FOLDERS = 200
MOST_WORDS = 12
MOST_REMEMBERED = 100
ROOTS = ("/pub/", "/priv/")


class OwnData:
    """Answers to owners; all raise PubkyError forbidden for sessions that are for less."""

    def __init__(
        self,
        metadata: Metadata,
        limits: StorageLimits,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._metadata = metadata
        self._retirement_us = limits.retirement_us
        self._quotas = limits.quotas
        self._breakdowns: dict[str, tuple[int | None, Breakdown]] = {}
        self._revocations = revocations
        self._clock = clock

    async def usage(self, session: ActiveSession) -> Usage:
        """Totals, quota and apps."""
        return await self._metadata.read(_usage, _reader(session), self._quotas)

    async def breakdown(self, session: ActiveSession) -> Breakdown:
        """Looks at every file of the account, once for each state that it is in."""
        owner = _reader(session)
        user = await self._metadata.peek(users.find, owner)
        state = user.last_write_us if user else None
        known = self._breakdowns.get(owner)
        if known is None or known[0] != state:
            known = state, await self._metadata.read(_breakdown, owner)
            if len(self._breakdowns) >= MOST_REMEMBERED:
                self._breakdowns.clear()
            self._breakdowns[owner] = known
        return known[1]

    async def folder(
        self,
        session: ActiveSession,
        folder: StoragePath,
        sorting: Sorting,
        limit: int,
        offset: int,
        *,
        descending: bool,
        name_part: str,
    ) -> FolderPage:
        """One page of a folder, in order over the whole folder."""
        return await self._metadata.read(
            _folder,
            _reader(session),
            folder.text,
            sorting,
            limit,
            offset,
            descending=descending,
            name_part=name_part,
        )

    async def events(
        self,
        session: ActiveSession,
        before_id: int | None,
        limit: int,
        *,
        folder: str,
        kind: str | None,
        writer: tuple[str, int] | None,
    ) -> list[OwnEvent]:
        """Changes, newest first, with their writers."""
        return await self._metadata.read(
            _events, _reader(session), before_id, limit, folder=folder, kind=kind, writer=writer
        )

    async def names(self, session: ActiveSession) -> dict[tuple[str, int], str]:
        """What every writer of the account calls itself, also those that can no more write."""
        return await self._metadata.read(_names, _reader(session))

    async def versions(self, session: ActiveSession, path: StoragePath) -> Versions:
        """What became of one path."""
        return await self._metadata.read(_versions, _reader(session), path.text)

    async def trash(self, session: ActiveSession, limit: int, offset: int) -> list[Retired]:
        """Old versions, the latest first."""
        return await self._metadata.read(_trash, _reader(session), limit, offset)

    async def find_retired(self, session: ActiveSession, blob_id: str) -> Retired | None:
        """One old version."""
        return await self._metadata.read(_find_retired, _reader(session), blob_id)

    async def delete_below(
        self, session: ActiveSession, folder: StoragePath, limit: int
    ) -> tuple[int, bool]:
        """Delete at most `limit` files below a folder; how many, and whether more are left.

        Each is one transaction's change and has its event, as if its client had deleted it. Raises
        PubkyError forbidden.
        """
        check_write(folder, session.user, session)
        return await self._metadata.write(
            _delete_below,
            session.user.z32,
            folder.text,
            session.author,
            limit,
            self._retirement_us,
            self._clock(),
        )

    async def access(self, session: ActiveSession) -> Access:
        """Open credentials and everybody who ever wrote."""
        kind = "grant" if isinstance(session, GrantSession) else "session"
        found = await self._metadata.read(_access, _owner(session), self._clock())
        return Access(*found, current=(kind, session.id))

    async def end_session(self, session: ActiveSession, session_id: int) -> None:
        """End one of the owner's cookie sessions at once; raises PubkyError not_found."""
        ended = await self._metadata.write(_end_session, _owner(session), session_id, self._clock())
        if not ended:
            raise PubkyError("not_found", "There is no such open session")
        self._revocations.announce(f"session:{session_id}")

    async def search(
        self,
        session: ActiveSession,
        text: str,
        filters: Filters,
        sorting: search.Sorting,
        limit: int,
        offset: int,
    ) -> Found:
        """Files that hold all of these words; raises PubkyError invalid for too many."""
        words = text.split()
        if len(words) > MOST_WORDS:
            raise invalid(f"Search for at most {MOST_WORDS} words")
        return await self._metadata.read(
            _search, _reader(session), words, filters, sorting, limit, offset
        )

    async def pointing_to(self, session: ActiveSession, target: str, limit: int) -> list[str]:
        """Paths of own objects that hold this address."""
        return await self._metadata.read(_pointing_to, _reader(session), target, limit)

    async def pointing_to_each(
        self, session: ActiveSession, targets: list[str], limit: int
    ) -> list[list[str]]:
        """As `pointing_to`, for many addresses at once."""
        return await self._metadata.read(_pointing_to_each, _reader(session), targets, limit)

    async def entries(self, session: ActiveSession, paths: list[str]) -> list[Entry | None]:
        """The files at these paths, None where nothing lies."""
        return await self._metadata.read(_entries, _reader(session), paths)

    async def dangling(self, session: ActiveSession, limit: int) -> list[tuple[str, str]]:
        """Own objects that point to own paths where nothing lies: (path, target)."""
        return await self._metadata.read(_dangling, _reader(session), limit)

    async def unreferenced(
        self, session: ActiveSession, folder: StoragePath, limit: int
    ) -> list[tuple[str, int, int]]:
        """Files below a folder that no own object points to: (path, bytes, changed)."""
        return await self._metadata.read(_unreferenced, _reader(session), folder.text, limit)

    async def announcements(
        self, session: ActiveSession, before_id: int | None, limit: int
    ) -> list[Announcement]:
        """Looks of operators into the owner's files, newest first."""
        return await self._metadata.read(announcements, _reader(session), before_id, limit)

    async def index_progress(self, session: ActiveSession) -> tuple[int, int, int]:
        """The event that the index is at, the newest one, and the owner's indexed files."""
        return await self._metadata.read(_progress, _reader(session))


def _reader(session: ActiveSession) -> str:
    if not all(
        any(capability.covers(root, write=False) for capability in session.capabilities)
        for root in ROOTS
    ):
        raise PubkyError("forbidden", "Session may not read everything")
    return session.user.z32


def _owner(session: ActiveSession) -> str:
    if not is_root(session.capabilities):
        raise PubkyError("forbidden", "Root capability required")
    return session.user.z32


def _id(tx: Tx, owner: str) -> int:
    user = users.find(tx, owner)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    return user.id


def _usage(tx: Tx, owner: str, quotas: Quotas) -> Usage:
    user = users.find(tx, owner)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    totals = folders.find(tx, user.id, "/")
    trash_count, trash_bytes = own_history.trash_totals(tx, user.id)
    return Usage(
        totals.file_count if totals else 0,
        totals.total_bytes if totals else 0,
        user.used_bytes,
        quotas.storage_limit(quota_of_user(tx, user.id)),
        [app for root in ROOTS for app in folders.children(tx, user.id, root)],
        folders.below(tx, user.id, MOST_FOLDERS),
        trash_count,
        trash_bytes,
    )


def _breakdown(tx: Tx, owner: str) -> Breakdown:
    user_id = _id(tx, owner)
    rows = own_files.by_type_and_month(tx, user_id)
    types = _summed((kind, files, size) for kind, _, files, size in rows)
    months = _summed((month, files, size) for _, month, files, size in rows)
    return Breakdown(
        sorted(types, key=lambda each: (-each.size, each.name)),
        sorted(months, key=lambda each: each.name),
        own_files.largest(tx, user_id, 50),
        own_files.twins(tx, user_id, 50),
    )


def _summed(rows: Iterable[tuple[str, int, int]]) -> list[Sum]:
    sums: dict[str, tuple[int, int]] = {}
    for name, files, size in rows:
        before = sums.get(name, (0, 0))
        sums[name] = before[0] + files, before[1] + size
    return [Sum(name, *both) for name, both in sums.items()]


def _folder(
    tx: Tx,
    owner: str,
    folder: str,
    sorting: Sorting,
    limit: int,
    offset: int,
    *,
    descending: bool,
    name_part: str,
) -> FolderPage:
    user_id = _id(tx, owner)
    return FolderPage(
        folders.find(tx, user_id, folder),
        own_files.count_children(tx, user_id, folder, name_part),
        own_files.children(
            tx,
            user_id,
            folder,
            sorting,
            limit,
            offset,
            descending=descending,
            name_part=name_part,
        ),
    )


def _events(
    tx: Tx,
    owner: str,
    before_id: int | None,
    limit: int,
    *,
    folder: str,
    kind: str | None,
    writer: tuple[str, int] | None,
) -> list[OwnEvent]:
    user_id = _id(tx, owner)
    return own_history.events(
        tx, user_id, before_id, limit, folder=folder, kind=kind, writer=writer
    )


def _names(tx: Tx, owner: str) -> dict[tuple[str, int], str]:
    return own_history.names_of(tx, _id(tx, owner))


def _versions(tx: Tx, owner: str, path: str) -> Versions:
    user_id = _id(tx, owner)
    return Versions(
        own_history.retired_at(tx, user_id, path, 100),
        own_history.events_at(tx, user_id, path, 100),
        own_history.names_of(tx, user_id),
    )


def _trash(tx: Tx, owner: str, limit: int, offset: int) -> list[Retired]:
    return own_history.trash(tx, _id(tx, owner), limit, offset)


def _find_retired(tx: Tx, owner: str, blob_id: str) -> Retired | None:
    return own_history.find_retired(tx, _id(tx, owner), blob_id)


def _delete_below(
    tx: Tx, owner: str, folder: str, author: Author, limit: int, retirement_us: int, now_us: int
) -> tuple[int, bool]:
    found = entries.list_deep(tx, _id(tx, owner), folder, None, limit + 1, reverse=False)
    for entry in found[:limit]:
        delete_entry(tx, owner, entry.path, author, retirement_us, now_us)
    return min(len(found), limit), len(found) > limit


def _access(
    tx: Tx, owner: str, now_us: int
) -> tuple[list[Credential], list[Credential], list[Written], dict[tuple[str, int], str]]:
    user_id = _id(tx, owner)
    return (
        own_history.open_sessions(tx, user_id, now_us),
        own_history.open_grants(tx, user_id, now_us),
        own_history.written(tx, user_id),
        own_history.names_of(tx, user_id),
    )


def _end_session(tx: Tx, owner: str, session_id: int, now_us: int) -> bool:
    return own_history.end_session(tx, _id(tx, owner), session_id, now_us)


def _search(
    tx: Tx,
    owner: str,
    words: list[str],
    filters: Filters,
    sorting: search.Sorting,
    limit: int,
    offset: int,
) -> Found:
    user_id = _id(tx, owner)
    position, newest, _ = search.progress(tx, user_id)
    return Found(
        search.hits(tx, user_id, words, filters, sorting, limit, offset),
        search.facets(tx, user_id, words, filters),
        position,
        newest,
    )


def _pointing_to(tx: Tx, owner: str, target: str, limit: int) -> list[str]:
    return search.pointing_to(tx, _id(tx, owner), target, limit)


def _pointing_to_each(tx: Tx, owner: str, targets: list[str], limit: int) -> list[list[str]]:
    user_id = _id(tx, owner)
    return [search.pointing_to(tx, user_id, target, limit) for target in targets]


def _entries(tx: Tx, owner: str, paths: list[str]) -> list[Entry | None]:
    user_id = _id(tx, owner)
    return [entries.find(tx, user_id, path) for path in paths]


def _dangling(tx: Tx, owner: str, limit: int) -> list[tuple[str, str]]:
    return search.dangling(tx, _id(tx, owner), f"pubky://{owner}", limit)


def _unreferenced(tx: Tx, owner: str, folder: str, limit: int) -> list[tuple[str, int, int]]:
    return search.unreferenced(tx, _id(tx, owner), f"pubky://{owner}", folder, limit)


def _progress(tx: Tx, owner: str) -> tuple[int, int, int]:
    return search.progress(tx, _id(tx, owner))
