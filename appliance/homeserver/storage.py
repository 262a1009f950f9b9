"""Reading, listing, writing and deleting files: what must be true, and what becomes true together.

Bytes go to the blob store first, under a fresh name; the transaction points the row at them. No
reader sees bytes that do not belong to the row it read, and a failed commit leaves only a blob
that no row knows, which the sweep removes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from appliance.blobs.store import Blob, BlobStore
from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.homeserver.disk_guard import DiskGuard
from appliance.homeserver.quotas import (
    BYTES_CHARGED_PER_FILE,
    Quotas,
    largest_length,
    quota_of_user,
)
from appliance.metadata import entries, events, retired_blobs, takedowns, users
from appliance.metadata.entries import Entry, Folder
from appliance.metadata.events import OPERATOR, Author
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.content_hash import ContentHash
from appliance.pubky.content_types import detect_content_type
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import StoragePath
from appliance.pubky.preconditions import Precondition

# A reader who looked up a row just before it was replaced still gets its bytes.
SHORTEST_RETIREMENT_US = 10 * 60 * 1_000_000
US_PER_DAY = 86_400 * 1_000_000
WRITE_NOT_ALLOWED = "Write to this path is not allowed"


@dataclass(frozen=True, slots=True)
class StorageLimits:
    """What one node allows; `max_upload_bytes` None means no ceiling."""

    quotas: Quotas
    trash_days: int = 30
    max_upload_bytes: int | None = None

    @property
    def retirement_us(self) -> int:
        """How long replaced bytes are kept."""
        return max(self.trash_days * US_PER_DAY, SHORTEST_RETIREMENT_US)


class Storage:
    """The files of every user."""

    def __init__(
        self,
        metadata: Metadata,
        blobs: BlobStore,
        clock: Clock,
        limits: StorageLimits,
        disk: DiskGuard,
    ) -> None:
        self._metadata = metadata
        self.blobs = blobs
        self._clock = clock
        self._limits = limits
        self._disk = disk

    @property
    def limits(self) -> StorageLimits:
        """What this node allows."""
        return self._limits

    async def find(self, owner: PublicKey, path: StoragePath) -> Entry | None:
        """The file at this path; None when there is none, or no such user.

        Raises PubkyError forbidden when the user is suspended.
        """
        entry = await self._metadata.peek(entries.find_of_key, owner.z32, path.text)
        if entry is None:
            await self._metadata.peek(refuse_suspended, owner.z32)
        return entry

    async def user_exists(self, owner: PublicKey) -> bool:
        """Whether this key signed up here."""
        return await self._metadata.peek(users.find, owner.z32) is not None

    async def directory_exists(self, owner: PublicKey, directory: StoragePath) -> bool:
        """Whether some file lies under this directory; raises PubkyError as `find`."""
        await self._metadata.peek(refuse_suspended, owner.z32)
        return await self._metadata.peek(_directory_exists, owner.z32, directory.text)

    async def find_for_operator(self, owner: PublicKey, path: StoragePath) -> Entry | None:
        """As `find`, also for suspended users."""
        return await self._metadata.peek(_find_any, owner.z32, path.text)

    async def directory_exists_for_operator(self, owner: PublicKey, directory: StoragePath) -> bool:
        """As `directory_exists`, also for suspended users."""
        return await self._metadata.peek(_directory_exists, owner.z32, directory.text)

    async def list(
        self,
        owner: PublicKey,
        directory: StoragePath,
        cursor: str | None,
        limit: int,
        *,
        reverse: bool,
        shallow: bool,
    ) -> list[Entry | Folder]:
        """Files under a directory, or its direct children when shallow, in path order."""
        return await self._metadata.read(
            _list, owner.z32, directory.text, cursor, limit, reverse=reverse, shallow=shallow
        )

    async def write(
        self,
        owner: PublicKey,
        path: StoragePath,
        author: Author,
        declared_bytes: int | None,
        chunks: AsyncIterator[bytes],
        condition: Precondition | None = None,
    ) -> ContentHash:
        """Store a file durably (client API 7, from step 4 on); its hash.

        Raises PubkyError not_found, forbidden, conflict, precondition_failed, too_large or
        over_quota; then, and when the stream raises, nothing is stored and the old version stays.
        """
        self._check_size(declared_bytes)
        place = await self._metadata.peek(
            _find_place, owner.z32, path, author, self._limits.quotas, declared_bytes
        )
        _check_condition(condition, place.old)
        self._disk.check(declared_bytes or 0)
        blob = await self.blobs.write(self._within_limits(chunks, place.max_bytes))
        try:
            await self._metadata.write(
                _put_entry,
                owner.z32,
                path,
                blob,
                detect_content_type(blob.head, blob.size, path.name),
                author,
                self._limits,
                self._clock(),
                condition=condition,
            )
        except PubkyError:
            # A refusal was rolled back, so no row knows the blob. Any other end (the client left,
            # say) may come after the commit: then only the sweep may judge.
            await self.blobs.delete(blob.id)
            raise
        return blob.content_hash

    async def delete(self, owner: PublicKey, path: StoragePath, author: Author) -> None:
        """Delete a file (client API 8); raises PubkyError not_found or forbidden."""
        await self._metadata.write(
            delete_entry,
            owner.z32,
            path.text,
            author,
            self._limits.retirement_us,
            self._clock(),
        )

    async def move(
        self, owner: PublicKey, path: StoragePath, to_owner: PublicKey, to_path: StoragePath
    ) -> None:
        """Operator: give a file another place, with events for both ends.

        Raises PubkyError not_found, and forbidden for a move onto itself.
        """
        await self._metadata.write(
            _move_entry,
            owner.z32,
            path.text,
            to_owner.z32,
            to_path,
            self._limits.retirement_us,
            self._clock(),
        )

    def _check_size(self, size: int | None) -> None:
        limit = self._limits.max_upload_bytes
        if size is not None and limit is not None and size > limit:
            raise PubkyError("too_large", f"This server takes at most {limit} bytes in one file")

    async def _within_limits(
        self, chunks: AsyncIterator[bytes], max_bytes: int | None
    ) -> AsyncIterator[bytes]:
        """The chunks, until they are more than may be stored: a client can say any length."""
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            self._check_size(size)
            _check_quota(size, max_bytes)
            self._disk.check(0)
            yield chunk


def _check_quota(size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise PubkyError("over_quota", "Disk space quota exceeded")


def _check_condition(condition: Precondition | None, old: Entry | None) -> None:
    if condition is not None and not condition.is_met(old.content_hash if old else None):
        raise PubkyError("precondition_failed", "The file is not what the condition asks for")


def refuse_suspended(tx: Tx, owner: str) -> None:
    """Raises PubkyError forbidden when the operator suspended this user."""
    user = users.find(tx, owner)
    if user is not None and user.suspended:
        raise PubkyError("forbidden", "User is suspended")


def _find_any(tx: Tx, owner: str, path: str) -> Entry | None:
    user = users.find(tx, owner)
    return entries.find(tx, user.id, path) if user else None


def _directory_exists(tx: Tx, owner: str, directory: str) -> bool:
    user = users.find(tx, owner)
    return user is not None and entries.has_any_under(tx, user.id, directory)


def _list(
    tx: Tx,
    owner: str,
    directory: str,
    cursor: str | None,
    limit: int,
    *,
    reverse: bool,
    shallow: bool,
) -> list[Entry | Folder]:
    user = users.find(tx, owner)
    if user is None:
        return []
    if shallow:
        return entries.list_shallow(tx, user.id, directory, cursor, limit, reverse=reverse)
    return list(entries.list_deep(tx, user.id, directory, cursor, limit, reverse=reverse))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file may be put, what is there now, and the longest that fits (None: any)."""

    user: users.User
    old: Entry | None
    max_bytes: int | None


