"""What became of a person's files: changes and their writers, old versions, open credentials."""

from dataclasses import dataclass, replace

from appliance.metadata.store import Row, Tx, Value


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """One change and who made it; neither writer: the operator."""

    id: int
    kind: str
    path: str
    content_hash: bytes | None
    created_us: int
    session_id: int | None
    grant_id: int | None


@dataclass(frozen=True, slots=True)
class Retired:
    """Old bytes that can still be had; `is_replaced` if something lies at their path now."""

    blob_id: str
    path: str
    content_hash: bytes
    content_length: int
    content_type: str
    modified_us: int
    retired_us: int
    delete_after_us: int
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Credential:
    """A cookie's session or a grant that still opens something. `name` is what the app says."""

    id: int
    name: str
    origin: str
    capabilities: str
    created_us: int
    expires_us: int
    last_used_us: int
    jti: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """How many changes one credential made, and the newest."""

    session_id: int | None
    grant_id: int | None
    changes: int
    last_us: int


def events(
    tx: Tx,
    user_id: int,
    before_id: int | None,
    limit: int,
    *,
    folder: str = "/",
    kind: str | None = None,
    writer: tuple[str, int] | None = None,
) -> list[OwnEvent]:
    """A user's changes below a folder, newest first; `writer` is ("session" or "grant", row id)."""
    conditions, values = ["user_id = ?"], list[Value]([user_id])
    if before_id is not None:
        conditions.append("id < ?")
        values.append(before_id)
    if folder != "/":
        conditions.append("path >= ? AND path < ?")
        values += [folder, folder[:-1] + "0"]
    if kind is not None:
        conditions.append("kind = ?")
        values.append(kind)
    if writer is not None:
        conditions.append("session_id = ?" if writer[0] == "session" else "grant_id = ?")
        values.append(writer[1])
    rows = tx.all(
        "SELECT id, kind, path, content_hash, created_us, session_id, grant_id FROM events"
        f" WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT ?",
        *values,
        limit,
    )
    return [OwnEvent(*row) for row in rows]


def events_at(tx: Tx, user_id: int, path: str, limit: int) -> list[OwnEvent]:
    """The changes of one path, newest first."""
    rows = tx.all(
        "SELECT id, kind, path, content_hash, created_us, session_id, grant_id FROM events"
        " WHERE user_id = ? AND path = ? ORDER BY id DESC LIMIT ?",
        user_id,
        path,
        limit,
    )
    return [OwnEvent(*row) for row in rows]


_RETIRED = (
    "SELECT blob_id, path, content_hash, content_length, content_type, modified_us, retired_us,"
    " delete_after_us, EXISTS (SELECT 1 FROM entries WHERE entries.user_id = retired_blobs.user_id"
    " AND entries.path = retired_blobs.path) FROM retired_blobs"
)


def retired_at(tx: Tx, user_id: int, path: str, limit: int) -> list[Retired]:
    """The old versions of one path, the latest first."""
    rows = tx.all(
        f"{_RETIRED} WHERE user_id = ? AND path = ? ORDER BY retired_us DESC LIMIT ?",
        user_id,
        path,
        limit,
    )
    return [_retired(row) for row in rows]


def trash(tx: Tx, user_id: int, limit: int, offset: int) -> list[Retired]:
    """A user's old versions, the latest first."""
    rows = tx.all(
        f"{_RETIRED} WHERE user_id = ? ORDER BY retired_us DESC, blob_id LIMIT ? OFFSET ?",
        user_id,
        limit,
        offset,
    )
    return [_retired(row) for row in rows]


def trash_totals(tx: Tx, user_id: int) -> tuple[int, int]:
    """How many old versions a user has, and their bytes."""
    row = tx.one(
        "SELECT COUNT(*), COALESCE(SUM(content_length), 0) FROM retired_blobs WHERE user_id = ?",
        user_id,
    )
    return (row[0], row[1]) if row else (0, 0)


def find_retired(tx: Tx, user_id: int, blob_id: str) -> Retired | None:
    """One old version of this user's, or None."""
    row = tx.one(f"{_RETIRED} WHERE user_id = ? AND blob_id = ?", user_id, blob_id)
    return _retired(row) if row else None


def _retired(row: Row) -> Retired:
    found = Retired(*row)
    # The engine has no truth values of its own.
    return replace(found, is_replaced=bool(found.is_replaced))


def open_sessions(tx: Tx, user_id: int, now_us: int) -> list[Credential]:
    """A user's open cookies, the last used first."""
    rows = tx.all(
        "SELECT id, user_agent, origin, capabilities, created_us, expires_us, last_used_us"
        " FROM sessions WHERE user_id = ? AND revoked_us IS NULL AND expires_us > ?"
        " ORDER BY last_used_us DESC, id DESC",
        user_id,
        now_us,
    )
    return [Credential(*row) for row in rows]


def open_grants(tx: Tx, user_id: int, now_us: int) -> list[Credential]:
    """A user's grants that still open something, the last used first."""
    rows = tx.all(
        "SELECT id, client_id, '', capabilities, created_us, expires_s * 1000000, last_used_us,"
        " jti, cnf FROM grants WHERE user_id = ? AND revoked_us IS NULL AND expires_s * 1000000 > ?"
        " ORDER BY last_used_us DESC, id DESC",
        user_id,
        now_us,
    )
    return [Credential(*row) for row in rows]


def end_session(tx: Tx, user_id: int, session_id: int, now_us: int) -> bool:
    """End one of a user's own open sessions; whether there was one."""
    changed = tx.run(
        "UPDATE sessions SET revoked_us = ? WHERE user_id = ? AND id = ? AND revoked_us IS NULL",
        now_us,
        user_id,
        session_id,
    )
    return changed > 0


def written(tx: Tx, user_id: int) -> list[Written]:
    """What each credential of a user, open or not, ever wrote; the operator's has no id."""
    rows = tx.all(
        "SELECT session_id, grant_id, changes,"
        " (SELECT created_us FROM events WHERE id = newest) FROM"
        " (SELECT session_id, grant_id, COUNT(*) AS changes, MAX(id) AS newest FROM events"
        " WHERE user_id = ? GROUP BY session_id, grant_id)",
        user_id,
    )
    return [Written(*row) for row in rows]


def names_of(tx: Tx, user_id: int) -> dict[tuple[str, int], str]:
    """What every credential of a user called itself, also those that ended."""
    found: dict[tuple[str, int], str] = {}
    for row_id, name in tx.all("SELECT id, user_agent FROM sessions WHERE user_id = ?", user_id):
        found["session", row_id] = name
    for row_id, name in tx.all("SELECT id, client_id FROM grants WHERE user_id = ?", user_id):
        found["grant", row_id] = name
    return found
