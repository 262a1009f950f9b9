"""Builds every part from a configuration, runs them, stops them: the map of the running program.

Construction goes from the bottom up, the end in reverse. Nothing here waits for the network.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance import background
from appliance.blobs.files import FileBlobs
from appliance.blobs.store import blobs_folder
from appliance.clock import Clock, system_clock
from appliance.config import Config, SocketAddress
from appliance.homeserver.admin_access import AdminAccess
from appliance.homeserver.disk_guard import DiskGuard
from appliance.homeserver.event_feed import EventFeed, open_feed
from appliance.homeserver.grants import Grants
from appliance.homeserver.moderation import Moderation
from appliance.homeserver.node_figures import NodeFigures, Places
from appliance.homeserver.operators import Operators
from appliance.homeserver.quotas import Quotas
from appliance.homeserver.rate_limits import RateLimits
from appliance.homeserver.readiness import node_readiness
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.homeserver.signup import Signup
from appliance.homeserver.storage import Storage, StorageLimits
from appliance.homeserver.sweep import make_room, sweep
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metrics import Counters
from appliance.pubky.keys import Keypair
from appliance.web.admin.app import create_admin_app
from appliance.web.admin.services import AdminServices
from appliance.web.asgi import ASGIApp, http_only
from appliance.web.bandwidth import Bandwidth
from appliance.web.entry import EXPOSED_HEADERS, client_entry
from appliance.web.fast_lane import FastLane
from appliance.web.listeners import BoundSocket, Listeners
from appliance.web.metrics import metrics_app
from appliance.web.observing import dashboard_route, with_observing
from appliance.web.services import Services

SWEEP_INTERVAL_S = 3600.0
ROOM_INTERVAL_S = 30.0
MEBIBYTE = 1024 * 1024


class StartError(Exception):
    """The node cannot start; the message is one line for the person who started it."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What the dashboard is given: where the two APIs are, and a token for the operator's."""

    origin: str
    client_url: str
    admin_url: str
    admin_token: str
    data_dir: Path


Pages = Callable[[Doors], AbstractAsyncContextManager[ASGIApp]]
"""Makes the dashboard's app and runs it for the length of a block."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Everything that a node is built from.

    `durable` False leaves flushing to the system, for nodes that end with the process.
    `dashboard` makes the pages; only the command line knows both packages.
    """

    data_dir: Path
    config: Config
    keypair: Keypair
    access: AdminAccess
    dashboard: Pages | None = None
    durable: bool = True
    fast_lane: bool = True
    clock: Clock = system_clock


@dataclass(frozen=True, slots=True)
class Node:
    """A running node; an address is None when its part is not run here."""

    services: Services
    keypair: Keypair
    client_url: str
    admin_url: str | None
    metrics_url: str | None
    dashboard_url: str | None
    admin_token: str


@asynccontextmanager
async def running_node(plan: NodePlan) -> AsyncIterator[Node]:
    """Run a node for the length of the block; raises StartError or DatabaseUnusableError."""
    async with AsyncExitStack() as stack:
        listeners = Listeners()
        stack.callback(listeners.release)
        sockets = _bind(plan.config, listeners)
        metadata = await open_sqlite(_database_file(plan), durable=plan.durable)
        stack.push_async_callback(metadata.close)
        feed = await open_feed(metadata)
        services = _services(plan, metadata, feed)
        node = _node(plan, services, sockets)
        pages = None
        if plan.dashboard and node.dashboard_url:
            pages = await stack.enter_async_context(plan.dashboard(_doors(plan, node)))
        stack.push_async_callback(listeners.close, plan.config.run.grace_s)
        # Before the listeners wait for open requests: streams would never end by themselves.
        stack.callback(feed.close)
        for part, app, lane in _apps(plan, node, pages):
            if part in sockets:
                await listeners.serve(sockets[part], app, lane)
        services.readiness.set_running(running=True)
        stack.callback(services.readiness.set_running, running=False)
        jobs = [feed.follow()]
        if "sweep" in plan.config.run.parts:
            jobs += [_sweep_job(services), _room_job(services)]
        if "metrics" in plan.config.run.parts:
            jobs += [services.figures.follow_lag(), services.figures.follow_readiness()]
        await stack.enter_async_context(background.running(*jobs))
        yield node


def _bind(config: Config, listeners: Listeners) -> dict[str, BoundSocket]:
    wanted = {
        "web": ("drive.icann_listen_socket", config.drive.icann_listen_socket),
        "admin": ("admin.listen_socket", config.admin.listen_socket),
        "metrics": ("metrics.listen_socket", config.metrics.listen_socket),
        "dashboard": ("dashboard.listen_socket", config.dashboard.listen_socket),
    }
    sockets = {}
    for part, (key, address) in wanted.items():
        if part not in config.run.parts:
            continue
        try:
            sockets[part] = listeners.bind(address)
        except OSError as error:
            raise StartError(f"cannot listen on {address} ({key}): {error.strerror}") from error
    return sockets