def _find_place(
    tx: Tx, owner: str, path: StoragePath, author: Author, quotas: Quotas, size: int | None
) -> _Place:
    """Steps 4 to 8 of client API 7; before the body is read with the length that the client
    declares, if any, and again at the end with the real one.

    The operator repairs what users cannot: a disabled user's data, and files that stand where a
    folder of the same name does (operator API 2.8).
    """
    user = users.find(tx, owner)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    by_operator = author == OPERATOR
    # An upload may have begun before: nothing of it may land in an account that is being deleted.
    if user.suspended and not by_operator:
        raise PubkyError("forbidden", "User is suspended")
    if user.disabled and not by_operator:
        raise PubkyError("forbidden", "User is disabled")
    quota = quota_of_user(tx, user.id)
    old = entries.find(tx, user.id, path.text)
    limit_bytes = quotas.storage_limit(quota)
    max_bytes = None
    if limit_bytes is not None:
        old_length = old.content_length if old else None
        max_bytes = largest_length(limit_bytes, user.used_bytes, old_length)
    _check_quota(size or 0, max_bytes)
    place = _Place(user, old, max_bytes)
    if by_operator:
        return place
    if not quota.allows_writing_to(path.text):
        raise PubkyError("forbidden", WRITE_NOT_ALLOWED)
    if takedowns.covers(tx, user.id, path.text):
        raise PubkyError("forbidden", "This path was taken down by the operator")
    if entries.has_any_under(tx, user.id, path.text + "/") or entries.has_any_of(
        tx, user.id, list(path.ancestors())
    ):
        raise PubkyError("conflict", "File/folder path collision")
    return place


