"""Builds every part from a configuration, runs them, stops them: the map of the running program.

Construction goes from the bottom up, the end in reverse. Nothing here waits for the network.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from appliance import background
from appliance.assembly.network import Network, Ports, running_network
from appliance.assembly.plan import Doors, NodePlan, StartError
from appliance.assembly.services import build_services, database_file
from appliance.config import Config, SocketAddress
from appliance.data_folder import CONFIG_FILE
from appliance.errors import PubkyError
from appliance.homeserver.event_feed import open_feed
from appliance.homeserver.figure_series import FigureSeries
from appliance.homeserver.login_attempts import LoginAttempts
from appliance.homeserver.moderation import Moderation
from appliance.homeserver.operators import Operators
from appliance.homeserver.search_index import SearchIndex
from appliance.homeserver.sweep import make_room, sweep
from appliance.logs import KeptLog, kept_log
from appliance.metadata.sqlite import open_sqlite
from appliance.pubky.keys import Keypair
from appliance.pubky_tls.context import TlsContext, server_context
from appliance.pubky_tls.self_test import handshake_self_test
from appliance.web.admin.app import create_admin_app
from appliance.web.admin.services import AdminServices
from appliance.web.asgi import ASGIApp, http_only
from appliance.web.draining import with_draining
from appliance.web.entry import EXPOSED_HEADERS, client_entry
from appliance.web.fast_lane import FastLane
from appliance.web.http_relay import http_relay_app
from appliance.web.listeners import BoundSocket, Listeners
from appliance.web.metrics import metrics_app
from appliance.web.network_figures import NetworkFigures
from appliance.web.network_services import NetworkServices, PubkyTlsState
from appliance.web.observing import dashboard_route, with_observing
from appliance.web.pkarr_relay import pkarr_relay_app
from appliance.web.services import Services

PUBKY_TLS = "pubky_tls"
SWEEP_INTERVAL_S = 3600.0
ROOM_INTERVAL_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Node:
    """A running node; an address is None when its part is not run here."""

    services: Services
    network: Network
    network_services: NetworkServices
    keypair: Keypair
    client_url: str
    pubky_tls_address: SocketAddress | None
    admin_url: str | None
    metrics_url: str | None
    dashboard_url: str | None
    pkarr_relay_url: str | None
    http_relay_url: str | None
    admin_token: str


@asynccontextmanager
async def running_node(plan: NodePlan) -> AsyncIterator[Node]:
    """Run a node for the length of the block; raises StartError or DatabaseUnusableError."""
    async with AsyncExitStack() as stack:
        listeners = Listeners(inherited=plan.inherited)
        stack.callback(listeners.release)
        sockets = _bind(plan.config, listeners)
        metadata = await open_sqlite(database_file(plan), durable=plan.durable)
        stack.push_async_callback(metadata.close)
        log = stack.enter_context(kept_log())
        tls = _pubky_tls(plan, sockets, listeners)
        feed = await open_feed(metadata)
        services = build_services(plan, metadata, feed)
        network = await stack.enter_async_context(running_network(plan, metadata, _ports(sockets)))
        shown = _network_services(plan, network, sockets, tls)
        NetworkFigures(shown, services).register(services.counters)
        node = _node(plan, services, network, shown, sockets)
        pages = None
        if plan.dashboard and node.dashboard_url:
            pages = await stack.enter_async_context(plan.dashboard(_doors(plan, node)))
        stack.push_async_callback(listeners.close, plan.config.run.grace_s)
        # Before the listeners wait for open requests: streams would never end by themselves.
        stack.callback(feed.close)
        series = FigureSeries(metadata, services.counters, plan.data_dir, plan.clock)
        for part, app, lane in _apps(plan, node, pages, _Watched(log, series)):
            if part in sockets:
                await listeners.serve(sockets[part], app, lane, tls if part == PUBKY_TLS else None)
        await listeners.refuse_unserved()
        services.readiness.set_running(running=True)
        stack.callback(services.readiness.set_running, running=False)
        jobs = [feed.follow()]
        if "admin" in plan.config.run.parts:
            jobs.append(series.follow())
        if "sweep" in plan.config.run.parts:
            index = SearchIndex(services.metadata, services.storage.blobs)
            jobs += [_sweep_job(services), _room_job(services), index.follow()]
        if "metrics" in plan.config.run.parts:
            jobs += [services.figures.follow_lag(), services.figures.follow_readiness()]
        await stack.enter_async_context(background.running(*jobs))
        yield node


def _bind(config: Config, listeners: Listeners) -> dict[str, BoundSocket]:
    wanted = {
        "web": ("drive.icann_listen_socket", config.drive.icann_listen_socket),
        "pubky_tls": ("drive.pubky_listen_socket", config.drive.pubky_listen_socket),
        "admin": ("admin.listen_socket", config.admin.listen_socket),
        "metrics": ("metrics.listen_socket", config.metrics.listen_socket),
        "dashboard": ("dashboard.listen_socket", config.dashboard.listen_socket),
        "pkarr_relay": ("relays.pkarr_listen_socket", config.relays.pkarr_listen_socket),
        "http_relay": ("relays.http_listen_socket", config.relays.http_listen_socket),
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


def _pubky_tls(
    plan: NodePlan, sockets: dict[str, BoundSocket], listeners: Listeners
) -> TlsContext | None:
    """The context of the PubkyTLS listener. When it does not work here its port is closed again:
    native clients take an open one before all others, and would never get through."""
    if PUBKY_TLS not in sockets:
        return None
    try:
        handshake_self_test(plan.keypair)
    except PubkyError as error:
        _log.error("port %s stays closed: %s", sockets[PUBKY_TLS].address, error.message)
        listeners.give_up(sockets.pop(PUBKY_TLS))
        return None
    return server_context(plan.keypair)


def _ports(sockets: dict[str, BoundSocket]) -> Ports:
    return Ports(
        pubky_tls=sockets[PUBKY_TLS].address.port if PUBKY_TLS in sockets else None,
        http=sockets["web"].address.port if "web" in sockets else 0,
    )


def _network_services(
    plan: NodePlan,
    network: Network,
    sockets: dict[str, BoundSocket],
    tls: TlsContext | None,
) -> NetworkServices:
    config = plan.config
    bound = sockets.get(PUBKY_TLS)
    return NetworkServices(
        keypair=plan.keypair,
        is_public=config.pkdns.is_public,
        publishes=config.pkdns.is_public and "publish" in config.run.parts,
        relays=config.pkdns.relay_nodes if config.pkdns.is_public else (),
        dht=network.dht,
        resolver=network.resolver,
        publishing=network.publishing,
        publisher=network.publisher,
        republisher=network.republisher,
        kept=network.kept,
        own_address=network.own_address,
        relay_limits={"pkarr": network.pkarr_limits, "http": network.http_limits},
        pubky_tls=PubkyTlsState(
            is_wanted=PUBKY_TLS in config.run.parts,
            address=str(bound.address) if bound else None,
            counters=tls.counters if tls else None,
        ),
    )


def _node(
    plan: NodePlan,
    services: Services,
    network: Network,
    shown: NetworkServices,
    sockets: dict[str, BoundSocket],
) -> Node:
    urls = {part: _local_url(bound.address) for part, bound in sockets.items()}
    has_pages = plan.dashboard is not None and "dashboard" in sockets
    return Node(
        services=services,
        network=network,
        network_services=shown,
        keypair=plan.keypair,
        client_url=urls.get("web", ""),
        pubky_tls_address=sockets[PUBKY_TLS].address if PUBKY_TLS in sockets else None,
        admin_url=urls.get("admin"),
        metrics_url=urls.get("metrics"),
        dashboard_url=(plan.config.dashboard.origin or urls["dashboard"]) if has_pages else None,
        pkarr_relay_url=urls.get("pkarr_relay"),
        http_relay_url=urls.get("http_relay"),
        admin_token=plan.access.issue_token("dashboard"),
    )


def _doors(plan: NodePlan, node: Node) -> Doors:
    return Doors(
        origin=node.dashboard_url or "",
        client_url=node.client_url,
        pkarr_relay_url=node.pkarr_relay_url,
        admin_url=node.admin_url or "",
        admin_token=node.admin_token,
        data_dir=plan.data_dir,
        settings=plan.config.dashboard,
        trusted_proxies=plan.config.drive.trusted_proxies,
    )


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is remembered of the machine for its operator."""

    log: KeptLog
    series: FigureSeries


def _apps(
    plan: NodePlan, node: Node, pages: ASGIApp | None, machine: _Watched
) -> Iterator[tuple[str, ASGIApp, FastLane | None]]:
    """Each part's app, and the lane in front of it if any."""
    services = node.services
    lane = FastLane(services, EXPOSED_HEADERS) if plan.fast_lane else None
    client_api = client_entry(services)
    yield "web", client_api, lane
    yield PUBKY_TLS, client_api, lane
    yield (
        "admin",
        create_admin_app(
            AdminServices(
                node=services,
                operators=Operators(services.metadata, plan.access, plan.clock),
                moderation=Moderation(services.metadata, plan.clock, services.revocations),
                login_attempts=LoginAttempts(services.sessions, services.metadata, plan.clock),
                network=node.network_services,
                data_dir=plan.data_dir,
                config=plan.config,
                config_file=plan.data_dir / CONFIG_FILE,
                log=machine.log,
                series=machine.series,
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
    network = node.network
    yield "pkarr_relay", with_draining(pkarr_relay_app(network.packets, network.pkarr_limits)), None
    yield "http_relay", with_draining(http_relay_app(network.inbox, network.http_limits)), None
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
