"""One iterative search as a state machine: whom to ask next, and when there is nobody left.

Everybody among the 20 nearest who was not asked yet is asked at once (discovery 5.6). The place of
a silent node goes to the next one. Only where there is no next one it is asked once more,
because datagrams get lost and a small network cannot spare anybody.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import Literal

from appliance.mainline.items import Item
from appliance.mainline.messages import FindNode, Get, GetPeers
from appliance.mainline.networks import household_of
from appliance.mainline.node_ids import Address, Contact, distance, is_ipv6, is_local, is_secure

WIDTH = 20
# What one search may cost, whatever strangers answer.
MAX_CANDIDATES = 400
MAX_QUERIES = 240
MAX_PEERS = 500
MAX_RESPONDERS_PER_HOST = 8
MAX_CONTACTS_OF_ONE = 40
ATTEMPTS = 2

State = Literal["new", "asked", "answered", "dead"]
Rank = tuple[bool, int]
# An entrance has no id until it answers, and stands before all others until then.
ENTRANCE: Rank = (False, -1)

_rank_of = attrgetter("rank")


@dataclass(slots=True, eq=False)
class Candidate:
    """Somebody who may be asked; `rank` is lower the nearer he is."""

    address: Address
    hops: int
    rank: Rank
    state: State = "new"
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Responder:
    """Who answered with a write token, and may be asked to keep something."""

    contact: Contact
    token: bytes


@dataclass(slots=True, eq=False)
class Lookup:
    """A search for a target; `request` is what everybody is asked."""

    number: int
    target: bytes
    request: Get | FindNode | GetPeers
    own_id: bytes
    public_key: bytes | None = None
    salt: bytes = b""
    newest: Item | None = None
    queried: int = 0
    responded: int = 0
    hops: int = 0
    in_flight: int = 0
    peers: dict[Address, None] = field(default_factory=dict)
    refuted: set[Item] = field(default_factory=set)
    responders: dict[Address, Responder] = field(default_factory=dict)
    _candidates: dict[Address, Candidate] = field(default_factory=dict)
    # All who are not dead, nearest first.
    _ranked: list[Candidate] = field(default_factory=list)

    def add_entrances(self, addresses: Iterable[Address]) -> None:
        """Nodes to begin with of which only the address is known."""
        for address in addresses:
            if address not in self._candidates:
                self._insert(Candidate(address, 1, ENTRANCE))

    def add(self, contacts: Iterable[Contact], hops: int) -> None:
        """Nodes that somebody at a distance of `hops - 1` knows."""
        for contact in contacts:
            # Others know us too and name us; to ask ourselves would count as one more node.
            if contact.address not in self._candidates and contact.id != self.own_id:
                self._insert(Candidate(contact.address, hops, self._rank(contact)))

    def to_ask(self) -> Iterator[Address]:
        """Whom to ask now; each is counted as asked."""
        for candidate in self._nearest_alive():
            if candidate.state == "new" and self.queried < MAX_QUERIES:
                candidate.state = "asked"
                candidate.attempts += 1
                self.queried += candidate.attempts == 1
                self.in_flight += 1
                yield candidate.address

    def answered(self, contact: Contact, contacts: Iterable[Contact], token: bytes | None) -> None:
        """Somebody who was asked answered; each question may be answered once."""
        candidate = self._candidates[contact.address]
        self._unrank(candidate)
        self.in_flight -= 1
        self.responded += 1
        self.hops = max(self.hops, candidate.hops)
        candidate.state = "answered"
        # What others say about somebody's id is hearsay: he stands where his own answer puts him.
        candidate.rank = self._rank(contact)
        insort(self._ranked, candidate, key=_rank_of)
        if token is not None and self._has_room_for(contact):
            self.responders[contact.address] = Responder(contact, token)
        said = islice(contacts, MAX_CONTACTS_OF_ONE)
        self.add([each for each in said if _is_plausible(each, contact)], candidate.hops + 1)

    def silent(self, address: Address) -> None:
        """Somebody who was asked did not answer in time."""
        candidate = self._candidates[address]
        self.in_flight -= 1
        if candidate.attempts < ATTEMPTS and len(self._ranked) <= WIDTH:
            candidate.state = "new"
        else:
            candidate.state = "dead"
            self._unrank(candidate)

    def refused(self, address: Address) -> None:
        """Somebody who was asked answered with an error; asking again would not help."""
        candidate = self._candidates[address]
        self.in_flight -= 1
        candidate.state = "dead"
        self._unrank(candidate)

    @property
    def is_over(self) -> bool:
        """Nobody is left whose answer could bring us nearer."""
        if self.in_flight:
            return False
        if self.queried >= MAX_QUERIES:
            return True
        return all(candidate.state != "new" for candidate in self._nearest_alive())

    def nearest_responders(self) -> tuple[Responder, ...]:
        """Those who gave a token, nearest first, secure ones before others."""
        return tuple(
            sorted(self.responders.values(), key=lambda responder: self._rank(responder.contact))
        )

    def nearest_distances(self) -> list[int]:
        """How far the nearest are who answered, nearest first; at most 20."""
        answered = (candidate for candidate in self._ranked if candidate.state == "answered")
        return sorted(candidate.rank[1] for candidate in answered)[:WIDTH]

    def _rank(self, contact: Contact) -> Rank:
        distant = distance(contact.id, self.target)
        return not is_secure(contact.id, contact.address[0]), distant

    def _nearest_alive(self) -> list[Candidate]:
        entrances = bisect_left(self._ranked, (False, 0), key=_rank_of)
        return self._ranked[: WIDTH + entrances]

    def _insert(self, candidate: Candidate) -> None:
        if len(self._ranked) >= MAX_CANDIDATES:
            farthest = self._ranked[-1]
            if farthest.rank <= candidate.rank:
                return
            self._ranked.pop()
            if farthest.state == "new":
                del self._candidates[farthest.address]
        self._candidates[candidate.address] = candidate
        insort(self._ranked, candidate, key=_rank_of)

    def _unrank(self, candidate: Candidate) -> None:
        place = bisect_left(self._ranked, candidate.rank, key=_rank_of)
        for at in range(place, len(self._ranked)):
            if self._ranked[at] is candidate:
                del self._ranked[at]
                return

    def _has_room_for(self, contact: Contact) -> bool:
        """One host may not be most of those who keep an item."""
        host = contact.address[0]
        if is_local(host):
            return True
        household = household_of(host)
        others = (responder.contact.address[0] for responder in self.responders.values())
        return sum(household_of(other) == household for other in others) < MAX_RESPONDERS_PER_HOST


def _is_plausible(named: Contact, by: Contact) -> bool:
    """Whether somebody may name this node to us.

    The other family is another DHT; and a stranger out there must not send us to knock at the doors
    of our own local network.
    """
    host, source = named.address[0], by.address[0]
    return is_ipv6(host) == is_ipv6(source) and (is_local(source) or not is_local(host))
