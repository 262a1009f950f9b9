"""Rows of stored files. Prefixes are ranges of the path order, never patterns."""

from dataclasses import dataclass

from appliance.metadata import folders
from appliance.metadata.store import Row, Tx


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored file; `path` has no owner, times are microseconds, lengths bytes."""

    path: str
    blob_id: str
    content_hash: bytes
    content_length: int
    content_type: str
    created_us: int
    modified_us: int


@dataclass(frozen=True, slots=True)
class Folder:
    """A name under which files lie; its path ends in a slash."""

    path: str


_COLUMNS = (
    "path, blob_id, content_hash, content_length, content_type, entries.created_us, modified_us"
)


def find(tx: Tx, user_id: int, path: str) -> Entry | None:
    """The file at exactly this path."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM entries WHERE user_id = ? AND path = ?",
        user_id,
        path,
    )
    return Entry(*row) if row else None


def find_of_key(tx: Tx, public_key: str, path: str) -> Entry | None:
    """The readable file at this path of the user with this key; one look-up for the hot read.

    None also for a suspended user, whose files nobody reads.
    """
    row = tx.one(
        f"SELECT {_COLUMNS} FROM entries JOIN users ON users.id = user_id"
        " WHERE public_key = ? AND path = ? AND suspended_us IS NULL",
        public_key,
        path,
    )
    return Entry(*row) if row else None


def upsert(tx: Tx, user_id: int, entry: Entry) -> None:
    """Store a file's row; an existing one keeps its creation time."""
    old = find(tx, user_id, entry.path)
    grown = entry.content_length - (old.content_length if old else 0)
    folders.count(tx, user_id, entry.path, 0 if old else 1, grown, entry.modified_us)
    tx.run(
        "INSERT INTO entries (user_id, path, blob_id, content_hash, content_length, content_type,"
        " created_us, modified_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, path) DO UPDATE SET blob_id = excluded.blob_id,"
        " content_hash = excluded.content_hash, content_length = excluded.content_length,"
        " content_type = excluded.content_type, modified_us = excluded.modified_us",
        user_id,
        entry.path,
        entry.blob_id,
        entry.content_hash,
        entry.content_length,
        entry.content_type,
        entry.created_us,
        entry.modified_us,
    )


def delete(tx: Tx, user_id: int, path: str) -> None:
    """Remove a file's row."""
    gone = tx.one(
        "DELETE FROM entries WHERE user_id = ? AND path = ? RETURNING content_length",
        user_id,
        path,
    )
    if gone is not None:
        folders.count(tx, user_id, path, -1, -gone[0], 0)


def has_any_under(tx: Tx, user_id: int, directory: str) -> bool:
    """Whether some file lies under a directory (a path that ends in a slash)."""
    row = tx.one(
        "SELECT 1 FROM entries WHERE user_id = ? AND path >= ? AND path < ? LIMIT 1",
        user_id,
        directory,
        past(directory),
    )
    return row is not None


def has_any_of(tx: Tx, user_id: int, paths: list[str]) -> bool:
    """Whether one of these paths is a file."""
    return any(
        tx.one("SELECT 1 FROM entries WHERE user_id = ? AND path = ?", user_id, path)
        for path in paths
    )


def past(directory: str) -> str:
    """The first text after everything under a directory: `/` is followed by `0` in ASCII."""
    return directory[:-1] + "0"


def usage_under(tx: Tx, user_id: int, directory: str) -> tuple[int, int]:
    """How many files lie under a directory, and their bytes."""
    row = tx.one(
        "SELECT COUNT(*), COALESCE(SUM(content_length), 0) FROM entries"
        " WHERE user_id = ? AND path >= ? AND path < ?",
        user_id,
        directory,
        past(directory),
    )
    return (row[0], row[1]) if row else (0, 0)


def list_deep(
    tx: Tx, user_id: int, directory: str, cursor: str | None, limit: int, *, reverse: bool
) -> list[Entry]:
    """Files under a directory in path order, those after `cursor` (before it when reversed)."""
    low, high = directory, past(directory)
    if cursor is None:
        return _page(tx, user_id, low, high, limit, reverse=reverse)
    if reverse:
        return _page(tx, user_id, low, min(high, cursor), limit, reverse=True)
    # A NUL cannot occur in a path, so this is the first text after the cursor itself.
    return _page(tx, user_id, max(low, cursor + "\0"), high, limit, reverse=False)


def list_shallow(
    tx: Tx, user_id: int, directory: str, cursor: str | None, limit: int, *, reverse: bool
) -> list[Entry | Folder]:
    """Direct children in path order, those after `cursor` (before it when reversed).

    A folder is one item, and its files are jumped over with a seek: the cost follows the number
    of items, not the size of the tree.
    """
    low, high = directory, past(directory)
    if cursor is not None:
        child = _folder_of(directory, cursor)
        if reverse:
            # A cursor deep in a folder sorts after the folder's own name, so that is still due;
            # a cursor that is the folder's name excludes it.
            high = min(high, past(child) if child and child != cursor else cursor)
        else:
            low = max(low, past(child) if child else cursor + "\0")
    items: list[Entry | Folder] = []
    # Rows fetched ahead are wasted when the first of them opens a folder, so few are at first.
    ahead = 1
    while len(items) < limit and low < high:
        batch = _page(tx, user_id, low, high, min(ahead, limit - len(items)), reverse=reverse)
        if not batch:
            break
        ahead *= 2
        for entry in batch:
            if not low <= entry.path < high:
                ahead = 1
                continue
            child = _folder_of(directory, entry.path)
            items.append(Folder(child) if child else entry)
            if reverse:
                high = child or entry.path
            else:
                low = past(child) if child else entry.path + "\0"
    return items


def _folder_of(directory: str, path: str) -> str | None:
    """The direct child folder of `directory` that `path` is or lies in, if any."""
    if not path.startswith(directory):
        return None
    slash = path.find("/", len(directory))
    return None if slash < 0 else path[: slash + 1]


def _page(tx: Tx, user_id: int, low: str, high: str, limit: int, *, reverse: bool) -> list[Entry]:
    rows: list[Row] = tx.all(
        f"SELECT {_COLUMNS} FROM entries"
        " WHERE user_id = ? AND path >= ? AND path < ?"
        f" ORDER BY path {'DESC' if reverse else 'ASC'} LIMIT ?",
        user_id,
        low,
        high,
        limit,
    )
    return [Entry(*row) for row in rows]
