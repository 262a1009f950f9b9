"""The machine stores items and pings nodes: what it asks for that, and what it reports."""

from dataclasses import replace

import pytest

from appliance.mainline.items import Item, MutableItem
from appliance.mainline.krpc import Failure, Get, Put, encode
from appliance.mainline.node import Node
from appliance.mainline.reports import OURSELVES, PingDone, PutDone
from appliance.mainline.searches import REMEMBERED_SEARCHES, RESPONDERS_GOOD_FOR_S
from tests.support.appliance import keypair_of
from tests.support.dht import item_of
from tests.support.dht_dialogues import (
    CLIENT,
    SERVER,
    STRANGER,
    STRANGERS_ID,
    Asked,
    asked,
    node,
    reply,
)

ALICE = keypair_of("alice")
TARGET = MutableItem.target_of(ALICE.public_key.raw)
ITEM = item_of(ALICE, 5, b"hello")


def client() -> Node:
    """A machine that knows how to enter the network: by the stranger."""
    return node(replace(CLIENT, bootstrap=(STRANGER,)))


# --- Puts ------------------------------------------------------------------------------------


def test_a_put_asks_for_tokens_first_and_names_its_target() -> None:
    machine = client()
    number = machine.put(ITEM, 4, 0.0)
    (search,) = asked(machine)
    # Whoever has this very item or an older one need not send it.
    assert search.query.request == Get(TARGET, 5)
    reply(machine, search, token=b"a token")
    (question,) = asked(machine)
    assert question.query.request == Put(b"a token", ITEM, 4, TARGET)
    reply(machine, question, 0.2)
    (done,) = machine.take_events()
    assert isinstance(done, PutDone)
    assert (done.number, done.report.stored_nodes, done.report.queried) == (number, 1, 1)


def test_what_lies_there_before_a_put_is_no_forgery() -> None:
    machine = client()
    machine.put(ITEM, None, 0.0)
    reply(machine, asked(machine)[0], item=item_of(ALICE, 6, b"newer"))
    assert machine.take_events() == []
    assert "forged_items" not in machine.counters


@pytest.mark.parametrize(
    ("code", "conflict"), [(301, "cas"), (302, "outdated"), (203, None), (206, None)]
)
def test_a_refusal_is_reported_with_its_code(code: int, conflict: str | None) -> None:
    machine = client()
    machine.put(ITEM, None, 0.0)
    reply(machine, asked(machine)[0])
    (question,) = asked(machine)
    refusal = Failure(question.query.transaction_id, code, "because")
    machine.receive(encode(refusal), STRANGER, 0.2)
    (done,) = machine.take_events()
    assert isinstance(done, PutDone)
    (outcome,) = done.report.outcomes
    assert (outcome.result, outcome.code, outcome.text) == ("refused", code, "because")
    assert done.report.conflict == conflict


def storing(cas: int | None = None) -> tuple[Node, Asked]:
    """A machine that has just asked the stranger to keep Alice's item."""
    machine = client()
    machine.put(ITEM, cas, 0.0)
    reply(machine, asked(machine)[0])
    (question,) = asked(machine)
    return machine, question


def outcome_of(machine: Node) -> str:
    (done,) = machine.take_events()
    assert isinstance(done, PutDone)
    (outcome,) = done.report.outcomes
    return outcome.result


def put_again(machine: Node, first: Asked, now: float) -> Asked:
    """The one put that the machine repeats now."""
    machine.tick(now)
    (again,) = [each for each in asked(machine) if each.query.request == first.query.request]
    assert again.address == first.address
    assert machine.take_events() == []
    return again


def test_a_keeper_that_is_silent_is_asked_again() -> None:
    machine, question = storing()
    reply(machine, put_again(machine, question, 2.1), 2.2)
    assert outcome_of(machine) == "stored"


def test_a_keeper_that_is_silent_twice_is_a_timeout() -> None:
    machine, question = storing()
    put_again(machine, question, 2.1)
    machine.tick(4.1)
    assert outcome_of(machine) == "timeout"


def test_what_expects_a_certain_item_there_is_sent_once() -> None:
    machine, question = storing(cas=4)
    machine.tick(2.1)
    assert question.query.request not in [each.query.request for each in asked(machine)]
    assert outcome_of(machine) == "timeout"


