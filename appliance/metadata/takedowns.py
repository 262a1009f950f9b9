"""Rows of paths that an operator took down, so that they do not come back."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class Takedown:
    """One path of one user (a folder when it ends in a slash) that may not be written."""

    id: int
    user: str
    path: str
    reason: str
    created_us: int
    lifted_us: int | None


_SELECT = (
    "SELECT takedowns.id, public_key, path, reason, takedowns.created_us, lifted_us"
    " FROM takedowns JOIN users ON users.id = user_id"
)


def add(tx: Tx, user_id: int, path: str, reason: str, now_us: int) -> int:
    """The id of the new row."""
    row = tx.one(
        "INSERT INTO takedowns (user_id, path, reason, created_us) VALUES (?, ?, ?, ?)"
        " RETURNING id",
        user_id,
        path,
        reason,
        now_us,
    )
    if row is None:
        raise RuntimeError("an insert returned no row")
    takedown_id: int = row[0]
    return takedown_id


def lift(tx: Tx, takedown_id: int, now_us: int) -> bool:
    """Allow the path again; False when there is no such take-down in force."""
    changed = tx.run(
        "UPDATE takedowns SET lifted_us = ? WHERE id = ? AND lifted_us IS NULL",
        now_us,
        takedown_id,
    )
    return changed > 0


def covers(tx: Tx, user_id: int, path: str) -> bool:
    """Whether a path, or a folder that it lies in, is taken down."""
    rows = tx.all("SELECT path FROM takedowns WHERE user_id = ? AND lifted_us IS NULL", user_id)
    return any(
        path == taken or (taken.endswith("/") and path.startswith(taken)) for (taken,) in rows
    )


def page(tx: Tx, before_id: int | None, limit: int) -> list[Takedown]:
    """Up to `limit` rows, newest first."""
    rows = tx.all(
        f"{_SELECT} WHERE takedowns.id < ? ORDER BY takedowns.id DESC LIMIT ?",
        before_id if before_id is not None else 2**63 - 1,
        limit,
    )
    return [Takedown(*row) for row in rows]
