"""What the machine answers to strangers: nodes, items, peers, refusals, in one packet each."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from appliance.mainline.items import MutableItem
from appliance.mainline.krpc import (
    AnnouncePeer,
    Failure,
    FindNode,
    Get,
    GetPeers,
    MalformedRequest,
    Ping,
    Put,
    Request,
    Response,
    UnknownMethod,
    decode,
)
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, distance, family_of
from appliance.mainline.reports import NodeSettings
from tests.support.appliance import keypair_of
from tests.support.dht import item_of
from tests.support.dht_dialogues import (
    SERVER,
    STRANGER,
    acquainted,
    answers,
    ask,
    asked,
    node,
    query,
)

ALICE = keypair_of("alice")
ITEM = item_of(ALICE, 5, b"hello")


def token_of(machine: Node, now: float = 1.0, source: Address = STRANGER) -> bytes:
    answer = ask(machine, Get(bytes(20)), now, source)
    assert isinstance(answer, Response)
    assert answer.token is not None
    return answer.token


def test_a_ping_is_answered_with_our_id_and_their_address() -> None:
    machine = node()
    answer = ask(machine, Ping())
    assert isinstance(answer, Response)
    assert (answer.sender_id, answer.requester) == (machine.id, STRANGER)


@pytest.mark.parametrize("length", [1, 2, 4, 20])
def test_a_transaction_id_of_any_length_is_echoed(length: int) -> None:
    machine = node()
    machine.receive(query(Ping(), tid=b"x" * length), STRANGER, 1.0)
    ((datagram, _),) = answers(machine)
    assert decode(datagram).transaction_id == b"x" * length


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
    (question,) = asked(machine)
    assert question.query.read_only


def test_a_stored_item_comes_back_with_a_token() -> None:
    machine, item = node(), ITEM
    stored = ask(machine, Put(token_of(machine), item, None, item.target))
    assert isinstance(stored, Response)
    got = ask(machine, Get(item.target))
    assert isinstance(got, Response)
    assert got.item == item
    assert got.token is not None


def test_who_knows_the_item_already_gets_its_number_only() -> None:
    machine, item = node(), ITEM
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
    machine, item = node(), ITEM
    token = token_of(machine)
    other = ("203.0.113.9", 4000)
    refusal = ask(machine, Put(token, item, None, item.target), source=other)
    assert isinstance(refusal, Failure)
    assert (refusal.code, refusal.text) == (203, "Bad token")


def test_a_token_is_good_for_five_minutes_and_not_for_ever() -> None:
    machine, item = node(), ITEM
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
    refusal = ask(machine, UnknownMethod(b"sing"))
    assert isinstance(refusal, Failure)
    assert refusal.code == 204


def test_a_query_that_lacks_something_is_told_what() -> None:
    refusal = ask(node(), MalformedRequest(b"get", ""))
    assert isinstance(refusal, Failure)
    assert (refusal.code, refusal.text) == (203, "missing or malformed: target")


def test_the_nearest_nodes_that_we_know_are_told() -> None:
    machine = node()
    acquainted(machine, *(f"198.51.{number}.1" for number in range(40)))
    target = bytes(20)
    told = ask(machine, FindNode(target))
    assert isinstance(told, Response)
    nearest = sorted(machine.contacts(), key=lambda contact: distance(contact.id, target))
    assert list(told.contacts) == nearest[:20]


# --- Two families, and room for them ---------------------------------------------------------


def siblings() -> tuple[Node, Node]:
    """The IPv4 and the IPv6 machine of one node, each with 40 acquaintances."""
    four, six = node(), Node(SERVER, 6, random.Random(2), 0.0)
    four.sibling, six.sibling = six, four
    acquainted(four, *(f"198.51.{number}.1" for number in range(40)))
    acquainted(six, *(f"2001:db8:{number:x}::1" for number in range(40)))
    return four, six


FAMILIES = [((), {4}), ((4,), {4}), ((6,), {6}), ((4, 6), {4, 6})]


@pytest.mark.parametrize(("want", "families"), FAMILIES)
@pytest.mark.parametrize(
    "request_of", [FindNode, GetPeers, lambda target, want: Get(target, None, want)]
)
def test_nodes_of_the_other_family_are_told_to_who_wants_them(
    want: tuple[int, ...],
    families: set[int],
    request_of: Callable[[bytes, tuple[int, ...]], Request],
) -> None:
    told = ask(siblings()[0], request_of(bytes(20), want))
    assert isinstance(told, Response)
    assert {family_of(contact.address) for contact in told.contacts} == families


def test_who_has_no_sibling_knows_no_nodes_of_the_other_family() -> None:
    machine = node()
    acquainted(machine, "198.51.100.1")
    told = ask(machine, FindNode(bytes(20), (6,)))
    assert isinstance(told, Response)
    assert told.contacts == ()


@pytest.mark.parametrize("want", [(), (4,), (6,), (4, 6)])
@pytest.mark.parametrize("family", [0, 1])
def test_no_answer_is_longer_than_a_packet_of_the_network(
    want: tuple[int, ...], family: int
) -> None:
    machine = siblings()[family]
    source: Address = (("203.0.113.7", "2001:db8:ffff::7")[family], 4000)
    item = item_of(ALICE, 2**62, b"v" * 1000)
    token = token_of(machine, source=source)
    ask(machine, Put(token, item, None, item.target), source=source)
    for port in range(1, 60):
        ask(machine, AnnouncePeer(bytes(20), port, False, token), float(port), source)
    for request in (
        FindNode(bytes(20), want),
        GetPeers(bytes(20), want),
        Get(item.target, None, want),
    ):
        machine.receive(query(request, tid=b"t" * 32), source, 100.0)
        ((datagram, _),) = answers(machine)
        assert 500 < len(datagram) <= 1400
        answer = decode(datagram)
        assert isinstance(answer, Response)
        assert answer.contacts
