"""The machine as a searcher: items are found, false ones dropped, and every search ends."""

from dataclasses import replace

import pytest

from appliance.mainline.items import ImmutableItem, Item, MutableItem
from appliance.mainline.krpc import Failure, Get, encode
from appliance.mainline.lookup import ATTEMPTS, MAX_PEERS
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, Contact
from appliance.mainline.reports import (
    Event,
    GetDone,
    GetReport,
    ItemFound,
    SearchDone,
)
from appliance.mainline.searches import MAX_WAITING
from tests.support.appliance import keypair_of
from tests.support.dht import item_of
from tests.support.dht_dialogues import (
    CLIENT,
    SERVER,
    STRANGER,
    Asked,
    acquainted,
    asked,
    id_at,
    node,
    reply,
)

ALICE, MALLORY = keypair_of("alice"), keypair_of("mallory")
KEY = ALICE.public_key.raw
TARGET = MutableItem.target_of(KEY)
ITEM = item_of(ALICE, 5, b"hello")


def client(max_lookups: int = 64) -> Node:
    """A machine that knows how to enter the network: by the stranger."""
    return node(replace(CLIENT, bootstrap=(STRANGER,), max_lookups=max_lookups))


def searching(*others: str, after_seq: int | None = None) -> tuple[Node, int, list[Asked]]:
    """A machine that has just asked the stranger and these for Alice's item."""
    machine = client()
    acquainted(machine, *others)
    number = machine.get(TARGET, KEY, b"", after_seq, 0.0)
    return machine, number, asked(machine)


def report_of(events: list[Event]) -> GetReport:
    """The end of the one search that ended."""
    (done,) = [event for event in events if isinstance(event, GetDone)]
    return done.report


def told_while(machine: Node, *answers: tuple[Asked, Item]) -> list[Item]:
    """The items that are told while these answers come in, one by one."""
    for question, item in answers:
        reply(machine, question, item=item)
    return [event.item for event in machine.take_events() if isinstance(event, ItemFound)]


# --- Items -----------------------------------------------------------------------------------


def test_an_item_is_told_at_once_and_reported_at_the_end() -> None:
    machine, number, (first, second) = searching("198.51.100.1")
    reply(machine, first, item=ITEM)
    assert machine.take_events() == [ItemFound(number, ITEM)]
    reply(machine, second)
    report = report_of(machine.take_events())
    assert (report.item, report.queried, report.responded) == (ITEM, 2, 2)
    assert (report.usable, report.hops) == (2, 1)


def test_a_node_without_a_token_answers_but_keeps_nothing() -> None:
    machine, _, (question,) = searching()
    reply(machine, question, token=None, item=ITEM)
    report = report_of(machine.take_events())
    assert (report.item, report.responded, report.usable) == (ITEM, 1, 0)


@pytest.mark.parametrize(
    "item",
    [
        item_of(MALLORY, 9, b"signed by somebody else"),
        replace(item_of(ALICE, 9, b"x"), signature=bytes(64)),
        replace(item_of(ALICE, 9, b"x"), seq=10),
        replace(item_of(ALICE, 9, b"x"), encoded=b"1:y"),
        item_of(ALICE, 9, b"x", salt=b"from another place"),
        ImmutableItem.of(b"no signature at all"),
    ],
    ids=["foreign key", "forged", "other number", "other value", "salted", "immutable"],
)
def test_a_false_item_is_dropped_and_counted(item: Item) -> None:
    machine, _, (question,) = searching()
    reply(machine, question, item=item)
    assert report_of(machine.take_events()).item is None
    assert machine.stats().counters["forged_items"] == 1


def test_a_forgery_with_an_honest_signature_does_not_hide_the_honest_item() -> None:
    machine, _, (liar, honest) = searching("198.51.100.1")
    forged = replace(ITEM, encoded=b"4:evil")
    assert told_while(machine, (liar, forged), (honest, ITEM)) == [ITEM]


def test_the_same_forgery_from_many_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, _, questions = searching("198.51.100.1", "198.51.100.2")
    checked, verify = list[MutableItem](), MutableItem.verify

    def counting(item: MutableItem) -> bool:
        checked.append(item)
        return verify(item)

    monkeypatch.setattr(MutableItem, "verify", counting)
    forged = replace(ITEM, encoded=b"4:evil")
    assert told_while(machine, *((question, forged) for question in questions)) == []
    assert checked == [forged]
    assert machine.stats().counters["forged_items"] == 3


