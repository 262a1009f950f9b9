"""The node's place in the network: DHT, resolver, publisher, address watcher, and what relays use.

Nothing here waits for the network: what cannot be reached yet is tried again while the node serves.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Literal

from appliance import background
from appliance.assembly.plan import NodePlan
from appliance.config import Config
from appliance.config.discovery import NO_ADDRESS, WATCHED
from appliance.data_folder import ADDRESS_FILE, write_atomically
from appliance.http_relay.inbox import Inbox
from appliance.http_relay.inbox import RelayLimits as InboxLimits
from appliance.mainline.node_ids import Contact, compact_contacts, read_compact_contacts
from appliance.mainline.reports import NodeSettings
from appliance.mainline.udp import Dht, DhtSettings, running_dht
from appliance.metadata import dht_state
from appliance.metadata.dht_state import DhtState
from appliance.metadata.store import Metadata
from appliance.pkarr.address_poll import AddressPoll
from appliance.pkarr.address_watcher import AddressWatcher, Watching
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.packet_cache import PacketCache
from appliance.pkarr.packet_store import PacketStore
from appliance.pkarr.publisher import OwnAddress, Publisher
from appliance.pkarr.publishing import Publishing
from appliance.pkarr.relay_client import RelayClient
from appliance.pkarr.republisher import Republisher
from appliance.pkarr.resolver import Resolver
from appliance.pubky.signed_packets import SignedPacket
from appliance.web.relay_limits import RelayLimits

SAVE_DHT_EVERY_S = 300.0
INBOX_SWEEP_S = 15.0
COMPACT_BYTES: dict[int, int] = {4: 26, 6: 38}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that clients of this node connect to; None where a part is not run."""

    pubky_tls: int | None
    http: int


@dataclass(frozen=True, slots=True)
class Network:
    """What this node has of the network. `dht` is None for a node that stays by itself."""

    dht: Dht | None
    resolver: Resolver
    packets: PacketStore
    publishing: Publishing
    publisher: Publisher
    republisher: Republisher
    kept: KeptPackets
    own_address: Callable[[], OwnAddress]
    inbox: Inbox
    pkarr_limits: RelayLimits
    http_limits: RelayLimits


@asynccontextmanager
async def running_network(
    plan: NodePlan, metadata: Metadata, ports: Ports, *, is_visit: bool = False
) -> AsyncIterator[Network]:
    """Take part in the network for the length of the block, as far as the settings say.

    A visit does nothing by itself, and leaves nothing of its own view of the DHT behind.
    """
    config = plan.config
    async with AsyncExitStack() as stack:
        dht = await _enter_dht(plan, metadata, stack)
        relays = [RelayClient(url) for url in _relay_urls(config)]
        for relay in relays:
            stack.push_async_callback(relay.close)
        network, watcher = _network(plan, metadata, ports, dht, relays)
        stack.push_async_callback(network.resolver.close)
        jobs = [] if is_visit else _jobs(plan, metadata, network, watcher)
        await stack.enter_async_context(background.running(*jobs))
        yield network


def _jobs(
    plan: NodePlan, metadata: Metadata, network: Network, watcher: AddressWatcher
) -> list[background.Job]:
    config = plan.config
    jobs: list[background.Job] = [_expiry(network.inbox, plan)]
    if network.dht is not None:
        jobs.append(_keep_dht_state(network.dht, metadata, plan))
    if "publish" in config.run.parts and config.pkdns.is_public:
        jobs += [network.publisher.follow(), network.republisher.follow_newcomers()]
        if config.pkdns.user_keys_republisher_interval:
            interval_s = float(config.pkdns.user_keys_republisher_interval)
            jobs.append(network.republisher.follow(interval_s))
        is_watched = WATCHED in (config.pkdns.public_ip, config.pkdns.public_ipv6)
        if is_watched or config.pkdns.port_mapping != "off":
            jobs.append(watcher.follow())
    return jobs


def _relay_urls(config: Config) -> tuple[str, ...]:
    return config.pkdns.relay_nodes if config.pkdns.is_public else ()


async def _enter_dht(plan: NodePlan, metadata: Metadata, stack: AsyncExitStack) -> Dht | None:
    config = plan.config
    if "dht" not in config.run.parts or not config.pkdns.is_public:
        return None
    states = await metadata.read(dht_state.all_families)
    settings = DhtSettings(
        listen=tuple(
            (address.host, address.port)
            for address in (config.dht.listen_socket, config.dht.ipv6_listen_socket)
        ),
        node=NodeSettings(
            mode=config.dht.mode,
            request_timeout_s=config.pkdns.dht_request_timeout_ms / 1000,
            queries_per_second=config.dht.queries_per_second,
            burst=config.dht.queries_per_second * 5,
            answer_bytes_per_second=config.dht.upload_kib_per_second * 1024,
        ),
        bootstrap=config.pkdns.bootstrap_nodes,
        contacts=tuple(contact for state in states for contact in _contacts(state)),
        any_port=True,
    )
    try:
        return await stack.enter_async_context(running_dht(settings))
    except OSError as error:
        # Without the DHT the node still serves; relays may publish for it.
        _log.error("this node runs without the DHT: %s", error.strerror)
        return None


