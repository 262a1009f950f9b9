"""What an operator may do about a user: suspend, take down a path, delete the account."""

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.storage import SHORTEST_RETIREMENT_US, delete_entry
from appliance.metadata import entries, grants, sessions, takedowns, users
from appliance.metadata.events import OPERATOR
from appliance.metadata.store import Metadata, Tx
from appliance.metadata.takedowns import Takedown
from appliance.metadata.users import User
from appliance.pubky.paths import StoragePath

# Files deleted in one transaction: other people's writes wait no longer than that takes.
BATCH = 200
LONGEST_REASON = 500
USAGE_FOLDERS = 200


class Moderation:
    """The operator's acts on users and what they store."""

    def __init__(self, metadata: Metadata, clock: Clock, revocations: Revocations) -> None:
        self._metadata = metadata
        self._clock = clock
        self._revocations = revocations

    async def suspend(self, key: str) -> None:
        """Refuse the user's sign-ins, and everybody's reads of their files.

        Ends their sessions and grants for good, and their open private streams at once. Raises
        PubkyError not_found.
        """
        for credential in await self._metadata.write(_suspend, key, self._clock()):
            self._revocations.announce(credential)

    async def unsuspend(self, key: str) -> None:
        """Undo `suspend`; the user signs in again. Raises PubkyError not_found."""
        await self._metadata.write(_unsuspend, key)

    async def remove_file(self, key: str, path: StoragePath) -> None:
        """Delete one file for good; raises PubkyError not_found."""
        await self._metadata.write(
            delete_entry, key, path.text, OPERATOR, SHORTEST_RETIREMENT_US, self._clock()
        )

    async def take_down(self, key: str, path: StoragePath, reason: str) -> int:
        """Delete a file, or everything in a folder, and refuse its return; returns how many.

        Raises PubkyError not_found for an unknown user, invalid for a path outside the two roots.
        """
        if not (path.is_public or path.is_private):
            raise invalid("The path must begin with /pub/ or /priv/")
        if len(reason) > LONGEST_REASON:
            raise invalid(f"A reason has at most {LONGEST_REASON} characters")
        # Writing is refused first, so that nothing comes back while the rest is deleted.
        await self._metadata.write(_block, key, path.text, reason, self._clock())
        if not path.is_directory:
            return await self._delete_all(key, [path.text])
        return await self._delete_under(key, path.text)

    async def lift(self, takedown_id: int) -> None:
        """Allow a path again; raises PubkyError not_found."""
        if not await self._metadata.write(takedowns.lift, takedown_id, self._clock()):
            raise PubkyError("not_found", "Not Found")

    async def takedowns(self, before_id: int | None, limit: int) -> list[Takedown]:
        """Paths that were taken down, newest first."""
        return await self._metadata.read(takedowns.page, before_id, limit)

    async def delete_account(self, key: str) -> int:
        """Delete every file, with an event for each, and then the account; returns how many files.

        The user is suspended first and the account goes last, so an interrupted deletion leaves a
        suspended user and can be run again. Raises PubkyError not_found.
        """
        await self.suspend(key)
        deleted = await self._delete_under(key, "/")
        await self._metadata.write(_mark_deleted, key, self._clock())
        return deleted

    async def usage(self, key: str) -> list[tuple[str, int, int]]:
        """Folder, files and bytes of each folder below the roots; raises PubkyError not_found."""
        return await self._metadata.read(_usage, key)

    async def _delete_under(self, key: str, directory: str) -> int:
        deleted = 0
        while paths := await self._metadata.read(_some_paths, key, directory):
            deleted += await self._delete_all(key, paths)
        return deleted

    async def _delete_all(self, key: str, paths: list[str]) -> int:
        return await self._metadata.write(_delete_entries, key, paths, self._clock())


def _known(tx: Tx, key: str) -> User:
    user = users.find(tx, key)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    return user


def _suspend(tx: Tx, key: str, now_us: int) -> list[str]:
    """The credentials that were open and ended here."""
    user = _known(tx, key)
    users.suspend(tx, user.id, now_us)
    ended = [f"session:{row_id}" for row_id in sessions.revoke_all(tx, user.id, now_us)]
    return ended + [f"grant:{row_id}" for row_id in grants.revoke_all(tx, user.id, now_us)]


def _unsuspend(tx: Tx, key: str) -> None:
    users.unsuspend(tx, _known(tx, key).id)


def _block(tx: Tx, key: str, path: str, reason: str, now_us: int) -> None:
    takedowns.add(tx, _known(tx, key).id, path, reason, now_us)


def _some_paths(tx: Tx, key: str, directory: str) -> list[str]:
    user = users.find(tx, key)
    if user is None:
        return []
    found = entries.list_deep(tx, user.id, directory, None, BATCH, reverse=False)
    return [entry.path for entry in found]


def _delete_entries(tx: Tx, key: str, paths: list[str], now_us: int) -> int:
    user = _known(tx, key)
    present = [path for path in paths if entries.find(tx, user.id, path)]
    for path in present:
        delete_entry(tx, key, path, OPERATOR, SHORTEST_RETIREMENT_US, now_us)
    return len(present)


def _mark_deleted(tx: Tx, key: str, now_us: int) -> None:
    users.mark_deleted(tx, _known(tx, key).id, now_us)


def _usage(tx: Tx, key: str) -> list[tuple[str, int, int]]:
    user = _known(tx, key)
    found = []
    for root in ("/pub/", "/priv/"):
        for item in entries.list_shallow(tx, user.id, root, None, USAGE_FOLDERS, reverse=False):
            if isinstance(item, entries.Folder):
                files, size = entries.usage_under(tx, user.id, item.path)
                found.append((item.path, files, size))
            else:
                found.append((item.path, 1, item.content_length))
    return found
