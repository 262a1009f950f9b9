"""The front page's card of the network."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard.doors.network import Attempt, Network
from dashboard.pages.overview import network_matters
from tests.dashboard.people import Owner, Page
from tests.support.appliance import Appliance

SUCCESS = Attempt(datetime(2026, 1, 1, tzinfo=UTC), "dht", "published", 20, "")
CALM = Network(
    state="published",
    last_attempt=SUCCESS,
    last_success=SUCCESS,
    held_by_nodes=20,
    is_as_configured=True,
    ipv4="203.0.113.5",
    ipv6=None,
    domain="home.example",
    user_outcomes=(("published", 2),),
    dht=(),
    pubky_tls="serving",
)


@pytest.mark.parametrize("network", [CALM, replace(CALM, state="private", held_by_nodes=None)])
def test_a_node_in_its_place_needs_nothing(network: Network) -> None:
    assert network_matters(network) == ()


@pytest.mark.parametrize(
    ("network", "level", "words"),
    [
        (replace(CALM, state="unreachable"), "warning", "Nobody could be reached yet"),
        (replace(CALM, state="old"), "warning", "For hours nobody could be reached"),
        (replace(CALM, held_by_nodes=2), "notice", "Only 2 others hold"),
        (replace(CALM, is_as_configured=False), "notice", "older than the settings"),
        (replace(CALM, pubky_tls="failed"), "warning", "Native apps cannot connect"),
    ],
)
def test_what_keeps_others_from_finding_the_node_is_said_and_never_an_alarm(
    network: Network, level: str, words: str
) -> None:
    (matter,) = network_matters(network)
    assert matter.level == level
    assert words in matter.text


async def test_the_card_says_that_a_node_stays_at_home(owner: Owner) -> None:
    page = Page(await owner.get("/"))
    assert "Stays on this machine" in page.text
    assert "Nobody could be reached" not in page.text


async def test_the_card_tells_why_the_last_try_failed(owner: Owner, appliance: Appliance) -> None:
    await appliance.node.network.publisher.publish()
    page = Page(await owner.get("/"))
    assert "this node is not in the DHT" in page.text
