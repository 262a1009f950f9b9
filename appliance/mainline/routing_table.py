"""The nodes that a node knows, by distance from its own id (BEP 5; discovery 5.4).

A good node is never displaced by a newcomer, and one address has few places: whoever wants to fill
a table with nodes of his own needs many addresses and much patience.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from appliance.mainline.node_ids import Address, Contact, distance, is_local, is_secure

BUCKET_SIZE = 20
REPLACEMENTS = 8
SECURE_PER_HOST = 8
STALE_S = 900.0
MAX_FAILURES = 2
ID_BITS = 160


@dataclass(slots=True)
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
        self._hosts: Counter[str] = Counter()
        self._addresses: dict[Address, bytes] = {}

    def __len__(self) -> int:
        """How many nodes are in the table."""
        return len(self._addresses)

    def __iter__(self) -> Iterator[Entry]:
        for bucket in self._buckets.values():
            yield from bucket

    def add(self, contact: Contact, now: float) -> bool:
        """Note that a node answered; False when there is no place for it."""
        if contact.id == self.own_id:
            return False
        index = self._index(contact.id)
        bucket = self._buckets.setdefault(index, [])
        for entry in bucket:
            if entry.contact.id == contact.id:
                if entry.contact.address != contact.address:
                    # Whoever answers from elsewhere under a known id may be somebody else.
                    return False
                entry.seen_at, entry.failures = now, 0
                return True
        if contact.address in self._addresses:
            self._remove(self._addresses[contact.address])
        secure = is_secure(contact.id, contact.address[0])
        if not self._has_place_for_host(contact, secure=secure):
            return False
        if len(bucket) >= BUCKET_SIZE and not self._make_place(index, secure=secure, now=now):
            self._keep_for_later(index, contact)
            return False
        bucket.append(Entry(contact, secure, now))
        self._hosts[contact.address[0]] += 1
        self._addresses[contact.address] = contact.id
        return True

    def failed(self, address: Address) -> None:
        """A node did not answer; the second time in a row costs it its place."""
        node_id = self._addresses.get(address)
        entry = None if node_id is None else self._find(node_id)
        if entry is None:
            return
        entry.failures += 1
        if entry.failures >= MAX_FAILURES:
            self._remove(entry.contact.id)

    def replacement_for(self, address: Address) -> Contact | None:
        """A node that waits for a place in the bucket of this one, which may be losing its own."""
        node_id = self._addresses.get(address)
        waiting = None if node_id is None else self._replacements.get(self._index(node_id))
        return waiting.pop() if waiting else None

    def nearest(self, target: bytes, count: int) -> list[Contact]:
        """The nodes nearest to a target, those with ids bound to their addresses first."""
        found: list[Entry] = []
        own = self._index(target)
        # A bucket holds all nodes that agree with us on exactly so many leading bits. Those of the
        # target's own bucket are nearest to it, then all the deeper ones, then the shallower.
        for group in self._groups(own):
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

    def _has_place_for_host(self, contact: Contact, *, secure: bool) -> bool:
        host = contact.address[0]
        taken = self._hosts.get(host, 0)
        if not taken or is_local(host):
            return True
        if not secure or taken >= SECURE_PER_HOST:
            return False
        prefix = _prefix(contact.id)
        return all(
            entry.is_secure and _prefix(entry.contact.id) != prefix
            for entry in self
            if entry.contact.address[0] == host
        )

    def _make_place(self, index: int, *, secure: bool, now: float) -> bool:
        """Drop a node that failed to answer, or for a secure one an insecure one that is stale."""
        for entry in self._buckets[index]:
            is_stale = now - entry.seen_at >= STALE_S
            if entry.failures or (secure and not entry.is_secure and is_stale):
                self._remove(entry.contact.id)
                return True
        return False

    def _keep_for_later(self, index: int, contact: Contact) -> None:
        waiting = self._replacements.setdefault(index, [])
        if contact not in waiting:
            waiting.append(contact)
            del waiting[:-REPLACEMENTS]

    def _find(self, node_id: bytes) -> Entry | None:
        bucket = self._buckets.get(self._index(node_id), ())
        return next((entry for entry in bucket if entry.contact.id == node_id), None)

    def _remove(self, node_id: bytes) -> None:
        entry = self._find(node_id)
        if entry is None:
            return
        host = entry.contact.address[0]
        self._buckets[self._index(node_id)].remove(entry)
        del self._addresses[entry.contact.address]
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]

    def _index(self, node_id: bytes) -> int:
        """How many leading bits an id shares with our own."""
        return min(ID_BITS - distance(node_id, self.own_id).bit_length(), ID_BITS - 1)


def _prefix(node_id: bytes) -> int:
    return int.from_bytes(node_id[:3], "big") >> 3
