"""What people are told about all that is theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dashboard.addresses import OwnPath


@dataclass(frozen=True, slots=True)
class FolderSum:
    """A folder with all that is below it."""

    path: OwnPath
    file_count: int
    byte_count: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account holds. `charged_bytes` count against `quota_bytes` (None: no end)."""

    file_count: int
    byte_count: int
    charged_bytes: int
    quota_bytes: int | None
    apps: tuple[FolderSum, ...]
    folders: tuple[FolderSum, ...]
    trash_count: int
    trash_bytes: int


@dataclass(frozen=True, slots=True)
class Child:
    """A file or a folder in a folder; a folder with all that is below it."""

    path: OwnPath
    file_count: int
    byte_count: int
    modified_at: datetime
    content_type: str | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class FolderPage:
    """Some of a folder's names in order, how many it has, and the totals of all below."""

    items: tuple[Child, ...]
    name_count: int
    file_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class FlatPage:
    """Some of the files at any depth below a folder, how many are wanted, and all totals."""

    items: tuple[Child, ...]
    wanted_count: int
    file_count: int
    byte_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Sum:
    """Files and bytes under one heading."""

    name: str
    file_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class Twin:
    """Bytes that lie under several paths; `path` is one of them."""

    path: OwnPath
    copies: int
    byte_count: int

    @property
    def wasted_bytes(self) -> int:
        """What all but one copy take."""
        return (self.copies - 1) * self.byte_count


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All files by type and month, the largest, and the twins, as they were counted at a time."""

    types: tuple[Sum, ...]
    months: tuple[Sum, ...]
    largest: tuple[Child, ...]
    twins: tuple[Twin, ...]
    counted_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A file that was found; in the excerpt every second piece holds what was asked for."""

    path: OwnPath
    byte_count: int
    content_type: str
    modified_at: datetime
    excerpt: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facet:
    """What a hit would be filtered by."""

    path: OwnPath
    content_type: str
    month: str
    byte_count: int


@dataclass(frozen=True, slots=True)
class Found:
    """Hits; `behind` is how many changes the index has not read yet."""

    items: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    behind: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one's own files and who made it."""

    id: int
    kind: str
    path: OwnPath
    at: datetime
    content_hash: str | None
    writer: str
    writer_name: str


@dataclass(frozen=True, slots=True)
class OldVersion:
    """Bytes that were replaced or deleted and can still be had."""

    id: str
    path: OwnPath
    byte_count: int
    content_type: str
    content_hash: str
    modified_at: datetime
    retired_at: datetime
    kept_until: datetime
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """What an app or a browser holds to get in. `name` is the app's own claim."""

    kind: Literal["session", "grant"]
    id: int
    grant_id: str | None
    name: str
    origin: str
    key: str | None
    capabilities: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    changes: int
    last_change_at: datetime | None
    is_current: bool

    @property
    def writer(self) -> str:
        """How changes name it."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file that no own object points to."""

    path: OwnPath
    byte_count: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class SmallObject:
    """An object's bytes; None when nothing lies there, or when it must be asked for alone."""

    is_there: bool
    content: bytes | None
