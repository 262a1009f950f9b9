"""Deletes retired bytes when they are due, and bytes that no row ever pointed at."""

from appliance.blobs.store import BlobStore
from appliance.clock import Clock
from appliance.metadata import retired_blobs
from appliance.metadata.store import Metadata

BATCH = 200
# An upload's row may follow its bytes by as long as the slowest client takes; a day is beyond that.
ORPHAN_AGE_US = 86_400 * 1_000_000


async def sweep(metadata: Metadata, blobs: BlobStore, clock: Clock) -> int:
    """One round; returns how many blobs were deleted.

    Bytes go before their row: a crash in between leaves a row whose bytes are gone already, which
    the next round removes, and never bytes that nothing remembers.
    """
    deleted = 0
    while due := await metadata.read(retired_blobs.due, clock(), BATCH):
        for blob_id in due:
            await blobs.delete(blob_id)
        await metadata.write(retired_blobs.forget, due)
        deleted += len(due)
    async for shelf in blobs.ids(clock() - ORPHAN_AGE_US):
        for orphan in await metadata.read(retired_blobs.unknown, shelf):
            await blobs.delete(orphan)
            deleted += 1
    return deleted
