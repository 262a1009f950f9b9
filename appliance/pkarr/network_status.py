"""What the operator sees of a key's place in the network, read from the history of publishing."""

from dataclasses import dataclass
from typing import Literal

from appliance.metadata import packets, publications
from appliance.metadata.publications import SUCCESS, Publication
from appliance.metadata.store import Tx
from appliance.pkarr.publishing import DHT_VANTAGE

US_PER_S = 1_000_000
# Three rounds of publishing the own packet have failed by then.
OWN_IS_OLD_AFTER_US = 3 * 3600 * US_PER_S
# Fewer holders than this and the packet is lost when a few people turn their computers off.
FEW_NODES = 5
# The newest rows in which every vantage of the last attempts is found.
LOOKED_THROUGH = 50

OwnState = Literal["private", "pending", "published", "unreachable", "old"]
"""`private`: this node stays off the public network. `pending`: nothing was tried yet.
`unreachable`: tried without any success so far. `old`: the last success is hours ago."""


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key's attempts: the newest at each vantage, the DHT first, and the last success."""

    attempts: tuple[Publication, ...]
    last_success: Publication | None

    @property
    def last_attempt(self) -> Publication | None:
        """The newest attempt anywhere."""
        return max(self.attempts, key=lambda attempt: attempt.at_us, default=None)

    @property
    def held_by(self) -> int | None:
        """DHT nodes that stored the packet at the last count; None when nobody counted."""
        counted = (*self.attempts, self.last_success)
        known = [a for a in counted if a and a.vantage == DHT_VANTAGE and a.outcome == SUCCESS]
        return max(known, key=lambda attempt: attempt.at_us).stored_nodes if known else None


@dataclass(frozen=True, slots=True)
class UsersStatus:
    """How many users' last attempt ended how, and how many packets are kept here."""

    outcomes: dict[str, int]
    packets_kept: int
    oldest_success_us: int | None


def key_status(tx: Tx, key: str) -> KeyStatus:
    """The attempts for one key."""
    newest: dict[str, Publication] = {}
    for attempt in publications.newest(tx, key, LOOKED_THROUGH):
        newest.setdefault(attempt.vantage, attempt)
    by_vantage = sorted(newest.values(), key=lambda a: (a.vantage != DHT_VANTAGE, a.vantage))
    return KeyStatus(tuple(by_vantage), publications.last_success(tx, key))


def users_status(tx: Tx, own_key: str) -> UsersStatus:
    """The users' packets as a whole."""
    return UsersStatus(
        outcomes=publications.latest_outcomes(tx, own_key),
        packets_kept=packets.count(tx) - (packets.find(tx, own_key) is not None),
        oldest_success_us=publications.oldest_success(tx, own_key),
    )


def own_state(status: KeyStatus, now_us: int, *, is_public: bool) -> OwnState:
    """The state of this node's own packet."""
    if not is_public:
        return "private"
    if status.last_success is None:
        return "unreachable" if status.attempts else "pending"
    is_old = now_us - status.last_success.at_us > OWN_IS_OLD_AFTER_US
    return "old" if is_old else "published"
