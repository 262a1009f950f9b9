"""`resolve`, `publish` and `dht`: what this node's place in the network looks like from here.

Each command visits the network as a client of its own, so it works whether or not the node runs.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from appliance.assembly.network import Network
from appliance.assembly.plan import NodePlan
from appliance.assembly.visiting import visiting, visitor
from appliance.cli.output import (
    as_json,
    pass_folder,
    print_json,
    print_table,
    with_metadata,
)
from appliance.clock import system_clock
from appliance.config import Config
from appliance.data_folder import DataFolder
from appliance.errors import PubkyError
from appliance.homeserver.admin_access import AdminAccess
from appliance.mainline.node_ids import Address
from appliance.mainline.udp import Dht
from appliance.metadata import dht_state
from appliance.metadata.publications import Publication
from appliance.metadata.sqlite import open_sqlite
from appliance.pkarr.dht_items import item_of
from appliance.pkarr.endpoints import Endpoint, endpoints
from appliance.pkarr.resolver import Resolution, ResolvePolicy
from appliance.pubky.dns_message import parse_name
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.record_text import content_text, owner_text, type_text
from appliance.pubky.records import homeserver_of, lenient_key
from appliance.pubky.signed_packets import SignedPacket
from appliance.pubky.timestamp import rfc3339

Result = TypeVar("Result")
Work = Callable[[Network], Awaitable[Result]]

PATIENCE_S = 2.0
POLICIES = {"cache": "CacheOnly", "first": "CacheFirst", "network": "NetworkOnly"}

bootstrap_option = click.option(
    "--bootstrap",
    multiple=True,
    metavar="HOST:PORT",
    help="Enter the DHT here instead of where the settings say; may be given several times.",
)


@click.command(epilog="Example: pubky-appliance resolve 8pinxx…")
@click.argument("key")
@click.option(
    "--ask",
    type=click.Choice(list(POLICIES)),
    default="network",
    show_default=True,
    help="network: everybody. first: what this node knows, if it is fresh. cache: only that.",
)
@bootstrap_option
@as_json
@pass_folder
def resolve(
    folder: DataFolder, key: str, ask: str, bootstrap: tuple[str, ...], *, as_json: bool
) -> None:
    """Look a key up: its packet, and where to connect by it. KEY may be any text with a key in it.

    Exit code 1 when nobody has a packet.
    """
    wanted = lenient_key(key)
    policy: Any = POLICIES[ask]

    async def work(network: Network) -> tuple[Resolution, list[Endpoint]]:
        return await _look_up(network, wanted, policy)

    found, ways = _visit(folder, bootstrap, f"looking {wanted.z32} up", work)
    if as_json:
        print_json(_resolution_facts(wanted, found, ways))
    else:
        _tell_resolution(wanted, found, ways)
    if found.stored is None:
        sys.exit(1)


@click.command(epilog="Example: pubky-appliance publish")
@bootstrap_option
@as_json
@pass_folder
def publish(folder: DataFolder, bootstrap: tuple[str, ...], *, as_json: bool) -> None:
    """Publish this node's packet now, as the settings say. A running node does so by itself.

    Exit code 1 when nobody took it.
    """

    async def work(network: Network) -> tuple[Publication, ...]:
        return (await network.publisher.publish()).parts

    parts = _visit(folder, bootstrap, "publishing", work, needs_node=True)
    if as_json:
        print_json([_publication_facts(part) for part in parts])
    else:
        for part in parts:
            nodes = "" if part.stored_nodes is None else f" on {part.stored_nodes} nodes"
            reason = f" ({part.detail})" if part.detail else ""
            click.echo(f"{part.vantage}: {part.outcome}{nodes}{reason}")
    if not any(part.outcome == "published" for part in parts):
        sys.exit(1)


@click.group(epilog="Example: pubky-appliance dht get 8pinxx…")
def dht() -> None:
    """Speak with the DHT itself: single nodes, items and figures."""


@dht.command(epilog="Example: pubky-appliance dht ping 127.0.0.1:6881")
@click.argument("address")
@bootstrap_option
@as_json
@pass_folder
def ping(folder: DataFolder, address: str, bootstrap: tuple[str, ...], *, as_json: bool) -> None:
    """Ask one node whether it is there. ADDRESS is a numeric address and a port."""
    target = _address(address)
    report = _visit(
        folder,
        bootstrap or (address,),
        f"asking {address}",
        lambda network: _dht_of(network).ping(target),
    )
    facts = {
        "answered": report.answered,
        "node_id": report.node_id.hex() if report.node_id else None,
        "round_trip_ms": round(report.round_trip_s * 1000, 3) if report.round_trip_s else None,
        "version": report.version.hex() if report.version else None,
    }
    if as_json:
        print_json(facts)
    elif report.answered:
        click.echo(f"{address} answered in {facts['round_trip_ms']} ms: node {facts['node_id']}")
    else:
        click.echo(f"{address} does not answer", err=True)
    if not report.answered:
        sys.exit(1)


@dht.command("get", epilog="Example: pubky-appliance dht get 8pinxx…")
@click.argument("key")
@bootstrap_option
@as_json
@pass_folder
def get_item(folder: DataFolder, key: str, bootstrap: tuple[str, ...], *, as_json: bool) -> None:
    """Search the DHT for a key's item and say how the search went."""
    wanted = lenient_key(key)
    report = _visit(
        folder, bootstrap, "searching", lambda network: _dht_of(network).get(wanted.raw)
    )
    item = report.item
    facts = {
        "seq": getattr(item, "seq", None),
        "value": item.value.hex() if item is not None and item.value is not None else None,
        "signature": signature.hex() if (signature := getattr(item, "signature", None)) else None,
        "queried": report.queried,
        "responded": report.responded,
        "usable": report.usable,
        "hops": report.hops,
    }
    if as_json:
        print_json(facts)
    else:
        for name, value in facts.items():
            click.echo(f"{name:<10} {'-' if value is None else value}")
    if item is None:
        sys.exit(1)


