"""One iterative search as a state machine: whom to ask next, and when there is nobody left.

Everybody among the 20 nearest who was not asked yet is asked at once (discovery 5.6). A node that
does not answer is asked once more, because datagrams get lost; then it no longer counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from appliance.mainline.items import Item
from appliance.mainline.messages import FindNode, Get, GetPeers
from appliance.mainline.node_ids import Address, Contact, distance, is_local, is_secure

WIDTH = 20
# What one search may cost, whatever strangers answer.
MAX_CANDIDATES = 400
MAX_QUERIES = 240
MAX_PEERS = 500
MAX_RESPONDERS_PER_HOST = 8
ATTEMPTS = 2

State = Literal["new", "asked", "answered", "dead"]


@dataclass(slots=True)
class Candidate:
    """Somebody who may be asked. Bootstrap nodes have no id until they answer."""

    address: Address
    id: bytes | None
    hops: int
    rank: tuple[bool, int]
    state: State = "new"
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Responder:
    """Who answered with a write token, and may be asked to keep something."""

    contact: Contact
    token: bytes


@dataclass(slots=True)
class Lookup:
    """A search for a target; `request` is what everybody is asked."""

    number: int
    target: bytes
    request: Get | FindNode | GetPeers
    public_key: bytes | None = None
    salt: bytes = b""
    newest: Item | None = None
    queried: int = 0
    responded: int = 0
    hops: int = 0
    in_flight: int = 0
    peers: dict[Address, None] = field(default_factory=dict)
    refuted: set[bytes] = field(default_factory=set)
    ids: set[bytes] = field(default_factory=set)
    responders: dict[Address, Responder] = field(default_factory=dict)
    _candidates: dict[Address, Candidate] = field(default_factory=dict)
    _ranked: list[Candidate] = field(default_factory=list)

    def add_entrances(self, addresses: Iterable[Address]) -> None:
        """Nodes to begin with of which only the address is known."""
        for address in addresses:
            if address not in self._candidates:
                self._insert(Candidate(address, None, 1, (False, -1)))

    def add(self, contacts: Iterable[Contact], hops: int) -> None:
        """Nodes that somebody at a distance of `hops - 1` knows."""
        for contact in contacts:
            address = contact.address
            if address in self._candidates or contact.id in self.ids:
                continue
            rank = (
                not is_secure(contact.id, address[0]),
                distance(contact.id, self.target),
            )
            self.ids.add(contact.id)
            self._insert(Candidate(address, contact.id, hops, rank))

    def to_ask(self) -> Iterator[Address]:
        """Whom to ask now; each is counted as asked."""
        for candidate in self._nearest_alive():
            if candidate.state == "new" and self.queried < MAX_QUERIES:
                candidate.state = "asked"
                candidate.attempts += 1
                self.queried += 1
                self.in_flight += 1
                yield candidate.address

    def answered(self, contact: Contact, contacts: Iterable[Contact], token: bytes | None) -> None:
        """Somebody who was asked answered."""
        candidate = self._candidates[contact.address]
        self.in_flight -= candidate.state == "asked"
        candidate.state = "answered"
        self.responded += 1
        self.hops = max(self.hops, candidate.hops)
        if candidate.id is None:
            candidate.id = contact.id
            self.ids.add(contact.id)
        if token is not None and self._has_room_for(contact):
            self.responders[contact.address] = Responder(contact, token)
        self.add(contacts, candidate.hops + 1)

    def silent(self, address: Address) -> None:
        """Somebody did not answer in time, or refused."""
        candidate = self._candidates[address]
        if candidate.state != "asked":
            return
        self.in_flight -= 1
        candidate.state = "new" if candidate.attempts < ATTEMPTS else "dead"
        if candidate.state == "dead":
            self._ranked.remove(candidate)

    def refused(self, address: Address) -> None:
        """Somebody answered with an error; asking again would not help."""
        candidate = self._candidates[address]
        candidate.attempts = ATTEMPTS
        self.silent(address)

    @property
    def is_over(self) -> bool:
        """Nobody is left whose answer could bring us nearer."""
        if self.in_flight:
            return False
        if self.queried >= MAX_QUERIES:
            return True
        return all(candidate.state != "new" for candidate in self._nearest_alive())

    def nearest_responders(self) -> list[Responder]:
        """Those who gave a token, nearest first, secure ones before others."""
        return sorted(
            self.responders.values(),
            key=lambda responder: (
                not is_secure(responder.contact.id, responder.contact.address[0]),
                distance(responder.contact.id, self.target),
            ),
        )

    def _nearest_alive(self) -> list[Candidate]:
        entrances = 0
        for candidate in self._ranked:
            if candidate.rank[1] >= 0:
                break
            entrances += 1
        return self._ranked[: WIDTH + entrances]

    def _insert(self, candidate: Candidate) -> None:
        if len(self._candidates) >= MAX_CANDIDATES:
            farthest = self._ranked[-1] if self._ranked else None
            if farthest is None or farthest.state != "new" or farthest.rank <= candidate.rank:
                return
            self._ranked.pop()
            del self._candidates[farthest.address]
        self._candidates[candidate.address] = candidate
        low, high = 0, len(self._ranked)
        while low < high:
            middle = (low + high) // 2
            if self._ranked[middle].rank <= candidate.rank:
                low = middle + 1
            else:
                high = middle
        self._ranked.insert(low, candidate)

    def _has_room_for(self, contact: Contact) -> bool:
        """One host may not be most of those who keep an item."""
        host = contact.address[0]
        if is_local(host):
            return True
        same = sum(responder.contact.address[0] == host for responder in self.responders.values())
        return same < MAX_RESPONDERS_PER_HOST
