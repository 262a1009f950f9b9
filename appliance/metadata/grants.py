"""Rows of grants and their bearers. A grant that ended stays: events name it."""

from dataclasses import dataclass

from appliance.metadata.store import Row, Tx


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What a user signed: keys and capabilities as text, times in seconds."""

    jti: str
    client_id: str
    cnf: str
    capabilities: str
    issued_s: int
    expires_s: int


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One grant; `user` is the key of the user who signed it."""

    id: int
    user: str
    created_us: int
    last_used_us: int
    revoked_us: int | None
    terms: GrantTerms


@dataclass(frozen=True, slots=True)
class LiveBearer:
    """A grant found by its bearer, and when that bearer ends (seconds)."""

    grant: GrantRow
    expires_s: int


_COLUMNS = (
    "grants.id, public_key, grants.created_us, last_used_us, revoked_us,"
    " jti, client_id, cnf, capabilities, issued_s, grants.expires_s"
)
_FROM = "FROM grants JOIN users ON users.id = user_id"


def _grant(row: Row) -> GrantRow:
    return GrantRow(row[0], row[1], row[2], row[3], row[4], GrantTerms(*row[5:11]))


def create(tx: Tx, user_id: int, terms: GrantTerms, now_us: int) -> None:
    """A new grant; changes nothing when this user has one of that name."""
    tx.run(
        "INSERT INTO grants (user_id, jti, client_id, cnf, capabilities, issued_s, expires_s,"
        " created_us, last_used_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (user_id, jti) DO NOTHING",
        user_id,
        terms.jti,
        terms.client_id,
        terms.cnf,
        terms.capabilities,
        terms.issued_s,
        terms.expires_s,
        now_us,
        now_us,
    )


def find(tx: Tx, user: str, jti: str) -> GrantRow | None:
    """The grant of this name by the user with this key, in whatever state."""
    row = tx.one(f"SELECT {_COLUMNS} {_FROM} WHERE public_key = ? AND jti = ?", user, jti)
    return _grant(row) if row else None


def find_by_bearer(tx: Tx, bearer_hash: bytes, now_s: int) -> LiveBearer | None:
    """What a bearer stands for, while bearer, grant and user are all good."""
    row = tx.one(
        f"SELECT {_COLUMNS}, grant_bearers.expires_s {_FROM}"
        " JOIN grant_bearers ON grant_id = grants.id"
        " WHERE bearer_hash = ? AND grant_bearers.expires_s > ? AND grants.expires_s > ?"
        " AND revoked_us IS NULL AND suspended_us IS NULL AND deleted_us IS NULL",
        bearer_hash,
        now_s,
        now_s,
    )
    return LiveBearer(_grant(row), row[11]) if row else None


def list_open(tx: Tx, user: str, now_s: int) -> list[GrantRow]:
    """A user's grants that are neither revoked nor expired, oldest first."""
    rows = tx.all(
        f"SELECT {_COLUMNS} {_FROM} WHERE public_key = ? AND revoked_us IS NULL"
        " AND grants.expires_s > ? ORDER BY grants.id",
        user,
        now_s,
    )
    return [_grant(row) for row in rows]


def count_open(tx: Tx, now_s: int) -> int:
    """How many grants are neither revoked nor expired."""
    row = tx.one("SELECT COUNT(*) FROM grants WHERE revoked_us IS NULL AND expires_s > ?", now_s)
    return row[0] if row else 0


def replace_bearer(tx: Tx, grant_id: int, bearer_hash: bytes, expires_s: int, now_us: int) -> None:
    """Give a grant a bearer; the one before is worthless from here on."""
    tx.run(
        "INSERT INTO grant_bearers (grant_id, bearer_hash, expires_s) VALUES (?, ?, ?)"
        " ON CONFLICT (grant_id) DO UPDATE SET bearer_hash = excluded.bearer_hash,"
        " expires_s = excluded.expires_s",
        grant_id,
        bearer_hash,
        expires_s,
    )
    stamp_use(tx, grant_id, now_us)


def stamp_use(tx: Tx, grant_id: int, now_us: int) -> None:
    """Note that the grant was used."""
    tx.run("UPDATE grants SET last_used_us = ? WHERE id = ?", now_us, grant_id)


def revoke(tx: Tx, grant_id: int, now_us: int) -> None:
    """End a grant for ever, and its bearer with it."""
    tx.run("UPDATE grants SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL", now_us, grant_id)
    tx.run("DELETE FROM grant_bearers WHERE grant_id = ?", grant_id)


def revoke_all(tx: Tx, user_id: int, now_us: int) -> list[int]:
    """End every grant of a user for ever; returns the ids of those that were open."""
    rows = tx.all(
        "UPDATE grants SET revoked_us = ? WHERE user_id = ? AND revoked_us IS NULL RETURNING id",
        now_us,
        user_id,
    )
    for (grant_id,) in rows:
        tx.run("DELETE FROM grant_bearers WHERE grant_id = ?", grant_id)
    return [row[0] for row in rows]
