"""What `doctor` looks at outside of the data folder: clock, PubkyTLS, the public record, HTTPS."""

import asyncio
import http.client
import json
import socket
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path

from appliance.assembly.network import Network
from appliance.assembly.plan import NodePlan
from appliance.assembly.visiting import visiting, visitor
from appliance.cli.findings import Finding
from appliance.cli.output import with_metadata
from appliance.clock import system_clock
from appliance.config import Config
from appliance.config.discovery import WATCHED
from appliance.data_folder import LOCK_FILE, DataFolder
from appliance.homeserver.admin_access import AdminAccess
from appliance.metadata.sqlite import open_sqlite
from appliance.pkarr.endpoints import endpoints
from appliance.pkarr.network_status import FEW_NODES, KeyStatus, key_status
from appliance.pkarr.publisher import OwnAddress, says
from appliance.pkarr.resolver import Resolution
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.timestamp import rfc3339
from appliance.pubky_tls.context import client_context

US_PER_S = 1_000_000
# No copy of this program is older than this.
EARLIEST_US = 1_767_225_600 * US_PER_S  # 2026-01-01
SKEW_US = 60 * US_PER_S
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
CONNECT_S = 5.0
MAX_ANSWER_BYTES = 4096
HTTPS_PORT = 443
UNCHECKED = "could not be checked"


@dataclass(frozen=True, slots=True)
class Sight:
    """The own packet as others see it: what it says, and the places for native clients in it."""

    found: Resolution
    wanted: OwnAddress
    places: tuple[tuple[str, int], ...]


def examine_network(
    folder: DataFolder, config: Config, bootstrap: tuple[str, ...]
) -> Iterator[Finding]:
    """Every check in turn. A node that stays at home asks nobody, unless it is told whom."""
    key = folder.public_key()
    yield clock(folder.path, system_clock(), SYNCHRONISED)
    if "pubky_tls" in config.run.parts:
        yield _own_listener(folder, config, key)
    if not visitor(config, bootstrap).pkdns.is_public:
        yield Finding(
            "public record",
            "good",
            "none: this node stays off the public network (pkdns.public_ip)",
        )
        return
    sight = asyncio.run(_look(config, key, bootstrap))
    yield _record(config, sight, is_running=_is_running(folder))
    yield _copies(folder, config, key)
    for host, port in sight.places:
        yield _published_place(host, port, key)
    if config.pkdns.icann_domain not in ("", "localhost"):
        yield https(config.pkdns.icann_domain)


