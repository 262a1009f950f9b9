"""The second half of a put: the item goes to the nodes nearest to its target (discovery 5.6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from appliance.mainline.items import Item, MutableItem
from appliance.mainline.lookup import Responder
from appliance.mainline.node_ids import Address, compact_address, distance
from appliance.mainline.reports import NodeOutcome, PutReport, conflict_of

COPIES = 20
MAX_COPIES = 60

KeepCopy = Callable[[Item, int | None], NodeOutcome]
"""Keeps an item in our own store, if it is the one that is expected there."""


@dataclass(slots=True)
class Put:
    """An item on its way; `numbers` are the calls that wait for this one."""

    numbers: list[int]
    item: Item
    cas: int | None
    copy: KeepCopy | None = None
    queried: int = 0
    responded: int = 0
    waiting: set[Address] = field(default_factory=set)
    outcomes: list[NodeOutcome] = field(default_factory=list)

    def settle(self, outcome: NodeOutcome) -> None:
        """One node is done with it."""
        if outcome.address in self.waiting:
            self.waiting.discard(outcome.address)
            self.outcomes.append(outcome)

    def joins(self, item: Item) -> bool:
        """Whether another put of `item` is this very one."""
        return item == self.item

    def outdates(self, item: Item) -> bool:
        """Whether `item` is older than what is on its way already."""
        return (
            isinstance(item, MutableItem)
            and isinstance(self.item, MutableItem)
            and item.seq < self.item.seq
        )

    def report(self) -> PutReport:
        """How it ended."""
        return PutReport(
            outcomes=tuple(self.outcomes),
            queried=self.queried,
            responded=self.responded,
            stored_nodes=sum(outcome.result == "stored" for outcome in self.outcomes),
            conflict=conflict_of(self.outcomes),
        )


def keepers(responders: Sequence[Responder], target: bytes, network_size: int) -> list[Responder]:
    """Who shall keep an item: the 20 nearest, and more while they crowd in few networks.

    An attacker who surrounds a target has ids nearer to it than chance allows, and mostly few
    networks; honest nodes beyond his are reached by going on until the expected distance of 20
    nodes is passed and the networks are as many as chance would give.
    """
    expected = COPIES * 2**160 // (network_size + 1)
    chosen: list[Responder] = []
    networks: set[bytes] = set()
    for responder in responders:
        is_enough = (
            len(chosen) >= COPIES
            and distance(responder.contact.id, target) >= expected
            and len(networks) * 4 >= len(chosen)
        )
        if is_enough or len(chosen) >= MAX_COPIES:
            break
        chosen.append(responder)
        networks.add(_network(responder.contact.address))
    return chosen


def _network(address: Address) -> bytes:
    """The first six bits of an address, a /6: few people have many of those."""
    return bytes([compact_address(address)[0] & 0xFC])
