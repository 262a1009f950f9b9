"""Everything that a node was asked to find or to store and that has not ended yet."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace

from appliance.mainline.items import ImmutableItem, Item, MutableItem
from appliance.mainline.krpc import Failure, FindNode, Get, GetPeers, Ping, Put, Response
from appliance.mainline.lookup import MAX_PEERS, Lookup, Responder
from appliance.mainline.node_ids import Address, Contact, distance
from appliance.mainline.puts import COPIES, KeepCopy, keepers
from appliance.mainline.puts import Put as PutInProgress
from appliance.mainline.reports import (
    Conflict,
    Event,
    GetDone,
    GetReport,
    ItemFound,
    NodeOutcome,
    PingDone,
    PingReport,
    PutDone,
    PutReport,
    SearchDone,
    SearchReport,
)
from appliance.mainline.transactions import Pending

Entrances = tuple[list[Contact], tuple[Address, ...]]
Ask = Callable[[Pending, float], None]

# A write token is good for five minutes at least.
RESPONDERS_GOOD_FOR_S = 300.0
REMEMBERED_SEARCHES = 200
SIZE_SAMPLES = 32
REFUSED: PutReport = PutReport((), 0, 0, 0, "outdated")


class Searches:
    """Lookups, puts and pings by number; what they find becomes events."""

    __slots__ = (
        "_ask",
        "_counters",
        "_events",
        "_lookups",
        "_max_lookups",
        "_next_number",
        "_pings",
        "_puts",
        "_quiet",
        "_responders",
        "_sizes",
        "_stores_after",
        "own_id",
    )

    def __init__(self, own_id: bytes, ask: Ask, max_lookups: int, counters: Counter[str]) -> None:
        self.own_id = own_id
        self._ask = ask
        self._max_lookups = max_lookups
        self._counters = counters
        self._events: list[Event] = []
        self._next_number = 0
        self._lookups: dict[int, Lookup] = {}
        self._puts: dict[int, PutInProgress] = {}
        self._pings: set[int] = set()
        self._quiet: set[int] = set()
        # What a finished lookup is for, when it was the first half of a put.
        self._stores_after: dict[int, PutInProgress] = {}
        self._responders: OrderedDict[bytes, tuple[float, Lookup]] = OrderedDict()
        self._sizes: deque[int] = deque(maxlen=SIZE_SAMPLES)

    def __len__(self) -> int:
        """How many lookups run."""
        return len(self._lookups)

    @property
    def estimated_network_size(self) -> int:
        """The middle one of the latest estimates; 0 before the first."""
        return sorted(self._sizes)[len(self._sizes) // 2] if self._sizes else 0

    def take_events(self) -> list[Event]:
        """What was found out since the last time."""
        events, self._events = self._events, []
        return events

    def get(
        self,
        target: bytes,
        public_key: bytes | None,
        salt: bytes,
        after_seq: int | None,
        entrances: Entrances,
        own: Item | None,
        now: float,
    ) -> int:
        """A search for an item; `own` is the copy in our own store. See `Node.get`."""
        lookup = Lookup(self._number(), target, Get(target, after_seq), public_key, salt)
        if own is not None:
            self._judge(lookup, own)
        self._start(lookup, entrances, now)
        return lookup.number

    def find_node(
        self, target: bytes, entrances: Entrances, now: float, *, quietly: bool = False
    ) -> int:
        """A search for nodes; a quiet one tells nothing at its end."""
        lookup = Lookup(self._number(), target, FindNode(target))
        if quietly:
            self._quiet.add(lookup.number)
        self._start(lookup, entrances, now)
        return lookup.number

    def get_peers(self, info_hash: bytes, entrances: Entrances, now: float) -> int:
        """A search for the peers of a torrent."""
        lookup = Lookup(self._number(), info_hash, GetPeers(info_hash))
        self._start(lookup, entrances, now)
        return lookup.number

    def ping(self, address: Address, now: float) -> int:
        """One question to one node."""
        number = self._number()
        self._pings.add(number)
        self._ask(Pending(address, Ping(), number), now)
        return number

    def put(
        self,
        item: Item,
        cas: int | None,
        entrances: Entrances,
        network_size: int,
        copy: KeepCopy | None,
        now: float,
    ) -> int:
        """Store an item; puts of one target in flight are one put (discovery 5.6).

        `copy` keeps one here as well, when its turn has come.
        """
        number = self._number()
        target = item.target
        for put in self._in_flight():
            if put.item.target != target:
                continue
            if put.joins(item):
                put.numbers.append(number)
                return number
            replaces = isinstance(put.item, MutableItem) and cas == put.item.seq
            if put.outdates(item) or (cas is not None and not replaces):
                conflict: Conflict = "outdated" if put.outdates(item) else "cas"
                self._events.append(PutDone(number, replace(REFUSED, conflict=conflict)))
                return number
        put = PutInProgress([number], item, cas, copy)
        known = self._responders.get(target)
        if known is not None and now - known[0] < RESPONDERS_GOOD_FOR_S:
            self._store(put, known[1], network_size, now)
            return number
        # Whoever stores must be asked for a token first, and a `get` gives one.
        lookup = Lookup(self._number(), target, Get(target))
        self._stores_after[lookup.number] = put
        self._start(lookup, entrances, now)
        return number

    def cancel(self, number: int) -> None:
        """Tell nothing more of this; a put that is on its way goes on for those who joined it."""
        self._lookups.pop(number, None)
        self._pings.discard(number)
        for put in self._in_flight():
            if number in put.numbers:
                put.numbers.remove(number)

    def answered(self, pending: Pending, contact: Contact, message: Response, now: float) -> None:
        """A response to one of our questions."""
        number = pending.number
        if number in self._pings:
            self._pings.discard(number)
            report = PingReport(
                answered=True,
                node_id=contact.id,
                round_trip_s=now - pending.sent_at,
                version=message.version,
            )
            self._events.append(PingDone(number, report))
        elif number in self._puts:
            self._settle(number, NodeOutcome(pending.address, "stored"), now)
        elif number in self._lookups:
            lookup = self._lookups[number]
            lookup.answered(contact, message.contacts, message.token)
            for peer in message.peers[: MAX_PEERS - len(lookup.peers)]:
                lookup.peers[peer] = None
            if message.item is not None and message.token is not None:
                self._judge(lookup, message.item)
            self._go_on(lookup, now)

    def refused(self, pending: Pending, message: Failure, now: float) -> None:
        """An error in answer to one of our questions."""
        number = pending.number
        if number in self._puts:
            outcome = NodeOutcome(pending.address, "refused", message.code, message.text)
            self._settle(number, outcome, now)
        elif number in self._lookups:
            self._lookups[number].refused(pending.address)
            self._go_on(self._lookups[number], now)
        elif number in self._pings:
            # An error is a sign of life as well.
            self._pings.discard(number)
            report = PingReport(answered=True, round_trip_s=now - pending.sent_at)
            self._events.append(PingDone(number, report))

    def silent(self, pending: Pending, now: float) -> None:
        """No answer in time."""
        number = pending.number
        if number in self._puts:
            self._settle(number, NodeOutcome(pending.address, "timeout"), now)
        elif number in self._lookups:
            self._lookups[number].silent(pending.address)
            self._go_on(self._lookups[number], now)
        elif number in self._pings:
            self._pings.discard(number)
            self._events.append(PingDone(number, PingReport(answered=False)))

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    def _in_flight(self) -> list[PutInProgress]:
        return [*self._puts.values(), *self._stores_after.values()]

    def _start(self, lookup: Lookup, entrances: Entrances, now: float) -> None:
        self._lookups[lookup.number] = lookup
        # Others know us too and name us; to ask ourselves would count as one more node.
        lookup.ids.add(self.own_id)
        if len(self._lookups) <= self._max_lookups:
            near, addresses = entrances
            lookup.add(near, 1)
            lookup.add_entrances(addresses)
            known = self._responders.get(lookup.target)
            if known is not None:
                lookup.add([each.contact for each in known[1].nearest_responders()], 1)
        else:
            self._counters["lookups_refused"] += 1
        self._go_on(lookup, now)

    def _go_on(self, lookup: Lookup, now: float) -> None:
        for address in lookup.to_ask():
            self._ask(Pending(address, lookup.request, lookup.number), now)
        if lookup.is_over:
            self._finish(lookup, now)

    def _judge(self, lookup: Lookup, item: Item) -> None:
        """Only the asked key's own, verified, and more recent than what is known."""
        found = self._verified(lookup, item)
        if found is None:
            self._counters["forged_items"] += 1
            return
        newest = lookup.newest
        is_newer = newest is None or (
            isinstance(found, MutableItem)
            and isinstance(newest, MutableItem)
            and found.more_recent_than(newest)
        )
        if not is_newer:
            return
        lookup.newest = found
        if lookup.number not in self._stores_after:
            self._events.append(ItemFound(lookup.number, found))

    def _verified(self, lookup: Lookup, item: Item) -> Item | None:
        if isinstance(item, ImmutableItem):
            return item if lookup.public_key is None and item.target == lookup.target else None
        if lookup.public_key is None or item.public_key != lookup.public_key:
            return None
        found = replace(item, salt=lookup.salt)
        # Most nodes hold the same item, so a signature is checked once.
        if found == lookup.newest:
            return found
        if found.signature in lookup.refuted or not found.verify():
            lookup.refuted.add(found.signature)
            return None
        return found

    def _finish(self, lookup: Lookup, now: float) -> None:
        del self._lookups[lookup.number]
        self._estimate(lookup)
        responders = lookup.nearest_responders()
        if responders:
            self._responders[lookup.target] = (now, lookup)
            self._responders.move_to_end(lookup.target)
            if len(self._responders) > REMEMBERED_SEARCHES:
                self._responders.popitem(last=False)
        put = self._stores_after.pop(lookup.number, None)
        if put is not None:
            self._store(put, lookup, self.estimated_network_size, now)
        elif isinstance(lookup.request, Get):
            report = GetReport(
                item=lookup.newest,
                queried=lookup.queried,
                responded=lookup.responded,
                usable=len(responders),
                hops=lookup.hops,
            )
            self._events.append(GetDone(lookup.number, report))
        elif lookup.number in self._quiet:
            self._quiet.discard(lookup.number)
        else:
            found = SearchReport(tuple(lookup.peers), lookup.queried, lookup.responded, lookup.hops)
            self._events.append(SearchDone(lookup.number, found))

    def _estimate(self, lookup: Lookup) -> None:
        """From the distance of the nearest responders: 20 nodes within d of 2^160."""
        nearest: list[Responder] = lookup.nearest_responders()[:20]
        if len(nearest) >= 5:
            farthest = max(distance(each.contact.id, lookup.target) for each in nearest)
            self._sizes.append(len(nearest) * 2**160 // (farthest + 1))

    def _store(self, put: PutInProgress, lookup: Lookup, network_size: int, now: float) -> None:
        put.queried, put.responded = lookup.queried, lookup.responded
        number = self._number()
        chosen = keepers(lookup.nearest_responders(), put.item.target, network_size)
        put.waiting = {responder.contact.address for responder in chosen}
        if put.copy is not None and len(chosen) < COPIES:
            put.outcomes.append(put.copy(put.item, put.cas))
        self._puts[number] = put
        for responder in chosen:
            request = Put(responder.token, put.item, put.cas, put.item.target)
            self._ask(Pending(responder.contact.address, request, number), now)
        if not chosen:
            self._end_put(number)

    def _settle(self, number: int, outcome: NodeOutcome, now: float) -> None:
        del now
        put = self._puts[number]
        put.settle(outcome)
        if not put.waiting:
            self._end_put(number)

    def _end_put(self, number: int) -> None:
        put = self._puts.pop(number)
        report = put.report()
        if report.conflict:
            # What those nodes hold must be read again before the next try.
            self._responders.pop(put.item.target, None)
        self._events += [PutDone(waiting, report) for waiting in put.numbers]
