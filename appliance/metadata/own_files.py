"""What a person stores, from every side: folders in any order, sizes, types, months, twins."""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata import folders
from appliance.metadata.entries import past
from appliance.metadata.folders import FOLDER_OF_FILE
from appliance.metadata.store import Tx, Value

Sorting = Literal["name", "size", "modified"]

_SORTED_BY: dict[Sorting, str] = {"name": "path", "size": "size", "modified": "modified_us"}
# Named, because without statistics the planner walks through all of a user's files instead.
_INDEXES: dict[Sorting, str] = {
    "name": "entries_by_folder",
    "size": "entries_by_folder_size",
    "modified": "entries_by_folder_time",
}


# Of all files, whatever their folder; in the order of paths the table itself lies.
_FLAT_INDEXES: dict[Sorting, str] = {"size": "entries_by_size", "modified": "entries_by_time"}
_FLAT_SORTED_BY: dict[Sorting, str] = {"size": "content_length", "modified": "modified_us"}


@dataclass(frozen=True, slots=True)
class Order:
    """By what files are sorted, and in which direction; the path decides between equals."""

    by: Sorting
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A file or a folder in a folder; a folder (its path ends in a slash) with all below it."""

    path: str
    file_count: int
    size: int
    modified_us: int
    content_type: str | None
    content_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Sum:
    """Files and bytes under one heading."""

    name: str
    file_count: int
    size: int


@dataclass(frozen=True, slots=True)
class Twin:
    """Bytes that lie under several paths: how many, how large each, and one of the paths."""

    content_hash: bytes
    copies: int
    size: int
    path: str


def children(
    tx: Tx,
    user_id: int,
    folder: str,
    sorting: Sorting,
    limit: int,
    offset: int,
    *,
    descending: bool,
    name_part: str = "",
) -> list[Child]:
    """One page of a folder, in order over the whole folder; folders count all that is below.

    `name_part` keeps the names that hold it, whatever the case of ASCII letters.
    """
    order = "DESC" if descending else "ASC"
    wanted, values = _name_condition(folder, name_part)
    rows = tx.all(
        "SELECT path, file_count, total_bytes AS size, changed_us AS modified_us,"
        " NULL AS content_type, NULL AS content_hash"
        f" FROM folders WHERE user_id = ? AND parent = ? {wanted}"
        " UNION ALL SELECT path, 1, content_length, modified_us, content_type, content_hash"
        f" FROM entries INDEXED BY {_INDEXES[sorting]}"
        f" WHERE user_id = ? AND {FOLDER_OF_FILE} = ? {wanted}"
        f" ORDER BY {_SORTED_BY[sorting]} {order}, path {order} LIMIT ? OFFSET ?",
        user_id,
        folder,
        *values,
        user_id,
        folder,
        *values,
        limit,
        offset,
    )
    return [Child(*row) for row in rows]


def count_children(tx: Tx, user_id: int, folder: str, name_part: str = "") -> int:
    """How many names are directly in a folder."""
    wanted, values = _name_condition(folder, name_part)
    row = tx.one(
        f"SELECT (SELECT COUNT(*) FROM folders WHERE user_id = ? AND parent = ? {wanted}) +"
        f" (SELECT COUNT(*) FROM entries WHERE user_id = ? AND {FOLDER_OF_FILE} = ? {wanted})",
        user_id,
        folder,
        *values,
        user_id,
        folder,
        *values,
    )
    return row[0] if row else 0


def _name_condition(folder: str, name_part: str) -> tuple[str, tuple[int | str, ...]]:
    if not name_part:
        return "", ()
    pattern = name_part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return "AND substr(path, ?) LIKE ? ESCAPE '\\'", (len(folder) + 1, f"%{pattern}%")


def below(
    tx: Tx,
    user_id: int,
    folder: str,
    order: Order,
    limit: int,
    after: tuple[int, str] | None,
    name_part: str = "",
) -> list[Child]:
    """Files at any depth below a folder, those behind `after`: a size or time, and a path.

    By name only the path of `after` counts. `name_part` is looked for in paths below the folder.
    """
    part, part_values = _name_condition(folder, name_part)
    direction, comparison = ("DESC", "<") if order.descending else ("ASC", ">")
    sorted_by = _FLAT_SORTED_BY.get(order.by)
    conditions, values = [f"path >= ? AND path < ? {part}"], list[Value]([folder, past(folder)])
    values += part_values
    if sorted_by is None:
        index, ordered = "", f"path {direction}"
        if after is not None:
            conditions.append(f"path {comparison} ?")
            values.append(after[1])
    else:
        is_walked = _is_large(tx, user_id, folder, limit)
        index = f"INDEXED BY {_FLAT_INDEXES[order.by]}" if is_walked else ""
        # The plus keeps the planner from walking the index of a small folder after all.
        ordered = f"{'' if is_walked else '+'}{sorted_by} {direction}, path {direction}"
        if after is not None:
            conditions.append(f"({sorted_by}, path) {comparison} (?, ?)")
            values += after
    rows = tx.all(
        "SELECT path, 1, content_length, modified_us, content_type, content_hash FROM"
        # The places first, from the index alone: whole rows only of what is shown.
        f" (SELECT path AS found FROM entries {index} WHERE user_id = ?"
        f" AND {' AND '.join(conditions)} ORDER BY {ordered} LIMIT ?)"
        " JOIN entries ON user_id = ? AND path = found"
        f" ORDER BY {ordered}",
        user_id,
        *values,
        limit,
        user_id,
    )
    return [Child(*row) for row in rows]


def count_below(tx: Tx, user_id: int, folder: str, name_part: str) -> int:
    """How many files `below` would find in all."""
    wanted, values = _name_condition(folder, name_part)
    row = tx.one(
        f"SELECT COUNT(*) FROM entries WHERE user_id = ? AND path >= ? AND path < ? {wanted}",
        user_id,
        folder,
        past(folder),
        *values,
    )
    return row[0] if row else 0


def _is_large(tx: Tx, user_id: int, folder: str, limit: int) -> bool:
    """Whether it is quicker to look for a folder's files among all sorted ones than to sort them.

    If they are spread evenly, walking meets `limit * all / here` files until the page is full.
    """
    here, everything = folders.find(tx, user_id, folder), folders.find(tx, user_id, "/")
    if here is None or everything is None:
        return False
    return here.file_count * here.file_count > limit * everything.file_count


def largest(tx: Tx, user_id: int, limit: int) -> list[Child]:
    """The largest files, largest first."""
    rows = tx.all(
        "SELECT path, 1, content_length, modified_us, content_type, content_hash FROM entries"
        " WHERE user_id = ? ORDER BY content_length DESC LIMIT ?",
        user_id,
        limit,
    )
    return [Child(*row) for row in rows]


def by_type_and_month(tx: Tx, user_id: int) -> list[tuple[str, str, int, int]]:
    """Stored type, month (`2026-11`, UTC) in which they came, files and bytes that are there now.

    One look at every file.
    """
    rows = tx.all(
        "SELECT content_type, strftime('%Y-%m', day * 86400, 'unixepoch'), files, size FROM"
        " (SELECT content_type, created_us / 86400000000 AS day, COUNT(*) AS files,"
        " SUM(content_length) AS size FROM entries WHERE user_id = ? GROUP BY content_type, day)",
        user_id,
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def twins(tx: Tx, user_id: int, limit: int) -> list[Twin]:
    """The same bytes under several paths, the most wasteful first; empty files do not count."""
    rows = tx.all(
        "SELECT content_hash, COUNT(*) AS copies, MAX(content_length) AS size, MIN(path)"
        # The plus keeps the planner from fetching every row by its size.
        " FROM entries INDEXED BY entries_by_hash WHERE user_id = ? AND +content_length > 0"
        " GROUP BY content_hash"
        " HAVING copies > 1 ORDER BY (copies - 1) * size DESC LIMIT ?",
        user_id,
        limit,
    )
    return [Twin(*row) for row in rows]