def test_a_newer_item_is_told_after_an_older_and_never_the_other_way_round() -> None:
    newer = item_of(ALICE, 6, b"newer")
    machine, _, (a, b) = searching("198.51.100.1")
    assert told_while(machine, (a, ITEM), (b, newer)) == [ITEM, newer]
    machine, _, (a, b) = searching("198.51.100.1")
    assert told_while(machine, (a, newer), (b, ITEM)) == [newer]


def test_of_two_items_with_one_number_the_larger_value_wins() -> None:
    larger = item_of(ALICE, 5, b"zzz")
    for order in ([ITEM, larger], [larger, ITEM]):
        machine, _, questions = searching("198.51.100.1")
        told = told_while(machine, *zip(questions, order, strict=True))
        assert told[-1] == larger


def test_what_is_not_newer_than_what_the_caller_knows_is_no_news() -> None:
    machine, _, (question,) = searching(after_seq=5)
    assert question.query.request == Get(TARGET, 5)
    reply(machine, question, item=ITEM)
    assert report_of(machine.take_events()).item is None
    assert machine.stats().counters["stale_items"] == 1


def test_the_short_answer_that_there_is_nothing_newer_is_an_answer() -> None:
    machine, _, (question,) = searching(after_seq=5)
    reply(machine, question, seq=5)
    report = report_of(machine.take_events())
    assert (report.item, report.usable) == (None, 1)


def test_a_salted_item_is_checked_with_the_salt_that_was_asked_for() -> None:
    machine, salted = client(), item_of(ALICE, 5, b"hello", salt=b"s")
    machine.get(salted.target, KEY, b"s", None, 0.0)
    (question,) = asked(machine)
    # In an answer there is no salt: only whoever asks knows it.
    reply(machine, question, item=replace(salted, salt=b""))
    assert report_of(machine.take_events()).item == salted


def test_an_immutable_item_is_known_by_its_hash() -> None:
    wanted = ImmutableItem.of(b"hello")
    for answer, found in ((wanted, wanted), (ImmutableItem.of(b"other"), None), (ITEM, None)):
        machine = client()
        machine.get(wanted.target, None, b"", None, 0.0)
        reply(machine, asked(machine)[0], item=answer)
        assert report_of(machine.take_events()).item == found


def test_a_server_finds_what_it_keeps_itself() -> None:
    machine = node(SERVER)
    machine.put(ITEM, None, 0.0)
    machine.take_events()
    number = machine.get(TARGET, KEY, b"", None, 1.0)
    found, done = machine.take_events()
    assert found == ItemFound(number, ITEM)
    assert report_of([done]).item == ITEM


# --- Whom it asks ----------------------------------------------------------------------------


def test_an_answer_from_somebody_else_is_none() -> None:
    machine, _, (question,) = searching()
    elsewhere: Address = ("203.0.113.66", 4000)
    reply(machine, Asked(question.query, elsewhere), item=ITEM)
    assert machine.take_events() == []
    assert machine.stats().counters["unexpected"] == 1


def test_an_answer_counts_once() -> None:
    machine, _, (first, _) = searching("198.51.100.1")
    reply(machine, first)
    reply(machine, first, item=ITEM)
    assert machine.take_events() == []
    assert machine.stats().counters["unexpected"] == 1


def test_a_silent_node_in_a_small_network_is_asked_twice_and_then_given_up() -> None:
    machine, number, questions = searching()
    for attempt in range(1, ATTEMPTS):
        machine.tick(2.0 * attempt)
        questions += [each for each in asked(machine) if isinstance(each.query.request, Get)]
    assert machine.take_events() == []
    machine.tick(2.0 * ATTEMPTS)
    (done,) = machine.take_events()
    assert isinstance(done, GetDone)
    assert (done.number, done.report.queried, done.report.responded) == (number, 1, 0)
    assert [question.address for question in questions] == [STRANGER] * ATTEMPTS


def test_a_node_that_refuses_to_search_is_not_asked_again() -> None:
    machine, _, (question,) = searching()
    refusal = Failure(question.query.transaction_id, 204, "Method Unknown")
    machine.receive(encode(refusal), question.address, 0.1)
    report = report_of(machine.take_events())
    assert (report.queried, report.responded) == (1, 0)
    assert machine.stats().counters["errors_204"] == 1


