"""Whom a node knows: good nodes stay, one host has few places, the nearest are told."""

import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.mainline.node_ids import Address, Contact, distance, is_secure, secure_id
from appliance.mainline.routing_table import (
    BUCKET_SIZE,
    MAX_FAILURES,
    REPLACEMENTS,
    SECURE_PER_HOST,
    STALE_S,
    RoutingTable,
)

OWN = bytes(20)
FAR = 0x80
chance = random.Random(1)


def local(first_byte: int, port: int) -> Contact:
    """A node on loopback, where every id is allowed."""
    return Contact(bytes([first_byte]) + chance.randbytes(19), ("127.0.0.1", port))


def public(host: str, last_byte: int = 0, port: int = 6881) -> Contact:
    """A node with one of the eight ids that its host allows."""
    return Contact(secure_id(host, chance.randbytes(19) + bytes([last_byte])), (host, port))


def insecure(host: str, port: int = 6881) -> Contact:
    contact = Contact(chance.randbytes(20), (host, port))
    assert not is_secure(contact.id, host)
    return contact


def full_bucket(now: float = 0.0) -> tuple[RoutingTable, list[Contact]]:
    """A table whose bucket of the farthest half is full."""
    table, members = RoutingTable(OWN), [local(FAR, port) for port in range(1, 1 + BUCKET_SIZE)]
    assert all(table.add(member, now) for member in members)
    return table, members


def contacts(table: RoutingTable) -> set[Contact]:
    return {entry.contact for entry in table}


def test_we_are_not_in_our_own_table() -> None:
    table = RoutingTable(OWN)
    assert not table.add(Contact(OWN, ("127.0.0.1", 1)), 0.0)
    assert not table.has_place_for(Contact(OWN, ("127.0.0.1", 1)))
    assert len(table) == 0


def test_a_node_that_answers_again_is_fresh_again() -> None:
    table, node = RoutingTable(OWN), local(FAR, 1)
    table.add(node, 0.0)
    assert table.stale(STALE_S) == [node]
    assert table.add(node, 1.0)
    assert table.stale(STALE_S) == []
    assert table.stale(STALE_S + 1) == [node]
    assert len(table) == 1


# --- Full buckets ----------------------------------------------------------------------------


def test_a_newcomer_displaces_nobody_who_answers() -> None:
    table, members = full_bucket()
    for port in range(100, 200):
        newcomer = local(FAR, port)
        assert not table.has_place_for(newcomer)
        assert not table.add(newcomer, STALE_S * 2)
    assert contacts(table) == set(members)


def test_one_lost_datagram_costs_nobody_his_place() -> None:
    table, members = full_bucket()
    table.add(local(FAR, 100), 1.0)
    assert table.failed(members[0].address) is None
    assert not table.add(local(FAR, 101), 2.0)
    assert contacts(table) == set(members)


def test_an_answer_makes_up_for_a_lost_datagram() -> None:
    table, members = full_bucket()
    for now in range(10):
        table.failed(members[0].address)
        table.add(members[0], float(now))
    assert contacts(table) == set(members)


def test_who_is_silent_twice_loses_his_place_to_the_one_that_waited_last() -> None:
    table, members = full_bucket()
    waiting = [local(FAR, port) for port in (100, 101)]
    for newcomer in waiting:
        table.add(newcomer, 1.0)
    assert [table.failed(members[0].address) for _ in range(MAX_FAILURES)] == [None, waiting[1]]
    assert members[0].address not in table
    # It is to be asked first; its answer puts it in.
    assert len(table) == BUCKET_SIZE - 1
    assert table.add(waiting[1], 2.0)
    assert waiting[1].address in table


def test_few_wait_for_a_place() -> None:
    table, members = full_bucket()
    for port in range(100, 200):
        table.add(local(FAR, port), 1.0)
    freed = []
    for member in members[: REPLACEMENTS + 2]:
        table.failed(member.address)
        freed.append(table.failed(member.address))
    assert sum(waiting is not None for waiting in freed) == REPLACEMENTS


def test_the_silence_of_an_unknown_node_means_nothing() -> None:
    table, members = full_bucket()
    for _ in range(MAX_FAILURES):
        assert table.failed(("127.0.0.1", 9999)) is None
    assert contacts(table) == set(members)


# --- One host, few places --------------------------------------------------------------------


def test_a_host_has_one_place_for_ids_that_are_not_bound_to_it() -> None:
    table = RoutingTable(OWN)
    assert table.add(insecure("203.0.113.1"), 0.0)
    assert not table.add(insecure("203.0.113.1", 2), 0.0)
    assert not table.add(public("203.0.113.1", port=3), 0.0)
    assert table.add(insecure("203.0.113.2"), 0.0)


