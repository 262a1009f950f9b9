"""Rows of what cookies stand for. An ended session stays: events name it."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `user` is the key's text, `capabilities` the list as it was signed."""

    id: int
    user_id: int
    user: str
    capabilities: str
    created_us: int
    last_used_us: int


def create(
    tx: Tx,
    secret_hash: bytes,
    user_id: int,
    capabilities: str,
    user_agent: str,
    origin: str,
    expires_us: int,
    now_us: int,
) -> None:
    """A new session; only the hash of its secret is kept."""
    tx.run(
        "INSERT INTO sessions (secret_hash, user_id, capabilities, user_agent, origin,"
        " created_us, expires_us, last_used_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        secret_hash,
        user_id,
        capabilities,
        user_agent,
        origin,
        now_us,
        expires_us,
        now_us,
    )


def find(tx: Tx, secret_hash: bytes, now_us: int) -> Session | None:
    """The open session with this secret."""
    row = tx.one(
        "SELECT sessions.id, user_id, public_key, capabilities, sessions.created_us, last_used_us"
        " FROM sessions JOIN users ON users.id = user_id"
        " WHERE secret_hash = ? AND revoked_us IS NULL AND expires_us > ?"
        " AND suspended_us IS NULL AND deleted_us IS NULL",
        secret_hash,
        now_us,
    )
    return Session(*row) if row else None


def count_open(tx: Tx, now_us: int) -> int:
    """How many cookies still open something."""
    row = tx.one(
        "SELECT COUNT(*) FROM sessions WHERE revoked_us IS NULL AND expires_us > ?", now_us
    )
    return row[0] if row else 0


def stamp_use(tx: Tx, session_id: int, now_us: int) -> None:
    """Note that the session was used."""
    tx.run("UPDATE sessions SET last_used_us = ? WHERE id = ?", now_us, session_id)


def revoke(tx: Tx, session_id: int, now_us: int) -> None:
    """End a session."""
    tx.run(
        "UPDATE sessions SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL",
        now_us,
        session_id,
    )


def revoke_all(tx: Tx, user_id: int, now_us: int) -> list[int]:
    """End every session of a user; returns the ids of those that were open."""
    rows = tx.all(
        "UPDATE sessions SET revoked_us = ? WHERE user_id = ? AND revoked_us IS NULL RETURNING id",
        now_us,
        user_id,
    )
    return [row[0] for row in rows]
