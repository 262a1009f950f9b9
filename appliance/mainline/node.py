"""A Mainline node as a machine: datagrams and time in, datagrams and events out.

No socket, no clock, no thread. `receive` and `tick` never raise; after either of them, and after
every question, take what is to be sent, take the events, and come back at `wake_at`.
"""

import random
from collections import Counter
from collections.abc import Iterable
from math import inf
from typing import Literal

from appliance.errors import PubkyError
from appliance.mainline.answers import Answers
from appliance.mainline.flood_guard import FloodGuard
from appliance.mainline.item_store import Refusal
from appliance.mainline.items import Item
from appliance.mainline.krpc import Failure, FindNode, Ping, Query, Response, decode, encode
from appliance.mainline.messages import KNOWN_CODES
from appliance.mainline.node_ids import Address, Contact, is_ipv6, is_secure, secure_id
from appliance.mainline.reachability import Reachability
from appliance.mainline.reports import OURSELVES, Event, NodeOutcome, NodeSettings, NodeStats
from appliance.mainline.routing_table import RoutingTable
from appliance.mainline.searches import Searches
from appliance.mainline.transactions import Pending, Transactions

SHORTEST_DATAGRAM = 15
ANSWERED_CONTACTS = 20
PING_STALE_EVERY_S = 300.0
REFRESH_EVERY_S = 900.0
# With few acquaintances a node tries again soon at first: the network may come up a little later.
ALONE_FIRST_S = 5.0
ALONE_LONGEST_S = 60.0
KEPT_CONTACTS = 200
MAX_OUTGOING = 4096
# Questions that belong to no search have this number; a ping to ourselves has the other.
HOUSEKEEPING = 0
OWN_PROBE = -1

Family = Literal[4, 6]


