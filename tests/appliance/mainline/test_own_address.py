"""The machine learns its own address from others, and whether it can be reached there."""

import pytest

from appliance.mainline.krpc import FindNode, Ping, encode
from appliance.mainline.node import REFRESH_EVERY_S, Node
from appliance.mainline.node_ids import Address, Contact, is_secure
from appliance.mainline.reports import NodeSettings, SearchDone
from tests.support.dht_dialogues import (
    CLIENT,
    SERVER,
    STRANGER,
    Asked,
    asked,
    node,
    query,
    reply,
    waking,
)

US: Address = ("198.51.100.1", 6881)
MOVED: Address = ("192.0.2.66", 6881)
AUTO = NodeSettings(mode="auto")


def told_our_address(machine: Node, said: Address = US, voters: int = 5) -> list[Asked]:
    """So many nodes in different networks say where they see us; what the machine asks then."""
    sent: list[Asked] = []
    for number in range(voters):
        machine.ping((f"203.0.{number}.1", 6881), 0.0)
        *others, question = asked(machine)
        sent += others
        reply(machine, question, requester=said)
    machine.take_events()
    return [*sent, *asked(machine)]


def probes(sent: list[Asked], own: Address = US) -> list[Asked]:
    return [question for question in sent if question.address == own]


def is_server(machine: Node) -> bool:
    return machine.is_server


def come_back(machine: Node, probe: Asked, source: Address = ("198.51.100.254", 50000)) -> None:
    """The router sends our own question in again from outside, as whoever it likes."""
    machine.receive(encode(probe.query), source, 0.2)


def test_most_voices_decide_on_our_address_and_our_id_follows_it() -> None:
    machine = node(CLIENT)
    before = machine.id
    told_our_address(machine, voters=4)
    assert machine.public_address == US
    assert is_secure(machine.id, US[0])
    assert machine.id != before
    assert machine.table_size == 4


def test_few_voices_decide_nothing() -> None:
    machine = node(CLIENT)
    told_our_address(machine, voters=3)
    assert machine.public_address is None


def test_an_id_that_belongs_to_our_address_stays() -> None:
    machine = node(CLIENT)
    told_our_address(machine)
    first = machine.id
    told_our_address(machine, (US[0], 7000), voters=9)
    assert machine.public_address == (US[0], 7000)
    assert machine.id == first


def test_under_a_new_id_neighbours_are_searched_at_once() -> None:
    machine = node(CLIENT)
    machine.tick(0.0)
    told_our_address(machine)
    assert machine.wake_at <= 0.2
    machine.tick(0.2)
    targets = {q.query.request for q in asked(machine) if isinstance(q.query.request, FindNode)}
    assert targets == {FindNode(machine.id)}


def test_a_node_that_reaches_itself_from_outside_becomes_a_server() -> None:
    machine = node(AUTO)
    (probe,) = probes(told_our_address(machine))
    assert not machine.is_server
    come_back(machine, probe)
    assert is_server(machine)


@pytest.mark.parametrize("config", [CLIENT, SERVER])
def test_who_was_told_what_to_be_does_not_try(config: NodeSettings) -> None:
    assert probes(told_our_address(node(config))) == []


def test_a_lost_probe_is_repeated_with_the_next_refresh() -> None:
    machine = node(AUTO)
    told_our_address(machine)
    sent = [q for _ in waking(machine, 1.0, 2 * REFRESH_EVERY_S) for q in probes(asked(machine))]
    assert len(sent) >= 2
    come_back(machine, sent[-1])
    assert not machine.is_server
    machine.tick(3 * REFRESH_EVERY_S)
    (probe,) = probes(asked(machine))
    come_back(machine, probe)
    assert is_server(machine)


def test_a_server_that_moved_is_a_client_until_it_reached_itself() -> None:
    machine = node(AUTO)
    (probe,) = probes(told_our_address(machine))
    come_back(machine, probe)
    (probe,) = probes(told_our_address(machine, MOVED, voters=20), MOVED)
    assert not machine.is_server
    come_back(machine, probe)
    assert is_server(machine)
    assert is_secure(machine.id, MOVED[0])


def test_a_stranger_with_our_id_makes_no_server_of_us() -> None:
    machine = node(AUTO)
    machine.receive(query(Ping(), sender=machine.id), STRANGER, 0.0)
    told_our_address(machine)
    machine.receive(query(Ping(), sender=machine.id), STRANGER, 0.2)
    machine.receive(query(Ping(), sender=machine.id), US, 0.2)
    assert not machine.is_server


def test_a_search_that_ends_up_at_ourselves_ends_nevertheless() -> None:
    machine = node(AUTO)
    told_our_address(machine)
    # Somebody still knows us by an id that we had before.
    named = Contact(b"\x01" * 20, US)
    machine.find_node(b"\x01" * 20, 1.0)
    questions = asked(machine)
    reply(machine, questions[0], 1.1, contacts=(named,))
    (own,) = probes(asked(machine))
    for question in questions[1:]:
        reply(machine, question, 1.1)
    for _ in range(2):
        machine.receive(encode(own.query), US, 1.2)
        own = next(iter(probes(asked(machine))), own)
    assert [type(event) for event in machine.take_events()] == [SearchDone]
    assert not machine.is_server
