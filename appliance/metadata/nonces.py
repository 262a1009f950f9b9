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


def spend_pop_nonce(tx: Tx, cnf: str, nonce: str, good_until_s: int, now_s: int) -> bool:
    """False when this app key used the nonce before. Forgets nonces of proofs that are too old."""
    tx.run("DELETE FROM pop_nonces WHERE good_until_s < ?", now_s)
    inserted = tx.run(
        "INSERT INTO pop_nonces (cnf, nonce, good_until_s) VALUES (?, ?, ?)"
        " ON CONFLICT (cnf, nonce) DO NOTHING",
        cnf,
        nonce,
        good_until_s,
    )
    return inserted > 0
