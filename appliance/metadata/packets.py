"""Rows of signed packets that outlive the DHT's memory: this node's own and its users'."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class KeptPacket:
    """A packet in canonical bytes, and when it was last seen somewhere (µs)."""

    raw: bytes
    last_seen_us: int


def find(tx: Tx, public_key: str) -> KeptPacket | None:
    """The packet kept for this key."""
    row = tx.one("SELECT packet, last_seen_us FROM packets WHERE public_key = ?", public_key)
    return KeptPacket(row[0], row[1]) if row else None


def keep(tx: Tx, public_key: str, raw: bytes, last_seen_us: int) -> None:
    """Keep a packet in place of the one before; the caller has judged which is the newer."""
    tx.run(
        "INSERT INTO packets (public_key, packet, last_seen_us) VALUES (?, ?, ?)"
        " ON CONFLICT (public_key) DO UPDATE SET packet = excluded.packet,"
        " last_seen_us = excluded.last_seen_us",
        public_key,
        raw,
        last_seen_us,
    )


def count(tx: Tx) -> int:
    """How many keys have a packet here."""
    row = tx.one("SELECT COUNT(*) FROM packets")
    return row[0] if row else 0


def users_without(tx: Tx, after_id: int, limit: int) -> list[tuple[int, str]]:
    """Ids and keys of users with no packet here, in the order of their sign-up."""
    rows = tx.all(
        "SELECT id, public_key FROM users WHERE id > ? AND deleted_us IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM packets WHERE packets.public_key = users.public_key)"
        " ORDER BY id LIMIT ?",
        after_id,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
