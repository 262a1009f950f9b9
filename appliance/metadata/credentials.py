"""What a credential's name (`session:7`, `grant:3`) says about rows of two tables."""

from appliance.metadata.store import Tx

US_PER_SECOND = 1_000_000

_SERVED = "revoked_us IS NULL AND suspended_us IS NULL AND deleted_us IS NULL"


def is_open(tx: Tx, credential: str, now_us: int) -> bool:
    """Whether a session or grant neither ended nor ran out, and its user may be served."""
    kind, _, row_id = credential.partition(":")
    if kind == "session":
        condition, now = "sessions JOIN users ON users.id = user_id WHERE expires_us > ?", now_us
    else:
        condition = "grants JOIN users ON users.id = user_id WHERE expires_s > ?"
        now = now_us // US_PER_SECOND
    row = tx.one(f"SELECT 1 FROM {condition} AND {kind}s.id = ? AND {_SERVED}", now, int(row_id))
    return row is not None
