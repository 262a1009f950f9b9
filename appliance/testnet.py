"""A whole private network on loopback, for app developers and for tests.

The well-known ports and the well-known key: unmodified clients in testnet mode find it. Everything
lives in a temporary folder and is gone afterwards.
"""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from appliance import background
from appliance.assembly import Node, NodePlan, Pages, StartError, running_node
from appliance.clock import system_clock
from appliance.config import (
    Admin,
    Config,
    Dashboard,
    Drive,
    General,
    Metrics,
    Run,
    SocketAddress,
    Storage,
)
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.http_relay.inbox import Inbox, RelayLimits
from appliance.pkarr.packet_store import MemoryPacketStore
from appliance.pubky.keys import Keypair
from appliance.pubky.records import homeserver_records
from appliance.pubky.signed_packets import SignedPacket
from appliance.web.asgi import ASGIApp
from appliance.web.draining import with_draining
from appliance.web.http_relay import http_relay_app
from appliance.web.listeners import Listeners
from appliance.web.pkarr_relay import pkarr_relay_app

WELL_KNOWN_SEED = bytes(32)
ADMIN_PASSWORD = "admin"  # noqa: S105 - the testnet's, on loopback, in every client's test suite
STORED_PACKETS = 100_000
RELAY_SWEEP_S = 15.0


@dataclass(frozen=True, slots=True)
class TestnetPorts:
    """The ports of a testnet; 0 lets the system choose."""

    client: int = 6286
    pubky_tls: int = 6287
    admin: int = 6288
    metrics: int = 6289
    dashboard: int = 6290
    pkarr_relay: int = 15411
    http_relay: int = 15412


@dataclass(frozen=True, slots=True)
class Testnet:
    """A running testnet."""

    node: Node
    pkarr_relay_url: str
    http_relay_url: str
    data_dir: Path


@asynccontextmanager
async def running_testnet(
    ports: TestnetPorts,
    *,
    token_required: bool = False,
    dashboard: Pages | None = None,
) -> AsyncIterator[Testnet]:
    """Run a testnet for the length of the block; raises StartError when a port is taken."""
    async with AsyncExitStack() as stack:
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pubky-testnet-")))
        keypair = Keypair.from_seed(WELL_KNOWN_SEED)
        plan = NodePlan(
            data_dir=data_dir,
            config=_config(ports, token_required=token_required),
            keypair=keypair,
            access=AdminAccess(password_hash(ADMIN_PASSWORD)),
            dashboard=dashboard,
            durable=False,
        )
        node = await stack.enter_async_context(running_node(plan))
        listeners = Listeners()
        stack.push_async_callback(listeners.close, plan.config.run.grace_s)

        packets = MemoryPacketStore(system_clock, STORED_PACKETS)
        client_port = int(node.client_url.rpartition(":")[2])
        await packets.publish(
            SignedPacket.sign(
                keypair,
                homeserver_records("127.0.0.1", ports.pubky_tls, "localhost", client_port),
                system_clock(),
            )
        )
        inbox = Inbox(system_clock, RelayLimits())
        pkarr_url = await _serve(
            listeners, "pkarr relay", ports.pkarr_relay, pkarr_relay_app(packets)
        )
        http_url = await _serve(listeners, "HTTP relay", ports.http_relay, http_relay_app(inbox))
        await stack.enter_async_context(background.running(_expiry(inbox)))
        yield Testnet(node, pkarr_url, http_url, data_dir)


def _config(ports: TestnetPorts, *, token_required: bool) -> Config:
    def local(port: int) -> SocketAddress:
        return SocketAddress("127.0.0.1", port)

    return Config(
        general=General(signup_mode="token_required" if token_required else "open"),
        # Test suites hammer, and a nearly full disk is not what they are about.
        drive=Drive(icann_listen_socket=local(ports.client), rate_limits=()),
        storage=Storage(min_free_mb=0),
        admin=Admin(listen_socket=local(ports.admin)),
        metrics=Metrics(listen_socket=local(ports.metrics)),
        dashboard=Dashboard(listen_socket=local(ports.dashboard)),
        run=replace(Run(), grace_s=1),
    )


async def _serve(listeners: Listeners, name: str, port: int, app: ASGIApp) -> str:
    """Listen; returns the URL. `localhost` is IPv4 here: what resolves it to ::1 falls back."""
    try:
        bound = listeners.bind(SocketAddress("127.0.0.1", port))
    except OSError as error:
        raise StartError(f"cannot listen on 127.0.0.1:{port} ({name}): {error.strerror}") from error
    await listeners.serve(bound, with_draining(app))
    return f"http://localhost:{bound.address.port}"


async def _expiry(inbox: Inbox) -> None:
    async def step() -> None:
        inbox.sweep(system_clock())

    await background.every(RELAY_SWEEP_S, step, what="expiring relay messages")
