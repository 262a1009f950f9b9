"""Talking to one DHT machine without a network: what it asks, what it answers, what it is told."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance.mainline.items import Item
from appliance.mainline.krpc import Query, Request, Response, decode, encode
from appliance.mainline.messages import Message
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, Contact, secure_id
from appliance.mainline.reports import NodeSettings

STRANGER: Address = ("203.0.113.7", 4000)
SERVER = NodeSettings(mode="server")
CLIENT = NodeSettings(mode="client")


def id_at(host: str) -> bytes:
    """The id of whoever lives there."""
    return secure_id(host, bytes(range(20)))


STRANGERS_ID = id_at(STRANGER[0])


def node(config: NodeSettings = SERVER, contacts: Sequence[Contact] = (), seed: int = 1) -> Node:
    """A machine that nobody has talked to, at time 0."""
    return Node(config, 4, random.Random(seed), 0.0, contacts)


def query(request: Request, tid: bytes = b"tt", sender: bytes = STRANGERS_ID) -> bytes:
    """A stranger's question."""
    return encode(Query(tid, sender, request))


def ask(machine: Node, request: Request, now: float = 1.0, source: Address = STRANGER) -> Message:
    """The one answer to a stranger's question."""
    machine.take_datagrams()
    machine.receive(query(request), source, now)
    ((datagram, address),) = answers(machine)
    assert address == source
    return decode(datagram)


def answers(machine: Node) -> list[tuple[bytes, Address]]:
    """What the machine answers now, without what it asks."""
    sent = machine.take_datagrams()
    return [pair for pair in sent if not isinstance(decode(pair[0]), Query)]


class Asked(NamedTuple):
    """A question of the machine, and whom it asks."""

    query: Query
    address: Address


def asked(machine: Node) -> list[Asked]:
    """What the machine asks now; it must send nothing else."""
    found = []
    for datagram, address in machine.take_datagrams():
        message = decode(datagram)
        assert isinstance(message, Query)
        found.append(Asked(message, address))
    return found


def questions_in(machine: Node) -> list[Asked]:
    """What the machine asks, without what it answers."""
    messages = [(decode(datagram), address) for datagram, address in machine.take_datagrams()]
    return [Asked(message, address) for message, address in messages if isinstance(message, Query)]


def reply(
    machine: Node,
    question: Asked,
    now: float = 0.1,
    *,
    contacts: tuple[Contact, ...] = (),
    token: bytes | None = b"token",
    item: Item | None = None,
    seq: int | None = None,
    requester: Address | None = None,
    peers: tuple[Address, ...] = (),
) -> None:
    """Answer a question of the machine as the node that was asked."""
    response = Response(
        question.query.transaction_id,
        id_at(question.address[0]),
        contacts,
        token,
        peers,
        item=item,
        seq=seq,
        requester=requester,
    )
    machine.receive(encode(response), question.address, now)


def acquainted(machine: Node, *hosts: str, now: float = 0.0) -> None:
    """These have answered the machine, and are in its table."""
    for host in hosts:
        machine.ping((host, 6881), now)
        (question,) = asked(machine)
        reply(machine, question, now)
    machine.take_events()


def waking(machine: Node, start: float, until: float) -> Iterator[float]:
    """The moments at which the machine wants to be woken, each after it was."""
    now = start
    while now < until:
        machine.tick(now)
        yield now
        assert machine.wake_at > now
        now = machine.wake_at
