"""`status`: the node and its place in the network, on one screen."""

import json
import socket
from dataclasses import dataclass
from typing import Any

import click

from appliance.cli.output import as_json, pass_folder, print_json, with_metadata
from appliance.clock import system_clock
from appliance.config import Config, SocketAddress
from appliance.data_folder import DataFolder
from appliance.metadata import dht_state, packets, publications, users
from appliance.metadata.dht_state import DhtState
from appliance.metadata.publications import Publication
from appliance.metadata.sqlite import SqliteMetadata
from appliance.metadata.store import Tx
from appliance.pubky.timestamp import rfc3339
from appliance.version import VERSION

US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables know of the node's place in the network."""

    last_attempt: Publication | None
    last_success: Publication | None
    user_outcomes: dict[str, int]
    kept_packets: int
    totals: users.Totals
    dht: list[DhtState]


@click.command(epilog="Example: pubky-appliance status --json")
@as_json
@pass_folder
def status(folder: DataFolder, *, as_json: bool) -> None:
    """Show whether the node runs, whether it is published, and how its users' packets are.

    Reads what the node has noted, so it works whether or not it runs; each figure has its age.
    """
    key = folder.public_key().z32
    config = folder.config()

    async def work(metadata: SqliteMetadata) -> Known:
        return await metadata.read(_known, key)

    facts: dict[str, Any] = {"public_key": key, "is_running": folder.is_in_use}
    facts |= _facts(config, with_metadata(folder, work), system_clock())
    if as_json:
        print_json(facts)
    else:
        _tell(facts)


def _known(tx: Tx, key: str) -> Known:
    last = publications.newest(tx, key, 1)
    return Known(
        last_attempt=last[0] if last else None,
        last_success=publications.last_success(tx, key),
        user_outcomes=publications.latest_outcomes(tx, key),
        kept_packets=packets.count(tx),
        totals=users.totals(tx),
        dht=dht_state.all_families(tx),
    )


def _facts(config: Config, known: Known, now_us: int) -> dict[str, Any]:
    def age_s(at_us: int) -> int:
        return max(0, now_us - at_us) // US_PER_S

    def told(attempt: Publication | None) -> dict[str, Any] | None:
        if attempt is None:
            return None
        return {
            "at": rfc3339(attempt.at_us),
            "age_s": age_s(attempt.at_us),
            "vantage": attempt.vantage,
            "outcome": attempt.outcome,
            "stored_nodes": attempt.stored_nodes,
            "detail": attempt.detail,
        }

    return {
        "version": VERSION,
        "is_public": config.pkdns.is_public,
        "public_ip": config.pkdns.public_ip,
        "icann_domain": config.pkdns.icann_domain,
        "pubky_tls_answers": _accepts(config.drive.pubky_listen_socket),
        "last_attempt": told(known.last_attempt),
        "last_success": told(known.last_success),
        "users": {
            "total": known.totals.users,
            "disabled": known.totals.disabled,
            "packets_kept": known.kept_packets,
            "by_last_outcome": known.user_outcomes,
        },
        "dht": [
            {"saved_at": rfc3339(state.saved_us), "age_s": age_s(state.saved_us)}
            | json.loads(state.figures)
            for state in known.dht
        ],
    }


def _tell(facts: dict[str, Any]) -> None:
    running = "running" if facts["is_running"] else "not running"
    click.echo(f"Node        {facts['public_key']}")
    click.echo(f"            {running}, version {facts['version']}")
    click.echo(f"Published   {_publication(facts)}")
    attempt = facts["last_attempt"]
    if attempt and attempt["outcome"] != "published":
        click.echo(f"            last try {_age(attempt['age_s'])} ago: {attempt['detail']}")
    tls = "answers" if facts["is_running"] and facts["pubky_tls_answers"] else "does not answer"
    click.echo(f"PubkyTLS    {tls}")
    people = facts["users"]
    click.echo(f"Users       {people['total']}, {people['disabled']} of them disabled")
    outcomes = ", ".join(f"{count} {name}" for name, count in people["by_last_outcome"].items())
    click.echo(f"            packets: {outcomes or 'none looked after yet'}")
    if not facts["dht"]:
        click.echo("DHT         no figures yet")
    for state in facts["dht"]:
        mode = "server" if state["is_server"] else "client"
        click.echo(
            f"DHT IPv{state['family']}    {mode}, knows {state['table_size']} nodes,"
            f" of about {state['estimated_network_size']} ({_age(state['age_s'])} ago)"
        )


def _publication(facts: dict[str, Any]) -> str:
    success = facts["last_success"]
    if success is not None:
        nodes = success["stored_nodes"]
        holders = f"on {nodes} nodes" if nodes is not None else f"by {success['vantage']}"
        return f"{_age(success['age_s'])} ago, {holders}"
    if not facts["is_public"]:
        return "no: pkdns.public_ip names only this machine"
    return "not yet"


def _age(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return f"{seconds} seconds"


def _accepts(address: SocketAddress) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)  # noqa: S104
    try:
        with socket.create_connection((host, address.port), timeout=1):
            return True
    except OSError:
        return False
