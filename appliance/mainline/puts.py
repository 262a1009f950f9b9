"""The second half of a put: the item goes to the nodes nearest to its target (discovery 5.6)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from appliance.mainline import krpc
from appliance.mainline.items import Item, MutableItem
from appliance.mainline.lookup import Responder
from appliance.mainline.networks import network_of
from appliance.mainline.node_ids import Address, compact_address, distance, is_local
from appliance.mainline.reports import Conflict, NodeOutcome, PutReport, conflict_of
from appliance.mainline.transactions import Pending

COPIES = 20
MAX_COPIES = 60

Ask = Callable[[Pending, float], None]
KeepCopy = Callable[[Item, int | None], NodeOutcome]
"""Keeps an item in our own store, if it is the one that is expected there."""


class Found(NamedTuple):
    """Whom a search found who may be asked to keep something, and what the search cost."""

    responders: tuple[Responder, ...]
    queried: int
    responded: int
    at: float


@dataclass(slots=True, eq=False)
class Put:
    """An item on its way; `numbers` are the calls that wait for this one."""

    numbers: list[int]
    item: Item
    cas: int | None
    copy: KeepCopy | None
    waiting: set[Address] = field(default_factory=set)
    asked_again: set[Address] = field(default_factory=set)
    outcomes: list[NodeOutcome] = field(default_factory=list)
    queried: int = 0
    responded: int = 0

    def conflict_with(self, item: Item, cas: int | None) -> Conflict | None:
        """Why another item may not be put to the same target while this one is on its way."""
        if not isinstance(item, MutableItem) or not isinstance(self.item, MutableItem):
            return None
        if item.seq < self.item.seq:
            return "outdated"
        return "cas" if cas not in (None, self.item.seq) else None

    def report(self) -> PutReport:
        """How it ended."""
        return PutReport(
            outcomes=tuple(self.outcomes),
            queried=self.queried,
            responded=self.responded,
            stored_nodes=sum(outcome.result == "stored" for outcome in self.outcomes),
            conflict=conflict_of(self.outcomes),
        )


class Puts:
    """Every put of one node that has not ended; `done` is told how each of them ends."""

    __slots__ = ("_ask", "_done", "_on_their_way", "_sent")

    def __init__(self, ask: Ask, done: Callable[[int, PutReport], None]) -> None:
        self._ask = ask
        self._done = done
        self._on_their_way: list[Put] = []
        self._sent: dict[int, Put] = {}

    def __contains__(self, number: int) -> bool:
        """Whether nodes were asked under this number and some have not answered."""
        return number in self._sent

    def begin(self, number: int, item: Item, cas: int | None, copy: KeepCopy | None) -> Put | None:
        """A put that is to be sent; None if it joined one on its way, or lost against one."""
        target = item.target
        rivals = [put for put in self._on_their_way if put.item.target == target]
        for rival in rivals:
            if rival.item == item:
                rival.numbers.append(number)
                return None
        for rival in rivals:
            conflict = rival.conflict_with(item, cas)
            if conflict is not None:
                self._done(number, PutReport((), 0, 0, 0, conflict))
                return None
        put = Put([number], item, cas, copy)
        self._on_their_way.append(put)
        return put

    def send(self, number: int, put: Put, found: Found, network_size: int, now: float) -> None:
        """Ask those who were found to keep the item; their answers come under `number`."""
        put.queried, put.responded = found.queried, found.responded
        chosen = keepers(found.responders, put.item.target, network_size)
        if put.copy is not None and len(chosen) < COPIES:
            put.outcomes.append(put.copy(put.item, put.cas))
        put.waiting = {responder.contact.address for responder in chosen}
        self._sent[number] = put
        for responder in chosen:
            request = krpc.Put(responder.token, put.item, put.cas, put.item.target)
            self._ask(Pending(responder.contact.address, request, number), now)
        self._end_if_over(number)

    def settle(self, number: int, outcome: NodeOutcome) -> Put | None:
        """One node is done with it; the put when it was the last one."""
        put = self._sent[number]
        put.waiting.discard(outcome.address)
        put.outcomes.append(outcome)
        return self._end_if_over(number)

    def silent(self, pending: Pending, now: float) -> Put | None:
        """One node did not answer in time; like `settle` if that is the end of it.

        It answered a moment ago, so probably a datagram got lost, and storing the same item twice
        does no harm. With `cas` it would: the second time there is another `seq` than expected.
        """
        put = self._sent[pending.number]
        if put.cas is not None or pending.address in put.asked_again:
            return self.settle(pending.number, NodeOutcome(pending.address, "timeout"))
        put.asked_again.add(pending.address)
        self._ask(Pending(pending.address, pending.request, pending.number), now)
        return None

    def cancel(self, number: int) -> None:
        """This call no longer waits; the put goes on, because others may have joined it."""
        for put in self._on_their_way:
            if number in put.numbers:
                put.numbers.remove(number)

    def _end_if_over(self, number: int) -> Put | None:
        put = self._sent[number]
        if put.waiting:
            return None
        del self._sent[number]
        self._on_their_way.remove(put)
        report = put.report()
        for waiting in put.numbers:
            self._done(waiting, report)
        return put


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
        networks.add(_network_of(responder.contact.address))
    return chosen


def _network_of(address: Address) -> bytes:
    """An IPv4 /6, of which few people have many; an IPv6 /32, which is what a provider gets.

    In a private network everybody is a neighbour, and each stands for himself.
    """
    if is_local(address[0]):
        return compact_address(address)
    return network_of(address[0], 6, 32)
