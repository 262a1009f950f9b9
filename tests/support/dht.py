"""Real DHT nodes on loopback."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from appliance.mainline.items import MutableItem, signable
from appliance.mainline.node_ids import Address
from appliance.mainline.reports import Mode, NodeSettings
from appliance.mainline.udp import Dht, DhtSettings, running_dht
from appliance.pubky.keys import Keypair
from tests.support.eventually import eventually

ANY_PORT: Address = ("127.0.0.1", 0)


def dht_settings(*entrances: Dht, mode: Mode = "server", timeout_s: float = 0.5) -> DhtSettings:
    """A node on a free port that enters the network by others."""
    bootstrap = tuple(f"{dht.addresses[0][0]}:{dht.addresses[0][1]}" for dht in entrances)
    node = NodeSettings(mode=mode, request_timeout_s=timeout_s, queries_per_second=5000, burst=5000)
    return DhtSettings((ANY_PORT,), node, bootstrap)


@asynccontextmanager
async def dht_network(size: int) -> AsyncIterator[list[Dht]]:
    """A network of so many servers; the first one is everybody's entrance."""
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(running_dht(dht_settings()))]
        for _ in range(size - 1):
            nodes.append(await stack.enter_async_context(running_dht(dht_settings(nodes[0]))))
        await eventually(lambda: nodes[0].stats()[0].table_size >= min(size - 1, 15))
        yield nodes


def item_of(keypair: Keypair, seq: int, value: bytes, salt: bytes = b"") -> MutableItem:
    """A signed item."""
    unsigned = MutableItem.of(keypair.public_key.raw, seq, b"", value, salt)
    signature = keypair.sign(signable(seq, unsigned.encoded, salt))
    return MutableItem.of(keypair.public_key.raw, seq, signature, value, salt)
