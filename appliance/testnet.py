"""A whole private network on loopback, for app developers and for tests.

The well-known ports and the well-known key: unmodified clients in testnet mode find it. Everything
lives in a temporary folder and is gone afterwards.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.assembly import Node, NodePlan, Pages, StartError, running_node
from appliance.config import (
    Admin,
    Config,
    Dashboard,
    Dht,
    Drive,
    General,
    Metrics,
    Pkdns,
    Relays,
    Run,
    SocketAddress,
    Storage,
)
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.mainline.reports import NodeSettings
from appliance.mainline.udp import DhtSettings, running_dht
from appliance.pubky.keys import Keypair

WELL_KNOWN_SEED = bytes(32)
ADMIN_PASSWORD = "admin"  # noqa: S105 - the testnet's, on loopback, in every client's test suite
CACHED_PACKETS = 100_000
LOOPBACK = "127.0.0.1"
# One node would be enough; with three, putting and finding are what they are elsewhere.
DHT_NODES = 3
# Test suites hammer.
DHT_QUERIES_PER_SECOND = 100_000


@dataclass(frozen=True, slots=True)
class TestnetPorts:
    """The ports of a testnet; 0 lets the system choose."""

    client: int = 6286
    pubky_tls: int = 6287
    admin: int = 6288
    metrics: int = 6289
    dashboard: int = 6290
    dht: int = 6881
    pkarr_relay: int = 15411
    http_relay: int = 15412


@dataclass(frozen=True, slots=True)
class Testnet:
    """A running testnet."""

    node: Node
    pkarr_relay_url: str
    http_relay_url: str
    dht_bootstrap: str
    data_dir: Path


@asynccontextmanager
async def running_testnet(
    ports: TestnetPorts,
    *,
    token_required: bool = False,
    dht_nodes: int = DHT_NODES,
    dashboard: Pages | None = None,
) -> AsyncIterator[Testnet]:
    """Run a testnet for the length of the block; raises StartError when a port is taken.

    Its homeserver is one of `dht_nodes` real DHT nodes; the others enter the network by the first.
    """
    async with AsyncExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pubky-testnet-")))
        bootstrap = await _enter_dht(ports, dht_nodes, stack)
        plan = NodePlan(
            data_dir=data_dir,
            config=_config(ports, bootstrap, token_required=token_required),
            keypair=Keypair.from_seed(WELL_KNOWN_SEED),
            access=AdminAccess(password_hash(ADMIN_PASSWORD)),
            dashboard=dashboard,
            durable=False,
        )
        node = await stack.enter_async_context(running_node(plan))
        # Clients look the homeserver up at once, and a testnet is no good before they find it.
        await node.network.publisher.publish()
        yield Testnet(
            node,
            _by_name(node.pkarr_relay_url),
            _by_name(node.http_relay_url),
            bootstrap,
            data_dir,
        )


async def _enter_dht(ports: TestnetPorts, dht_nodes: int, stack: AsyncExitStack) -> str:
    """Start all DHT nodes but the homeserver's own; returns the first one's address."""
    settings = NodeSettings(
        mode="server",
        queries_per_second=DHT_QUERIES_PER_SECOND,
        burst=DHT_QUERIES_PER_SECOND,
        answers_per_second=DHT_QUERIES_PER_SECOND,
        answer_bytes_per_second=2**30,
    )
    try:
        first = await stack.enter_async_context(
            running_dht(DhtSettings(((LOOPBACK, ports.dht),), settings))
        )
    except OSError as error:
        where = f"{LOOPBACK}:{ports.dht}"
        raise StartError(f"cannot listen on {where} (DHT, UDP): {error.strerror}") from error
    bootstrap = f"{LOOPBACK}:{first.addresses[0][1]}"
    for _ in range(dht_nodes - 2):
        await stack.enter_async_context(
            running_dht(DhtSettings(((LOOPBACK, 0),), settings, (bootstrap,)))
        )
    return bootstrap


def _config(ports: TestnetPorts, bootstrap: str, *, token_required: bool) -> Config:
    def local(port: int) -> SocketAddress:
        return SocketAddress(LOOPBACK, port)

    return Config(
        general=General(signup_mode="token_required" if token_required else "open"),
        # Test suites hammer, and a nearly full disk is not what they are about.
        drive=Drive(
            icann_listen_socket=local(ports.client),
            pubky_listen_socket=local(ports.pubky_tls),
            rate_limits=(),
        ),
        storage=Storage(min_free_mb=0),
        admin=Admin(listen_socket=local(ports.admin)),
        metrics=Metrics(listen_socket=local(ports.metrics)),
        pkdns=Pkdns(dht_bootstrap_nodes=(bootstrap,)),
        dht=Dht(
            listen_socket=local(0),
            ipv6_listen_socket=SocketAddress("::1", 0),
            mode="server",
            queries_per_second=DHT_QUERIES_PER_SECOND,
        ),
        relays=Relays(
            pkarr_listen_socket=local(ports.pkarr_relay),
            http_listen_socket=local(ports.http_relay),
            requests_per_second=0,
            cached_packets=CACHED_PACKETS,
        ),
        dashboard=Dashboard(listen_socket=local(ports.dashboard)),
        run=replace(Run(), grace_s=1),
    )


def _by_name(url: str | None) -> str:
    """`localhost` is what clients say; it is IPv4 here, and what resolves it to ::1 falls back."""
    return (url or "").replace(LOOPBACK, "localhost")
