"""The nodes that a node knows, by distance from its own id (BEP 5; discovery 5.4).

A node that answers is never displaced by a newcomer, and one address has few places: whoever wants
to fill a table with nodes of his own needs many addresses and much patience.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.mainline.networks import household_of
from appliance.mainline.node_ids import Address, Contact, distance, is_local, is_secure

BUCKET_SIZE = 20
REPLACEMENTS = 8
SECURE_PER_HOST = 8
STALE_S = 900.0
MAX_FAILURES = 2
ID_BITS = 160


@dataclass(slots=True, eq=False)
class Entry:
    """A node in the table."""

    contact: Contact
    is_secure: bool
    seen_at: float
    failures: int = 0


class RoutingTable:
    """At most 160 buckets of 20, made when they are needed."""

    __slots__ = ("_addresses", "_buckets", "_hosts", "_replacements", "own_id")

    def __init__(self, own_id: bytes) -> None:
        self.own_id = own_id
        self._buckets: dict[int, list[Entry]] = {}
        self._replacements: dict[int, list[Contact]] = {}
        self._hosts: Counter[bytes] = Counter()
        self._addresses: dict[Address, Entry] = {}

    def __len__(self) -> int:
        """How many nodes are in the table."""
        return len(self._addresses)

    def __iter__(self) -> Iterator[Entry]:
        for bucket in self._buckets.values():
            yield from bucket

    def __contains__(self, address: Address) -> bool:
        """Whether a node at this address is in the table."""
        return address in self._addresses

    def add(self, contact: Contact, now: float) -> bool:
        """Note that a node answered; False when there is no place for it."""
        known = self._addresses.get(contact.address)
        if known is not None:
            if known.contact.id == contact.id:
                known.seen_at, known.failures = now, 0
                return True
            # The one that was there has another id by now, or is gone.
            self._remove(known)
        secure = is_secure(contact.id, contact.address[0])
        if not self._admits(contact, secure=secure):
            return False
        bucket = self._buckets.setdefault(self._index(contact.id), [])
        if len(bucket) >= BUCKET_SIZE:
            self._keep_for_later(contact)
            return False
        entry = Entry(contact, secure, now)
        bucket.append(entry)
        self._hosts[household_of(contact.address[0])] += 1
        self._addresses[contact.address] = entry
        return True

    def has_place_for(self, contact: Contact) -> bool:
        """Whether an unknown node would be taken in, if it answered."""
        bucket = self._buckets.get(self._index(contact.id), ())
        if contact.address in self._addresses or len(bucket) >= BUCKET_SIZE:
            return False
        return self._admits(contact, secure=is_secure(contact.id, contact.address[0]))

    def failed(self, address: Address) -> Contact | None:
        """A node did not answer; the second time in a row costs it its place.

        Then the answer is a node that was waiting for it, which is to be asked whether it is there.
        """
        entry = self._addresses.get(address)
        if entry is None:
            return None
        entry.failures += 1
        if entry.failures < MAX_FAILURES:
            return None
        self._remove(entry)
        waiting = self._replacements.get(self._index(entry.contact.id))
        return waiting.pop() if waiting else None

    def nearest(self, target: bytes, count: int) -> list[Contact]:
        """The nodes nearest to a target, those with ids bound to their addresses first."""
        found: list[Entry] = []
        # A bucket holds all nodes that agree with us on exactly so many leading bits. Those of the
        # target's own bucket are nearest to it, then all the deeper ones, then the shallower.
        for group in self._groups(self._index(target)):
            found += group
            if len(found) >= count:
                break
        found.sort(key=lambda entry: (not entry.is_secure, distance(entry.contact.id, target)))
        return [entry.contact for entry in found[:count]]

    def stale(self, now: float) -> list[Contact]:
        """Those who were silent for a quarter of an hour."""
        return [entry.contact for entry in self if now - entry.seen_at >= STALE_S]

    def good(self, count: int) -> list[Contact]:
        """The nodes that answered last."""
        entries = sorted(self, key=lambda entry: (entry.failures, -entry.seen_at))
        return [entry.contact for entry in entries[:count]]

    def rebuilt(self, own_id: bytes) -> "RoutingTable":
        """The same nodes, seen from another id."""
        table = RoutingTable(own_id)
        for entry in self:
            table.add(entry.contact, entry.seen_at)
        return table

    def _groups(self, own: int) -> Iterator[list[Entry]]:
        yield self._buckets.get(own, [])
        yield [e for index, bucket in self._buckets.items() if index > own for e in bucket]
        for index in range(own - 1, -1, -1):
            if index in self._buckets:
                yield self._buckets[index]

    def _admits(self, contact: Contact, *, secure: bool) -> bool:
        """Whether this id and this host may have one more place, wherever it is."""
        host = contact.address[0]
        if contact.id == self.own_id:
            return False
        bucket = self._buckets.get(self._index(contact.id), ())
        if any(entry.contact.id == contact.id for entry in bucket):
            # Whoever answers from elsewhere under a known id may be somebody else.
            return False
        household = household_of(host)
        taken = self._hosts.get(household, 0)
        if not taken or is_local(host):
            return True
        if not secure or taken >= SECURE_PER_HOST:
            return False
        prefix = _prefix(contact.id)
        return all(
            entry.is_secure and _prefix(entry.contact.id) != prefix
            for entry in self
            if household_of(entry.contact.address[0]) == household
        )

    def _keep_for_later(self, contact: Contact) -> None:
        waiting = self._replacements.setdefault(self._index(contact.id), [])
        if contact not in waiting:
            waiting.append(contact)
            del waiting[:-REPLACEMENTS]

    def _remove(self, entry: Entry) -> None:
        self._buckets[self._index(entry.contact.id)].remove(entry)
        del self._addresses[entry.contact.address]
        household = household_of(entry.contact.address[0])
        self._hosts[household] -= 1
        if not self._hosts[household]:
            del self._hosts[household]

    def _index(self, node_id: bytes) -> int:
        """How many leading bits an id shares with our own."""
        return min(ID_BITS - distance(node_id, self.own_id).bit_length(), ID_BITS - 1)


def _prefix(node_id: bytes) -> int:
    return int.from_bytes(node_id[:3], "big") >> 3
