"""Puts the lives into a node, by the homeserver's own transactions, each act at its moment.

The clock of the node stays where it is: every transaction is told its time. Bytes are stored first
and rows in batches, as the node itself does under load, so that a life takes seconds.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from appliance.blobs.files import FileBlobs
from appliance.blobs.store import Blob, BlobStore, blobs_folder
from appliance.config import DefaultQuotas, General
from appliance.config import Storage as StorageSettings
from appliance.homeserver import storage
from appliance.homeserver.quotas import Quotas
from appliance.homeserver.storage import StorageLimits
from appliance.metadata import quotas, users
from appliance.metadata.quotas import QuotaColumns
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.content_types import detect_content_type
from appliance.pubky.paths import StoragePath
from tests.sample_life import ada, bo, credentials, history, people
from tests.sample_life.acts import Act
from tests.sample_life.credentials import Authors
from tests.sample_life.lives import LIVES
from tests.sample_life.people import EVERYBODY_QUICK, Name

# Rows of one transaction, and the bytes that wait for it at most.
BATCH_ACTS = 250
BATCH_BYTES = 8_000_000
_BLOBS_AT_ONCE = 16

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """The rows and bytes of a node that may be running; `homeserver` is the node's key."""

    metadata: Metadata
    blobs: BlobStore
    homeserver: str


@asynccontextmanager
async def opened_place(data_dir: Path, homeserver: str) -> AsyncIterator[Place]:
    """The rows and bytes of a node that is not running yet, in its default places."""
    database = General().database_url.removeprefix("sqlite:")
    folder = blobs_folder(StorageSettings().blobs, data_dir)
    metadata = await open_sqlite(data_dir / database, durable=False)
    try:
        yield Place(metadata, FileBlobs(folder, durable=False), homeserver)
    finally:
        await metadata.close()


async def fill(
    place: Place,
    names: Sequence[Name] = EVERYBODY_QUICK,
    *,
    with_largest: bool = False,
    say: Say = lambda _line: None,
) -> None:
    """Let these people have lived on this node; once, for it has one history.

    `with_largest` gives Ada a file of a hundred megabytes, too. `say` is given a line now and then.
    Raises ValueError when the node was filled before or knows one of them, and PubkyError when a
    life breaks a rule of the node.
    """
    say("invites, grants and sessions")
    await place.metadata.write(history.write_invites)
    authors = {name: await place.metadata.write(_join, name) for name in names}
    await _live(place, _told_together(names), authors, say)
    if with_largest and "ada" in names:
        told: list[tuple[Name, Act]] = [("ada", act) for act in ada.largest_upload()]
        await _live(place, told, authors, say)
    say("what the node remembers")
    await place.metadata.write(history.write_samples, place.homeserver, names)
    await place.metadata.write(history.write_acts_of_operators, names)


def _join(tx: Tx, name: Name) -> Authors:
    user_id = users.create(tx, people.key(name), LIVES[name].joined_us)
    if user_id is None:
        raise ValueError(f"{name} was here before")
    if name == "bo":
        quotas.set_of_user(tx, user_id, QuotaColumns(storage_mb=bo.QUOTA_MB))
    return credentials.give(tx, name, user_id)


async def _live(
    place: Place, told: Iterable[tuple[Name, Act]], authors: dict[Name, Authors], say: Say
) -> None:
    limits = StorageLimits(Quotas(place.metadata, None, DefaultQuotas()))
    done = 0
    for batch in _batches(told):
        blobs = await _stored(place.blobs, [act for _, act in batch])
        await place.metadata.write(_apply, batch, blobs, authors, limits)
        if (done + len(batch)) // 5000 > done // 5000:
            say(f"{done + len(batch):,} changes of files")
        done += len(batch)
    say(f"{done:,} changes of files")


def _told_together(names: Sequence[Name]) -> Iterator[tuple[Name, Act]]:
    """What everybody did, in the order of time."""
    lives = (zip(repeat(name), LIVES[name].acts(), strict=False) for name in names)
    return heapq.merge(*lives, key=lambda told: told[1].at_us)


def _batches(told: Iterable[tuple[Name, Act]]) -> Iterator[list[tuple[Name, Act]]]:
    batch: list[tuple[Name, Act]] = []
    size = 0
    for name, act in told:
        batch.append((name, act))
        size += len(act.body)
        if len(batch) == BATCH_ACTS or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _stored(blobs: BlobStore, acts: Sequence[Act]) -> list[Blob | None]:
    """The bytes of every write; None for a deletion."""
    at_once = asyncio.Semaphore(_BLOBS_AT_ONCE)

    async def store(act: Act) -> Blob | None:
        if act.verb == "DEL":
            return None
        async with at_once:
            return await blobs.write(_chunks(act.body))

    return await asyncio.gather(*map(store, acts))


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _apply(
    tx: Tx,
    batch: Sequence[tuple[Name, Act]],
    blobs: Sequence[Blob | None],
    authors: dict[Name, Authors],
    limits: StorageLimits,
) -> None:
    """Transaction: what the client API does for each of these, in their order."""
    for (name, act), blob in zip(batch, blobs, strict=True):
        owner, author = people.key(name), authors[name](act.path, act.at_us)
        if blob is None:
            storage.delete_entry(tx, owner, act.path, author, limits.retirement_us, act.at_us)
            continue
        path = StoragePath.parse(act.path)
        content_type = detect_content_type(blob.head, blob.size, path.name)
        # Private, because a node writes one file at a time; the rules in it are the point here.
        storage._put_entry(
            tx, owner, path, blob, content_type, author, limits, act.at_us, condition=None
        )
