"""Where some nodes of the DHT see us, asked now."""

from appliance.mainline.address_votes import LEAST_VOTES
from appliance.pkarr.address_poll import AddressPoll
from tests.support.dht import dht_network


async def test_most_of_those_who_are_asked_decide() -> None:
    async with dht_network(LEAST_VOTES + 2) as nodes:
        assert await AddressPoll(nodes[0])(4) == "127.0.0.1"


async def test_too_few_nodes_decide_nothing() -> None:
    async with dht_network(LEAST_VOTES - 1) as nodes:
        assert await AddressPoll(nodes[0])(4) is None


async def test_a_family_that_nobody_was_met_in_has_no_address() -> None:
    async with dht_network(LEAST_VOTES + 2) as nodes:
        assert await AddressPoll(nodes[0])(6) is None


async def test_without_the_dht_nobody_is_asked() -> None:
    assert await AddressPoll(None)(4) is None