def test_a_host_has_eight_places_for_different_ids_that_are_bound_to_it() -> None:
    table = RoutingTable(OWN)
    for last_byte in range(SECURE_PER_HOST):
        assert table.add(public("203.0.113.1", last_byte, 1 + last_byte), 0.0)
    for last_byte in range(256):
        assert not table.add(public("203.0.113.1", last_byte, 100 + last_byte), 0.0)
    assert not table.add(insecure("203.0.113.1", 50), 0.0)
    assert len(table) == SECURE_PER_HOST


def test_ids_with_the_same_bound_bits_have_one_place() -> None:
    table = RoutingTable(OWN)
    assert table.add(public("203.0.113.1", 7, 1), 0.0)
    assert not table.add(public("203.0.113.1", 7, 2), 0.0)


def test_an_ipv6_64_counts_as_one_host() -> None:
    table = RoutingTable(OWN)
    assert table.add(insecure("2001:db8::1"), 0.0)
    assert not table.add(insecure("2001:db8::2"), 0.0)
    assert table.add(insecure("2001:db8:0:1::1"), 0.0)


def test_who_leaves_frees_the_place_of_his_host() -> None:
    table, first = RoutingTable(OWN), insecure("203.0.113.1")
    table.add(first, 0.0)
    for _ in range(MAX_FAILURES):
        table.failed(first.address)
    assert table.add(insecure("203.0.113.1", 2), 0.0)


def test_loopback_has_places_for_everybody() -> None:
    table = RoutingTable(OWN)
    assert all(table.add(local(1 << bit, 1 + bit), 0.0) for bit in range(8))


def test_a_known_id_from_elsewhere_is_refused() -> None:
    table, node = RoutingTable(OWN), local(FAR, 1)
    table.add(node, 0.0)
    assert not table.add(Contact(node.id, ("127.0.0.1", 2)), 1.0)
    assert contacts(table) == {node}


def test_a_node_that_gave_itself_another_id_is_known_by_that() -> None:
    table, node = RoutingTable(OWN), local(FAR, 1)
    table.add(node, 0.0)
    renamed = Contact(chance.randbytes(20), node.address)
    assert table.add(renamed, 1.0)
    assert contacts(table) == {renamed}


# --- The nearest -----------------------------------------------------------------------------


def test_ids_bound_to_their_hosts_are_told_first() -> None:
    table = RoutingTable(OWN)
    nearer = Contact(bytes([FAR]) + bytes(19), ("203.0.113.1", 1))
    bound = [public(f"198.51.100.{number}") for number in range(1, 10)]
    for contact in (nearer, *bound):
        table.add(contact, 0.0)
    told = table.nearest(bytes([FAR]) + bytes(19), 20)
    assert told[-1] == nearer
    assert len(told) == 10


def test_a_new_id_keeps_the_acquaintances() -> None:
    table, members = full_bucket()
    again = table.rebuilt(b"\x7f" * 20)
    assert again.own_id == b"\x7f" * 20
    assert contacts(again) == set(members)
    assert again.stale(STALE_S) == table.stale(STALE_S)


def test_the_good_ones_are_those_who_answered_last() -> None:
    table = RoutingTable(OWN)
    nodes = [local(1 << bit, 1 + bit) for bit in range(8)]
    for now, node in enumerate(nodes):
        table.add(node, float(now))
    table.failed(nodes[7].address)
    assert table.good(3) == [nodes[6], nodes[5], nodes[4]]
    assert table.good(8)[-1] == nodes[7]


ids = st.binary(min_size=20, max_size=20)


@given(ids, st.lists(ids, max_size=150), ids, st.integers(1, 30))
def test_nobody_in_the_table_is_nearer_than_those_that_are_told(
    own: bytes, known: list[bytes], target: bytes, count: int
) -> None:
    table = RoutingTable(own)
    for port, node_id in enumerate(known, 1):
        table.add(Contact(node_id, ("127.0.0.1", port)), 0.0)
    everybody = sorted(entry.contact.id for entry in table)
    everybody.sort(key=lambda node_id: distance(node_id, target))
    assert [contact.id for contact in table.nearest(target, count)] == everybody[:count]


addresses = st.tuples(
    st.sampled_from(["203.0.113.1", "203.0.113.2", "127.0.0.1"]), st.integers(1, 5)
)


@given(ids, st.lists(st.tuples(st.booleans(), ids, addresses), max_size=60))
def test_the_table_agrees_with_itself_whatever_happens(
    own: bytes, steps: list[tuple[bool, bytes, Address]]
) -> None:
    table = RoutingTable(own)
    for now, (is_answer, node_id, address) in enumerate(steps):
        contact = Contact(node_id, address)
        expected = table.has_place_for(contact)
        if is_answer:
            assert table.add(contact, float(now)) or not expected
        else:
            table.failed(address)
        entries = list(table)
        assert len(table) == len(entries)
        assert len({entry.contact.address for entry in entries}) == len(entries)
        assert len({entry.contact.id for entry in entries}) == len(entries)
        for host in ("203.0.113.1", "203.0.113.2"):
            guests = [entry for entry in entries if entry.contact.address[0] == host]
            assert len(guests) <= 1 or all(entry.is_secure for entry in guests)