def _contacts(state: DhtState) -> list[Contact]:
    return read_compact_contacts(state.contacts, COMPACT_BYTES[state.family])


def _network(
    plan: NodePlan,
    metadata: Metadata,
    ports: Ports,
    dht: Dht | None,
    relays: list[RelayClient],
) -> tuple[Network, AddressWatcher]:
    config, own_key = plan.config, plan.keypair.public_key
    kept = KeptPackets(metadata, own_key)
    cache = PacketCache(plan.clock, config.relays.cached_packets)
    resolver = Resolver(cache, dht, relays, plan.clock, kept.find)
    publishing = Publishing(dht, relays, metadata, plan.clock)

    async def keep(packet: SignedPacket) -> None:
        await kept.keep(packet, plan.clock())

    def own_address() -> OwnAddress:
        return _own_address(config, ports, watcher)

    publisher = Publisher(plan.keypair, own_address, resolver, publishing, kept, plan.clock)

    def moved() -> None:
        publisher.sooner.set()
        _tell_host(plan, watcher)

    watcher = AddressWatcher(
        _watching(config, ports, dht), _votes(dht), AddressPoll(dht), changed=moved
    )
    network = Network(
        dht=dht,
        resolver=resolver,
        packets=PacketStore(resolver, dht, keep),
        publishing=publishing,
        publisher=publisher,
        republisher=Republisher(own_key, metadata, resolver, publishing, kept, plan.clock),
        kept=kept,
        own_address=own_address,
        inbox=Inbox(plan.clock, InboxLimits()),
        pkarr_limits=_limits(plan),
        http_limits=_limits(plan),
    )
    return network, watcher


def _tell_host(plan: NodePlan, watcher: AddressWatcher) -> None:
    """Other programs of this machine learn of a change by a file: a line for each address."""
    text = "".join(f"{address}\n" for address in (watcher.ipv4, watcher.ipv6) if address)
    path = plan.data_dir / ADDRESS_FILE
    try:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text, new=False)
    except OSError as error:
        _log.warning("%s cannot be written: %s", ADDRESS_FILE, error.strerror)


def _limits(plan: NodePlan) -> RelayLimits:
    config = plan.config
    rate = config.relays.requests_per_second
    return RelayLimits(rate, config.drive.trusted_proxies, plan.clock)


def _own_address(config: Config, ports: Ports, watcher: AddressWatcher) -> OwnAddress:
    pkdns = config.pkdns
    ipv4 = ipv6 = None
    if pkdns.public_ip == WATCHED:
        ipv4 = watcher.ipv4
    elif pkdns.public_ip != NO_ADDRESS and ip_address(pkdns.public_ip).version == 4:
        ipv4 = pkdns.public_ip
    elif pkdns.public_ip != NO_ADDRESS:
        ipv6 = pkdns.public_ip
    if pkdns.public_ipv6 == WATCHED:
        ipv6 = watcher.ipv6
    elif pkdns.public_ipv6:
        ipv6 = pkdns.public_ipv6
    tls_port = ports.pubky_tls
    if tls_port is not None:
        tls_port = pkdns.public_pubky_tls_port or watcher.external_port("tcp", tls_port)
    return OwnAddress(
        ipv4=ipv4,
        ipv6=ipv6,
        tls_port=tls_port,
        domain=pkdns.icann_domain or None,
        http_port=pkdns.public_icann_http_port or ports.http,
    )


def _watching(config: Config, ports: Ports, dht: Dht | None) -> Watching:
    wanted: list[tuple[Literal["udp", "tcp"], int]] = []
    if ports.pubky_tls is not None:
        wanted.append(("tcp", ports.pubky_tls))
    if dht is not None:
        wanted += [("udp", port) for host, port in dht.addresses if ":" not in host]
    return Watching(
        ipv4=config.pkdns.public_ip == WATCHED,
        ipv6=config.pkdns.public_ipv6 == WATCHED,
        echo_url=config.pkdns.address_echo_url,
        nat_pmp=config.pkdns.port_mapping == "nat-pmp",
        ports=tuple(wanted),
    )


def _votes(dht: Dht | None) -> Callable[[Literal[4, 6]], str | None]:
    def seen_by_others(family: Literal[4, 6]) -> str | None:
        for stats in dht.stats() if dht is not None else ():
            if stats.family == family and stats.public_address is not None:
                return stats.public_address[0]
        return None

    return seen_by_others


async def _keep_dht_state(dht: Dht, metadata: Metadata, plan: NodePlan) -> None:
    """Save what the DHT knows now and then, and once more at the end."""

    async def save() -> None:
        for stats in dht.stats():
            mine = [c for c in dht.contacts() if (":" in c.address[0]) == (stats.family == 6)]
            figures = asdict(stats) | {"id": stats.id.hex()}
            state = DhtState(
                stats.family, compact_contacts(mine), json.dumps(figures), plan.clock()
            )
            await metadata.write(dht_state.save, state)

    try:
        await background.every(SAVE_DHT_EVERY_S, save, what="saving the DHT's contacts")
    finally:
        await save()


async def _expiry(inbox: Inbox, plan: NodePlan) -> None:
    async def step() -> None:
        inbox.sweep(plan.clock())

    await background.every(INBOX_SWEEP_S, step, what="expiring relay messages")
