"""Rows of operators' looks into people's files: why, until when, and what was read."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class Opening:
    """An operator's access to one user's files; times are microseconds."""

    id: int
    actor: str
    reason: str
    opened_us: int
    closes_us: int


@dataclass(frozen=True, slots=True)
class Read:
    """A file or folder that was looked at."""

    at_us: int
    path: str


_SELECT = "SELECT id, actor, reason, opened_us, closes_us FROM break_glass"


def add(tx: Tx, user_id: int, actor: str, reason: str, opened_us: int, closes_us: int) -> Opening:
    """Note an opening."""
    row = tx.one(
        "INSERT INTO break_glass (user_id, actor, reason, opened_us, closes_us)"
        " VALUES (?, ?, ?, ?, ?) RETURNING id, actor, reason, opened_us, closes_us",
        user_id,
        actor,
        reason,
        opened_us,
        closes_us,
    )
    if row is None:
        raise RuntimeError("an insert returned no row")
    return Opening(*row)


def find_open(tx: Tx, user_id: int, now_us: int) -> Opening | None:
    """The opening that closes last, if one is open."""
    row = tx.one(
        f"{_SELECT} WHERE user_id = ? AND closes_us > ? ORDER BY closes_us DESC, id DESC LIMIT 1",
        user_id,
        now_us,
    )
    return Opening(*row) if row else None


def close(tx: Tx, user_id: int, now_us: int) -> None:
    """End what is open."""
    tx.run(
        "UPDATE break_glass SET closes_us = ? WHERE user_id = ? AND closes_us > ?",
        now_us,
        user_id,
        now_us,
    )


def note_read(tx: Tx, opening_id: int, at_us: int, path: str) -> None:
    """Note that something was looked at."""
    tx.run(
        "INSERT INTO break_glass_reads (break_glass_id, at_us, path) VALUES (?, ?, ?)",
        opening_id,
        at_us,
        path,
    )


def page(tx: Tx, user_id: int, before_id: int | None, limit: int) -> list[Opening]:
    """Openings of one user's files, newest first."""
    rows = tx.all(
        f"{_SELECT} WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
        user_id,
        before_id if before_id is not None else 2**63 - 1,
        limit,
    )
    return [Opening(*row) for row in rows]


def count_reads(tx: Tx, opening_id: int) -> int:
    """How often something was looked at."""
    row = tx.one("SELECT COUNT(*) FROM break_glass_reads WHERE break_glass_id = ?", opening_id)
    return row[0] if row else 0


def reads(tx: Tx, opening_id: int, limit: int) -> list[Read]:
    """What was looked at, newest first."""
    rows = tx.all(
        "SELECT at_us, path FROM break_glass_reads WHERE break_glass_id = ?"
        " ORDER BY id DESC LIMIT ?",
        opening_id,
        limit,
    )
    return [Read(*row) for row in rows]
