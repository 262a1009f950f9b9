"""The log of changes. Rows are never deleted and ids never reused: they are cursors for ever."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from appliance.metadata.store import Tx
from appliance.pubky.path_filters import PathFilter

# Rows that one page looks at: a page holds up a reading thread, and a slow reader's memory.
PAGE_ROWS = 100
# Single files are found by their path; more of them than this, and the user's rows are looked
# through instead: a query string has room for thousands.
MOST_WALKS_PER_USER = 4


@dataclass(frozen=True, slots=True)
class EventRow:
    """One change; `kind` is PUT or DEL, `user` the public key's text."""

    id: int
    user_id: int
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


def raise_floor(tx: Tx, event_id: int) -> None:
    """Give no event that is still to come an id of `event_id` or less.

    For a restore: subscribers hold cursors of events that the copy does not know.
    """
    known = tx.run("UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = 'events'", event_id)
    if not known:
        tx.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", event_id)


def find_user(tx: Tx, public_key: str, *, by_operator: bool) -> int | None:
    """The row id of a user whose events may be followed.

    A deleted account's may: whoever polls them shall learn that the files are gone. A suspended
    one's only by the operator.
    """
    row = tx.one("SELECT id, suspended_us FROM users WHERE public_key = ?", public_key)
    if row is None or (row[1] is not None and not by_operator):
        return None
    user_id: int = row[0]
    return user_id


def id_of_time(tx: Tx, created_us: int) -> int | None:
    """The id of the first event of exactly this time, the cursor of an old client."""
    row = tx.one("SELECT MIN(id) FROM events WHERE created_us = ?", created_us)
    return row[0] if row else None


_ROWS = (
    "SELECT events.id, user_id, public_key, kind, path, content_hash, events.created_us"
    " FROM events CROSS JOIN users ON users.id = user_id"  # CROSS: events are the outer loop
)
# Written out as in the index of the public rows, which is used only then.
_PUBLIC = "path >= '/pub/' AND path < '/pub0'"


def newest_public(tx: Tx, limit: int) -> list[EventRow]:
    """The newest events under /pub/, newest first."""
    rows = tx.all(f"{_ROWS} WHERE {_PUBLIC} ORDER BY events.id DESC LIMIT ?", limit)
    return [EventRow(*row) for row in rows]


def public_after(tx: Tx, after_id: int, limit: int) -> list[EventRow]:
    """Events under /pub/ of every user, oldest first."""
    rows = tx.all(
        f"{_ROWS} WHERE events.id > ? AND {_PUBLIC} ORDER BY events.id LIMIT ?", after_id, limit
    )
    return [EventRow(*row) for row in rows]


def all_after(tx: Tx, after_id: int, limit: int) -> list[EventRow]:
    """Every event, oldest first."""
    rows = tx.all(f"{_ROWS} WHERE events.id > ? ORDER BY events.id LIMIT ?", after_id, limit)
    return [EventRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in order, and the id up to which (in reverse: down to which) all were looked at.

    `is_last` says that nothing lay beyond when the page was read.
    """

    rows: list[EventRow]
    position: int
    is_last: bool


def page(
    tx: Tx,
    cursors: Mapping[int, int] | None,
    wanted: PathFilter,
    position: int,
    *,
    reverse: bool,
) -> Page:
    """The next events of some users, by their row ids, or of everybody (None).

    Each user's events count only beyond that user's own cursor, and nothing counts that does not
    lie beyond `position`. Looks at `PAGE_ROWS` rows at most, so a page may be empty and not last.
    """
    if cursors is None:
        walks = [_walk(tx, "", (), position, PAGE_ROWS, reverse=reverse)]
    else:
        by_path = not wanted.directories and len(wanted.files) <= MOST_WALKS_PER_USER
        paths = sorted(wanted.files) if by_path else [None]
        first_rows = max(PAGE_ROWS // max(len(cursors) * len(paths), 1), 4)
        beyond = min if reverse else max
        walks = [
            _walk(
                tx,
                "user_id = ? AND" if path is None else "user_id = ? AND path = ? AND",
                (user_id,) if path is None else (user_id, path),
                beyond(position, cursor),
                first_rows,
                reverse=reverse,
            )
            for user_id, cursor in cursors.items()
            for path in paths
        ]
    seen = list(islice(merge(*walks, key=_id, reverse=reverse), PAGE_ROWS))
    is_last = len(seen) < PAGE_ROWS
    end = 0 if reverse else max(position, last_id(tx))
    position = end if is_last else seen[-1].id
    return Page([row for row in seen if wanted.matches(row.path)], position, is_last)


def _walk(
    tx: Tx,
    condition: str,
    values: tuple[int | str, ...],
    start: int,
    first_rows: int,
    *,
    reverse: bool,
) -> Iterator[EventRow]:
    """The events of one place in the log, read some at a time, as many as are asked for."""
    beyond, order = ("<", "DESC") if reverse else (">", "ASC")
    count = first_rows
    while True:
        rows = tx.all(
            f"{_ROWS} WHERE {condition} events.id {beyond} ? ORDER BY events.id {order} LIMIT ?",
            *values,
            start,
            count,
        )
        yield from (EventRow(*row) for row in rows)
        if len(rows) < count:
            return
        start, count = rows[-1][0], PAGE_ROWS


def _id(row: EventRow) -> int:
    return row.id
