"""What the machine does by itself: it keeps its acquaintances and finds a way in."""

from dataclasses import replace
from itertools import pairwise

from appliance.mainline.krpc import FindNode, Get, Ping, Query, Response, encode
from appliance.mainline.node import (
    ALONE_FIRST_S,
    ALONE_LONGEST_S,
    PING_STALE_EVERY_S,
    REFRESH_EVERY_S,
    Node,
)
from appliance.mainline.node_ids import Address, Contact
from appliance.mainline.routing_table import STALE_S
from tests.support.dht_dialogues import (
    CLIENT,
    SERVER,
    STRANGER,
    STRANGERS_ID,
    acquainted,
    asked,
    id_at,
    node,
    query,
    questions_in,
    reply,
    waking,
)

FRIENDS = ("203.0.113.1", "203.0.113.2", "203.0.113.3")
NEVER: Address = ("203.0.113.99", 6881)


# --- Acquaintances ---------------------------------------------------------------------------


def settled() -> Node:
    """A machine with 25 acquaintances that has found its neighbours at 5 s: 20 of them answered."""
    machine = node(CLIENT)
    machine.tick(0.0)
    acquainted(machine, *(f"203.0.{number}.1" for number in range(25)))
    machine.tick(ALONE_FIRST_S)
    for question in asked(machine):
        assert isinstance(question.query.request, FindNode)
        reply(machine, question, ALONE_FIRST_S)
    return machine


def pinged(machine: Node) -> set[Address]:
    return {q.address for q in asked(machine) if isinstance(q.query.request, Ping)}


def test_who_was_silent_for_long_is_pinged() -> None:
    machine = settled()
    for now in range(int(PING_STALE_EVERY_S), int(STALE_S), int(PING_STALE_EVERY_S)):
        machine.tick(float(now))
        assert asked(machine) == []
    machine.tick(STALE_S)
    assert len(pinged(machine)) == 5
    machine.tick(STALE_S + PING_STALE_EVERY_S)
    assert len(pinged(machine)) == 25


def test_neighbours_are_searched_every_quarter_of_an_hour() -> None:
    machine = settled()
    assert machine.wake_at == PING_STALE_EVERY_S
    machine.tick(ALONE_FIRST_S + REFRESH_EVERY_S)
    searched = [q for q in asked(machine) if q.query.request == FindNode(machine.id)]
    assert len(searched) == 20


def silence_of(machine: Node, address: Address, now: float, *, others_answer: bool) -> None:
    """A ping to this node is not answered."""
    machine.ping(address, now)
    asked(machine)
    if others_answer:
        acquainted(machine, "203.0.24.1", now=now + 0.5)
    machine.tick(now + 2.0)


def test_our_own_lines_failure_costs_nobody_his_place() -> None:
    machine = settled()
    address = machine.contacts()[0].address
    for now in range(10, 100, 10):
        silence_of(machine, address, float(now), others_answer=False)
    assert asked(machine) == []
    assert machine.table_size == 25


def test_who_is_silent_while_others_answer_is_asked_again_and_forgotten() -> None:
    machine = settled()
    address = machine.contacts()[0].address
    silence_of(machine, address, 10.0, others_answer=True)
    assert pinged(machine) == {address}
    assert machine.table_size == 25
    acquainted(machine, "203.0.24.1", now=12.5)
    machine.tick(14.0)
    assert address not in {contact.address for contact in machine.contacts()}


def test_whoever_waited_for_the_place_of_one_who_is_gone_is_asked() -> None:
    machine = node(replace(CLIENT, request_timeout_s=0.5))
    machine.tick(0.0)
    # All of them share no bit with us, so that they share a bucket.
    far = bytes(byte ^ 0xFF for byte in machine.id[:19])
    crowd = [("127.0.0.1", port) for port in range(1, 22)]

    def answer_from(place: int, now: float) -> None:
        machine.ping(crowd[place], now)
        question = next(q for q in asked(machine) if q.address == crowd[place])
        answer = Response(question.query.transaction_id, far + bytes([place]))
        machine.receive(encode(answer), crowd[place], now)

    for place in range(21):
        answer_from(place, 0.0)
    assert machine.table_size == 20
    machine.ping(crowd[0], 1.0)
    answer_from(1, 1.2)
    machine.tick(1.5)
    answer_from(1, 1.7)
    machine.tick(2.0)
    assert crowd[20] in pinged(machine)


def test_the_first_node_of_a_network_learns_from_those_who_enter() -> None:
    machine = node(SERVER)
    machine.receive(query(FindNode(STRANGERS_ID)), STRANGER, 1.0)
    sent = [question for question in questions_in(machine) if question.address == STRANGER]
    assert [question.query.request for question in sent] == [Ping()]
    assert machine.contacts() == []
    reply(machine, sent[0], 1.1)
    assert machine.contacts() == [Contact(STRANGERS_ID, STRANGER)]


