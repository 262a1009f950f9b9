"""Rows of people who signed up here."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


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


@dataclass(frozen=True, slots=True)
class UserWithSessions:
    """A user and how many sessions are open."""

    user: User
    sessions: int


_COLUMNS = "id, public_key, disabled, used_bytes, entry_count, created_us, last_write_us"


def find(tx: Tx, public_key: str) -> User | None:
    """The user with this key."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE public_key = ?", public_key)
    return User(row[0], row[1], bool(row[2]), *row[3:]) if row else None


def create(tx: Tx, public_key: str, now_us: int) -> int | None:
    """A new user's id, or None when the key is taken."""
    row = tx.one(
        "INSERT INTO users (public_key, created_us) VALUES (?, ?)"
        " ON CONFLICT (public_key) DO NOTHING RETURNING id",
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
    return (
        tx.run("UPDATE users SET disabled = ? WHERE public_key = ?", int(disabled), public_key) > 0
    )


def page(tx: Tx, before_id: int | None, limit: int, now_us: int) -> list[UserWithSessions]:
    """Up to `limit` users, newest first, older than `before_id`."""
    rows = tx.all(
        f"SELECT {_COLUMNS}, {_SESSION_COUNT} FROM users WHERE id < ? ORDER BY id DESC LIMIT ?",
        now_us,
        before_id if before_id is not None else 2**63 - 1,
        limit,
    )
    return [UserWithSessions(User(row[0], row[1], bool(row[2]), *row[3:7]), row[7]) for row in rows]


def find_with_sessions(tx: Tx, public_key: str, now_us: int) -> UserWithSessions | None:
    """The user with this key and how many sessions are open."""
    row = tx.one(
        f"SELECT {_COLUMNS}, {_SESSION_COUNT} FROM users WHERE public_key = ?",
        now_us,
        public_key,
    )
    return UserWithSessions(User(row[0], row[1], bool(row[2]), *row[3:7]), row[7]) if row else None


_SESSION_COUNT = (
    "(SELECT COUNT(*) FROM sessions WHERE sessions.user_id = users.id"
    " AND revoked_us IS NULL AND expires_us > ?)"
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
        " COALESCE(SUM(entry_count), 0) FROM users"
    )
    return Totals(*row) if row else Totals(0, 0, 0, 0)
