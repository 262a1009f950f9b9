"""Rows of invites. A token is used once and stays, so that its reuse gets a clear answer."""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata.store import Tx, Value

TokenState = Literal["unused", "used", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class SignupToken:
    """One invite; times are microseconds, `used_by` is a public key's text."""

    id: int
    token: str
    note: str | None
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    used_by: str | None
    used_us: int | None

    def state(self, now_us: int) -> TokenState:
        """What the invite is good for now."""
        if self.used_by is not None:
            return "used"
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and self.expires_us <= now_us:
            return "expired"
        return "unused"


_SELECT = (
    "SELECT id, token, note, created_us, expires_us, revoked_us, used_by, used_us"
    " FROM signup_tokens"
)


def create(
    tx: Tx, token: str, note: str | None, expires_us: int | None, now_us: int
) -> SignupToken:
    """A new unused token."""
    row = tx.one(
        "INSERT INTO signup_tokens (token, note, created_us, expires_us) VALUES (?, ?, ?, ?)"
        " RETURNING id, token, note, created_us, expires_us, revoked_us, used_by, used_us",
        token,
        note,
        now_us,
        expires_us,
    )
    if row is None:
        raise RuntimeError("an insert returned no row")
    return SignupToken(*row)


def consume(tx: Tx, token: str, used_by: str, now_us: int) -> bool:
    """Mark the token used; False when it is unknown, used, revoked or expired."""
    changed = tx.run(
        "UPDATE signup_tokens SET used_by = ?, used_us = ? WHERE token = ?"
        " AND used_by IS NULL AND revoked_us IS NULL"
        " AND (expires_us IS NULL OR expires_us > ?)",
        used_by,
        now_us,
        token,
        now_us,
    )
    return changed > 0


def revoke(tx: Tx, token_id: int, now_us: int) -> bool:
    """Make an unused token worthless; False when there is none or it is used."""
    changed = tx.run(
        "UPDATE signup_tokens SET revoked_us = COALESCE(revoked_us, ?)"
        " WHERE id = ? AND used_by IS NULL",
        now_us,
        token_id,
    )
    return changed > 0


def find(tx: Tx, token: str) -> SignupToken | None:
    """The invite with this text."""
    row = tx.one(f"{_SELECT} WHERE token = ?", token)
    return SignupToken(*row) if row else None


def find_by_id(tx: Tx, token_id: int) -> SignupToken | None:
    """The invite with this row id."""
    row = tx.one(f"{_SELECT} WHERE id = ?", token_id)
    return SignupToken(*row) if row else None


def find_used_by(tx: Tx, public_key: str) -> SignupToken | None:
    """The invite that this key signed up with, the last one when it did so again."""
    row = tx.one(f"{_SELECT} WHERE used_by = ? ORDER BY used_us DESC LIMIT 1", public_key)
    return SignupToken(*row) if row else None


def page_by_text(
    tx: Tx, state: Literal["all", "used", "unused"], after: str, limit: int
) -> list[SignupToken]:
    """Ascending by token text, as the reference server's list (operator API 2.5)."""
    condition = {
        "all": "",
        "used": " AND used_by IS NOT NULL",
        "unused": " AND used_by IS NULL",
    }[state]
    rows = tx.all(f"{_SELECT} WHERE token > ?{condition} ORDER BY token LIMIT ?", after, limit)
    return [SignupToken(*row) for row in rows]


def page_newest_first(
    tx: Tx, state: TokenState | None, before_id: int | None, limit: int, now_us: int
) -> list[SignupToken]:
    """Up to `limit` invites in this state (None: all), older than `before_id`."""
    condition, params = _in_state(state, now_us)
    rows = tx.all(
        f"{_SELECT} WHERE id < ?{condition} ORDER BY id DESC LIMIT ?",
        before_id if before_id is not None else 2**63 - 1,
        *params,
        limit,
    )
    return [SignupToken(*row) for row in rows]


def count(tx: Tx, state: TokenState | None, now_us: int) -> int:
    """How many invites are in this state (None: all)."""
    condition, params = _in_state(state, now_us)
    row = tx.one(f"SELECT COUNT(*) FROM signup_tokens WHERE 1 = 1{condition}", *params)
    return row[0] if row else 0


_OPEN = " AND used_by IS NULL AND revoked_us IS NULL"


def _in_state(state: TokenState | None, now_us: int) -> tuple[str, list[Value]]:
    match state:
        case None:
            return "", []
        case "used":
            return " AND used_by IS NOT NULL", []
        case "revoked":
            return " AND used_by IS NULL AND revoked_us IS NOT NULL", []
        case "expired":
            return f"{_OPEN} AND expires_us <= ?", [now_us]
        case "unused":
            return f"{_OPEN} AND (expires_us IS NULL OR expires_us > ?)", [now_us]
