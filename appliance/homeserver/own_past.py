"""What people may learn of the past of their files: changes, old versions, how it once was."""

from appliance.clock import Clock
from appliance.homeserver.own_access import id_of, reader
from appliance.homeserver.own_facts import PastFolder, Versions
from appliance.homeserver.sessions import ActiveSession
from appliance.metadata import own_history, own_past
from appliance.metadata.own_history import OwnEvent, Retired
from appliance.metadata.own_past import Difference, PastFile
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.paths import StoragePath


class OwnPast:
    """Answers to owners; all raise PubkyError forbidden for sessions that are for less."""

    def __init__(self, metadata: Metadata, retirement_us: int, clock: Clock) -> None:
        self._metadata = metadata
        self._retirement_us = retirement_us
        self._clock = clock

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
            _events, reader(session), before_id, limit, folder=folder, kind=kind, writer=writer
        )

    async def names(self, session: ActiveSession) -> dict[tuple[str, int], str]:
        """What every writer of the account calls itself, also those that can no more write."""
        return await self._metadata.read(_names, reader(session))

    async def versions(self, session: ActiveSession, path: StoragePath) -> Versions:
        """What became of one path."""
        return await self._metadata.read(_versions, reader(session), path.text)

    async def trash(self, session: ActiveSession, limit: int, offset: int) -> list[Retired]:
        """Old versions, the latest first."""
        return await self._metadata.read(_trash, reader(session), limit, offset)

    async def find_retired(self, session: ActiveSession, blob_id: str) -> Retired | None:
        """One old version."""
        return await self._metadata.read(_find_retired, reader(session), blob_id)

    async def folder(
        self, session: ActiveSession, folder: StoragePath, at_us: int, limit: int, offset: int
    ) -> PastFolder:
        """One page of a folder, by name, as it was at a time."""
        # Older bytes may be there all the same, if the time that they are kept was longer once.
        kept_since_us = max(self._clock() - self._retirement_us, 0)
        return await self._metadata.read(
            _folder, reader(session), folder.text, at_us, limit, offset, kept_since_us
        )

    async def file(self, session: ActiveSession, path: StoragePath, at_us: int) -> PastFile | None:
        """What lay at a path at a time, if its bytes can still be had."""
        return await self._metadata.read(_file, reader(session), path.text, at_us)

    async def differences(
        self, session: ActiveSession, folder: StoragePath, at_us: int, cursor: str, limit: int
    ) -> list[Difference]:
        """What is different now from then below a folder, in path order, behind a path."""
        return await self._metadata.read(
            _differences, reader(session), folder.text, at_us, cursor, limit
        )

    async def difference_totals(
        self, session: ActiveSession, folder: StoragePath, at_us: int
    ) -> tuple[int, int, int]:
        """How many files to put back, their bytes, and how many were not there yet."""
        return await self._metadata.read(_difference_totals, reader(session), folder.text, at_us)


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
    user_id = id_of(tx, owner)
    return own_history.events(
        tx, user_id, before_id, limit, folder=folder, kind=kind, writer=writer
    )


def _names(tx: Tx, owner: str) -> dict[tuple[str, int], str]:
    return own_history.names_of(tx, id_of(tx, owner))


def _versions(tx: Tx, owner: str, path: str) -> Versions:
    user_id = id_of(tx, owner)
    return Versions(
        own_history.retired_at(tx, user_id, path, 100),
        own_history.events_at(tx, user_id, path, 100),
        own_history.names_of(tx, user_id),
    )


def _trash(tx: Tx, owner: str, limit: int, offset: int) -> list[Retired]:
    return own_history.trash(tx, id_of(tx, owner), limit, offset)


def _find_retired(tx: Tx, owner: str, blob_id: str) -> Retired | None:
    return own_history.find_retired(tx, id_of(tx, owner), blob_id)


def _folder(
    tx: Tx, owner: str, folder: str, at_us: int, limit: int, offset: int, kept_since_us: int
) -> PastFolder:
    user_id = id_of(tx, owner)
    names, files, size = own_past.totals(tx, user_id, folder, at_us)
    lost = own_past.lost(tx, user_id, folder, at_us, limit)
    return PastFolder(
        names,
        files,
        size,
        own_past.children(tx, user_id, folder, at_us, limit, offset),
        own_past.count_lost(tx, user_id, folder, at_us) if len(lost) == limit else len(lost),
        lost,
        kept_since_us,
    )


def _file(tx: Tx, owner: str, path: str, at_us: int) -> PastFile | None:
    return own_past.find(tx, id_of(tx, owner), path, at_us)


def _differences(
    tx: Tx, owner: str, folder: str, at_us: int, cursor: str, limit: int
) -> list[Difference]:
    return own_past.differences(tx, id_of(tx, owner), folder, at_us, cursor, limit)


def _difference_totals(tx: Tx, owner: str, folder: str, at_us: int) -> tuple[int, int, int]:
    return own_past.difference_totals(tx, id_of(tx, owner), folder, at_us)
