"""What people may learn of their own account: totals, history, credentials, search.

Any app sees no more than it was allowed: what is stored, now or before, is for sessions that may
read both trees; who else holds keys, only for those that may do everything (`/:rw`).
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.authorize import check_write
from appliance.homeserver.break_glass import Announcement, announcements
from appliance.homeserver.grants import GrantSession
from appliance.homeserver.own_access import ROOTS, holder, id_of, reader
from appliance.homeserver.own_facts import (
    Access,
    Breakdown,
    FlatPage,
    FolderPage,
    Found,
    Usage,
)
from appliance.homeserver.quotas import Quotas, quota_of_user
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import ActiveSession
from appliance.homeserver.storage import US_PER_DAY, StorageLimits, delete_entry
from appliance.metadata import entries, folders, own_files, own_history, search, users
from appliance.metadata.entries import Entry
from appliance.metadata.events import Author
from appliance.metadata.own_files import Child, Sorting, Sum, Twin
from appliance.metadata.own_history import Credential, Written
from appliance.metadata.search import Filters
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.paths import StoragePath

MOST_FOLDERS = 200
MOST_WORDS = 12
MOST_REMEMBERED = 100


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
        return await self._metadata.read(_usage, reader(session), self._quotas)

    async def breakdown(self, session: ActiveSession, *, may_be_old: bool) -> Breakdown:
        """Looks at every file of the account, once for each state that it is in.

        With `may_be_old` a count of the last day will do: who asks then would rather not wait.
        """
        owner, now_us = reader(session), self._clock()
        user = await self._metadata.peek(users.find, owner)
        state = user.last_write_us if user else None
        known = self._breakdowns.get(owner)
        if known is not None and known[0] == state:
            return known[1]
        if known is not None and may_be_old and now_us - known[1].counted_us < US_PER_DAY:
            return replace(known[1], is_current=False)
        # Two readers: each half looks at every file.
        rows, largest_and_twins = await asyncio.gather(
            self._metadata.read(_types_and_months, owner),
            self._metadata.read(_largest_and_twins, owner),
        )
        found = _breakdown(rows, *largest_and_twins, now_us)
        if len(self._breakdowns) >= MOST_REMEMBERED:
            self._breakdowns.clear()
        self._breakdowns[owner] = state, found
        return found

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
            reader(session),
            folder.text,
            sorting,
            limit,
            offset,
            descending=descending,
            name_part=name_part,
        )

    async def below(
        self,
        session: ActiveSession,
        folder: StoragePath,
        sorting: Sorting,
        limit: int,
        after: tuple[int, str] | None,
        *,
        descending: bool,
        name_part: str,
    ) -> FlatPage:
        """Some of the files at any depth below a folder, in order over all of them."""
        return await self._metadata.read(
            _below,
            reader(session),
            folder.text,
            sorting,
            limit,
            after,
            descending=descending,
            name_part=name_part,
        )

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
        found = await self._metadata.read(_access, holder(session), self._clock())
        return Access(*found, current=(kind, session.id))

    async def end_session(self, session: ActiveSession, session_id: int) -> None:
        """End one of the owner's cookie sessions at once; raises PubkyError not_found."""
        ended = await self._metadata.write(_end_session, holder(session), session_id, self._clock())
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
            _search, reader(session), words, filters, sorting, limit, offset
        )

    async def pointing_to(self, session: ActiveSession, target: str, limit: int) -> list[str]:
        """Paths of own objects that hold this address."""
        return await self._metadata.read(_pointing_to, reader(session), target, limit)

    async def pointing_to_each(
        self, session: ActiveSession, targets: list[str], limit: int
    ) -> list[list[str]]:
        """As `pointing_to`, for many addresses at once."""
        return await self._metadata.read(_pointing_to_each, reader(session), targets, limit)

    async def entries(self, session: ActiveSession, paths: list[str]) -> list[Entry | None]:
        """The files at these paths, None where nothing lies."""
        return await self._metadata.read(_entries, reader(session), paths)

    async def dangling(self, session: ActiveSession, limit: int) -> list[tuple[str, str]]:
        """Own objects that point to own paths where nothing lies: (path, target)."""
        return await self._metadata.read(_dangling, reader(session), limit)

    async def unreferenced(
        self, session: ActiveSession, folder: StoragePath, limit: int
    ) -> list[tuple[str, int, int]]:
        """Files below a folder that no own object points to: (path, bytes, changed)."""
        return await self._metadata.read(_unreferenced, reader(session), folder.text, limit)

    async def announcements(
        self, session: ActiveSession, before_id: int | None, limit: int
    ) -> list[Announcement]:
        """Looks of operators into the owner's files, newest first."""
        return await self._metadata.read(announcements, reader(session), before_id, limit)

    async def index_progress(self, session: ActiveSession) -> tuple[int, int, int]:
        """The event that the index is at, the newest one, and the owner's indexed files."""
        return await self._metadata.read(_progress, reader(session))


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


