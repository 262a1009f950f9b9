"""The nodes of a simulated DHT: where they live, whom they know, how they come and go."""

import random
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import nsmallest
from math import log

from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, Contact, secure_id
from appliance.mainline.reports import NodeSettings
from appliance.mainline.routing_table import BUCKET_SIZE
from tests.simulator.wire import Wire

PORT = 6881
ENTRANCES = 5
# First bytes of networks that are private at least in part.
NOT_PUBLIC = (0, 10, 127, 169, 172, 192)
REFRESH_S = 900.0
SETTINGS = NodeSettings(mode="server")
HOUR_S = 3600.0
ID_BITS = 160


class Chance(random.Random):
    """The one source of randomness of a world. A node begins by drawing its id, and `next_id` is
    that id: a world at rest has long given all ids that belong to their addresses (BEP 42)."""

    next_id: bytes | None = None

    def randbytes(self, n: int) -> bytes:
        """Random bytes, but once the id that was laid ready."""
        if self.next_id is None:
            return super().randbytes(n)
        drawn, self.next_id = self.next_id, None
        assert n == len(drawn)
        return drawn


@dataclass(frozen=True, slots=True)
class Resident:
    """One of our nodes in a world."""

    contact: Contact
    node: Node

    @property
    def address(self) -> Address:
        """Where it lives."""
        return self.contact.address


class World:
    """A wire and the nodes on it, all of them servers with public addresses."""

    def __init__(self, seed: int, loss: float = 0.0) -> None:
        self.chance = Chance(seed)
        self.wire = Wire(self.chance, loss)
        self._hosts: set[str] = set()
        self._residents: dict[Address, Resident] = {}
        self._entrances: tuple[Address, ...] = ()

    def __len__(self) -> int:
        """How many of our nodes are alive."""
        return len(self._residents)

    @property
    def residents(self) -> list[Resident]:
        """Our nodes that are alive, in the order of their coming."""
        return list(self._residents.values())

    def resident(self, address: Address) -> Resident:
        """The node that lives there."""
        return self._residents[address]

    def somebody(self) -> Resident:
        """One of our nodes, by chance."""
        return self.chance.choice(list(self._residents.values()))

    def new_address(self) -> Address:
        """A public IPv4 address that nobody has."""
        while True:
            host = self.new_host(self.chance.getrandbits(32))
            if host is not None:
                return host, PORT

    def new_host(self, number: int) -> str | None:
        """The IPv4 address of this number, unless it is taken or not public."""
        packed = number.to_bytes(4, "big")
        host = ".".join(map(str, packed))
        if packed[0] in NOT_PUBLIC or packed[0] >= 224 or host in self._hosts:
            return None
        self._hosts.add(host)
        return host

    def populate(self, count: int) -> None:
        """Nodes that have been there for long and know each other."""
        self.settle(count)
        self.acquaint()

    def settle(self, count: int) -> None:
        """Nodes that know nobody yet; the first of them are everybody's entrances."""
        for _ in range(count):
            # Housekeeping is due at any time of a quarter of an hour, not everywhere at once.
            self._settle(self.new_address(), self.chance.uniform(0, REFRESH_S), ())
        self._entrances = tuple(list(self._residents)[:ENTRANCES])

    def acquaint(self, others: Iterable[Contact] = ()) -> None:
        """Fill all tables as if everybody had been there for long: each bucket holds up to 20 of
        those who belong there, by chance. The deep ones thereby hold all near neighbours.

        `others` are strangers whom our nodes know as well as each other.
        """
        known = [resident.contact for resident in self._residents.values()]
        neighbourhood = Neighbourhood([*known, *others])
        for resident in self._residents.values():
            for contact in neighbourhood.table_of(resident.contact.id, self.chance):
                seen_at = self.chance.uniform(-REFRESH_S / 2, 0)
                resident.node._table.add(contact, seen_at)

    def join(self) -> Resident:
        """A new node, which knows nobody but the entrances."""
        return self._settle(self.new_address(), self.wire.now, self._entrances)

    def churn(self, per_hour: float, staying: Iterable[Resident] = ()) -> None:
        """From now on nodes vanish by chance, a share `per_hour` of them in an hour, and each is
        replaced by a new one that knows nobody. The entrances stay, and who is named."""
        rate = -log(1 - per_hour) / HOUR_S
        stay = {*self._entrances, *(resident.address for resident in staying)}
        for address in self._residents:
            if address not in stay:
                self._plan_end(address, rate)

    def nearest(self, target: bytes, count: int) -> list[Contact]:
        """Those of our nodes that are truly nearest to a target at this moment."""
        place = int.from_bytes(target, "big")
        contacts = (resident.contact for resident in self._residents.values())
        return nsmallest(
            count, contacts, key=lambda contact: int.from_bytes(contact.id, "big") ^ place
        )

    def _settle(self, address: Address, now: float, entrances: tuple[Address, ...]) -> Resident:
        node_id = secure_id(address[0], self.chance.randbytes(20))
        self.chance.next_id = node_id
        settings = replace(SETTINGS, bootstrap=entrances)
        resident = Resident(Contact(node_id, address), Node(settings, 4, self.chance, now))
        self._residents[address] = resident
        self.wire.plug(address, resident.node)
        return resident

    def _plan_end(self, address: Address, rate: float) -> None:
        def end() -> None:
            del self._residents[address]
            self.wire.unplug(address)
            self._plan_end(self.join().address, rate)

        self.wire.at(self.wire.now + self.chance.expovariate(rate), end)


class Neighbourhood:
    """All contacts by id, to draw from the parts of the id space that a bucket stands for."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self._contacts = sorted(contacts, key=lambda contact: contact.id)
        self._ids = [int.from_bytes(contact.id, "big") for contact in self._contacts]

    def table_of(self, own_id: bytes, chance: random.Random) -> Iterator[Contact]:
        """Up to 20 for each bucket of a node with this id."""
        own = int.from_bytes(own_id, "big")
        for depth in range(ID_BITS):
            # The nodes that agree in exactly `depth` bits stand side by side.
            width = ID_BITS - depth - 1
            first = ((own >> width) ^ 1) << width
            low = bisect_left(self._ids, first)
            high = bisect_left(self._ids, first + (1 << width))
            drawn = range(low, high)
            if len(drawn) > BUCKET_SIZE:
                yield from (self._contacts[index] for index in chance.sample(drawn, BUCKET_SIZE))
            else:
                yield from self._contacts[low:high]
            if self._is_alone(own, width):
                return

    def _is_alone(self, own: int, width: int) -> bool:
        """Whether nobody but the node itself is left in its half."""
        first = (own >> width) << width
        return bisect_left(self._ids, first + (1 << width)) - bisect_left(self._ids, first) <= 1