def test_whoever_wants_to_be_in_no_table_is_not_met() -> None:
    machine = node(SERVER)
    hermit = Query(b"tt", STRANGERS_ID, FindNode(bytes(20)), read_only=True)
    machine.receive(encode(hermit), STRANGER, 1.0)
    assert questions_in(machine) == []


def test_who_asks_for_something_else_is_not_met() -> None:
    machine = node(SERVER)
    for request in (Ping(), Get(bytes(20))):
        machine.receive(query(request), STRANGER, 1.0)
    assert questions_in(machine) == []


def test_who_is_known_is_not_met_again() -> None:
    machine = node(SERVER)
    acquainted(machine, FRIENDS[0])
    known = (FRIENDS[0], 6881)
    machine.receive(query(FindNode(bytes(20)), sender=id_at(known[0])), known, 1.0)
    assert questions_in(machine) == []


def test_who_is_being_met_is_not_pinged_again() -> None:
    machine = node(SERVER)
    for _ in range(5):
        machine.receive(query(FindNode(bytes(20))), STRANGER, 1.0)
    assert len(questions_in(machine)) == 1


def test_so_many_strangers_are_met_in_a_second_and_no_more() -> None:
    machine = node(SERVER)
    for number in range(200):
        host = f"198.51.{number}.1"
        machine.receive(query(FindNode(bytes(20)), sender=id_at(host)), (host, 1), 1.0)
    assert len(questions_in(machine)) == 40


# --- The way in ------------------------------------------------------------------------------


def test_a_node_without_acquaintances_tries_again_soon_and_then_later() -> None:
    machine = node(replace(CLIENT, bootstrap=(STRANGER,)))
    times = [
        now
        for now in waking(machine, 0.0, 600.0)
        if any(question.query.request == FindNode(machine.id) for question in asked(machine))
    ]
    assert times[0] == 0.0
    gaps = {later - earlier for earlier, later in pairwise(times)}
    assert min(gaps) <= ALONE_FIRST_S
    assert 10 < max(gaps) <= ALONE_LONGEST_S
    assert len(times) < 40


def test_a_first_node_that_knows_no_way_in_sleeps_mostly() -> None:
    machine = node(SERVER)
    assert len(list(waking(machine, 0.0, 3600.0))) < 90
    assert machine.take_datagrams() == []


def test_new_entrances_are_tried_at_once_by_who_knows_nobody() -> None:
    machine = node(CLIENT)
    machine.tick(0.0)
    assert asked(machine) == []
    machine.set_bootstrap((STRANGER,), 1.0)
    assert machine.wake_at <= 1.0
    machine.tick(1.0)
    assert [question.address for question in asked(machine)] == [STRANGER]


def test_the_same_entrances_again_are_no_news() -> None:
    machine = node(replace(CLIENT, bootstrap=(STRANGER,)))
    machine.tick(0.0)
    asked(machine)
    machine.set_bootstrap((STRANGER,), 1.0)
    machine.tick(1.0)
    assert asked(machine) == []


def test_entrances_are_left_in_peace_by_who_knows_enough() -> None:
    machine = node(replace(CLIENT, bootstrap=(STRANGER,)))
    acquainted(machine, *(f"203.0.{number}.1" for number in range(30)))
    machine.find_node(bytes(20), 1.0)
    hosts = [question.address for question in asked(machine)]
    assert len(hosts) == 20
    assert STRANGER not in hosts


def test_remembered_nodes_are_asked_before_they_are_trusted() -> None:
    remembered = [Contact(id_at(host), (host, 6881)) for host in FRIENDS]
    machine = node(CLIENT, remembered)
    assert machine.table_size == 0
    machine.tick(0.0)
    questions = asked(machine)
    assert {question.address[0] for question in questions} == set(FRIENDS)
    reply(machine, questions[0])
    assert machine.table_size == 1


def test_remembered_nodes_are_an_entrance_until_there_are_others() -> None:
    machine = node(CLIENT, [Contact(id_at(NEVER[0]), NEVER)])
    machine.find_node(bytes(20), 0.0)
    assert [question.address for question in asked(machine)] == [NEVER]
    acquainted(machine, FRIENDS[0])
    machine.find_node(bytes(20), 0.0)
    assert [question.address[0] for question in asked(machine)] == [FRIENDS[0]]


def test_a_remembered_node_that_is_gone_is_forgotten() -> None:
    machine = node(CLIENT, [Contact(id_at(NEVER[0]), NEVER)])
    acquainted(machine, FRIENDS[0])
    asked_there = []
    for now in waking(machine, 0.0, 600.0):
        for question in asked(machine):
            if question.address == NEVER:
                asked_there.append(now)
            else:
                reply(machine, question, now + 0.1)
    assert 1 <= len(asked_there) <= 2


def test_what_is_kept_for_the_next_start_are_good_nodes() -> None:
    machine = node(CLIENT)
    acquainted(machine, *(f"203.{n // 200}.{n % 200}.1" for n in range(300)))
    assert len(machine.contacts()) <= 200
    assert machine.contacts()[0].id == id_at(machine.contacts()[0].address[0])