def _types_and_months(tx: Tx, owner: str) -> list[tuple[str, str, int, int]]:
    return own_files.by_type_and_month(tx, id_of(tx, owner))


def _largest_and_twins(tx: Tx, owner: str) -> tuple[list[Child], list[Twin]]:
    user_id = id_of(tx, owner)
    return own_files.largest(tx, user_id, 50), own_files.twins(tx, user_id, 50)


def _breakdown(
    rows: list[tuple[str, str, int, int]],
    largest: list[Child],
    twins: list[Twin],
    counted_us: int,
) -> Breakdown:
    types = _summed((kind, files, size) for kind, _, files, size in rows)
    months = _summed((month, files, size) for _, month, files, size in rows)
    return Breakdown(
        sorted(types, key=lambda each: (-each.size, each.name)),
        sorted(months, key=lambda each: each.name),
        largest,
        twins,
        counted_us,
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
    user_id = id_of(tx, owner)
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


def _below(
    tx: Tx,
    owner: str,
    folder: str,
    sorting: Sorting,
    limit: int,
    after: tuple[int, str] | None,
    *,
    descending: bool,
    name_part: str,
) -> FlatPage:
    user_id = id_of(tx, owner)
    totals = folders.find(tx, user_id, folder)
    order = own_files.Order(sorting, descending=descending)
    files = own_files.below(tx, user_id, folder, order, limit, after, name_part)
    if totals is None or not name_part:
        return FlatPage(totals, totals.file_count if totals else 0, files)
    return FlatPage(totals, own_files.count_below(tx, user_id, folder, name_part), files)


def _delete_below(
    tx: Tx, owner: str, folder: str, author: Author, limit: int, retirement_us: int, now_us: int
) -> tuple[int, bool]:
    found = entries.list_deep(tx, id_of(tx, owner), folder, None, limit + 1, reverse=False)
    for entry in found[:limit]:
        delete_entry(tx, owner, entry.path, author, retirement_us, now_us)
    return min(len(found), limit), len(found) > limit


def _access(
    tx: Tx, owner: str, now_us: int
) -> tuple[list[Credential], list[Credential], list[Written], dict[tuple[str, int], str]]:
    user_id = id_of(tx, owner)
    return (
        own_history.open_sessions(tx, user_id, now_us),
        own_history.open_grants(tx, user_id, now_us),
        own_history.written(tx, user_id),
        own_history.names_of(tx, user_id),
    )


def _end_session(tx: Tx, owner: str, session_id: int, now_us: int) -> bool:
    return own_history.end_session(tx, id_of(tx, owner), session_id, now_us)


def _search(
    tx: Tx,
    owner: str,
    words: list[str],
    filters: Filters,
    sorting: search.Sorting,
    limit: int,
    offset: int,
) -> Found:
    user_id = id_of(tx, owner)
    position, newest, _ = search.progress(tx, user_id)
    return Found(
        search.hits(tx, user_id, words, filters, sorting, limit, offset),
        search.facets(tx, user_id, words, filters),
        position,
        newest,
    )


def _pointing_to(tx: Tx, owner: str, target: str, limit: int) -> list[str]:
    return search.pointing_to(tx, id_of(tx, owner), target, limit)


def _pointing_to_each(tx: Tx, owner: str, targets: list[str], limit: int) -> list[list[str]]:
    user_id = id_of(tx, owner)
    return [search.pointing_to(tx, user_id, target, limit) for target in targets]


def _entries(tx: Tx, owner: str, paths: list[str]) -> list[Entry | None]:
    user_id = id_of(tx, owner)
    return [entries.find(tx, user_id, path) for path in paths]


def _dangling(tx: Tx, owner: str, limit: int) -> list[tuple[str, str]]:
    return search.dangling(tx, id_of(tx, owner), f"pubky://{owner}", limit)


def _unreferenced(tx: Tx, owner: str, folder: str, limit: int) -> list[tuple[str, int, int]]:
    return search.unreferenced(tx, id_of(tx, owner), f"pubky://{owner}", folder, limit)


def _progress(tx: Tx, owner: str) -> tuple[int, int, int]:
    return search.progress(tx, id_of(tx, owner))
