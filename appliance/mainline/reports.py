"""What a node is told at its start, and what it tells: reports of searches, events, figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from appliance.mainline.items import Item
from appliance.mainline.messages import CAS_MISMATCH, SEQ_TOO_LOW
from appliance.mainline.node_ids import Address

Mode = Literal["auto", "server", "client"]
Conflict = Literal["cas", "outdated"]
# Where the outcome of a put is this node's own copy.
OURSELVES: Address = ("self", 0)


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """How a node behaves; times in seconds. `bootstrap` are the nodes to ask when it knows none."""

    mode: Mode = "auto"
    bootstrap: tuple[Address, ...] = ()
    request_timeout_s: float = 2.0
    queries_per_second: int = 20
    burst: int = 100
    answers_per_second: int = 500
    answer_bytes_per_second: int = 64 * 1024
    max_lookups: int = 64


@dataclass(frozen=True, slots=True)
class GetReport:
    """How a search for an item ended. `usable` nodes gave a token; `hops` is the longest way."""

    item: Item | None
    queried: int
    responded: int
    usable: int
    hops: int


@dataclass(frozen=True, slots=True)
class NodeOutcome:
    """What one node did with an item. `code` and `text` are its refusal."""

    address: Address
    result: Literal["stored", "timeout", "refused"]
    code: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class PutReport:
    """How a put ended. `conflict` says that most nodes hold something newer or something else."""

    outcomes: tuple[NodeOutcome, ...]
    queried: int
    responded: int
    stored_nodes: int
    conflict: Conflict | None


@dataclass(frozen=True, slots=True)
class PingReport:
    """Whether a node is there. The time is from our datagram to its answer, in seconds.

    `seen_as` is where our question came from, as the node says (BEP 42).
    """

    answered: bool
    node_id: bytes | None = None
    round_trip_s: float | None = None
    version: bytes | None = None
    seen_as: Address | None = None


@dataclass(frozen=True, slots=True)
class SearchReport:
    """How a search for nodes or for the peers of a torrent ended."""

    peers: tuple[Address, ...]
    queried: int
    responded: int
    hops: int


@dataclass(frozen=True, slots=True)
class ItemFound:
    """A verified item, more recent than those before it; the search goes on."""

    number: int
    item: Item


@dataclass(frozen=True, slots=True)
class GetDone:
    """A get has ended."""

    number: int
    report: GetReport


@dataclass(frozen=True, slots=True)
class PutDone:
    """A put has ended."""

    number: int
    report: PutReport


@dataclass(frozen=True, slots=True)
class PingDone:
    """A ping was answered, or not in time."""

    number: int
    report: PingReport


@dataclass(frozen=True, slots=True)
class SearchDone:
    """A search for nodes or peers has ended."""

    number: int
    report: SearchReport


Event = ItemFound | GetDone | PutDone | PingDone | SearchDone


@dataclass(frozen=True, slots=True)
class NodeStats:
    """The figures of one node at one moment; `counters` only grow."""

    id: bytes
    family: Literal[4, 6]
    is_server: bool
    public_address: Address | None
    table_size: int
    estimated_network_size: int
    lookups: int
    mutable_items: int
    immutable_items: int
    peers: int
    counters: Mapping[str, int] = field(default_factory=dict)


def conflict_of(outcomes: Sequence[NodeOutcome]) -> Conflict | None:
    """The conflict that more than half of the nodes report (discovery 5.6), if any."""
    codes = [outcome.code for outcome in outcomes]
    if codes.count(CAS_MISMATCH) * 2 > len(codes):
        return "cas"
    return "outdated" if codes.count(SEQ_TOO_LOW) * 2 > len(codes) else None
