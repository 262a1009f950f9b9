"""What an operator wants to see of the node at a glance."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from appliance.metadata import events, signup_tokens, users
from appliance.metadata.store import Metadata, Tx
from appliance.metadata.users import Totals


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """Counts over the whole node."""

    totals: Totals
    unused_invites: int
    all_invites: int
    last_event_id: int


def count_node(tx: Tx, now_us: int) -> NodeCounts:
    """Transaction: one consistent look at everything."""
    return NodeCounts(
        users.totals(tx),
        signup_tokens.count(tx, "unused", now_us),
        signup_tokens.count(tx, None, now_us),
        events.last_id(tx),
    )


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Bytes on the disk that holds the data folder."""

    free_bytes: int
    total_bytes: int


def disk_space(data_dir: Path) -> DiskSpace:
    """How much room is left."""
    usage = shutil.disk_usage(data_dir)
    return DiskSpace(usage.free, usage.total)


async def counts(metadata: Metadata, now_us: int) -> NodeCounts:
    """See `count_node`."""
    return await metadata.read(count_node, now_us)
