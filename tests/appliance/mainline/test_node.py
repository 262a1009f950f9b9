"""The machine by itself: datagrams and time in, datagrams and events out."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.mainline.items import MutableItem
from appliance.mainline.krpc import (
    AnnouncePeer,
    Failure,
    FindNode,
    Get,
    GetPeers,
    Ping,
    Put,
    Query,
    Request,
    Response,
    decode,
    encode,
)
from appliance.mainline.messages import Message
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, Contact, is_secure, secure_id
from appliance.mainline.reports import (
    GetDone,
    ItemFound,
    NodeSettings,
    PingDone,
    PutDone,
    SearchDone,
)
from tests.support.appliance import keypair_of
from tests.support.dht import item_of

US: Address = ("198.51.100.1", 6881)
STRANGER: Address = ("203.0.113.7", 4000)
ALICE, MALLORY = keypair_of("alice"), keypair_of("mallory")
SERVER = NodeSettings(mode="server")
STRANGERS_ID = secure_id(STRANGER[0], bytes(range(20)))


def node(config: NodeSettings = SERVER, seed: int = 1) -> Node:
    return Node(config, 4, random.Random(seed), 0.0)


def query(request: Request, tid: bytes = b"tt", sender: bytes = STRANGERS_ID) -> bytes:
    return encode(Query(tid, sender, request))


def answers(machine: Node) -> list[tuple[Message, Address]]:
    return [(decode(datagram), address) for datagram, address in machine.take_datagrams()]


def ask(machine: Node, request: Request, now: float = 1.0, source: Address = STRANGER) -> Message:
    """The one answer to a stranger's query."""
    machine.take_datagrams()
    machine.receive(query(request), source, now)
    ((message, address),) = answers(machine)
    assert address == source
    return message


def token_of(machine: Node, target: bytes = bytes(20), now: float = 1.0) -> bytes:
    answer = ask(machine, Get(target), now)
    assert isinstance(answer, Response)
    assert answer.token is not None
    return answer.token


# --- As a server -----------------------------------------------------------------------------


def test_a_ping_is_answered_with_our_id_and_their_address() -> None:
    machine = node()
    answer = ask(machine, Ping())
    assert isinstance(answer, Response)
    assert (answer.sender_id, answer.requester) == (machine.id, STRANGER)


@pytest.mark.parametrize("length", [1, 2, 4, 20])
def test_a_transaction_id_of_any_length_is_echoed(length: int) -> None:
    machine = node()
    machine.receive(query(Ping(), tid=b"x" * length), STRANGER, 1.0)
    ((message, _),) = answers(machine)
    assert message.transaction_id == b"x" * length


def test_an_answer_never_calls_itself_read_only() -> None:
    machine = node()
    machine.receive(query(Ping()), STRANGER, 1.0)
    ((datagram, _),) = machine.take_datagrams()
    assert b"2:roi" not in datagram


def test_a_client_answers_nothing_and_says_that_it_is_one() -> None:
    machine = node(NodeSettings(mode="client", bootstrap=(STRANGER,)))
    machine.receive(query(Ping()), ("203.0.113.8", 1), 1.0)
    assert machine.take_datagrams() == []
    machine.tick(1.0)
    ((message, _),) = answers(machine)
    assert isinstance(message, Query)
    assert message.read_only


def test_a_stored_item_comes_back_with_a_token() -> None:
    machine, item = node(), item_of(ALICE, 5, b"hello")
    stored = ask(machine, Put(token_of(machine), item, None, item.target))
    assert isinstance(stored, Response)
    got = ask(machine, Get(item.target))
    assert isinstance(got, Response)
    assert got.item == item
    assert got.token is not None


def test_who_knows_the_item_already_gets_its_number_only() -> None:
    machine, item = node(), item_of(ALICE, 5, b"hello")
    ask(machine, Put(token_of(machine), item, None, item.target))
    got = ask(machine, Get(item.target, seq=5))
    assert isinstance(got, Response)
    assert (got.item, got.seq) == (None, 5)


@pytest.mark.parametrize(
    ("item", "cas", "code"),
    [
        (item_of(ALICE, 4, b"older"), None, 302),
        (item_of(ALICE, 6, b"newer"), 4, 301),
        (replace(item_of(ALICE, 6, b"x"), signature=bytes(64)), None, 206),
        (item_of(ALICE, 6, b"x" * 1001), None, 205),
        (item_of(ALICE, 6, b"x", salt=b"s" * 65), None, 207),
    ],
)
def test_a_put_is_refused_with_its_code(item: MutableItem, cas: int | None, code: int) -> None:
    machine, held = node(), item_of(ALICE, 5, b"hello")
    token = token_of(machine)
    ask(machine, Put(token, held, None, held.target))
    refusal = ask(machine, Put(token, item, cas, item.target))
    assert isinstance(refusal, Failure)
    assert refusal.code == code
    assert machine.stats().counters[f"refused_puts_{code}"] == 1


