"""Rows of folders: how many files and bytes lie below each, exact after every transaction.

A folder exists only by its files. Paths end in a slash; `/` is the top of everything.
"""

from dataclasses import dataclass

from appliance.metadata.store import Tx

# As in the indexes on `entries`: everything up to the last slash of a file's path.
FOLDER_OF_FILE = "rtrim(path, replace(path, '/', ''))"


@dataclass(frozen=True, slots=True)
class FolderTotals:
    """A folder with everything below it; `changed_us` is the newest write there."""

    path: str
    file_count: int
    total_bytes: int
    changed_us: int


def folder_of(path: str) -> str:
    """The folder that holds a file or a folder; "" for the top."""
    return path.rstrip("/").rpartition("/")[0] + "/" if path != "/" else ""


def count(tx: Tx, user_id: int, path: str, files: int, size: int, changed_us: int) -> None:
    """Add files and bytes (negative: take away) to every folder above a file."""
    folder = folder_of(path)
    while folder:
        parent = folder_of(folder)
        tx.run(
            "INSERT INTO folders (user_id, path, parent, file_count, total_bytes, changed_us)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, path) DO UPDATE SET"
            " file_count = file_count + excluded.file_count,"
            " total_bytes = total_bytes + excluded.total_bytes,"
            " changed_us = MAX(changed_us, excluded.changed_us)",
            user_id,
            folder,
            parent,
            files,
            size,
            changed_us,
        )
        if files < 0:
            tx.run(
                "DELETE FROM folders WHERE user_id = ? AND path = ? AND file_count <= 0",
                user_id,
                folder,
            )
        folder = parent


def find(tx: Tx, user_id: int, path: str) -> FolderTotals | None:
    """The totals of one folder; None when nothing lies in it."""
    row = tx.one(
        "SELECT path, file_count, total_bytes, changed_us FROM folders"
        " WHERE user_id = ? AND path = ?",
        user_id,
        path,
    )
    return FolderTotals(*row) if row else None


def children(tx: Tx, user_id: int, parent: str) -> list[FolderTotals]:
    """The folders directly in a folder, by name."""
    rows = tx.all(
        "SELECT path, file_count, total_bytes, changed_us FROM folders"
        " WHERE user_id = ? AND parent = ? ORDER BY path",
        user_id,
        parent,
    )
    return [FolderTotals(*row) for row in rows]


def below(tx: Tx, user_id: int, most: int) -> list[FolderTotals]:
    """The largest folders of a user, at any depth, largest first."""
    rows = tx.all(
        "SELECT path, file_count, total_bytes, changed_us FROM folders"
        " WHERE user_id = ? ORDER BY total_bytes DESC, path LIMIT ?",
        user_id,
        most,
    )
    return [FolderTotals(*row) for row in rows]