@dht.command("put", epilog="Example: pubky-appliance dht put packet.bin")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@bootstrap_option
@as_json
@pass_folder
def put_item(folder: DataFolder, file: Path, bootstrap: tuple[str, ...], *, as_json: bool) -> None:
    """Store a signed packet at the nodes nearest to its key. FILE holds it in canonical bytes."""
    try:
        packet = SignedPacket.from_bytes(file.read_bytes())
    except PubkyError as error:
        raise click.ClickException(f"{file}: {error.message}") from error
    report = _visit(
        folder, bootstrap, "storing", lambda network: _dht_of(network).put(item_of(packet))
    )
    facts = {
        "key": packet.public_key.z32,
        "stored_nodes": report.stored_nodes,
        "conflict": report.conflict,
        "nodes": [
            {"address": f"{node.address[0]}:{node.address[1]}", "result": node.result}
            | ({"code": node.code, "text": node.text} if node.code is not None else {})
            for node in report.outcomes
        ],
    }
    if as_json:
        print_json(facts)
    else:
        click.echo(f"{packet.public_key.z32}: stored on {report.stored_nodes} nodes")
        if report.conflict:
            click.echo(f"most nodes hold something newer or else ({report.conflict})", err=True)
    if not report.stored_nodes:
        sys.exit(1)


@dht.command(epilog="Example: pubky-appliance dht stats --json")
@as_json
@pass_folder
def stats(folder: DataFolder, *, as_json: bool) -> None:
    """Show the figures of this node's place in the DHT, as it saved them last."""
    states = with_metadata(folder, lambda metadata: metadata.read(dht_state.all_families))
    facts = [{"saved_at": rfc3339(state.saved_us)} | json.loads(state.figures) for state in states]
    if as_json:
        print_json(facts)
        return
    if not facts:
        click.echo("No figures yet: the node saves them every five minutes while it runs.")
    for fact in facts:
        for name, value in (fact | fact["counters"]).items():
            if name != "counters":
                click.echo(f"{name:<24} {value}")
        click.echo()


def _visit(
    folder: DataFolder,
    bootstrap: tuple[str, ...],
    what: str,
    work: Work[Result],
    *,
    needs_node: bool = False,
) -> Result:
    """Enter the network, do something there, and leave; says on standard error if it takes long."""

    async def visit() -> Result:
        async with AsyncExitStack() as stack:
            config = folder.config() if folder.path.is_dir() else Config()
            keypair = folder.keypair() if needs_node else Keypair.from_seed(bytes(32))
            if not needs_node and not folder.path.is_dir():
                place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pubky-")))
            else:
                place = folder.path
            plan = NodePlan(
                data_dir=place,
                config=visitor(config, bootstrap),
                keypair=keypair,
                access=AdminAccess(""),  # nobody signs in to a visitor
            )
            _refuse_stay_at_home(plan.config)
            file = place / config.general.database_url.removeprefix("sqlite:")
            metadata = await open_sqlite(file)
            stack.push_async_callback(metadata.close)
            network = await stack.enter_async_context(visiting(plan, metadata))
            return await _patiently(work(network), what)

    return asyncio.run(visit())


