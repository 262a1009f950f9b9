"""What people are told of their own account."""

from dataclasses import dataclass

from appliance.metadata.folders import FolderTotals
from appliance.metadata.own_files import Child, Sum, Twin
from appliance.metadata.own_history import Credential, OwnEvent, Retired, Written
from appliance.metadata.own_past import PastChild
from appliance.metadata.search import Hit


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account holds. `charged_bytes` is what its quota counts, `quota_bytes` None: no end.

    `apps` are the folders directly in the two trees.
    """

    file_count: int
    stored_bytes: int
    charged_bytes: int
    quota_bytes: int | None
    apps: list[FolderTotals]
    largest_folders: list[FolderTotals]
    trash_count: int
    trash_bytes: int


@dataclass(frozen=True, slots=True)
class FolderPage:
    """One page of a folder: totals of all below it, how many names it has, some of them."""

    totals: FolderTotals | None
    name_count: int
    children: list[Child]


@dataclass(frozen=True, slots=True)
class FlatPage:
    """Some of the files below a folder: totals of all, how many are wanted, some of those."""

    totals: FolderTotals | None
    wanted_count: int
    files: list[Child]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All files by type and month, the largest, and bytes that lie there more than once.

    Without `is_current` something has changed since it was counted.
    """

    types: list[Sum]
    months: list[Sum]
    largest: list[Child]
    twins: list[Twin]
    counted_us: int
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class Access:
    """Who holds keys to an account, and who ever wrote to it; `current` is who asks."""

    sessions: list[Credential]
    grants: list[Credential]
    written: list[Written]
    names: dict[tuple[str, int], str]
    current: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Hits of a search; `facets` are folder, type, month and bytes of each of many."""

    hits: list[Hit]
    facets: list[tuple[str, str, str, int]]
    position: int
    newest: int


@dataclass(frozen=True, slots=True)
class Versions:
    """The past of one path."""

    retired: list[Retired]
    events: list[OwnEvent]
    names: dict[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class PastFolder:
    """One page of a folder as it was: how many names, all files below and their bytes.

    `lost` are some of the `lost_count` paths at which something lay whose bytes are gone. Whatever
    was there since `kept_since_us` is kept, unless the disk was too full for that.
    """

    name_count: int
    file_count: int
    total_bytes: int
    children: list[PastChild]
    lost_count: int
    lost: list[str]
    kept_since_us: int
