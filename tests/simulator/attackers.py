"""Nodes that lie: they want to be asked, name each other, and keep nothing."""

from bisect import bisect_left
from collections.abc import Iterable
from math import inf

from appliance.errors import PubkyError
from appliance.mainline.krpc import FindNode, Get, GetPeers, Put, Query, Response, decode, encode
from appliance.mainline.node_ids import Address, Contact, distance, secure_id
from tests.simulator.world import PORT, World

NAMED = 20
TOKEN = b"anything"
# So many of the neighbours in the order of ids hold those nearest by XOR, but for rare cases.
LOOKED_AT = 40


class Gang:
    """Attackers who know each other."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        self.contacts = sorted(contacts, key=lambda contact: contact.id)
        self.addresses = {contact.address for contact in self.contacts}
        self._ids = [contact.id for contact in self.contacts]

    def nearest(self, target: bytes) -> tuple[Contact, ...]:
        """Those of them who stand nearest to a target."""
        place = bisect_left(self._ids, target)
        some = self.contacts[max(0, place - LOOKED_AT) : place + LOOKED_AT]
        return tuple(sorted(some, key=lambda contact: distance(contact.id, target))[:NAMED])

    def plug_into(self, world: World) -> None:
        """All of them are there from now on."""
        for contact in self.contacts:
            world.wire.plug(contact.address, Attacker(contact, self))


class Attacker:
    """Answers every query at once and in form: with its own kind, with a token, with a lie.

    `call` makes it ask somebody for nodes, as a newcomer does, to be noticed.
    """

    wake_at = inf

    def __init__(self, contact: Contact, gang: Gang) -> None:
        self._contact = contact
        self._gang = gang
        self._outgoing: list[tuple[bytes, Address]] = []

    def receive(self, datagram: bytes, source: Address, now: float) -> None:
        """Answer a query; answers to its own calls do not matter to it."""
        del now
        try:
            query = decode(datagram)
        except PubkyError:
            return
        if not isinstance(query, Query):
            return
        named: tuple[Contact, ...] = ()
        token = None
        match query.request:
            case FindNode(target=target):
                named = self._gang.nearest(target)
            case Get(target=target) | GetPeers(info_hash=target):
                named, token = self._gang.nearest(target), TOKEN
            case Put():
                pass
        answer = Response(query.transaction_id, self._contact.id, named, token, requester=source)
        self._outgoing.append((encode(answer), source))

    def call(self, victim: Contact) -> None:
        """Ask for the victim's own neighbourhood."""
        query = Query(b"call", self._contact.id, FindNode(victim.id))
        self._outgoing.append((encode(query), victim.address))

    def tick(self, now: float) -> None:
        """It has nothing to do by itself."""

    def take_datagrams(self) -> list[tuple[bytes, Address]]:
        """What it says."""
        outgoing, self._outgoing = self._outgoing, []
        return outgoing


def free_ids(world: World, target: bytes, count: int) -> list[Contact]:
    """Attackers who take the ids next to a target, whatever their addresses are."""
    return [
        Contact(target[:12] + world.chance.randbytes(8), world.new_address()) for _ in range(count)
    ]


def bound_ids(target: bytes, hosts: Iterable[str], within: int) -> list[Contact]:
    """Attackers who take the id that is nearest to a target among those that BEP 42 allows at
    their hosts. Who gets no nearer than `within` is of no use and stays away."""
    contacts = []
    for host in hosts:
        # The last byte chooses between eight prefixes; all but the prefix is free.
        ids = [
            secure_id(host, target[:19] + bytes([target[19] & 0xF8 | choice]))
            for choice in range(8)
        ]
        best = min(ids, key=lambda node_id: distance(node_id, target))
        if distance(best, target) <= within:
            contacts.append(Contact(best, (host, PORT)))
    return contacts


def scattered_hosts(world: World, count: int) -> list[str]:
    """Addresses all over the network, as a botnet has them."""
    return [world.new_address()[0] for _ in range(count)]


def one_network(world: World, bits: int) -> list[str]:
    """All free addresses of one network, as a customer of a data centre has them."""
    while True:
        first = world.chance.getrandbits(bits) << (32 - bits)
        hosts = [world.new_host(first + number) for number in range(1 << (32 - bits))]
        free = [host for host in hosts if host is not None]
        if free:
            return free
