"""A person's files as they were at a time, from what lies there now and the bytes that are kept.

A version was there from its writing until it was replaced or deleted. The log of events tells where
more lay than can be had: bytes go after a while.
"""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata import folders
from appliance.metadata.entries import past
from appliance.metadata.own_files import count_children
from appliance.metadata.store import Tx, Value


@dataclass(frozen=True, slots=True)
class PastFile:
    """A file as it was; `blob_id` names its old bytes, None: they are what lies there now."""

    path: str
    size: int
    modified_us: int
    content_type: str
    content_hash: bytes
    blob_id: str | None


@dataclass(frozen=True, slots=True)
class PastChild:
    """A file or a folder in a folder as it was; a folder (path with a slash) with all below it."""

    path: str
    file_count: int
    size: int
    modified_us: int
    content_type: str | None
    content_hash: bytes | None
    blob_id: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it was: `old` is to be put back, `new` was not there yet (no `blob_id`)."""

    kind: Literal["old", "new"]
    path: str
    size: int
    content_type: str
    content_hash: bytes
    blob_id: str | None


_COLUMNS = "path, content_length, modified_us, content_type, content_hash"
_NOW = " FROM entries WHERE user_id = ? AND path >= ? AND path < ? AND modified_us"
_UNTIL_LATER = (
    " FROM retired_blobs WHERE user_id = ? AND path >= ? AND path < ? AND modified_us <= ?"
    " AND retired_us > ?"
)
# What lies there since, and what lay there until later. Values of all of these: `_there`.
_THERE = (
    f"SELECT {_COLUMNS}, NULL AS blob_id{_NOW} <= ?"
    f" UNION ALL SELECT {_COLUMNS}, blob_id{_UNTIL_LATER}"
)
_PATHS = f"SELECT path{_NOW} <= ? UNION ALL SELECT path{_UNTIL_LATER}"
# What is there now and was not, and what was there and is not now.
_SINCE = (
    f"SELECT path, content_length, -1 AS change{_NOW} > ?"
    f" UNION ALL SELECT path, content_length, 1{_UNTIL_LATER}"
)
# What the log says of a path up to that event.
_LAST_KIND = (
    "COALESCE((SELECT kind FROM events WHERE user_id = ? AND events.path = changed.path"
    " AND id <= ? ORDER BY id DESC LIMIT 1), 'DEL')"
)
_NOT_KEPT = (
    "NOT EXISTS (SELECT 1 FROM retired_blobs WHERE user_id = ?"
    " AND retired_blobs.path = changed.path AND modified_us <= ? AND retired_us > ?)"
)


def _there(user_id: int, low: str, high: str, at_us: int) -> list[Value]:
    return [user_id, low, high, at_us, user_id, low, high, at_us, at_us]


def find(tx: Tx, user_id: int, path: str, at_us: int) -> PastFile | None:
    """What lay at exactly this path, if its bytes can still be had."""
    row = tx.one(_THERE, *_there(user_id, path, path + "\0", at_us))
    return PastFile(*row) if row else None


def children(
    tx: Tx, user_id: int, folder: str, at_us: int, limit: int, offset: int
) -> list[PastChild]:
    """One page of a folder by name; folders count all that was below."""
    low = folder if offset == 0 else _name_at(tx, user_id, folder, at_us, offset)
    found: list[PastChild] = []
    # In the order of paths, names come in their order too: only the rows of the page are read.
    while low is not None and len(found) < limit:
        rows = tx.all(
            f"{_THERE} ORDER BY path LIMIT ?",
            *_there(user_id, low, past(folder), at_us),
            limit - len(found),
        )
        low = None
        for row in rows:
            file = PastChild(row[0], 1, *row[1:])
            name = _name(folder, file.path)
            if name == file.path:
                found.append(file)
                low = name + "\0"
            elif not found or found[-1].path != name:
                found.append(_folder_then(tx, user_id, name, at_us))
                low = past(name)
    return found


def _name(folder: str, path: str) -> str:
    """The name in this folder that a path is at or below."""
    head, slash, _ = path[len(folder) :].partition("/")
    return folder + head + slash


def _name_at(tx: Tx, user_id: int, folder: str, at_us: int, offset: int) -> str | None:
    row = tx.one(
        f"SELECT name FROM (SELECT {_sql_name(folder)} AS name FROM ({_PATHS}))"
        " GROUP BY name ORDER BY name LIMIT 1 OFFSET ?",
        *_there(user_id, folder, past(folder), at_us),
        offset,
    )
    return row[0] if row else None


def _folder_then(tx: Tx, user_id: int, folder: str, at_us: int) -> PastChild:
    row = tx.one(
        f"SELECT COUNT(*), SUM(content_length), MAX(modified_us) FROM ({_THERE})",
        *_there(user_id, folder, past(folder), at_us),
    )
    count, size, modified_us = row or (0, 0, 0)
    return PastChild(folder, count, size, modified_us, None, None, None)


def totals(tx: Tx, user_id: int, folder: str, at_us: int) -> tuple[int, int, int]:
    """How many names were in a folder, and all files below it with their bytes."""
    now = folders.find(tx, user_id, folder)
    names = count_children(tx, user_id, folder)
    files, size = (now.file_count, now.total_bytes) if now else (0, 0)
    # What is there now is counted already: what has changed since is all that has to be looked at.
    row = tx.one(
        "SELECT COALESCE(SUM(iif(substr(name, -1) = '/',"
        " (COALESCE(file_count, 0) + more > 0) - (file_count IS NOT NULL), more)), 0),"
        " COALESCE(SUM(more), 0), COALESCE(SUM(bytes), 0)"
        f" FROM (SELECT {_sql_name(folder)} AS name, SUM(change) AS more,"
        f" SUM(change * content_length) AS bytes FROM ({_SINCE}) GROUP BY name)"
        " LEFT JOIN folders ON folders.user_id = ? AND folders.path = name",
        *_there(user_id, folder, past(folder), at_us),
        user_id,
    )
    more = row or (0, 0, 0)
    return names + more[0], files + more[1], size + more[2]


def _sql_name(folder: str) -> str:
    """`_name` of the column `path`."""
    start = len(folder)
    return f"substr(path, 1, {start} + instr(substr(path, {start + 1}) || '/', '/'))"


def lost(tx: Tx, user_id: int, folder: str, at_us: int, limit: int) -> list[str]:
    """Paths at which something lay whose bytes are gone."""
    rows = tx.all(
        f"SELECT path {_lost()} ORDER BY path LIMIT ?",
        *_lost_values(tx, user_id, folder, at_us),
        limit,
    )
    return [row[0] for row in rows]


def count_lost(tx: Tx, user_id: int, folder: str, at_us: int) -> int:
    """How many such paths there are."""
    row = tx.one(f"SELECT COUNT(*) {_lost()}", *_lost_values(tx, user_id, folder, at_us))
    return row[0] if row else 0


def _lost() -> str:
    return (
        "FROM (SELECT DISTINCT path FROM events INDEXED BY events_by_user"
        " WHERE user_id = ? AND id > ? AND path >= ? AND path < ?) AS changed"
        f" WHERE {_LAST_KIND} = 'PUT' AND NOT EXISTS (SELECT 1 FROM entries"
        " WHERE user_id = ? AND entries.path = changed.path AND modified_us <= ?)"
        f" AND {_NOT_KEPT}"
    )


def _lost_values(tx: Tx, user_id: int, folder: str, at_us: int) -> list[Value]:
    event = last_event(tx, at_us)
    changed: list[Value] = [user_id, event, folder, past(folder)]
    return [*changed, user_id, event, user_id, at_us, user_id, at_us, at_us]


def last_event(tx: Tx, at_us: int) -> int:
    """The last event of this node at or before a time; 0 before the first."""
    row = tx.one(
        "SELECT id FROM events WHERE created_us <= ? ORDER BY created_us DESC, id DESC LIMIT 1",
        at_us,
    )
    return row[0] if row else 0


def differences(
    tx: Tx, user_id: int, folder: str, at_us: int, after: str, limit: int
) -> list[Difference]:
    """What is different now below a folder, in path order, behind the path `after`."""
    low = max(folder, after + "\0") if after else folder
    rows = tx.all(
        f"SELECT * FROM ({_DIFFERENT}) ORDER BY path LIMIT ?",
        *_different_values(tx, user_id, low, past(folder), at_us),
        limit,
    )
    return [Difference(*row) for row in rows]


def difference_totals(tx: Tx, user_id: int, folder: str, at_us: int) -> tuple[int, int, int]:
    """How many files are to be put back, their bytes, and how many were not there yet."""
    row = tx.one(
        "SELECT COALESCE(SUM(kind = 'old'), 0),"
        " COALESCE(SUM(iif(kind = 'old', content_length, 0)), 0), COALESCE(SUM(kind = 'new'), 0)"
        f" FROM ({_DIFFERENT})",
        *_different_values(tx, user_id, folder, past(folder), at_us),
    )
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


_DIFFERENT = (
    "SELECT 'old' AS kind, path, content_length, content_type, content_hash, blob_id"
    " FROM retired_blobs AS changed WHERE user_id = ? AND path >= ? AND path < ?"
    " AND modified_us <= ? AND retired_us > ? AND NOT EXISTS (SELECT 1 FROM entries"
    " WHERE entries.user_id = changed.user_id AND entries.path = changed.path"
    " AND entries.content_hash = changed.content_hash)"
    " UNION ALL SELECT 'new', path, content_length, content_type, content_hash, NULL"
    " FROM entries AS changed WHERE user_id = ? AND path >= ? AND path < ? AND modified_us > ?"
    f" AND {_LAST_KIND} = 'DEL' AND {_NOT_KEPT}"
)


def _different_values(tx: Tx, user_id: int, low: str, high: str, at_us: int) -> list[Value]:
    event = last_event(tx, at_us)
    old: list[Value] = [user_id, low, high, at_us, at_us]
    return [*old, user_id, low, high, at_us, user_id, event, user_id, at_us, at_us]