def stored(machine: Node, item: Item, now: float) -> list[Asked]:
    """What the machine asks first to store an item; everybody agrees to keep it."""
    machine.put(item, None, now)
    first = asked(machine)
    questions = first
    while questions:
        for question in questions:
            reply(machine, question, now)
        questions = asked(machine)
    machine.take_events()
    return first


def test_keepers_that_were_found_are_good_for_five_minutes() -> None:
    machine = client()
    newer, newest = item_of(ALICE, 6, b"newer"), item_of(ALICE, 7, b"newest")
    (search,) = stored(machine, ITEM, 0.0)
    assert isinstance(search.query.request, Get)
    (put,) = stored(machine, newer, RESPONDERS_GOOD_FOR_S - 1)
    assert isinstance(put.query.request, Put)
    (search,) = stored(machine, newest, RESPONDERS_GOOD_FOR_S + 1)
    assert isinstance(search.query.request, Get)


def test_the_keepers_of_so_many_targets_are_remembered_and_no_more() -> None:
    machine = client()
    places = [item_of(ALICE, 5, b"hello", salt=b"%d" % n) for n in range(REMEMBERED_SEARCHES + 1)]
    for item in places:
        stored(machine, item, 0.0)
    for item, kind in ((places[-1], Put), (places[0], Get)):
        newer = item_of(ALICE, 6, b"newer", salt=item.salt)
        (question,) = stored(machine, newer, 1.0)
        assert isinstance(question.query.request, kind)


def test_after_a_conflict_the_network_is_asked_again() -> None:
    machine = client()
    stored(machine, ITEM, 0.0)
    machine.put(item_of(ALICE, 4, b"older"), None, 1.0)
    (put,) = asked(machine)
    machine.receive(encode(Failure(put.query.transaction_id, 302, "old")), STRANGER, 1.1)
    (search,) = stored(machine, item_of(ALICE, 6, b"newer"), 2.0)
    assert isinstance(search.query.request, Get)


def test_two_puts_of_one_item_are_one() -> None:
    machine = client()
    first, second = machine.put(ITEM, None, 0.0), machine.put(ITEM, None, 0.0)
    (search,) = asked(machine)
    reply(machine, search)
    reply(machine, asked(machine)[0], 0.2)
    assert [event.number for event in machine.take_events()] == [first, second]


def test_a_server_that_is_alone_keeps_its_item_and_a_client_does_not() -> None:
    for config, addresses in ((SERVER, [OURSELVES]), (CLIENT, [])):
        machine = node(config)
        machine.put(ITEM, None, 0.0)
        (done,) = machine.take_events()
        assert isinstance(done, PutDone)
        assert [outcome.address for outcome in done.report.outcomes] == addresses
        assert machine.stats().mutable_items == len(addresses)


def test_our_own_store_refuses_what_others_would() -> None:
    machine = node(SERVER)
    machine.put(ITEM, None, 0.0)
    machine.put(item_of(ALICE, 4, b"older"), None, 1.0)
    done = machine.take_events()[-1]
    assert isinstance(done, PutDone)
    assert (done.report.stored_nodes, done.report.conflict) == (0, "outdated")


# --- Pings -----------------------------------------------------------------------------------


def test_a_ping_tells_who_answered_and_how_fast() -> None:
    machine = client()
    number = machine.ping(STRANGER, 1.0)
    reply(machine, asked(machine)[0], 1.25)
    (done,) = machine.take_events()
    assert isinstance(done, PingDone)
    assert (done.number, done.report.answered, done.report.round_trip_s) == (number, True, 0.25)
    assert done.report.node_id == STRANGERS_ID


def test_an_error_is_a_sign_of_life() -> None:
    machine = client()
    machine.ping(STRANGER, 1.0)
    (question,) = asked(machine)
    machine.receive(encode(Failure(question.query.transaction_id, 201, "no")), STRANGER, 1.5)
    (done,) = machine.take_events()
    assert isinstance(done, PingDone)
    assert done.report.answered
    assert done.report.node_id is None


def test_a_ping_into_the_void_ends() -> None:
    machine = client()
    machine.ping(STRANGER, 1.0)
    machine.tick(3.0)
    (done,) = machine.take_events()
    assert isinstance(done, PingDone)
    assert not done.report.answered


def test_a_client_says_that_it_is_one_and_a_server_does_not() -> None:
    for config, read_only in ((CLIENT, True), (SERVER, False)):
        machine = node(config)
        machine.ping(STRANGER, 0.0)
        (question,) = asked(machine)
        assert question.query.read_only is read_only
