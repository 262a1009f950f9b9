"""The machine in bad company: floods, nonsense, and everything in any order."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.mainline.krpc import (
    Failure,
    FindNode,
    Get,
    GetPeers,
    Ping,
    Put,
    Response,
    encode,
)
from appliance.mainline.messages import Message
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, Contact
from appliance.mainline.reports import ItemFound, Mode, NodeSettings, PingDone
from tests.support.appliance import keypair_of
from tests.support.dht import item_of
from tests.support.dht_dialogues import (
    SERVER,
    STRANGER,
    STRANGERS_ID,
    Asked,
    ask,
    asked,
    node,
    query,
    questions_in,
    reply,
)

ALICE = keypair_of("alice")
ITEM = item_of(ALICE, 5, b"hello")


# --- Floods ----------------------------------------------------------------------------------


def test_a_flood_from_one_address_is_answered_as_far_as_the_ration_goes() -> None:
    machine = node(replace(SERVER, queries_per_second=20, burst=100))
    for _ in range(10_000):
        machine.receive(query(Ping()), STRANGER, 1.0)
    assert len(machine.take_datagrams()) == 100
    assert machine.stats().counters["dropped_by_guard"] == 9900
    assert isinstance(ask(machine, Ping(), source=("203.0.113.200", 1)), Response)


def test_a_flood_from_many_addresses_is_bounded_too() -> None:
    machine = node(replace(SERVER, answers_per_second=500))
    for number in range(20_000):
        source = (f"203.0.{number // 250 % 250}.{number % 250}", 1)
        machine.receive(query(Ping()), source, 1.0)
    assert len(machine.take_datagrams()) <= 1000


def test_our_own_searches_go_on_in_a_flood() -> None:
    machine = node(replace(SERVER, answers_per_second=1))
    for number in range(5000):
        machine.receive(query(Ping()), (f"203.0.113.{number % 250}", number), 1.0)
    machine.take_datagrams()
    helper: Address = ("198.51.100.9", 6881)
    number = machine.ping(helper, 1.0)
    (question,) = asked(machine)
    reply(machine, question, 1.1)
    (event,) = machine.take_events()
    assert isinstance(event, PingDone)
    assert (event.number, event.report.answered) == (number, True)


def test_the_uplink_is_bounded_in_bytes() -> None:
    machine = node(replace(SERVER, answer_bytes_per_second=4096))
    item = item_of(ALICE, 5, b"v" * 900)
    machine.put(item, None, 0.0)
    for number in range(100):
        machine.receive(query(Get(item.target)), (f"203.0.113.{number}", 1), 1.0)
    assert 4096 < sum(len(datagram) for datagram, _ in machine.take_datagrams()) <= 2 * 4096
    assert machine.stats().counters["answers_withheld"] > 50


def test_whom_we_ask_has_no_more_answers_than_others() -> None:
    machine = node(replace(SERVER, burst=5))
    machine.ping(STRANGER, 1.0)
    machine.take_datagrams()
    for _ in range(50):
        machine.receive(query(Ping()), STRANGER, 1.0)
    assert len(machine.take_datagrams()) == 5


def test_what_is_no_message_costs_its_sender_his_ration() -> None:
    machine = node(replace(SERVER, burst=5))
    for _ in range(10):
        machine.receive(b"this is no message at all", STRANGER, 1.0)
    counters = machine.stats().counters
    assert (counters["malformed"], counters["dropped_by_guard"]) == (5, 5)


@pytest.mark.parametrize(
    ("datagram", "source"),
    [(b"d1:y1:qe", STRANGER), (query(Ping()), ("2001:db8::1", 4000))],
    ids=["too short", "other family"],
)
def test_what_cannot_be_meant_for_us_is_dropped(datagram: bytes, source: Address) -> None:
    machine = node()
    machine.receive(datagram, source, 1.0)
    assert machine.take_datagrams() == []
    assert machine.stats().counters["malformed"] == 1


def test_an_answer_that_nobody_waits_for_puts_nobody_into_the_table() -> None:
    machine = node()
    machine.receive(encode(Response(b"tttt", STRANGERS_ID)), STRANGER, 1.0)
    machine.receive(encode(Failure(b"tttt", 201, "?")), STRANGER, 1.0)
    assert machine.table_size == 0
    assert machine.stats().counters["unexpected"] == 2


# --- Whatever comes --------------------------------------------------------------------------


@settings(max_examples=200)
@given(st.binary(max_size=300), st.floats(0, 1000))
def test_no_datagram_raises(datagram: bytes, now: float) -> None:
    machine = node()
    machine.receive(datagram, STRANGER, now)
    machine.tick(now)
    machine.take_events()
    assert len(machine.take_datagrams()) <= 2


hosts = st.sampled_from(["203.0.113.7", "198.51.100.1", "192.168.1.1", "127.0.0.1"])
node_ids = st.binary(min_size=20, max_size=20)
contacts = st.builds(Contact, node_ids, st.tuples(hosts, st.integers(1, 5)))
requests = st.one_of(
    st.just(Ping()),
    st.builds(FindNode, node_ids),
    st.builds(Get, node_ids, st.none() | st.integers(-5, 5)),
    st.builds(GetPeers, node_ids),
    st.builds(Put, st.binary(max_size=9), st.just(ITEM), st.none() | st.integers(-5, 5)),
)
# What befalls a machine: a query, an answer to one of its questions, a call, or time.
happenings = st.one_of(
    st.tuples(st.just("query"), requests, hosts),
    st.tuples(st.just("answer"), st.lists(contacts, max_size=9), node_ids),
    st.tuples(st.just("refusal"), st.integers(), st.text(max_size=9)),
    st.tuples(st.just("call"), st.integers(0, 5), node_ids),
    st.tuples(st.just("time"), st.floats(0, 1000), st.none()),
)


@settings(max_examples=150)
@given(st.sampled_from(["auto", "server", "client"]), st.lists(happenings, max_size=40))
def test_no_dialogue_raises_and_every_call_ends(
    mode: Mode, steps: list[tuple[str, Any, Any]]
) -> None:
    machine = node(NodeSettings(mode=mode, bootstrap=(STRANGER,)))
    now, open_questions, calls, ended = 0.0, list[Asked](), set[int](), set[int]()
    for kind, what, how in steps:
        if kind == "query":
            machine.receive(query(what), (how, 4000), now)
        elif kind == "call":
            calls.add(call(machine, what, how, now))
        elif kind == "time":
            now += what
            machine.tick(now)
        elif open_questions:
            question, address = open_questions.pop(0)
            tid = question.transaction_id
            said: Message = (
                Failure(tid, what % 2**63, how)
                if kind == "refusal"
                else Response(tid, how, tuple(what), b"token", item=ITEM)
            )
            machine.receive(encode(said), address, now)
        open_questions += questions_in(machine)
        ended |= {
            event.number for event in machine.take_events() if not isinstance(event, ItemFound)
        }
    for _ in range(200):
        now = max(now, machine.wake_at)
        machine.tick(now)
        machine.take_datagrams()
        ended |= {
            event.number for event in machine.take_events() if not isinstance(event, ItemFound)
        }
    assert ended == calls


def call(machine: Node, kind: int, target: bytes, now: float) -> int:
    calls: list[Callable[[], int]] = [
        lambda: machine.get(target, ALICE.public_key.raw, b"", None, now),
        lambda: machine.get(target, None, b"", None, now),
        lambda: machine.put(ITEM, None, now),
        lambda: machine.find_node(target, now),
        lambda: machine.get_peers(target, now),
        lambda: machine.ping(("203.0.113.7", 4000), now),
    ]
    return calls[kind]()