def _database_file(plan: NodePlan) -> Path:
    return plan.data_dir / plan.config.general.database_url.removeprefix("sqlite:")


def _services(plan: NodePlan, metadata: SqliteMetadata, feed: EventFeed) -> Services:
    config = plan.config
    folder = blobs_folder(config.storage.blobs, plan.data_dir)
    try:
        blobs = FileBlobs(folder, durable=plan.durable)
    except OSError as error:
        raise StartError(f"{folder}: cannot be used (storage.blobs): {error.strerror}") from error
    revocations = Revocations()
    sessions = Sessions(metadata, plan.clock, revocations)
    signup = Signup(metadata, sessions, plan.clock, config.general.signup_mode)
    quotas = Quotas(metadata, config.storage.default_quota_mb, config.default_quotas)
    limits = StorageLimits(
        quotas,
        trash_days=config.storage.trash_days,
        max_upload_bytes=config.drive.max_upload_mb * MEBIBYTE or None,
    )
    min_free_mb = config.storage.min_free_mb
    min_free_bytes = None if min_free_mb is None else min_free_mb * MEBIBYTE
    disk = DiskGuard((folder, plan.data_dir), min_free_bytes, plan.clock)
    readiness = node_readiness(metadata, blobs, disk, plan.clock)
    places = Places(plan.data_dir, folder, _database_file(plan))
    figures = NodeFigures(metadata, blobs, readiness, places, plan.clock)
    counters = Counters()
    figures.register(counters)
    return Services(
        public_key=plan.keypair.public_key,
        metadata=metadata,
        storage=Storage(metadata, blobs, plan.clock, limits, disk),
        sessions=sessions,
        grants=Grants(metadata, plan.clock, plan.keypair.public_key, signup, revocations),
        signup=signup,
        feed=feed,
        revocations=revocations,
        quotas=quotas,
        rate_limits=RateLimits(config.drive.rate_limits),
        bandwidth=Bandwidth(quotas, config.drive.trusted_proxies),
        disk=disk,
        counters=counters,
        figures=figures,
        readiness=readiness,
        clock=plan.clock,
        trusted_proxies=config.drive.trusted_proxies,
    )


def _node(plan: NodePlan, services: Services, sockets: dict[str, BoundSocket]) -> Node:
    urls = {part: _local_url(bound.address) for part, bound in sockets.items()}
    has_pages = plan.dashboard is not None and "dashboard" in sockets
    return Node(
        services=services,
        keypair=plan.keypair,
        client_url=urls.get("web", ""),
        admin_url=urls.get("admin"),
        metrics_url=urls.get("metrics"),
        dashboard_url=(plan.config.dashboard.origin or urls["dashboard"]) if has_pages else None,
        admin_token=plan.access.issue_token("dashboard"),
    )


def _doors(plan: NodePlan, node: Node) -> Doors:
    return Doors(
        origin=node.dashboard_url or "",
        client_url=node.client_url,
        admin_url=node.admin_url or "",
        admin_token=node.admin_token,
        data_dir=plan.data_dir,
    )


def _apps(
    plan: NodePlan, node: Node, pages: ASGIApp | None
) -> Iterator[tuple[str, ASGIApp, FastLane | None]]:
    """Each part's app, and the lane in front of it if any."""
    services = node.services
    lane = FastLane(services, EXPOSED_HEADERS) if plan.fast_lane else None
    yield "web", client_entry(services), lane
    yield (
        "admin",
        create_admin_app(
            AdminServices(
                node=services,
                operators=Operators(services.metadata, plan.access, plan.clock),
                moderation=Moderation(services.metadata, plan.clock, services.revocations),
                data_dir=plan.data_dir,
                pkdns=plan.config.pkdns,
                started_us=plan.clock(),
                client_url=node.client_url,
                client_port=int(node.client_url.rpartition(":")[2] or 0),
                dashboard_url=node.dashboard_url,
            )
        ),
        None,
    )
    yield "metrics", metrics_app(services.counters, services.figures, services.readiness), None
    if pages is not None:
        figures = services.counters.requests("dashboard")
        watched = with_observing(pages, "dashboard", dashboard_route, figures)
        yield "dashboard", http_only(watched), None


def _local_url(address: SocketAddress) -> str:
    """The address as this machine reaches it: a listener on every address has no name itself."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    return f"http://{SocketAddress(host, address.port)}"


async def _room_job(services: Services) -> None:
    async def step() -> None:
        await make_room(
            services.metadata, services.storage.blobs, services.clock, services.disk.needs_room
        )

    await background.every(ROOM_INTERVAL_S, step, what="making room on the disk")


async def _sweep_job(services: Services) -> None:
    async def step() -> None:
        await sweep(services.metadata, services.storage.blobs, services.clock)

    await background.every(SWEEP_INTERVAL_S, step, what="deleting retired bytes")