def test_a_put_with_somebody_elses_token_is_refused() -> None:
    machine, item = node(), item_of(ALICE, 5, b"hello")
    token = token_of(machine)
    other = ("203.0.113.9", 4000)
    refusal = ask(machine, Put(token, item, None, item.target), source=other)
    assert isinstance(refusal, Failure)
    assert (refusal.code, refusal.text) == (203, "Bad token")


def test_a_token_is_good_for_five_minutes_and_not_for_ever() -> None:
    machine, item = node(), item_of(ALICE, 5, b"hello")
    token = token_of(machine, now=1.0)
    assert isinstance(ask(machine, Put(token, item, None, item.target), now=299.0), Response)
    assert isinstance(ask(machine, Put(token, item, None, item.target), now=900.0), Failure)


def test_a_peer_that_announces_itself_is_told_to_others() -> None:
    machine = node()
    torrent = bytes(20)
    ask(machine, AnnouncePeer(torrent, 51413, False, token_of(machine)))
    told = ask(machine, GetPeers(torrent))
    assert isinstance(told, Response)
    assert told.peers == ((STRANGER[0], 51413),)


def test_an_unknown_method_is_told_so() -> None:
    machine = node()
    machine.receive(b"d1:ad2:id20:" + STRANGERS_ID + b"e1:q4:sing1:t2:tt1:y1:qe", STRANGER, 1.0)
    ((message, _),) = answers(machine)
    assert isinstance(message, Failure)
    assert message.code == 204


def test_no_answer_is_longer_than_a_packet_of_the_network() -> None:
    machine, item = node(), item_of(ALICE, 5, b"v" * 1000)
    ask(machine, Put(token_of(machine), item, None, item.target))
    for number in range(1, 60):
        address = (f"198.51.100.{number}", 1)
        machine.ping(address, 1.0)
        ((sent, _),) = answers(machine)
        made = secure_id(address[0], random.Random(number).randbytes(20))
        machine.receive(encode(Response(sent.transaction_id, made)), address, 1.0)
    assert machine.table_size > 20
    machine.receive(query(Get(item.target)), STRANGER, 2.0)
    ((datagram, _),) = machine.take_datagrams()
    assert len(datagram) <= 1452


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
    ((sent, _),) = answers(machine)
    machine.receive(encode(Response(sent.transaction_id, bytes(20))), helper, 1.1)
    (event,) = machine.take_events()
    assert isinstance(event, PingDone)
    assert (event.number, event.report.answered) == (number, True)


def test_the_uplink_is_bounded_in_bytes() -> None:
    machine, item = (
        node(replace(SERVER, answer_bytes_per_second=4096)),
        item_of(ALICE, 5, b"v" * 900),
    )
    ask(machine, Put(token_of(machine), item, None, item.target))
    for number in range(100):
        machine.receive(query(Get(item.target)), (f"203.0.113.{number}", 1), 1.0)
    assert sum(len(datagram) for datagram, _ in machine.take_datagrams()) <= 2 * 4096


# --- As a searcher ---------------------------------------------------------------------------


def searching(after_seq: int | None = None) -> tuple[Node, int, Address, Message]:
    """A machine that knows one node and has just asked it for Alice's item."""
    machine = node(NodeSettings(mode="client"))
    machine.set_bootstrap((STRANGER,), 0.0)
    number = machine.get(
        MutableItem.target_of(ALICE.public_key.raw), ALICE.public_key.raw, b"", after_seq, 0.0
    )
    ((sent, address),) = answers(machine)
    return machine, number, address, sent


def test_an_item_is_told_at_once_and_reported_at_the_end() -> None:
    machine, number, address, sent = searching()
    item = item_of(ALICE, 5, b"hello")
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, token=b"t", item=item)), address, 0.1
    )
    found, done = machine.take_events()
    assert found == ItemFound(number, item)
    assert isinstance(done, GetDone)
    assert (done.report.item, done.report.usable, done.report.hops) == (item, 1, 1)


@pytest.mark.parametrize(
    "item",
    [
        item_of(MALLORY, 9, b"signed by somebody else"),
        replace(item_of(ALICE, 9, b"x"), signature=bytes(64)),
        replace(item_of(ALICE, 9, b"x"), seq=10),
    ],
    ids=["foreign key", "forged", "other number"],
)
def test_a_false_item_is_dropped_and_counted(item: MutableItem) -> None:
    machine, _, address, sent = searching()
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, token=b"t", item=item)), address, 0.1
    )
    (done,) = machine.take_events()
    assert isinstance(done, GetDone)
    assert done.report.item is None
    assert machine.stats().counters["forged_items"] == 1