class Node:
    """One node of one address family."""

    def __init__(
        self,
        settings: NodeSettings,
        family: Family,
        random_source: random.Random,
        now: float,
        contacts: Iterable[Contact] = (),
    ) -> None:
        self.family: Family = family
        self.settings = settings
        self.id = random_source.randbytes(20)
        self.sibling: Node | None = None
        self.counters: Counter[str] = Counter()
        self._random = random_source
        self._bootstrap = settings.bootstrap
        self._remembered = dict.fromkeys(contact.address for contact in contacts)
        self._table = RoutingTable(self.id)
        self._reach = Reachability(settings.mode)
        self._answers: Answers | None = None
        self._guard: FloodGuard | None = None
        self._outgoing: list[tuple[bytes, Address]] = []
        self._transactions = Transactions(settings.request_timeout_s, random_source)
        self._searches = Searches(
            self.id, self._ask, self._entrances, settings.max_lookups, self.counters
        )
        self._heard_at = -inf
        self._alone_pause_s = ALONE_FIRST_S
        self._refresh_at = now
        self._ping_stale_at = now + PING_STALE_EVERY_S

    # --- Questions -----------------------------------------------------------------------------

    def get(
        self,
        target: bytes,
        public_key: bytes | None,
        salt: bytes,
        after_seq: int | None,
        now: float,
    ) -> int:
        """Search for an item; with a public key for the mutable one of this key and salt.

        Tells `ItemFound` for each newer item and `GetDone` at the end.
        """
        own = self._answers.items.get(target) if self._answers is not None else None
        return self._searches.get(target, public_key, salt, after_seq, own, now)

    def put(self, item: Item, cas: int | None, now: float) -> int:
        """Keep an item at the nodes nearest to its target; `PutDone` says at which.

        Where fewer than 20 others keep it, a server keeps a copy itself, which counts like theirs;
        the address of its outcome is `OURSELVES`.
        """
        copy = self._keep_copy if self.is_server else None
        return self._searches.put(item, cas, copy, self.estimated_network_size, now)

    def find_node(self, target: bytes, now: float) -> int:
        """Search for the nodes nearest to a target; ends with `SearchDone`."""
        return self._searches.find_node(target, now)

    def get_peers(self, info_hash: bytes, now: float) -> int:
        """Search for the peers of a torrent; ends with `SearchDone`."""
        return self._searches.get_peers(info_hash, now)

    def ping(self, address: Address, now: float) -> int:
        """Ask one node whether it is there; ends with `PingDone`."""
        return self._searches.ping(address, now)

    def cancel(self, number: int) -> None:
        """Nobody waits for this any longer."""
        self._searches.cancel(number)

    def set_bootstrap(self, addresses: tuple[Address, ...], now: float) -> None:
        """The nodes to ask when no other is known, for example after their names were found."""
        is_news = addresses != self._bootstrap
        self._bootstrap = addresses
        if is_news and not len(self._table):
            self._alone_pause_s = ALONE_FIRST_S
            self._refresh_at = now

    # --- What happens ----------------------------------------------------------------------------

    def receive(self, datagram: bytes, source: Address, now: float) -> None:
        """One datagram from a stranger; never raises."""
        self.counters["received_bytes"] += len(datagram)
        if len(datagram) < SHORTEST_DATAGRAM or is_ipv6(source[0]) != (self.family == 6):
            self.counters["malformed"] += 1
            return
        # Answers to our own questions are always welcome; everything else is on a ration.
        is_expected = self._transactions.expects(source)
        if not is_expected and not self._guarded(source, now):
            self.counters["dropped_by_guard"] += 1
            return
        try:
            message = decode(datagram)
        except PubkyError:
            self.counters["malformed"] += 1
            return
        match message:
            case Query():
                if not is_expected or self._guarded(source, now):
                    self._answer(message, source, now)
            case Response():
                self._on_response(message, source, now)
            case Failure():
                self._on_failure(message, source, now)

    def tick(self, now: float) -> None:
        """Time has passed: give up on those who are late, look after the table; never raises."""
        for pending in self._transactions.expired(now):
            self.counters["timeouts"] += 1
            self._give_up(pending, now)
        self._searches.admit_waiting(now)
        if now >= self._ping_stale_at:
            self._ping_stale_at = now + PING_STALE_EVERY_S
            for contact in self._table.stale(now):
                self._probe(contact.address, now)
        if now >= self._refresh_at:
            self._refresh(now)

    @property
    def wake_at(self) -> float:
        """When `tick` must be called at the latest."""
        return min(self._transactions.next_deadline, self._refresh_at, self._ping_stale_at)

    def take_datagrams(self) -> list[tuple[bytes, Address]]:
        """What is to be sent now."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def take_events(self) -> list[Event]:
        """What was found out since the last time."""
        return self._searches.take_events()

    # --- What it knows ---------------------------------------------------------------------------

    @property
    def is_server(self) -> bool:
        """Whether it answers strangers now."""
        return self._reach.is_server

    @property
    def public_address(self) -> Address | None:
        """Where others see this node, as most of them say."""
        return self._reach.address

    @property
    def table_size(self) -> int:
        """Nodes in the routing table."""
        return len(self._table)

    @property
    def estimated_network_size(self) -> int:
        """How many nodes there must be, judged by how near the nearest to searched targets are."""
        return max(self._searches.estimated_network_size, len(self._table))

    def contacts(self) -> list[Contact]:
        """Good nodes to begin with the next time."""
        return self._table.good(KEPT_CONTACTS)

    def table_contacts(self) -> list[Contact]:
        """Every node in the table."""
        return [entry.contact for entry in self._table]

    def stats(self) -> NodeStats:
        """The figures of this moment."""
        stores = self._answers
        return NodeStats(
            id=self.id,
            family=self.family,
            is_server=self.is_server,
            public_address=self.public_address,
            table_size=len(self._table),
            estimated_network_size=self.estimated_network_size,
            lookups=len(self._searches),
            mutable_items=stores.items.mutable_count if stores else 0,
            immutable_items=stores.items.immutable_count if stores else 0,
            peers=len(stores.peers) if stores else 0,
            counters=dict(self.counters),
        )

    # --- Inside ----------------------------------------------------------------------------------

    def _entrances(self, target: bytes) -> tuple[list[Contact], tuple[Address, ...]]:
        near = self._table.nearest(target, ANSWERED_CONTACTS)
        if len(near) >= ANSWERED_CONTACTS:
            return near, ()
        return near, self._bootstrap if near else (*self._bootstrap, *self._remembered)

    def _ask(self, pending: Pending, now: float) -> None:
        query = Query(
            self._transactions.begin(pending, now),
            self.id,
            pending.request,
            read_only=not self.is_server,
        )
        self._send(encode(query), pending.address)

    def _probe(self, address: Address, now: float) -> None:
        self._ask(Pending(address, Ping(), HOUSEKEEPING), now)

    def _send(self, datagram: bytes, address: Address) -> None:
        if len(self._outgoing) < MAX_OUTGOING:
            self.counters["sent_bytes"] += len(datagram)
            self._outgoing.append((datagram, address))

    def _guarded(self, source: Address, now: float) -> bool:
        if self._guard is None:
            settings = self.settings
            self._guard = FloodGuard(
                settings.queries_per_second,
                settings.burst,
                settings.answers_per_second,
                settings.answer_bytes_per_second,
                now,
            )
        return self._guard.admits(source, now)

    def _answer(self, query: Query, source: Address, now: float) -> None:
        self.counters[f"queries_{type(query.request).__name__.lower()}"] += 1
        if query.sender_id == self.id:
            self._hear_ourselves(query, now)
            return
        if not self.is_server:
            return
        self._meet(query, source, now)
        answer = encode(self._stores.answer(query, self.id, source, now))
        guard = self._guard
        if guard is not None and not guard.may_answer(len(answer), now):
            self.counters["answers_withheld"] += 1
            return
        self.counters["answers"] += 1
        self._send(answer, source)

    def _hear_ourselves(self, query: Query, now: float) -> None:
        """Something that we sent to our own address came back, and nobody else knows its number."""
        own_address = self._reach.address
        if own_address is None:
            return
        pending = self._transactions.finish(query.transaction_id, own_address)
        if pending is None:
            return
        if pending.number == OWN_PROBE:
            self._reach.probe_came_back()
        self._searches.silent(pending, now)

    def _meet(self, query: Query, source: Address, now: float) -> None:
        """Who looks for neighbours is no acquaintance yet, but may become one by answering us.

        Without that a network of nodes like this one would never learn of its newcomers (BEP 5).
        """
        if query.read_only or not isinstance(query.request, FindNode):
            return
        if self._transactions.expects(source):
            return
        is_welcome = self._table.has_place_for(Contact(query.sender_id, source))
        if is_welcome and self._guard is not None and self._guard.may_meet(now):
            self._probe(source, now)

    @property
    def _stores(self) -> Answers:
        if self._answers is None:
            self._answers = Answers(self._known_nearest, self._random.randbytes, self.counters)
        return self._answers

    def _known_nearest(self, target: bytes, want: tuple[int, ...]) -> tuple[Contact, ...]:
        families = want or (self.family,)
        found: list[Contact] = []
        for node in (self, self.sibling):
            if node is not None and node.family in families:
                found += node._table.nearest(target, ANSWERED_CONTACTS)  # noqa: SLF001 - the same class
        return tuple(found)

    def _keep_copy(self, item: Item, cas: int | None) -> NodeOutcome:
        try:
            self._stores.items.put(item, cas)
        except Refusal as refusal:
            return NodeOutcome(OURSELVES, "refused", refusal.code, refusal.text)
        return NodeOutcome(OURSELVES, "stored")

    def _on_response(self, message: Response, source: Address, now: float) -> None:
        pending = self._transactions.finish(message.transaction_id, source)
        if pending is None:
            self.counters["unexpected"] += 1
            return
        self._heard_at = now
        contact = Contact(message.sender_id, source)
        if message.requester is not None:
            own_address = self._reach.vote(source, message.requester)
            if own_address is not None:
                self._move_to(own_address, now)
        self._table.add(contact, now)
        self._searches.answered(pending, contact, message, now)
        self._searches.admit_waiting(now)

    def _on_failure(self, message: Failure, source: Address, now: float) -> None:
        pending = self._transactions.finish(message.transaction_id, source)
        if pending is None:
            self.counters["unexpected"] += 1
            return
        self._heard_at = now
        self.counters[f"errors_{message.code if message.code in KNOWN_CODES else 'other'}"] += 1
        self._searches.refused(pending, message, now)
        self._searches.admit_waiting(now)

    def _give_up(self, pending: Pending, now: float) -> None:
        """One question was not answered in time."""
        if pending.number == OWN_PROBE:
            self._reach.probe_was_lost()
        elif self._heard_at >= pending.sent_at:
            # Others answered meanwhile, so it is not our own line that is down.
            self._remembered.pop(pending.address, None)
            waiting = self._table.failed(pending.address)
            if waiting is not None:
                self._probe(waiting.address, now)
            elif pending.address in self._table:
                self._probe(pending.address, now)
        self._searches.silent(pending, now)

    def _move_to(self, address: Address, now: float) -> None:
        """Take an id that BEP 42 allows at the address where others see us."""
        if not is_secure(self.id, address[0]):
            self.id = secure_id(address[0], self._random.randbytes(20))
            self._table = self._table.rebuilt(self.id)
            self._searches.own_id = self.id
            self._refresh_at = now
        self._probe_own_address(now)

    def _probe_own_address(self, now: float) -> None:
        """Only who can be reached from outside may call itself a server (discovery 5.5)."""
        address = self._reach.to_probe
        if address is not None:
            self._ask(Pending(address, Ping(), OWN_PROBE), now)

    def _refresh(self, now: float) -> None:
        is_alone = len(self._table) < ANSWERED_CONTACTS
        if is_alone:
            self._refresh_at = now + self._alone_pause_s
            self._alone_pause_s = min(self._alone_pause_s * 2, ALONE_LONGEST_S)
        else:
            self._refresh_at = now + REFRESH_EVERY_S
            self._alone_pause_s = ALONE_FIRST_S
        self._searches.refresh(tuple(self._remembered) if is_alone else (), now)
        self._probe_own_address(now)
