"""What must not be accepted twice."""

from appliance.metadata.store import Tx


def spend_auth_token(tx: Tx, replay_id: bytes, timestamp_us: int, forget_before_us: int) -> bool:
    """False when the token was spent before. Forgets ids stamped before `forget_before_us`."""
    tx.run("DELETE FROM auth_tokens_seen WHERE timestamp_us < ?", forget_before_us)
    inserted = tx.run(
        "INSERT INTO auth_tokens_seen (replay_id, timestamp_us) VALUES (?, ?)"
        " ON CONFLICT (replay_id) DO NOTHING",
        replay_id,
        timestamp_us,
    )
    return inserted > 0
