"""A DHT node of libtorrent's, in this process, with its limits for public networks lifted."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import libtorrent as lt

from appliance.mainline.items import MutableItem
from appliance.mainline.node_ids import Address
from appliance.pubky.keys import Keypair
from tests.support.eventually import LOOK_EVERY_S, eventually

# A put waits for a lookup and for nodes that do not answer (15 s by its own measure).
PATIENCE_S = 30.0
# On loopback every node has one address, and no id is bound to it.
SETTINGS: "lt.settings_pack" = {
    "alert_mask": lt.alert.category_t.dht_notification
    | lt.alert.category_t.stats_notification
    | lt.alert.category_t.status_notification,
    "dht_bootstrap_nodes": "",
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_enforce_node_id": False,
    "dht_prefer_verified_node_ids": False,
    "dht_ignore_dark_internet": False,
    "dht_upload_rate_limit": 10_000_000,
    "dht_block_ratelimit": 10_000,
    "enable_dht": True,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}

_Alert = TypeVar(
    "_Alert",
    lt.dht_mutable_item_alert,
    lt.dht_put_alert,
    lt.listen_succeeded_alert,
    lt.session_stats_alert,
)


@dataclass(frozen=True, slots=True)
class LibtorrentNode:
    """One session; `address` is where its DHT listens."""

    session: lt.session
    address: Address

    async def knows(self, *addresses: Address) -> None:
        """Enter the network by these nodes; returns when all of them are in the table."""
        for address in addresses:
            self.session.add_dht_node(address)
        async with asyncio.timeout(PATIENCE_S):
            while await self._table_size() < len(addresses):  # noqa: ASYNC110 - told by an alert
                await asyncio.sleep(LOOK_EVERY_S)

    async def get(self, public_key: bytes, salt: bytes = b"") -> MutableItem | None:
        """The item that the whole search finds; its empty word for "nothing" is None here."""
        self.session.dht_get_mutable_item(public_key, salt)
        # Before the last word it tells of each answer.
        found = await self._next(lt.dht_mutable_item_alert, lambda alert: alert.authoritative)
        assert isinstance(found.item, bytes)
        item = MutableItem.of(found.key, found.seq, found.signature, found.item, salt)
        return item if item.verify() else None

    async def put(self, keypair: Keypair, value: bytes, salt: bytes = b"") -> int:
        """Sign with the next sequence number and store; at how many nodes that succeeded."""
        scalar = bytearray(hashlib.sha512(keypair.seed).digest())
        scalar[0] &= 248
        scalar[31] = scalar[31] & 63 | 64
        self.session.dht_put_mutable_item(bytes(scalar), keypair.public_key.raw, value, salt)
        return (await self._next(lt.dht_put_alert, lambda _: True)).num_success

    async def _table_size(self) -> int:
        self.session.post_session_stats()
        stats = await self._next(lt.session_stats_alert, lambda _: True)
        return stats.values["dht.dht_nodes"]

    async def _next(self, kind: type[_Alert], is_it: Callable[[_Alert], bool]) -> _Alert:
        return await _next(self.session, kind, is_it)


async def _next(session: lt.session, kind: type[_Alert], is_it: Callable[[_Alert], bool]) -> _Alert:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for alert in session.pop_alerts():
                if isinstance(alert, kind) and is_it(alert):
                    return alert
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def libtorrent_node(*entrances: Address) -> AsyncIterator[LibtorrentNode]:
    """A running node that knows the nodes at these addresses."""
    session = lt.session({**SETTINGS, "listen_interfaces": "127.0.0.1:0"})
    try:
        # It says which port it got: any that we chose may be taken for TCP, and it would move on.
        udp = await _next(
            session,
            lt.listen_succeeded_alert,
            lambda alert: alert.socket_type == lt.socket_type_t.udp,
        )
        await eventually(session.is_dht_running)
        node = LibtorrentNode(session, ("127.0.0.1", udp.port))
        await node.knows(*entrances)
        yield node
    finally:
        session.pause()
        # The last reference ends its threads and closes its sockets.
        del session
