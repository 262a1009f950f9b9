"""Rows of people who signed up here."""

from dataclasses import dataclass

from appliance.metadata.store import Row, Tx


@dataclass(frozen=True, slots=True)
class User:
    """One user; `used_bytes` charges 256 bytes a file beside its length (client API 16.2)."""

    id: int
    public_key: str
    disabled: bool
    used_bytes: int
    entry_count: int
    created_us: int
    last_write_us: int | None
    suspended: bool


@dataclass(frozen=True, slots=True)
class UserWithSessions:
    """A user, how many sessions are open, and when one of them was last used."""

    user: User
    sessions: int
    last_used_us: int | None


_COLUMNS = (
    "id, public_key, disabled, used_bytes, entry_count, created_us, last_write_us, suspended_us"
)


def _user(row: Row) -> User:
    return User(row[0], row[1], bool(row[2]), row[3], row[4], row[5], row[6], row[7] is not None)


def find(tx: Tx, public_key: str) -> User | None:
    """The user with this key."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM users WHERE public_key = ? AND deleted_us IS NULL", public_key
    )
    return _user(row) if row else None


def create(tx: Tx, public_key: str, now_us: int) -> int | None:
    """A new user's id, or None when the key is taken.

    Somebody whose account was deleted may come back; they get their row again, because their old
    events name it.
    """
    row = tx.one(
        "INSERT INTO users (public_key, created_us) VALUES (?, ?)"
        " ON CONFLICT (public_key) DO UPDATE SET created_us = excluded.created_us,"
        " disabled = 0, deleted_us = NULL WHERE deleted_us IS NOT NULL AND suspended_us IS NULL"
        " RETURNING id",
        public_key,
        now_us,
    )
    return row[0] if row else None


def add_usage(tx: Tx, user_id: int, used_bytes: int, entries: int, now_us: int) -> None:
    """Charge (or give back, when negative) bytes and entries; stamps the last write."""
    tx.run(
        "UPDATE users SET used_bytes = used_bytes + ?, entry_count = entry_count + ?,"
        " last_write_us = ? WHERE id = ?",
        used_bytes,
        entries,
        now_us,
        user_id,
    )


def set_disabled(tx: Tx, public_key: str, *, disabled: bool) -> bool:
    """Whether there is such a user."""
    changed = tx.run(
        "UPDATE users SET disabled = ? WHERE public_key = ? AND deleted_us IS NULL",
        int(disabled),
        public_key,
    )
    return changed > 0


def suspend(tx: Tx, user_id: int, now_us: int) -> None:
    """Refuse this user's reads and sign-ins from now on."""
    tx.run(
        "UPDATE users SET suspended_us = COALESCE(suspended_us, ?) WHERE id = ?", now_us, user_id
    )


def unsuspend(tx: Tx, user_id: int) -> None:
    """Let reads and sign-ins go on."""
    tx.run("UPDATE users SET suspended_us = NULL WHERE id = ?", user_id)


def mark_deleted(tx: Tx, user_id: int, now_us: int) -> None:
    """Make the account gone, and its key free to sign up again."""
    tx.run("UPDATE users SET deleted_us = ?, suspended_us = NULL WHERE id = ?", now_us, user_id)


def page(tx: Tx, before_id: int | None, limit: int, now_us: int) -> list[UserWithSessions]:
    """Up to `limit` users, newest first, older than `before_id`."""
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_SESSIONS} FROM users"
        " WHERE id < ? AND deleted_us IS NULL ORDER BY id DESC LIMIT ?",
        now_us,
        before_id if before_id is not None else 2**63 - 1,
        limit,
    )
    return [UserWithSessions(_user(row), row[8], row[9]) for row in rows]


ORDERS = {
    "newest": "id DESC",
    "bytes": "used_bytes DESC, id DESC",
    "last_write": "last_write_us IS NULL, last_write_us DESC, id DESC",
}
"""How a list of users may be sorted."""
STATES = {
    "all": "",
    "active": " AND disabled = 0 AND suspended_us IS NULL",
    "disabled": " AND disabled = 1",
    "suspended": " AND suspended_us IS NOT NULL",
}
"""Which users a list may be of."""


def search(
    tx: Tx, key_part: str, state: str, order: str, limit: int, offset: int, now_us: int
) -> tuple[list[UserWithSessions], int]:
    """Users in one of `STATES` whose key holds these letters, in one of `ORDERS`; how many."""
    condition = f"FROM users WHERE deleted_us IS NULL AND instr(public_key, ?){STATES[state]}"
    count = tx.one(f"SELECT COUNT(*) {condition}", key_part)
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_SESSIONS} {condition} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?",
        now_us,
        key_part,
        limit,
        offset,
    )
    found = [UserWithSessions(_user(row), row[8], row[9]) for row in rows]
    return found, count[0] if count else 0


def keys_after(tx: Tx, after_id: int, limit: int) -> list[tuple[int, str]]:
    """Ids and keys of users in the order of their sign-up, those after `after_id`."""
    rows = tx.all(
        "SELECT id, public_key FROM users WHERE id > ? AND deleted_us IS NULL ORDER BY id LIMIT ?",
        after_id,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


def page_disabled(tx: Tx, after_key: str, limit: int) -> list[str]:
    """Keys of disabled users in ascending order, those after `after_key`."""
    rows = tx.all(
        "SELECT public_key FROM users WHERE disabled = 1 AND deleted_us IS NULL"
        " AND public_key > ? ORDER BY public_key LIMIT ?",
        after_key,
        limit,
    )
    return [row[0] for row in rows]


def find_with_sessions(tx: Tx, public_key: str, now_us: int) -> UserWithSessions | None:
    """The user with this key and what is known of their sessions."""
    row = tx.one(
        f"SELECT {_COLUMNS}, {_SESSIONS} FROM users WHERE public_key = ? AND deleted_us IS NULL",
        now_us,
        public_key,
    )
    return UserWithSessions(_user(row), row[8], row[9]) if row else None


_SESSIONS = (
    "(SELECT COUNT(*) FROM sessions WHERE sessions.user_id = users.id"
    " AND revoked_us IS NULL AND expires_us > ?),"
    " (SELECT MAX(last_used_us) FROM sessions WHERE sessions.user_id = users.id)"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all users."""

    users: int
    disabled: int
    used_bytes: int
    entries: int


def totals(tx: Tx) -> Totals:
    """Sums over all users."""
    row = tx.one(
        "SELECT COUNT(*), COALESCE(SUM(disabled), 0), COALESCE(SUM(used_bytes), 0),"
        " COALESCE(SUM(entry_count), 0) FROM users WHERE deleted_us IS NULL"
    )
    return Totals(*row) if row else Totals(0, 0, 0, 0)
