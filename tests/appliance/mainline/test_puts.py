"""Puts: who shall keep an item, what two puts of one target do, what is reported."""

import pytest

from appliance.mainline.items import ImmutableItem, Item
from appliance.mainline.krpc import Put as PutRequest
from appliance.mainline.lookup import Responder
from appliance.mainline.node_ids import Contact
from appliance.mainline.puts import COPIES, MAX_COPIES, Found, Put, Puts, keepers
from appliance.mainline.reports import (
    OURSELVES,
    Conflict,
    NodeOutcome,
    PutReport,
    conflict_of,
)
from appliance.mainline.transactions import Pending
from tests.support.appliance import keypair_of
from tests.support.dht import item_of

ALICE = keypair_of("alice")
ITEM = item_of(ALICE, 5, b"hello")
TARGET = ITEM.target


def responder(distance: int, host: str = "127.0.0.1", port: int = 1) -> Responder:
    """Somebody at a distance from the target of Alice's item."""
    node_id = (int.from_bytes(TARGET, "big") ^ distance).to_bytes(20, "big")
    return Responder(Contact(node_id, (host, port)), b"token of %d" % port)


def crowd(count: int) -> list[Responder]:
    """So many on loopback, each at another port, nearest first."""
    return [responder(number, port=number) for number in range(1, 1 + count)]


# --- Who keeps it ----------------------------------------------------------------------------

SMALL = 2**160 // 2**30  # 20 nodes within this distance are what a large network would give


def test_the_twenty_nearest_keep_an_item() -> None:
    even = [responder(number * SMALL, port=number) for number in range(1, 100)]
    assert keepers(even, TARGET, network_size=2**30) == even[:COPIES]


def test_fewer_keep_it_where_there_are_fewer() -> None:
    assert keepers(crowd(3), TARGET, network_size=3) == crowd(3)
    assert keepers([], TARGET, network_size=0) == []


def test_those_who_stand_nearer_than_chance_allows_are_not_all_who_keep_it() -> None:
    besiegers = crowd(25)
    honest = [responder(number * SMALL, port=1000 + number) for number in range(1, 100)]
    chosen = keepers([*besiegers, *honest], TARGET, network_size=2**30)
    assert chosen == [*besiegers, *honest[: COPIES - 1]]


@pytest.mark.parametrize(
    "hosts",
    [
        [f"203.0.{number}.1" for number in range(100)],
        [f"2001:db8:{number:x}::1" for number in range(100)],
    ],
    ids=["an IPv4 /6", "an IPv6 /32"],
)
def test_those_who_live_in_one_network_are_not_all_who_keep_it(hosts: list[str]) -> None:
    neighbours = [responder((1 + i) * SMALL, host) for i, host in enumerate(hosts[:30])]
    far = ["41.0.0.1", "61.0.0.1", "81.0.0.1", "101.0.0.1", "141.0.0.1", "161.0.0.1", "181.0.0.1"]
    if ":" in hosts[0]:
        far = [f"2a{number:02x}::1" for number in range(7)]
    others = [responder((40 + i) * SMALL, host) for i, host in enumerate(far)]
    chosen = keepers([*neighbours, *others], TARGET, network_size=2**30)
    assert chosen == [*neighbours, *others]


def test_twenty_in_many_networks_are_enough() -> None:
    spread = [responder((1 + i) * SMALL, f"{4 * i + 11}.0.0.1") for i in range(40)]
    assert keepers(spread, TARGET, network_size=2**30) == spread[:COPIES]


def test_there_is_an_end_to_how_many_keep_it() -> None:
    besiegers = crowd(500)
    assert len(keepers(besiegers, TARGET, network_size=2**30)) == MAX_COPIES


# --- Puts under way --------------------------------------------------------------------------


class Office:
    """Puts, with what they ask and what they report."""

    def __init__(self) -> None:
        self.asked: list[Pending] = []
        self.reports: dict[int, PutReport] = {}
        self.puts = Puts(lambda pending, _: self.asked.append(pending), self.reports.__setitem__)

    def begun(self, number: int, item: Item, cas: int | None = None) -> Put:
        put = self.puts.begin(number, item, cas, None)
        assert put is not None
        return put

    def refused(self, number: int, item: Item, cas: int | None = None) -> Conflict | None:
        """The conflict with which a put ends before it begins."""
        assert self.puts.begin(number, item, cas, None) is None
        return self.reports[number].conflict

    def send(self, put: Put, responders: list[Responder], number: int = 100) -> None:
        self.puts.send(number, put, Found(tuple(responders), 9, 8, 0.0), 0, 0.0)


