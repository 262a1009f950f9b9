"""Rows of attempts to publish a packet: the latest state of each key, and its history."""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata.store import Row, Tx

Outcome = Literal["published", "failed", "conflict", "skipped", "missing", "invalid"]
SUCCESS: Outcome = "published"


@dataclass(frozen=True, slots=True)
class Publication:
    """One attempt. `vantage` is `dht` or a relay's address; `None`: not counted there."""

    public_key: str
    at_us: int
    vantage: str
    outcome: Outcome
    stored_nodes: int | None
    queried_nodes: int | None
    detail: str


_COLUMNS = "public_key, at_us, vantage, outcome, stored_nodes, queried_nodes, detail"


def _publication(row: Row) -> Publication:
    return Publication(*row)


def append(tx: Tx, attempt: Publication, keep: int) -> None:
    """Note an attempt; of each key the newest `keep` stay, and the last success."""
    tx.run(
        f"INSERT INTO publications ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        attempt.public_key,
        attempt.at_us,
        attempt.vantage,
        attempt.outcome,
        attempt.stored_nodes,
        attempt.queried_nodes,
        attempt.detail,
    )
    tx.run(
        "DELETE FROM publications WHERE public_key = ? AND id <= COALESCE("
        "(SELECT id FROM publications WHERE public_key = ? ORDER BY id DESC LIMIT 1 OFFSET ?), 0)"
        " AND id != COALESCE((SELECT MAX(id) FROM publications"
        " WHERE public_key = ? AND outcome = 'published'), 0)",
        attempt.public_key,
        attempt.public_key,
        keep,
        attempt.public_key,
    )


def newest(tx: Tx, public_key: str, limit: int) -> list[Publication]:
    """Attempts for a key, newest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM publications WHERE public_key = ? ORDER BY id DESC LIMIT ?",
        public_key,
        limit,
    )
    return [_publication(row) for row in rows]


def last_success(tx: Tx, public_key: str) -> Publication | None:
    """The newest attempt for a key that reached somebody."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM publications WHERE public_key = ? AND outcome = 'published'"
        " ORDER BY id DESC LIMIT 1",
        public_key,
    )
    return _publication(row) if row else None


def latest_outcomes(tx: Tx, but_key: str) -> dict[str, int]:
    """How many keys' last attempt ended how; one key, the node's own, is left out."""
    rows = tx.all(
        "SELECT outcome, COUNT(*) FROM publications WHERE public_key != ? AND id IN"
        " (SELECT MAX(id) FROM publications GROUP BY public_key) GROUP BY outcome",
        but_key,
    )
    return {row[0]: row[1] for row in rows}


def oldest_success(tx: Tx, but_key: str) -> int | None:
    """The time (µs) of the last success that lies farthest back, of keys that had one."""
    row = tx.one(
        "SELECT MIN(last_us) FROM (SELECT MAX(at_us) AS last_us FROM publications"
        " WHERE outcome = 'published' AND public_key != ? GROUP BY public_key)",
        but_key,
    )
    return row[0] if row else None