def test_an_answer_from_somebody_else_is_none() -> None:
    machine, _, _, sent = searching()
    item = item_of(ALICE, 5, b"hello")
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, token=b"t", item=item)),
        ("203.0.113.66", 4000),
        0.1,
    )
    assert machine.take_events() == []


def test_a_silent_node_is_asked_twice_and_then_given_up() -> None:
    machine, number, address, _ = searching()
    asked, now = 1, 0.0
    done: list[GetDone] = []
    while not done and now < 60:
        now = max(machine.wake_at, now + 0.001)
        machine.tick(now)
        asked += sum(
            a == address and isinstance(m, Query) and isinstance(m.request, Get)
            for m, a in answers(machine)
        )
        done += [event for event in machine.take_events() if isinstance(event, GetDone)]
    assert [event.number for event in done] == [number]
    assert done[0].report.responded == 0
    assert asked == 2


def test_nodes_that_are_named_are_asked_in_turn() -> None:
    machine, _, address, sent = searching()
    named = Contact(secure_id("198.51.100.77", bytes(range(20))), ("198.51.100.77", 5))
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, contacts=(named,))), address, 0.1
    )
    ((_, next_address),) = answers(machine)
    assert next_address == named.address


def test_a_search_costs_no_more_than_so_many_questions() -> None:
    """A stranger who names ever nearer nodes must not keep us busy for ever."""
    machine, _, _, _ = searching()
    target = MutableItem.target_of(ALICE.public_key.raw)
    pending = [(m, a) for m, a in [(searching()[3], STRANGER)]]
    machine, _, address, sent = searching()
    pending = [(sent, address)]
    asked, counter = 1, 0
    while pending:
        message, source = pending.pop()
        near = []
        for _ in range(20):
            counter += 1
            host = f"198.51.{counter // 200 % 200}.{counter % 200 + 1}"
            # Ever nearer to the target.
            nearer = bytearray(target)
            nearer[8 + counter % 11] ^= counter % 255 + 1
            near.append(Contact(bytes(nearer), (host, 1 + counter // 40_000)))
        reply = Response(message.transaction_id, secure_id(source[0], bytes(20)), tuple(near))
        machine.receive(encode(reply), source, 0.1)
        fresh = answers(machine)
        asked += len(fresh)
        pending += fresh
        assert asked < 1000
    assert any(isinstance(event, GetDone) for event in machine.take_events())


def test_a_put_asks_for_tokens_first_and_names_its_target() -> None:
    machine = node(NodeSettings(mode="client"))
    machine.set_bootstrap((STRANGER,), 0.0)
    item = item_of(ALICE, 5, b"hello")
    number = machine.put(item, 4, 0.0)
    ((sent, address),) = answers(machine)
    assert isinstance(sent, Query)
    assert isinstance(sent.request, Get)
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, token=b"token")), address, 0.1
    )
    ((told, _),) = answers(machine)
    assert isinstance(told, Query)
    assert told.request == Put(b"token", item, 4, item.target)
    machine.receive(encode(Response(told.transaction_id, STRANGERS_ID)), address, 0.2)
    (done,) = machine.take_events()
    assert isinstance(done, PutDone)
    assert (done.number, done.report.stored_nodes) == (number, 1)


def test_two_puts_of_one_item_are_one() -> None:
    machine = node(NodeSettings(mode="client"))
    machine.set_bootstrap((STRANGER,), 0.0)
    item = item_of(ALICE, 5, b"hello")
    machine.put(item, None, 0.0)
    machine.put(item, None, 0.0)
    older = machine.put(item_of(ALICE, 4, b"older"), None, 0.0)
    assert len(answers(machine)) == 1
    (refused,) = machine.take_events()
    assert isinstance(refused, PutDone)
    assert (refused.number, refused.report.conflict) == (older, "outdated")


def test_a_search_for_nodes_tells_its_end() -> None:
    machine = node(NodeSettings(mode="client"))
    number = machine.find_node(bytes(20), 0.0)
    (done,) = machine.take_events()
    assert isinstance(done, SearchDone)
    assert (done.number, done.report.queried) == (number, 0)


