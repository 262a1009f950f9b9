"""Everything that a node was asked to find or to store and that has not ended yet."""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace

from appliance.mainline.items import ImmutableItem, Item, MutableItem
from appliance.mainline.krpc import Failure, FindNode, Get, GetPeers, Ping, Response
from appliance.mainline.lookup import MAX_PEERS, Lookup
from appliance.mainline.node_ids import Address, Contact
from appliance.mainline.puts import Ask, Found, KeepCopy, Put, Puts
from appliance.mainline.reports import (
    Event,
    GetDone,
    GetReport,
    ItemFound,
    NodeOutcome,
    PingDone,
    PingReport,
    PutDone,
    SearchDone,
    SearchReport,
)
from appliance.mainline.transactions import Pending

Entrances = tuple[list[Contact], tuple[Address, ...]]
"""Where a search begins: nodes of the table, and addresses without ids."""

# A write token is good for five minutes at least.
RESPONDERS_GOOD_FOR_S = 300.0
REMEMBERED_SEARCHES = 200
SIZE_SAMPLES = 32
MAX_WAITING = 1024
# Of fewer answers than this nothing can be said about the size of the network.
LEAST_ANSWERS = 5


class Searches:
    """Lookups, puts and pings by number; what they find becomes events."""

    __slots__ = (
        "_ask",
        "_counters",
        "_entrances",
        "_events",
        "_found",
        "_lookups",
        "_max_lookups",
        "_next_number",
        "_pings",
        "_puts",
        "_quiet",
        "_sizes",
        "_stores_after",
        "_waiting",
        "own_id",
    )

    def __init__(
        self,
        own_id: bytes,
        ask: Ask,
        entrances: Callable[[bytes], Entrances],
        max_lookups: int,
        counters: Counter[str],
    ) -> None:
        self.own_id = own_id
        self._ask = ask
        self._entrances = entrances
        self._max_lookups = max_lookups
        self._counters = counters
        self._events: list[Event] = []
        self._next_number = 0
        self._lookups: dict[int, Lookup] = {}
        # Those that will run when there is room.
        self._waiting: deque[Lookup] = deque()
        self._puts = Puts(ask, lambda number, report: self._events.append(PutDone(number, report)))
        self._pings: set[int] = set()
        self._quiet: set[int] = set()
        # What a finished lookup is for, when it was the first half of a put.
        self._stores_after: dict[int, Put] = {}
        self._found: OrderedDict[bytes, Found] = OrderedDict()
        self._sizes: deque[int] = deque(maxlen=SIZE_SAMPLES)

    def __len__(self) -> int:
        """How many lookups run or wait."""
        return len(self._lookups) + len(self._waiting)

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
        own: Item | None,
        now: float,
    ) -> int:
        """A search for an item; `own` is the copy in our own store. See `Node.get`."""
        request = Get(target, after_seq)
        lookup = Lookup(self._number(), target, request, self.own_id, public_key, salt)
        if own is not None:
            self._judge(lookup, request, own)
        self._start(lookup, now)
        return lookup.number

    def find_node(self, target: bytes, now: float) -> int:
        """A search for nodes."""
        lookup = Lookup(self._number(), target, FindNode(target), self.own_id)
        self._start(lookup, now)
        return lookup.number

    def refresh(self, more: tuple[Address, ...], now: float) -> None:
        """A search for our own neighbours, which nobody waits for; it asks `more` as well."""
        lookup = Lookup(self._number(), self.own_id, FindNode(self.own_id), self.own_id)
        self._quiet.add(lookup.number)
        lookup.add_entrances(more)
        self._run(lookup, now)

    def get_peers(self, info_hash: bytes, now: float) -> int:
        """A search for the peers of a torrent."""
        lookup = Lookup(self._number(), info_hash, GetPeers(info_hash), self.own_id)
        self._start(lookup, now)
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
        copy: KeepCopy | None,
        network_size: int,
        now: float,
    ) -> int:
        """Store an item; equal puts in flight are one put (discovery 5.6).

        `copy` keeps one here as well, when its turn has come.
        """
        number, target = self._number(), item.target
        put = self._puts.begin(number, item, cas, copy)
        if put is None:
            return number
        found = self._found.get(target)
        if found is not None and now - found.at < RESPONDERS_GOOD_FOR_S:
            self._puts.send(self._number(), put, found, network_size, now)
            return number
        # Whoever stores must be asked for a token first, and a `get` gives one. What is older than
        # our item need not be sent.
        request = Get(target, item.seq if isinstance(item, MutableItem) else None)
        lookup = Lookup(self._number(), target, request, self.own_id)
        self._stores_after[lookup.number] = put
        self._start(lookup, now)
        return number

    def cancel(self, number: int) -> None:
        """Tell nothing more of this."""
        self._pings.discard(number)
        self._puts.cancel(number)
        if self._lookups.pop(number, None) is None:
            self._waiting = deque(lookup for lookup in self._waiting if lookup.number != number)

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
                seen_as=message.requester,
            )
            self._events.append(PingDone(number, report))
        elif number in self._puts:
            outcome = NodeOutcome(pending.address, "stored")
            self._forget_after_conflict(self._puts.settle(number, outcome))
        elif number in self._lookups:
            lookup = self._lookups[number]
            lookup.answered(contact, message.contacts, message.token)
            for peer in message.peers[: MAX_PEERS - len(lookup.peers)]:
                lookup.peers[peer] = None
            request = lookup.request
            # The search before a put looks for tokens, whatever lies there.
            is_read = number not in self._stores_after
            if is_read and isinstance(request, Get) and message.item is not None:
                self._judge(lookup, request, message.item)
            self._go_on(lookup, now)

    def refused(self, pending: Pending, message: Failure, now: float) -> None:
        """An error in answer to one of our questions."""
        number = pending.number
        if number in self._puts:
            outcome = NodeOutcome(pending.address, "refused", message.code, message.text)
            self._forget_after_conflict(self._puts.settle(number, outcome))
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
            self._forget_after_conflict(self._puts.silent(pending, now))
        elif number in self._lookups:
            self._lookups[number].silent(pending.address)
            self._go_on(self._lookups[number], now)
        elif number in self._pings:
            self._pings.discard(number)
            self._events.append(PingDone(number, PingReport(answered=False)))

    def admit_waiting(self, now: float) -> None:
        """Start those that waited, as far as there is room."""
        while self._waiting and len(self._lookups) < self._max_lookups:
            self._run(self._waiting.popleft(), now)

    def _number(self) -> int:
        self._next_number += 1
        return self._next_number

    def _start(self, lookup: Lookup, now: float) -> None:
        if len(self._lookups) < self._max_lookups:
            self._run(lookup, now)
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append(lookup)
        else:
            self._counters["lookups_refused"] += 1
            self._finish(lookup, now)

    def _run(self, lookup: Lookup, now: float) -> None:
        self._lookups[lookup.number] = lookup
        near, addresses = self._entrances(lookup.target)
        lookup.add(near, 1)
        lookup.add_entrances(addresses)
        known = self._found.get(lookup.target)
        if known is not None:
            lookup.add([responder.contact for responder in known.responders], 1)
        self._go_on(lookup, now)

    def _go_on(self, lookup: Lookup, now: float) -> None:
        for address in lookup.to_ask():
            self._ask(Pending(address, lookup.request, lookup.number), now)
        if lookup.is_over:
            del self._lookups[lookup.number]
            self._finish(lookup, now)

    def _judge(self, lookup: Lookup, request: Get, item: Item) -> None:
        """Only the asked key's own, newer than what the caller and this search know, verified."""
        if isinstance(item, ImmutableItem):
            if lookup.public_key is not None or item.target != lookup.target:
                self._counters["forged_items"] += 1
            elif lookup.newest is None:
                self._tell(lookup, item)
        elif item.public_key != lookup.public_key:
            # A node may answer with any item, and somebody else's signature is valid too.
            self._counters["forged_items"] += 1
        elif request.seq is not None and item.seq <= request.seq:
            self._counters["stale_items"] += 1
        else:
            self._judge_signature(lookup, replace(item, salt=lookup.salt))

    def _judge_signature(self, lookup: Lookup, item: MutableItem) -> None:
        """Checks it once: most nodes hold the same item, and what is not newer is of no use."""
        newest = lookup.newest
        if isinstance(newest, MutableItem) and not item.more_recent_than(newest):
            return
        if item in lookup.refuted or not item.verify():
            lookup.refuted.add(item)
            self._counters["forged_items"] += 1
            return
        self._tell(lookup, item)

    def _tell(self, lookup: Lookup, item: Item) -> None:
        lookup.newest = item
        self._events.append(ItemFound(lookup.number, item))

    def _finish(self, lookup: Lookup, now: float) -> None:
        self._estimate(lookup)
        responders = lookup.nearest_responders()
        found = Found(responders, lookup.queried, lookup.responded, now)
        if responders:
            self._found[lookup.target] = found
            self._found.move_to_end(lookup.target)
            if len(self._found) > REMEMBERED_SEARCHES:
                self._found.popitem(last=False)
        put = self._stores_after.pop(lookup.number, None)
        if put is not None:
            self._puts.send(self._number(), put, found, self.estimated_network_size, now)
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
            search = SearchReport(
                tuple(lookup.peers), lookup.queried, lookup.responded, lookup.hops
            )
            self._events.append(SearchDone(lookup.number, search))

    def _estimate(self, lookup: Lookup) -> None:
        """So many of an even distribution lie within the distance of the last (discovery 5.6)."""
        distances = lookup.nearest_distances()
        if len(distances) >= LEAST_ANSWERS:
            self._sizes.append((len(distances) - 1) * 2**160 // (distances[-1] + 1))

    def _forget_after_conflict(self, ended: Put | None) -> None:
        """What those nodes hold must be read again before the next try."""
        if ended is not None and ended.report().conflict:
            self._found.pop(ended.item.target, None)