def test_made_up_error_codes_are_counted_as_one() -> None:
    machine = client()
    for number in range(50):
        machine.ping(STRANGER, 0.0)
        (question,) = asked(machine)
        made_up = Failure(question.query.transaction_id, 10_000 + number, "?")
        machine.receive(encode(made_up), STRANGER, 0.1)
    assert machine.stats().counters["errors_other"] == 50
    assert len(machine.counters) < 20


def test_nodes_that_are_named_are_asked_in_turn() -> None:
    machine, _, (question,) = searching()
    named = Contact(id_at("198.51.100.77"), ("198.51.100.77", 5))
    reply(machine, question, contacts=(named,))
    (following,) = asked(machine)
    assert following.address == named.address
    reply(machine, following, item=ITEM)
    assert report_of(machine.take_events()).hops == 2


def test_a_search_for_nodes_tells_its_end() -> None:
    machine = client()
    number = machine.find_node(bytes(20), 0.0)
    reply(machine, asked(machine)[0])
    (done,) = machine.take_events()
    assert isinstance(done, SearchDone)
    assert (done.number, done.report.queried, done.report.responded) == (number, 1, 1)


def test_a_search_for_peers_gathers_them_within_a_limit() -> None:
    machine = client()
    acquainted(machine, *(f"198.51.100.{number}" for number in range(1, 9)))
    machine.get_peers(bytes(20), 0.0)
    for number, question in enumerate(asked(machine)):
        peers = tuple((f"192.0.2.{number}", port) for port in range(1, 71))
        reply(machine, question, peers=(*peers, ("192.0.2.99", 1)))
    (done,) = machine.take_events()
    assert isinstance(done, SearchDone)
    assert len(done.report.peers) == MAX_PEERS
    assert done.report.peers.count(("192.0.2.99", 1)) == 1


def test_who_asks_no_more_is_told_nothing() -> None:
    machine, number, (question,) = searching()
    machine.cancel(number)
    reply(machine, question, item=ITEM)
    machine.tick(10.0)
    assert machine.take_events() == []
    assert machine.stats().counters.get("unexpected") is None


# --- Many at once ----------------------------------------------------------------------------


def test_searches_beyond_the_limit_wait_for_their_turn() -> None:
    machine = client(max_lookups=1)
    first, second = (machine.find_node(bytes([i] * 20), 0.0) for i in (1, 2))
    (question,) = asked(machine)
    assert machine.stats().lookups == 2
    reply(machine, question)
    (following,) = asked(machine)
    assert following.query.request != question.query.request
    reply(machine, following)
    assert [event.number for event in machine.take_events()] == [first, second]


def test_a_search_that_was_called_off_makes_room_at_the_next_tick() -> None:
    machine = client(max_lookups=1)
    numbers = [machine.find_node(bytes([i] * 20), 0.0) for i in (1, 2, 3)]
    asked(machine)
    machine.cancel(numbers[1])
    machine.cancel(numbers[0])
    machine.tick(0.5)
    assert machine.stats().lookups >= 1
    for _ in range(5):
        for question in asked(machine):
            reply(machine, question, 0.6)
    assert [event.number for event in machine.take_events()] == [numbers[2]]


def test_too_many_searches_end_without_having_begun() -> None:
    machine = client(max_lookups=1)
    for _ in range(1 + MAX_WAITING):
        machine.get(TARGET, KEY, b"", None, 0.0)
    assert machine.take_events() == []
    number = machine.get(TARGET, KEY, b"", None, 0.0)
    (done,) = machine.take_events()
    assert isinstance(done, GetDone)
    assert (done.number, done.report.queried) == (number, 0)
    assert machine.stats().counters["lookups_refused"] == 1


def test_many_that_find_nobody_end_without_a_pile_of_calls() -> None:
    machine = node(replace(CLIENT, max_lookups=1, bootstrap=(STRANGER,)))
    for _ in range(MAX_WAITING):
        machine.find_node(bytes(20), 0.0)
    machine.set_bootstrap((), 0.0)
    for now in (2.0, 4.0, 6.0):
        machine.tick(now)
    assert len(machine.take_events()) == MAX_WAITING