def test_a_search_for_peers_gathers_them() -> None:
    machine = node(NodeSettings(mode="client"))
    machine.set_bootstrap((STRANGER,), 0.0)
    machine.get_peers(bytes(20), 0.0)
    ((sent, address),) = answers(machine)
    peers = (("198.51.100.5", 1), ("198.51.100.6", 2))
    machine.receive(
        encode(Response(sent.transaction_id, STRANGERS_ID, token=b"t", peers=peers)), address, 0.1
    )
    (done,) = machine.take_events()
    assert isinstance(done, SearchDone)
    assert done.report.peers == peers


# --- Its own address, and upkeep -------------------------------------------------------------


def told_our_address(machine: Node, voters: int, said: Address = US) -> None:
    """So many nodes in different networks answer us and say where they see us."""
    for number in range(voters):
        voter = (f"203.0.{number}.1", 6881)
        machine.ping(voter, 0.0)
        sent = next(m for m, a in answers(machine) if a == voter)
        reply = Response(sent.transaction_id, secure_id(voter[0], bytes(20)), requester=said)
        machine.receive(encode(reply), voter, 0.1)


def test_most_voices_decide_on_our_address_and_our_id_follows_it() -> None:
    machine = node(NodeSettings(mode="client"))
    told_our_address(machine, 5)
    assert machine.public_address == US
    assert is_secure(machine.id, US[0])


def test_few_voices_decide_nothing() -> None:
    machine = node(NodeSettings(mode="client"))
    told_our_address(machine, 3)
    assert machine.public_address is None


def test_a_node_that_reaches_itself_from_outside_becomes_a_server() -> None:
    machine = node(NodeSettings(mode="auto"))
    assert not machine.is_server
    told_our_address(machine, 4)
    probes = [(m, a) for m, a in answers(machine) if a == US]
    if not probes:  # it was sent with the last voice
        machine = node(NodeSettings(mode="auto"), seed=2)
        told_our_address(machine, 3)
        voter = ("203.0.99.1", 6881)
        machine.ping(voter, 0.0)
        sent = next(m for m, a in answers(machine) if a == voter)
        reply = Response(sent.transaction_id, secure_id(voter[0], bytes(20)), requester=US)
        machine.receive(encode(reply), voter, 0.1)
        probes = [(m, a) for m, a in answers(machine) if a == US]
    ((probe, _),) = probes
    assert isinstance(probe, Query)
    machine.receive(encode(probe), ("198.51.100.254", 50000), 0.2)
    assert machine.is_server


def test_a_stranger_with_our_id_makes_no_server_of_us() -> None:
    machine = node(NodeSettings(mode="auto"))
    told_our_address(machine, 5)
    machine.receive(query(Ping(), sender=machine.id), STRANGER, 0.2)
    assert not machine.is_server


def test_a_node_without_acquaintances_tries_again_soon_and_then_later() -> None:
    machine = node(NodeSettings(mode="client", bootstrap=(STRANGER,)))
    times, now = [], 0.0
    while now < 300:
        machine.tick(now)
        if any(isinstance(m, Query) for m, _ in answers(machine)):
            times.append(now)
        now = max(machine.wake_at, now + 0.001)
    assert times[0] == 0.0
    assert len(times) > 5
    assert 10 < times[-1] - times[-2] <= 62 or times[-1] - times[-2] <= 2.1


def test_the_first_node_of_a_network_learns_from_those_who_enter() -> None:
    machine = node()
    machine.receive(query(FindNode(STRANGERS_ID)), STRANGER, 1.0)
    sent = answers(machine)
    assert any(isinstance(m, Query) and isinstance(m.request, Ping) for m, _ in sent)
    ping = next(m for m, _ in sent if isinstance(m, Query))
    machine.receive(encode(Response(ping.transaction_id, STRANGERS_ID)), STRANGER, 1.1)
    assert machine.contacts() == [Contact(STRANGERS_ID, STRANGER)]


@settings(max_examples=200)
@given(st.binary(max_size=300), st.floats(0, 1000))
def test_no_datagram_raises(datagram: bytes, now: float) -> None:
    machine = node()
    machine.receive(datagram, STRANGER, now)
    machine.tick(now)
    machine.take_events()
    assert len(machine.take_datagrams()) <= 2


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=40)), max_size=30))
def test_no_dialogue_raises(steps: list[tuple[int, bytes]]) -> None:
    machine = node()
    now = 0.0
    requests: list[Request] = [Ping(), FindNode(bytes(20)), Get(bytes(20)), GetPeers(bytes(20))]
    for kind, noise in steps:
        now += 0.5
        if kind < 4:
            machine.receive(query(requests[kind], tid=noise[:8] or b"t"), STRANGER, now)
        elif kind == 4:
            machine.put(item_of(ALICE, len(noise), noise), None, now)
        else:
            machine.tick(now)
    machine.take_datagrams()
    machine.take_events()