def _refuse_stay_at_home(config: Config) -> None:
    if not config.pkdns.is_public:
        raise click.ClickException(
            "this node stays off the public network, because pkdns.public_ip is a loopback address;"
            ' set it (or "auto") in config.toml, or name a node with --bootstrap HOST:PORT'
        )


async def _patiently(work: Awaitable[Result], what: str) -> Result:
    loop = asyncio.get_running_loop()
    hint = loop.call_later(PATIENCE_S, lambda: click.echo(f"Still {what} …", err=True))
    try:
        return await work
    finally:
        hint.cancel()


async def _look_up(
    network: Network, key: PublicKey, policy: ResolvePolicy
) -> tuple[Resolution, list[Endpoint]]:
    found = await network.resolver.resolve(key, policy)
    if found.stored is None:
        return found, []
    user = homeserver_of(found.stored.packet) is not None
    host = f"_pubky.{key.z32}" if user else key.z32
    return found, [endpoint async for endpoint in endpoints(network.resolver, host)]


def _dht_of(network: Network) -> Dht:
    if network.dht is None:
        raise click.ClickException("the DHT could not be entered; is UDP allowed here?")
    return network.dht


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.ClickException(f"'{text}' is not an address such as 127.0.0.1:6881")
    return host.strip("[]"), int(port)


def _resolution_facts(key: PublicKey, found: Resolution, ways: list[Endpoint]) -> dict[str, Any]:
    stored = found.stored
    packet = stored.packet if stored else None
    homeserver = homeserver_of(packet) if packet else None
    origin = parse_name(key.z32)
    return {
        "key": key.z32,
        "found": packet is not None,
        "source": found.source,
        "stale": found.is_stale,
        "signed_at": rfc3339(packet.timestamp_us) if packet else None,
        "last_seen_at": rfc3339(stored.last_seen_us) if stored else None,
        "ttl_s": packet.ttl() if packet else None,
        "homeserver": homeserver.z32 if homeserver else None,
        "records": [
            {
                "name": owner_text(record, origin),
                "type": type_text(record),
                "ttl_s": record.ttl,
                "content": content_text(record),
            }
            for record in (packet.records if packet else ())
        ],
        "endpoints": [_endpoint_text(endpoint) for endpoint in ways],
        "nodes_asked": found.queried,
        "nodes_answered": found.responded,
        "invalid_seq": found.invalid_seq,
    }


def _tell_resolution(key: PublicKey, found: Resolution, ways: list[Endpoint]) -> None:
    facts = _resolution_facts(key, found, ways)
    asked = f"{found.responded} of {found.queried} DHT nodes answered"
    if found.stored is None:
        click.echo(f"Nobody has a packet of {key.z32} ({asked}).")
        if found.invalid_seq is not None:
            click.echo(f"The DHT holds something that is no packet, number {found.invalid_seq}.")
        return
    age_s = (system_clock() - found.stored.packet.timestamp_us) // 1_000_000
    click.echo(f"Key         {key.z32}")
    click.echo(f"Signed      {facts['signed_at']} ({age_s} s ago)")
    click.echo(f"Found in    {found.source}{', old' if found.is_stale else ''} ({asked})")
    if facts["homeserver"]:
        click.echo(f"Homeserver  {facts['homeserver']}")
    for way in facts["endpoints"]:
        click.echo(f"Connect to  {way}")
    click.echo()
    print_table(
        ["NAME", "TYPE", "TTL", "CONTENT"],
        [
            [record["name"], record["type"], str(record["ttl_s"]), record["content"]]
            for record in facts["records"]
        ],
    )


def _endpoint_text(endpoint: Endpoint) -> str:
    if endpoint.domain is None:
        places = ", ".join(endpoint.addresses) or "no address"
        return f"{places} port {endpoint.port} (PubkyTLS, key {endpoint.public_key.z32})"
    if endpoint.domain == "localhost" and endpoint.http_port is not None:
        return f"http://localhost:{endpoint.http_port}"
    port = f":{endpoint.port}" if endpoint.port else ""
    return f"https://{endpoint.domain}{port}"


def _publication_facts(part: Publication) -> dict[str, Any]:
    return {
        "at": rfc3339(part.at_us),
        "vantage": part.vantage,
        "outcome": part.outcome,
        "stored_nodes": part.stored_nodes,
        "queried_nodes": part.queried_nodes,
        "detail": part.detail,
    }
