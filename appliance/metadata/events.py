"""The log of changes. Rows are never deleted and ids never reused: they are cursors for ever."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change; `kind` is PUT or DEL, `user` the public key's text."""

    id: int
    user: str
    kind: str
    path: str
    content_hash: bytes | None
    created_us: int


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: row ids, at most one of them. Neither: the operator."""

    session_id: int | None = None
    grant_id: int | None = None


OPERATOR = Author()


def append(
    tx: Tx,
    user_id: int,
    kind: str,
    path: str,
    content_hash: bytes | None,
    author: Author,
    now_us: int,
) -> int:
    """The id of the new event. The last statement of a transaction, after `tx.order_events()`."""
    row = tx.one(
        "INSERT INTO events (user_id, kind, path, content_hash, created_us, session_id, grant_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        user_id,
        kind,
        path,
        content_hash,
        now_us,
        author.session_id,
        author.grant_id,
    )
    if row is None:
        raise RuntimeError("an insert returned no row")
    event_id: int = row[0]
    return event_id


def last_id(tx: Tx) -> int:
    """The highest id so far; 0 before the first event."""
    row = tx.one("SELECT COALESCE(MAX(id), 0) FROM events")
    return row[0] if row else 0


def newest_public(tx: Tx, limit: int) -> list[EventRow]:
    """The newest events under /pub/, newest first."""
    rows = tx.all(
        "SELECT events.id, public_key, kind, path, content_hash, events.created_us"
        " FROM events JOIN users ON users.id = user_id"
        " WHERE path >= '/pub/' AND path < '/pub0' ORDER BY events.id DESC LIMIT ?",
        limit,
    )
    return [EventRow(*row) for row in rows]
