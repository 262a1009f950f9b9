"""Deletes retired bytes when they are due, and bytes that no row ever pointed at."""

import logging
from collections.abc import Callable

from appliance.blobs.store import BlobStore
from appliance.clock import Clock
from appliance.homeserver.storage import SHORTEST_RETIREMENT_US
from appliance.metadata import retired_blobs
from appliance.metadata.store import Metadata

BATCH = 200
SMALL_BATCH = 20
# An upload's row may follow its bytes by as long as the slowest client takes; a day is beyond that.
ORPHAN_AGE_US = 86_400 * 1_000_000

_log = logging.getLogger(__name__)


async def sweep(metadata: Metadata, blobs: BlobStore, clock: Clock) -> int:
    """One round; returns how many blobs were deleted.

    Bytes go before their row: a crash in between leaves a row whose bytes are gone already, which
    the next round removes, and never bytes that nothing remembers.
    """
    deleted = 0
    while due := await metadata.read(retired_blobs.due, clock(), BATCH):
        deleted += await _delete(metadata, blobs, due)
    async for shelf in blobs.ids(clock() - ORPHAN_AGE_US):
        for orphan in await metadata.read(retired_blobs.unknown, shelf):
            await blobs.delete(orphan)
            deleted += 1
    return deleted


async def make_room(
    metadata: Metadata, blobs: BlobStore, clock: Clock, needs_room: Callable[[], bool]
) -> int:
    """Give up trash before its time while the disk needs room; returns how many blobs went.

    A person who deletes files because the disk is full must get the room, and a node that refuses
    writes to keep old versions serves nobody.
    """
    deleted = 0
    while needs_room():
        before_us = clock() - SHORTEST_RETIREMENT_US
        oldest = await metadata.read(retired_blobs.soonest_due, before_us, SMALL_BATCH)
        if not oldest:
            break
        deleted += await _delete(metadata, blobs, oldest)
    if deleted:
        _log.warning("the disk is nearly full: %d old versions were given up early", deleted)
    return deleted


async def _delete(metadata: Metadata, blobs: BlobStore, blob_ids: list[str]) -> int:
    for blob_id in blob_ids:
        await blobs.delete(blob_id)
    await metadata.write(retired_blobs.forget, blob_ids)
    return len(blob_ids)
