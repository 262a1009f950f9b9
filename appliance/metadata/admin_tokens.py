"""Rows of named tokens for the operator's API; only hashes of them are kept."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class AdminToken:
    """One token; `scopes` are separated by spaces, times are microseconds."""

    id: int
    name: str
    scopes: str
    created_us: int
    expires_us: int | None
    last_used_us: int | None
    revoked_us: int | None


_COLUMNS = "id, name, scopes, created_us, expires_us, last_used_us, revoked_us"


def create(
    tx: Tx, name: str, token_hash: bytes, scopes: str, expires_us: int | None, now_us: int
) -> AdminToken:
    """A new token."""
    row = tx.one(
        "INSERT INTO admin_tokens (name, token_hash, scopes, created_us, expires_us)"
        f" VALUES (?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
        name,
        token_hash,
        scopes,
        now_us,
        expires_us,
    )
    if row is None:
        raise RuntimeError("an insert returned no row")
    return AdminToken(*row)


def find(tx: Tx, token_hash: bytes, now_us: int) -> AdminToken | None:
    """The token in force with this hash."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM admin_tokens WHERE token_hash = ? AND revoked_us IS NULL"
        " AND (expires_us IS NULL OR expires_us > ?)",
        token_hash,
        now_us,
    )
    return AdminToken(*row) if row else None


def stamp_use(tx: Tx, token_id: int, now_us: int) -> None:
    """Note that the token was used."""
    tx.run("UPDATE admin_tokens SET last_used_us = ? WHERE id = ?", now_us, token_id)


def revoke(tx: Tx, token_id: int, now_us: int) -> bool:
    """End a token; False when there is none in force."""
    changed = tx.run(
        "UPDATE admin_tokens SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL",
        now_us,
        token_id,
    )
    return changed > 0


def all_tokens(tx: Tx) -> list[AdminToken]:
    """Every token, newest first, ended ones too."""
    return [
        AdminToken(*row) for row in tx.all(f"SELECT {_COLUMNS} FROM admin_tokens ORDER BY id DESC")
    ]