def test_each_keeper_gets_the_item_with_its_own_token() -> None:
    office = Office()
    office.send(office.begun(1, ITEM, cas=4), crowd(3))
    for port, pending in enumerate(office.asked, 1):
        assert pending.address == ("127.0.0.1", port)
        assert pending.number == 100
        assert pending.request == PutRequest(b"token of %d" % port, ITEM, 4, TARGET)


def test_a_put_ends_with_its_last_outcome() -> None:
    office = Office()
    office.send(office.begun(1, ITEM), crowd(3))
    outcomes = [
        NodeOutcome(("127.0.0.1", 1), "stored"),
        NodeOutcome(("127.0.0.1", 2), "timeout"),
        NodeOutcome(("127.0.0.1", 3), "refused", 203, "Bad token"),
    ]
    for outcome in outcomes:
        assert office.reports == {}
        assert 100 in office.puts
        office.puts.settle(100, outcome)
    assert 100 not in office.puts
    assert office.reports == {1: PutReport(tuple(outcomes), 9, 8, 1, None)}


def test_a_put_that_nobody_can_keep_ends_at_once() -> None:
    office = Office()
    office.send(office.begun(1, ITEM), [])
    assert office.reports[1].stored_nodes == 0


@pytest.mark.parametrize(("others", "is_kept"), [(0, True), (19, True), (20, False)])
def test_our_own_copy_counts_where_fewer_than_twenty_others_keep_it(
    others: int, is_kept: bool
) -> None:
    office, own = Office(), NodeOutcome(OURSELVES, "stored")
    put = office.puts.begin(1, ITEM, None, lambda _item, _cas: own)
    assert put is not None
    office.send(put, crowd(others))
    for port in range(1, 1 + others):
        office.puts.settle(100, NodeOutcome(("127.0.0.1", port), "timeout"))
    assert (own in office.reports[1].outcomes) is is_kept
    assert office.reports[1].stored_nodes == is_kept


def test_the_same_item_joins_the_one_under_way() -> None:
    office = Office()
    put = office.begun(1, ITEM)
    assert office.puts.begin(2, ITEM, None, None) is None
    office.send(put, [])
    assert office.reports[1] == office.reports[2]


def test_an_older_item_loses_against_the_one_under_way() -> None:
    office = Office()
    office.begun(1, ITEM)
    assert office.refused(2, item_of(ALICE, 4, b"older")) == "outdated"
    assert list(office.reports) == [2]


def test_a_newer_item_goes_after_the_one_under_way() -> None:
    office = Office()
    office.begun(1, ITEM)
    office.begun(2, item_of(ALICE, 6, b"newer"))
    assert office.reports == {}


def test_a_newer_item_that_expects_the_one_under_way_replaces_it() -> None:
    office = Office()
    office.begun(1, ITEM)
    office.begun(2, item_of(ALICE, 6, b"newer"), cas=5)
    assert office.reports == {}


def test_a_newer_item_that_expects_something_else_is_a_conflict() -> None:
    office = Office()
    office.begun(1, ITEM)
    assert office.refused(2, item_of(ALICE, 6, b"newer"), cas=4) == "cas"


def test_puts_of_other_targets_are_strangers() -> None:
    office = Office()
    office.begun(1, ITEM)
    office.begun(2, item_of(ALICE, 4, b"older", salt=b"another place"))
    office.begun(3, ImmutableItem.of(b"hello"))
    assert office.reports == {}


def test_after_its_end_a_put_is_in_nobodys_way() -> None:
    office = Office()
    office.send(office.begun(1, ITEM), [])
    office.begun(2, item_of(ALICE, 4, b"older"))
    assert list(office.reports) == [1]


def test_who_no_longer_waits_is_told_nothing_and_others_are() -> None:
    office = Office()
    put = office.begun(1, ITEM)
    office.puts.begin(2, ITEM, None, None)
    office.puts.cancel(1)
    office.send(put, [])
    assert list(office.reports) == [2]


# --- Conflicts by majority -------------------------------------------------------------------


def outcomes_of(*codes: int | None) -> list[NodeOutcome]:
    return [
        NodeOutcome(("127.0.0.1", 1), "stored")
        if code is None
        else NodeOutcome(("127.0.0.1", 1), "refused", code)
        for code in codes
    ]


@pytest.mark.parametrize(
    ("codes", "conflict"),
    [
        ((), None),
        ((None, 302, 302), "outdated"),
        ((None, 301, 301), "cas"),
        ((None, None, 302, 302), None),
        ((301, 302, 301, 302), None),
        ((203, 203, 203), None),
        ((302,), "outdated"),
    ],
)
def test_more_than_half_decide_that_there_is_a_conflict(
    codes: tuple[int | None, ...], conflict: Conflict | None
) -> None:
    assert conflict_of(outcomes_of(*codes)) == conflict
