"""Client or server: whoever calls itself a server can be reached from outside."""

import pytest

from appliance.mainline.node_ids import Address
from appliance.mainline.reachability import MAX_LOST_PROBES, Reachability
from appliance.mainline.reports import Mode

HERE: Address = ("198.51.100.7", 6881)
MOVED: Address = ("192.0.2.66", 6881)


def is_server(reach: Reachability) -> bool:
    return reach.is_server


def told(reach: Reachability, said: Address, voters: int = 8) -> list[Address | None]:
    return [reach.vote((f"203.0.{number}.1", 6881), said) for number in range(voters)]


def test_a_new_address_is_news_once() -> None:
    reach = Reachability("auto")
    assert told(reach, HERE).count(HERE) == 1
    assert reach.address == HERE
    assert told(reach, HERE) == [None] * 8


def test_we_are_a_server_once_our_own_ping_comes_back() -> None:
    nowhere, reach = Reachability("auto"), Reachability("auto")
    told(reach, HERE)
    assert (nowhere.to_probe, reach.to_probe) == (None, HERE)
    assert not reach.is_server
    reach.probe_came_back()
    assert is_server(reach)


def test_one_lost_ping_changes_nothing_and_two_in_a_row_do() -> None:
    reach = Reachability("auto")
    told(reach, HERE)
    reach.probe_came_back()
    for _ in range(MAX_LOST_PROBES - 1):
        reach.probe_was_lost()
    assert reach.is_server
    reach.probe_came_back()
    for _ in range(MAX_LOST_PROBES - 1):
        reach.probe_was_lost()
    assert reach.is_server
    reach.probe_was_lost()
    assert not reach.is_server


def test_at_a_new_address_we_are_a_client_until_it_was_tried() -> None:
    reach = Reachability("auto")
    told(reach, HERE)
    reach.probe_came_back()
    told(reach, MOVED)
    assert (reach.to_probe, reach.is_server) == (MOVED, False)
    reach.probe_came_back()
    assert reach.is_server


@pytest.mark.parametrize(("mode", "is_server"), [("server", True), ("client", False)])
def test_who_was_told_what_to_be_stays_that(mode: Mode, is_server: bool) -> None:
    reach = Reachability(mode)
    assert reach.is_server is is_server
    told(reach, HERE)
    assert reach.address == HERE
    assert reach.to_probe is None
    reach.probe_came_back()
    assert reach.is_server is is_server
    for _ in range(MAX_LOST_PROBES):
        reach.probe_was_lost()
    assert reach.is_server is is_server
    told(reach, MOVED)
    assert reach.is_server is is_server