def clock(folder: Path, now_us: int, synchronised: Path) -> Finding:
    """Packets and tokens are dated, so a wrong clock locks people out."""
    evidence = f"says {rfc3339(now_us)}"
    if now_us < EARLIEST_US:
        return Finding("clock", "bad", f"{evidence}, long ago", "Set the clock.")
    newest_us = max(
        (file.stat().st_mtime_ns // 1000 for file in folder.iterdir() if file.is_file()), default=0
    )
    if newest_us > now_us + SKEW_US:
        return Finding(
            "clock",
            "warning",
            f"{evidence}, but files of this node are dated later ({rfc3339(newest_us)})",
            "Was the clock set back? Let the system keep it: 'timedatectl set-ntp true'.",
        )
    if synchronised.exists():
        return Finding("clock", "good", f"{evidence}, kept in time by the system")
    return Finding(
        "clock",
        "warning",
        f"{evidence}; whether anybody keeps it in time {UNCHECKED}",
        "See 'timedatectl' or 'chronyc tracking'.",
    )


def https(domain: str, port: int = HTTPS_PORT, trust: ssl.SSLContext | None = None) -> Finding:
    """Whether browsers get through to a node by its domain; `trust` replaces the authorities."""
    connection = http.client.HTTPSConnection(
        domain, port, timeout=CONNECT_S, context=trust or ssl.create_default_context()
    )
    try:
        connection.request("GET", "/info")
        response = connection.getresponse()
        body = response.read(MAX_ANSWER_BYTES)
    except ssl.SSLCertVerificationError as error:
        text = f"the certificate of {domain} is refused: {error.verify_message}"
        return Finding("HTTPS", "bad", text, "Browsers refuse it as well: renew it at the proxy.")
    except (OSError, http.client.HTTPException) as error:
        return Finding(
            "HTTPS",
            "warning",
            f"{UNCHECKED}: {domain} cannot be reached from here: {_reason(error)}",
            "Try from another network; does the name lead to your proxy, and does it run?",
        )
    finally:
        connection.close()
    if response.status != 200 or not _is_info(body):
        text = f"{domain} answers {response.status}, and not as a homeserver does"
        return Finding("HTTPS", "bad", text, "Does the proxy hand requests on to this node?")
    return Finding("HTTPS", "good", f"{domain} answers with a good certificate")


def _is_info(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and "features" in said


async def handshake(host: str, port: int, key: PublicKey) -> None:
    """PubkyTLS with a server that must be `key`.

    Raises OSError when nobody answers in time, and `ssl.SSLError` for another key or no TLS.
    """
    context = client_context({key}, f"_pubky.{key.z32}")
    async with asyncio.timeout(CONNECT_S):
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    writer.transport.abort()


def _own_listener(folder: DataFolder, config: Config, key: PublicKey) -> Finding:
    address = config.drive.pubky_listen_socket
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    try:
        asyncio.run(handshake(host, address.port, key))
    except (ConnectionRefusedError, TimeoutError):
        if _is_running(folder):
            return Finding(
                "PubkyTLS",
                "bad",
                f"the node runs, and {address} does not answer",
                "The log of the start says why.",
            )
        return Finding("PubkyTLS", "good", f"{address} is free; the node does not run")
    except OSError as error:
        return Finding(
            "PubkyTLS",
            "bad",
            f"{address} is not served with the key of this node: {_reason(error)}",
            "Another program has the port: move one of them (drive.pubky_listen_socket).",
        )
    return Finding("PubkyTLS", "good", f"{address} proves the key of this node")


def _is_running(folder: DataFolder) -> bool:
    # To ask makes the file of the lock, and nothing may be changed here.
    return (folder.path / LOCK_FILE).exists() and folder.is_in_use


async def _look(config: Config, key: PublicKey, bootstrap: tuple[str, ...]) -> Sight:
    """Ask the network as a stranger would: nothing that is kept here is used or changed."""
    with tempfile.TemporaryDirectory(prefix="pubky-") as place:
        plan = NodePlan(
            data_dir=Path(place),
            config=visitor(config, bootstrap),
            keypair=Keypair.from_seed(bytes(32)),  # a visitor signs nothing
            access=AdminAccess(""),  # nobody signs in to a visitor
        )
        metadata = await open_sqlite(Path(place) / "metadata.sqlite3")
        try:
            async with visiting(plan, metadata) as network:
                return await _see(network, key, config)
        finally:
            await metadata.close()


async def _see(network: Network, key: PublicKey, config: Config) -> Sight:
    found = await network.resolver.resolve(key, "NetworkOnly")
    wanted = network.own_address()
    if "pubky_tls" not in config.run.parts:
        wanted = replace(wanted, tls_port=None)
    places: list[tuple[str, int]] = []
    if found.stored is not None:
        async for endpoint in endpoints(network.resolver, key.z32):
            if endpoint.domain is None and endpoint.port:
                places += [(address, endpoint.port) for address in endpoint.addresses]
    return Sight(found, wanted, tuple(places))


def _record(config: Config, sight: Sight, *, is_running: bool) -> Finding:
    found = sight.found
    subject = "public record"
    asked = f"{found.responded} of {found.queried} DHT nodes answered"
    if found.invalid_seq is not None:
        text = "the DHT holds something newer under this key that is no record"
        return Finding(subject, "bad", text, "Run 'pubky-appliance publish'.")
    if found.stored is None and not found.responded:
        return Finding(
            subject,
            "warning",
            f"{UNCHECKED}: no DHT node answered",
            "Is this machine online, and is UDP let out?",
        )
    if found.stored is None:
        remedy = "Run 'pubky-appliance publish'." if is_running else "Start the node."
        return Finding(
            subject, "bad" if is_running else "warning", f"nobody has it; {asked}", remedy
        )
    packet = found.stored.packet
    evidence = f"found by key ({asked}), signed {rfc3339(packet.timestamp_us)}"
    is_watched = WATCHED in (config.pkdns.public_ip, config.pkdns.public_ipv6)
    if is_watched or config.pkdns.port_mapping != "off":
        return Finding(subject, "good", f"{evidence}; its address is found out by the node")
    if not says(packet, sight.wanted):
        return Finding(
            subject,
            "bad",
            f"{evidence}, but it does not say what config.toml says",
            "Restart the node, or run 'pubky-appliance publish'.",
        )
    return Finding(subject, "good", f"{evidence}, as config.toml says")


def _copies(folder: DataFolder, config: Config, key: PublicKey) -> Finding:
    subject = "copies in the DHT"
    file = folder.path / config.general.database_url.removeprefix("sqlite:")
    status = KeyStatus((), None)
    if file.exists():
        status = with_metadata(folder, lambda metadata: metadata.read(key_status, key.z32))
    if status.last_success is None or status.held_by is None:
        text = f"{UNCHECKED}: nobody has counted them yet"
        return Finding(subject, "warning", text, "Run 'pubky-appliance publish'.")
    evidence = f"{status.held_by}, counted {rfc3339(status.last_success.at_us)}"
    if status.held_by < FEW_NODES:
        remedy = "A firewall that lets little UDP through is the usual reason."
        return Finding(subject, "warning", evidence, remedy)
    return Finding(subject, "good", evidence)


def _published_place(host: str, port: int, key: PublicKey) -> Finding:
    subject = "published address"
    where = f"[{host}]:{port}" if ip_address(host).version == 6 else f"{host}:{port}"
    try:
        asyncio.run(handshake(host, port, key))
    except ssl.SSLError:
        text = f"{where} is served with another key, or by another program"
        return Finding(subject, "bad", text, "Is this still your address, and the right port?")
    except OSError:
        return Finding(
            subject,
            "warning",
            f"{UNCHECKED}: {where} cannot be reached from here",
            "Many routers hide it from inside: try from another network. Is the port forwarded?",
        )
    return Finding(subject, "good", f"{where} proves the key of this node")


def _reason(error: Exception) -> str:
    """In words where the system has none for people."""
    if isinstance(error, socket.gaierror):
        return "nobody knows this name"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
