"""Rows of bytes that no file points at any more, with what they were."""

from appliance.metadata.entries import Entry
from appliance.metadata.store import Tx


def retire(tx: Tx, user_id: int, entry: Entry, delete_after_us: int, now_us: int) -> None:
    """Remember the bytes of a replaced or deleted file until the sweep may delete them."""
    tx.run(
        "INSERT INTO retired_blobs (blob_id, user_id, path, content_hash, content_length,"
        " content_type, modified_us, retired_us, delete_after_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entry.blob_id,
        user_id,
        entry.path,
        entry.content_hash,
        entry.content_length,
        entry.content_type,
        entry.modified_us,
        now_us,
        delete_after_us,
    )


def due(tx: Tx, now_us: int, limit: int) -> list[str]:
    """Ids of bytes whose time has come, oldest first."""
    rows = tx.all(
        "SELECT blob_id FROM retired_blobs WHERE delete_after_us <= ?"
        " ORDER BY delete_after_us LIMIT ?",
        now_us,
        limit,
    )
    return [row[0] for row in rows]


def soonest_due(tx: Tx, retired_before_us: int, limit: int) -> list[str]:
    """Ids of bytes retired before this time, those first whose time would come first."""
    rows = tx.all(
        "SELECT blob_id FROM retired_blobs WHERE retired_us < ? ORDER BY delete_after_us LIMIT ?",
        retired_before_us,
        limit,
    )
    return [row[0] for row in rows]


def forget(tx: Tx, blob_ids: list[str]) -> None:
    """Drop the rows of bytes that were deleted."""
    for blob_id in blob_ids:
        tx.run("DELETE FROM retired_blobs WHERE blob_id = ?", blob_id)


def unknown(tx: Tx, blob_ids: list[str]) -> list[str]:
    """Those of these ids that no row points at."""
    return [
        blob_id
        for blob_id in blob_ids
        if not tx.one("SELECT 1 FROM entries WHERE blob_id = ?", blob_id)
        and not tx.one("SELECT 1 FROM retired_blobs WHERE blob_id = ?", blob_id)
    ]
