"""What a simulation finds out, as plain numbers that can be sent between processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Searching:
    """Gets and puts of random nodes. Shares are 0 to 1, times are seconds of the world."""

    weather: str
    nodes: int
    gets: int
    found: float
    hops: float
    queries_per_get: float
    queries_per_put: float
    # How many nodes said that they keep an item, and which share of the truly 20 nearest did.
    copies: float
    reached: float
    first_answer_s: float
    get_s: float
    put_s: float
    # The sizes of their network that the askers believe in, divided by the true one.
    believed_size: float
    table: float


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is left of items, by how often they are stored again: one value for each of `hours`."""

    weather: str
    nodes: int
    hours: tuple[float, ...]
    found: dict[str, tuple[float, ...]]
    copies: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What it costs to be a node."""

    weather: str
    nodes: int
    datagrams_per_hour: float
    bytes_per_second: float
    kib_at_start: float
    kib_at_end: float


@dataclass(frozen=True, slots=True)
class Surrounding:
    """Attackers around targets: `near` of them stand among or before the 20 nearest of ours."""

    attack: str
    near: float
    targets: int
    # The share of copies that went to attackers, the honest ones that an item got, and the least.
    lost_copies: float
    honest_copies: float
    least_copies: int
    found: float


@dataclass(frozen=True, slots=True)
class Crowding:
    """Attackers who want a victim's table for themselves."""

    attack: str
    attackers: int
    # Their share of all nodes, of the victims' tables, and of the 20 nodes nearest to the victim
    # that the victim knows.
    of_network: float
    of_table: float
    of_nearest: float
    of_table_of_newcomers: float
    of_nearest_of_newcomers: float
    found: float


Figures = Searching | Keeping | Upkeep | Surrounding | Crowding


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return fmean(values) if values else 0.0


def share(found: int, of: int) -> float:
    """A part of a whole, 0 of nothing."""
    return found / of if of else 0.0
