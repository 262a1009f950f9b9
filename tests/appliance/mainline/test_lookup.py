"""One search: who is asked in which order, when it ends, and what a liar can do to it."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.mainline.lookup import (
    MAX_CANDIDATES,
    MAX_CONTACTS_OF_ONE,
    MAX_QUERIES,
    MAX_RESPONDERS_PER_HOST,
    WIDTH,
    Lookup,
)
from appliance.mainline.messages import Get
from appliance.mainline.node_ids import Address, Contact, is_secure, secure_id

TARGET = bytes(20)
OWN_ID = b"\xff" * 20
TOKEN = b"token"


def lookup() -> Lookup:
    return Lookup(1, TARGET, Get(TARGET), OWN_ID)


def at(distance: int, port: int | None = None) -> Contact:
    """A node at a distance from the target; its port is its distance, so that it is its own."""
    return Contact(distance.to_bytes(20, "big"), ("127.0.0.1", port or distance))


def ports(addresses: list[Address]) -> list[int]:
    return [port for _, port in addresses]


def asked(search: Lookup) -> list[Address]:
    return list(search.to_ask())


def started(*distances: int) -> Lookup:
    """A search that has asked these."""
    search = lookup()
    search.add([at(distance) for distance in distances], 1)
    asked(search)
    return search


def test_a_search_that_knows_nobody_is_over() -> None:
    assert lookup().is_over


def test_the_twenty_nearest_are_asked_at_once_nearest_first() -> None:
    search = lookup()
    search.add([at(distance) for distance in range(60, 0, -1)], 1)
    assert ports(asked(search)) == list(range(1, 1 + WIDTH))
    assert asked(search) == []
    assert (search.queried, search.in_flight) == (WIDTH, WIDTH)


def test_ids_bound_to_their_addresses_are_asked_before_others() -> None:
    search, host = lookup(), "203.0.113.1"
    near = Contact(bytes(20), (host, 1))
    bound = Contact(secure_id(host, b"\xff" * 20), (host, 2))
    assert not is_secure(near.id, host)
    search.add([near, bound], 1)
    assert ports(asked(search)) == [2, 1]


def test_nearer_nodes_that_are_named_are_asked_next() -> None:
    search = started(*range(100, 130))
    search.answered(at(100), [at(1), at(2), at(500)], None)
    assert ports(asked(search)) == [1, 2]


def test_a_search_ends_when_the_nearest_have_answered() -> None:
    search = started(*range(1, 41))
    for distance in range(1, 1 + WIDTH):
        assert not search.is_over
        search.answered(at(distance), [], TOKEN)
    assert search.is_over
    assert asked(search) == []
    assert search.responded == WIDTH


def test_the_place_of_a_silent_node_goes_to_the_next() -> None:
    search = started(*range(1, 41))
    search.silent(at(1).address)
    assert ports(asked(search)) == [WIDTH + 1]


def test_where_nobody_is_next_a_silent_node_is_asked_once_more() -> None:
    search = started(1, 2)
    search.answered(at(2), [], TOKEN)
    search.silent(at(1).address)
    assert ports(asked(search)) == [1]
    search.silent(at(1).address)
    assert asked(search) == []
    assert search.is_over
    assert (search.queried, search.responded) == (2, 1)


def test_a_node_that_refuses_is_not_asked_again() -> None:
    search = started(1)
    search.refused(at(1).address)
    assert asked(search) == []
    assert search.is_over
    assert search.responded == 0


def test_only_answers_with_a_token_count_as_keepers() -> None:
    search = started(1, 2, 3)
    for distance, token in ((3, TOKEN), (2, None), (1, TOKEN)):
        search.answered(at(distance), [], token)
    assert [each.contact for each in search.nearest_responders()] == [at(1), at(3)]
    assert search.responded == 3


def test_hops_count_the_longest_way_that_was_answered() -> None:
    search = started(30)
    search.answered(at(30), [at(20)], None)
    asked(search)
    search.answered(at(20), [at(10)], None)
    asked(search)
    assert search.hops == 2
    search.refused(at(10).address)
    assert search.hops == 2


# --- Entrances -------------------------------------------------------------------------------


def test_an_entrance_is_asked_although_nobody_knows_its_id() -> None:
    search = lookup()
    search.add([at(distance) for distance in range(1, 41)], 1)
    search.add_entrances([("127.0.0.1", 9999)])
    first = ports(asked(search))
    assert first[0] == 9999
    assert len(first) == WIDTH + 1


def test_an_entrance_that_answered_stands_where_its_id_puts_it() -> None:
    search = lookup()
    search.add_entrances([("127.0.0.1", 9999)])
    asked(search)
    search.answered(at(10**9, 9999), [at(distance) for distance in range(1, 41)], TOKEN)
    assert ports(asked(search)) == list(range(1, 1 + WIDTH))
    assert search.nearest_distances() == [10**9]


# --- Liars -----------------------------------------------------------------------------------


def test_we_never_ask_ourselves() -> None:
    search = started(1)
    search.answered(at(1), [Contact(OWN_ID, ("127.0.0.1", 2))], None)
    assert asked(search) == []


def test_a_false_address_for_an_honest_id_does_not_hide_the_right_one() -> None:
    search = started(100, 101)
    search.answered(at(100), [at(5, port=666)], None)
    search.answered(at(101), [at(5)], None)
    assert sorted(ports(asked(search))) == [5, 666]


def test_who_was_named_as_near_but_is_far_stands_far() -> None:
    search = started(*range(100, 119))
    search.answered(at(100), [at(1, port=666)], None)
    assert ports(asked(search)) == [666]
    search.answered(at(10**9, port=666), [], TOKEN)
    for distance in range(101, 119):
        search.answered(at(distance), [], TOKEN)
    assert search.nearest_responders()[-1].contact == at(10**9, port=666)
    assert search.nearest_distances()[-1] == 10**9


def test_one_node_may_name_so_many_and_no_more() -> None:
    search = started(1000)
    search.answered(at(1000), [at(distance) for distance in range(1, 999)], None)
    assert len(search._ranked) == 1 + MAX_CONTACTS_OF_ONE


def test_the_other_family_is_another_network() -> None:
    search = started(1000)
    six = Contact(bytes(20), ("2001:db8::1", 6881))
    search.answered(at(1000), [six], None)
    assert asked(search) == []


def test_a_stranger_outside_cannot_send_us_into_our_own_network() -> None:
    search, stranger = lookup(), Contact(bytes(20), ("203.0.113.1", 6881))
    search.add([stranger], 1)
    asked(search)
    inside = [("192.168.1.1", 53), ("127.0.0.1", 80), ("10.0.0.1", 161), ("169.254.1.1", 1)]
    outside = ("198.51.100.1", 6881)
    named = [Contact(bytes([i] * 20), address) for i, address in enumerate([*inside, outside], 1)]
    search.answered(stranger, named, None)
    assert asked(search) == [outside]


def test_a_neighbour_may_name_neighbours_and_strangers() -> None:
    search = started(1000)
    search.answered(at(1000), [at(1), Contact(bytes([9] * 20), ("203.0.113.1", 1))], None)
    assert len(asked(search)) == 2


def test_one_host_is_not_most_of_the_keepers() -> None:
    search, host = lookup(), "203.0.113.1"
    crowd = [Contact(bytes([number] * 20), (host, number)) for number in range(1, 21)]
    search.add(crowd, 1)
    asked(search)
    for contact in crowd:
        search.answered(contact, [], TOKEN)
    assert len(search.nearest_responders()) == MAX_RESPONDERS_PER_HOST


def test_ever_nearer_nodes_do_not_keep_a_search_running() -> None:
    search, port = lookup(), 2**16
    waiting = [at(2**150, port)]
    search.add(waiting, 1)
    questions = len(asked(search))
    while not search.is_over:
        answerer = waiting.pop()
        nearer = [at(2**150 - port - step, port + step) for step in range(1, 21)]
        port += 20
        search.answered(answerer, nearer, TOKEN)
        by_port = {contact.address[1]: contact for contact in nearer}
        fresh = asked(search)
        questions += len(fresh)
        waiting += [by_port.get(p, at(2**150 - p, p)) for p in ports(fresh)]
    assert questions == search.queried == MAX_QUERIES


def test_far_candidates_make_room_for_near_ones() -> None:
    search = lookup()
    search.add([at(distance) for distance in range(10_000, 10_000 + MAX_CANDIDATES)], 1)
    search.add([at(20_000)], 1)
    search.add([at(1)], 1)
    assert len(search._ranked) == MAX_CANDIDATES
    assert ports(asked(search))[0] == 1
    assert search._ranked[-1].address[1] == 10_000 + MAX_CANDIDATES - 2


def test_who_lost_his_place_while_being_asked_may_still_answer() -> None:
    search = lookup()
    search.add_entrances([("127.0.0.1", 60_000)])
    search.add([at(50_000)], 1)
    asked(search)
    for start in range(1, 1 + 2 * MAX_CANDIDATES, 20):
        search.add([at(distance) for distance in range(start, start + 20)], 1)
    search.answered(at(50_000), [], TOKEN)
    search.silent(("127.0.0.1", 60_000))
    assert search.in_flight == 0
    assert search.nearest_responders()[0].contact == at(50_000)


# Steps by hand: somebody answers and names others, is silent, or refuses.
steps = st.lists(
    st.tuples(
        st.sampled_from(["answers", "answers", "silent", "refuses"]),
        st.integers(0, 100),
        st.lists(st.integers(1, 3000), max_size=25),
    ),
    max_size=80,
)


@given(st.lists(st.integers(1, 3000), max_size=30), st.lists(st.integers(1, 50)), steps)
def test_every_search_ends_and_counts_right(
    first: list[int], doors: list[int], happenings: list[tuple[str, int, list[int]]]
) -> None:
    search = lookup()
    search.add([at(distance) for distance in first], 1)
    search.add_entrances([("127.0.0.1", 10_000 + door) for door in doors])
    waiting = asked(search)
    steps_left = [*happenings, *[("silent", 0, list[int]())] * 2 * MAX_QUERIES]
    for kind, who, named in steps_left:
        assert search.in_flight == len(waiting)
        if not waiting:
            break
        address = waiting.pop(who % len(waiting))
        if kind == "answers":
            known = Contact(address[1].to_bytes(20, "big"), address)
            search.answered(known, [at(distance) for distance in named], TOKEN)
        elif kind == "silent":
            search.silent(address)
        else:
            search.refused(address)
        waiting += asked(search)
    assert search.is_over
    assert search.responded <= search.queried <= MAX_QUERIES
    ranks = [candidate.rank for candidate in search._ranked]
    assert ranks == sorted(ranks)
