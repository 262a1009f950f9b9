"""The quota columns of users and invites, as they are stored; rules give them their meaning."""

from dataclasses import astuple, dataclass

from appliance.metadata.store import Tx

_COLUMNS = (
    "quota_storage_mb, quota_rate_read, quota_rate_write, quota_rate_read_burst,"
    " quota_rate_write_burst, allowed_write_paths"
)


@dataclass(frozen=True, slots=True)
class QuotaColumns:
    """One row's quota; None in a column leaves it to the node's settings (operator API 2.6)."""

    storage_mb: int | None = None
    rate_read: str | None = None
    rate_write: str | None = None
    rate_read_burst: int | None = None
    rate_write_burst: int | None = None
    allowed_write_paths: str | None = None


def find_of_user(tx: Tx, user_id: int) -> QuotaColumns | None:
    """What is set for the user with this row id."""
    row = tx.one(f"SELECT {_COLUMNS} FROM users WHERE id = ?", user_id)
    return QuotaColumns(*row) if row else None


def find_of_key(tx: Tx, public_key: str) -> QuotaColumns | None:
    """What is set for the user with this key."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM users WHERE public_key = ? AND deleted_us IS NULL", public_key
    )
    return QuotaColumns(*row) if row else None


def find_of_token(tx: Tx, token: str) -> QuotaColumns | None:
    """What the invite with this text gives."""
    row = tx.one(f"SELECT {_COLUMNS} FROM signup_tokens WHERE token = ?", token)
    return QuotaColumns(*row) if row else None


def set_of_user(tx: Tx, user_id: int, quota: QuotaColumns) -> None:
    """Replace everything that is set for a user."""
    tx.run(
        f"UPDATE users SET ({_COLUMNS}) = (?, ?, ?, ?, ?, ?) WHERE id = ?", *astuple(quota), user_id
    )


def set_of_token(tx: Tx, token_id: int, quota: QuotaColumns) -> None:
    """Replace everything that an invite gives."""
    tx.run(
        f"UPDATE signup_tokens SET ({_COLUMNS}) = (?, ?, ?, ?, ?, ?) WHERE id = ?",
        *astuple(quota),
        token_id,
    )
