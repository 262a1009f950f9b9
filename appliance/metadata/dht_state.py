"""Rows of what a DHT node takes along over a restart, one a family."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class DhtState:
    """Good nodes in compact form, the latest figures as JSON, and when both were saved (µs)."""

    family: int
    contacts: bytes
    figures: str
    saved_us: int


def save(tx: Tx, state: DhtState) -> None:
    """Keep this state in place of the one before."""
    tx.run(
        "INSERT INTO dht_state (family, contacts, figures, saved_us) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (family) DO UPDATE SET contacts = excluded.contacts,"
        " figures = excluded.figures, saved_us = excluded.saved_us",
        state.family,
        state.contacts,
        state.figures,
        state.saved_us,
    )


def all_families(tx: Tx) -> list[DhtState]:
    """The state of each family, IPv4 first."""
    rows = tx.all("SELECT family, contacts, figures, saved_us FROM dht_state ORDER BY family")
    return [DhtState(*row) for row in rows]