def _put_entry(
    tx: Tx,
    owner: str,
    path: StoragePath,
    blob: Blob,
    content_type: str,
    author: Author,
    limits: StorageLimits,
    now_us: int,
    *,
    condition: Precondition | None,
) -> None:
    place = _find_place(tx, owner, path, author, limits.quotas, blob.size)
    user, old = place.user, place.old
    # In the transaction of the write: of many writers with the same condition, one gets in.
    _check_condition(condition, old)
    entries.upsert(
        tx,
        user.id,
        Entry(
            path.text,
            blob.id,
            blob.content_hash.raw,
            blob.size,
            content_type,
            now_us,
            now_us,
        ),
    )
    if old is None:
        charge, new_entries = blob.size + BYTES_CHARGED_PER_FILE, 1
    else:
        charge, new_entries = blob.size - old.content_length, 0
        retired_blobs.retire(tx, user.id, old, now_us + limits.retirement_us, now_us)
    users.add_usage(tx, user.id, charge, new_entries, now_us)
    tx.order_events()
    events.append(tx, user.id, "PUT", path.text, blob.content_hash.raw, author, now_us)


def delete_entry(
    tx: Tx, owner: str, path: str, author: Author, retirement_us: int, now_us: int
) -> None:
    """Transaction: remove a file's row, retire its bytes, log it (client API 8).

    Raises PubkyError not_found or forbidden.
    """
    user = users.find(tx, owner)
    old = entries.find(tx, user.id, path) if user else None
    if user is None or old is None:
        raise PubkyError("not_found", "Not Found")
    if author != OPERATOR and not quota_of_user(tx, user.id).allows_writing_to(path):
        raise PubkyError("forbidden", WRITE_NOT_ALLOWED)
    entries.delete(tx, user.id, path)
    retired_blobs.retire(tx, user.id, old, now_us + retirement_us, now_us)
    users.add_usage(tx, user.id, -(old.content_length + BYTES_CHARGED_PER_FILE), -1, now_us)
    tx.order_events()
    events.append(tx, user.id, "DEL", path, None, author, now_us)


def _move_entry(
    tx: Tx,
    owner: str,
    path: str,
    to_owner: str,
    to_path: StoragePath,
    retirement_us: int,
    now_us: int,
) -> None:
    """The bytes stay where they are; the row moves, and both ends are logged.

    Quotas do not hold the operator back here: nothing more is stored than before.
    """
    user = users.find(tx, owner)
    entry = entries.find(tx, user.id, path) if user else None
    if user is None or entry is None:
        raise PubkyError("not_found", "Not Found")
    if (owner, path) == (to_owner, to_path.text):
        raise PubkyError("forbidden", "A file cannot be moved onto itself")
    target = users.find(tx, to_owner)
    if target is None:
        raise PubkyError("not_found", "Not Found")
    replaced = entries.find(tx, target.id, to_path.text)
    entries.delete(tx, user.id, path)
    entries.upsert(tx, target.id, replace(entry, path=to_path.text, modified_us=now_us))
    users.add_usage(tx, user.id, -(entry.content_length + BYTES_CHARGED_PER_FILE), -1, now_us)
    charge, new_entries = entry.content_length + BYTES_CHARGED_PER_FILE, 1
    if replaced is not None:
        charge, new_entries = entry.content_length - replaced.content_length, 0
        retired_blobs.retire(tx, target.id, replaced, now_us + retirement_us, now_us)
    users.add_usage(tx, target.id, charge, new_entries, now_us)
    tx.order_events()
    events.append(tx, user.id, "DEL", path, None, OPERATOR, now_us)
    events.append(tx, target.id, "PUT", to_path.text, entry.content_hash, OPERATOR, now_us)
