"""The node's place in the network: its own packet, the DHT, relays, PubkyTLS, and single keys."""

from typing import Any

from quart import Blueprint, Response, jsonify

from appliance.errors import PubkyError
from appliance.mainline.reports import NodeStats
from appliance.metadata import publications
from appliance.metadata.publications import Publication
from appliance.metadata.store import Tx
from appliance.pkarr.network_status import (
    KeyStatus,
    UsersStatus,
    key_status,
    own_state,
    users_status,
)
from appliance.pkarr.publisher import OwnAddress, says
from appliance.pubky.dns_message import parse_name
from appliance.pubky.keys import PublicKey
from appliance.pubky.record_text import content_text, owner_text, type_text
from appliance.pubky.records import homeserver_of
from appliance.pubky.signed_packets import SignedPacket
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import key_of, page_limit
from appliance.web.admin.services import AdminServices
from appliance.web.network_services import NetworkServices, PubkyTlsState

READ, WRITE = "node:read", "node:write"


def routes(services: AdminServices) -> Blueprint:
    """`GET /network`, `GET /network/keys/{key}` and `POST /network/publish`."""
    blueprint = Blueprint("network", __name__)
    network, node = services.network, services.node
    own_key = node.public_key.z32

    @blueprint.get("/network")
    async def show() -> Response:
        status, users, history = await node.metadata.read(_overview, own_key, page_limit())
        kept = await network.kept.find(node.public_key)
        now_us = node.clock()
        return jsonify(
            {
                "public_key": own_key,
                "state": own_state(status, now_us, is_public=network.is_public),
                "publishes": network.publishes,
                "record": _record(network, kept.packet if kept else None),
                **_status_json(status),
                "history": [attempt_json(attempt) for attempt in history],
                "users": _users_json(network, users),
                "dht": [_dht_json(stats) for stats in (network.dht.stats() if network.dht else ())],
                "relays": list(network.relays),
                "relay_refusals": {n: limits.refused for n, limits in network.relay_limits.items()},
                "resolver": dict(network.resolver.counters),
                "pubky_tls": _pubky_tls_json(network.pubky_tls),
            }
        )

    @blueprint.get("/network/keys/<pubkey>")
    async def show_key(pubkey: str) -> Response:
        key = key_of(pubkey)
        status = await node.metadata.read(key_status, key)
        history = await node.metadata.read(publications.newest, key, page_limit())
        kept = await network.kept.find(PublicKey.parse(key))
        last = status.last_attempt
        return jsonify(
            {
                "public_key": key,
                "state": last.outcome if last else "unknown",
                "packet": packet_json(kept.packet) if kept else None,
                "homeserver": _homeserver_text(kept.packet) if kept else None,
                "last_seen_at": rfc3339(kept.last_seen_us) if kept else None,
                **_status_json(status),
                "history": [attempt_json(attempt) for attempt in history],
            }
        )

    @blueprint.post("/network/keys/<pubkey>/check")
    async def check_key(pubkey: str) -> Response:
        found = await network.resolver.resolve(PublicKey.parse(key_of(pubkey)), "NetworkOnly")
        packet = found.stored.packet if found.stored else None
        return jsonify(
            {
                "asked": network.resolver.has_network,
                "source": found.source,
                "is_stale": found.is_stale,
                "responded_nodes": found.responded,
                "packet": packet_json(packet) if packet else None,
                "homeserver": _homeserver_text(packet) if packet else None,
            }
        )

    @blueprint.get("/network/packet")
    async def own_packet() -> Response:
        address = network.own_address()
        if not address.is_reachable:
            raise PubkyError("not_found", "This node has no address and no domain")
        # Signed anew, so that a node that publishes nothing can still be found by who asks it.
        packet = SignedPacket.sign(network.keypair, address.records(), node.clock())
        return Response(packet.relay_payload, content_type="application/octet-stream")

    @blueprint.post("/network/publish")
    async def publish() -> Response:
        if not network.is_public:
            raise PubkyError("conflict", "This node stays off the public network (pkdns.public_ip)")
        attempt = await network.publisher.publish()
        return jsonify(
            {
                "published": attempt.is_published,
                "stored_nodes": attempt.stored_nodes,
                "attempts": [attempt_json(part) for part in attempt.parts],
            }
        )

    return blueprint


def attempt_json(attempt: Publication) -> dict[str, Any]:
    """One attempt at one vantage; counts are null where nobody counted."""
    return {
        "at": rfc3339(attempt.at_us),
        "vantage": attempt.vantage,
        "outcome": attempt.outcome,
        "stored_nodes": attempt.stored_nodes,
        "queried_nodes": attempt.queried_nodes,
        "detail": attempt.detail,
    }


def packet_json(packet: SignedPacket) -> dict[str, Any]:
    """What a packet says, records as people read them."""
    origin = parse_name(packet.public_key.z32)
    return {
        "signed_at": rfc3339(packet.timestamp_us),
        "ttl_s": packet.ttl(),
        "records": [
            {
                "name": owner_text(record, origin),
                "type": type_text(record),
                "ttl_s": record.ttl,
                "content": content_text(record),
            }
            for record in packet.records
        ],
    }


def _homeserver_text(packet: SignedPacket) -> str | None:
    """The key that a user's packet names as the homeserver."""
    found = homeserver_of(packet)
    return found.z32 if found else None


def _overview(tx: Tx, key: str, limit: int) -> tuple[KeyStatus, UsersStatus, list[Publication]]:
    return key_status(tx, key), users_status(tx, key), publications.newest(tx, key, limit)


def _status_json(status: KeyStatus) -> dict[str, Any]:
    last, success = status.last_attempt, status.last_success
    return {
        "last_attempt": attempt_json(last) if last else None,
        "last_success": attempt_json(success) if success else None,
        "held_by_nodes": status.held_by,
        "vantages": [attempt_json(attempt) for attempt in status.attempts],
    }


def _record(network: NetworkServices, packet: SignedPacket | None) -> dict[str, Any]:
    """What the packet that was published last says, beside what it should say."""
    address = network.own_address()
    return {
        "packet": packet_json(packet) if packet else None,
        "wanted": _address_json(address),
        "is_as_configured": says(packet, address) if packet else None,
    }


def _address_json(address: OwnAddress) -> dict[str, Any]:
    return {
        "ipv4": address.ipv4,
        "ipv6": address.ipv6,
        "pubky_tls_port": address.tls_port,
        "domain": address.domain,
        "is_reachable": address.is_reachable,
    }


def _users_json(network: NetworkServices, users: UsersStatus) -> dict[str, Any]:
    this_round = network.republisher.round
    began, ended = this_round.began_us, this_round.ended_us
    oldest = users.oldest_success_us
    return {
        "by_last_outcome": users.outcomes,
        "packets_kept": users.packets_kept,
        "oldest_success_at": None if oldest is None else rfc3339(oldest),
        "round": {
            "began_at": None if began is None else rfc3339(began),
            "ended_at": None if ended is None else rfc3339(ended),
            "done": this_round.done,
            "failed": this_round.failed,
        },
    }


def _dht_json(stats: NodeStats) -> dict[str, Any]:
    address = stats.public_address
    return {
        "family": stats.family,
        "node_id": stats.id.hex(),
        "mode": "server" if stats.is_server else "client",
        "public_address": f"{address[0]} port {address[1]}" if address else None,
        "nodes_known": stats.table_size,
        "network_size_estimate": stats.estimated_network_size,
        "items_stored": stats.mutable_items + stats.immutable_items,
        "counters": dict(stats.counters),
    }


def _pubky_tls_json(tls: PubkyTlsState) -> dict[str, Any]:
    """A wanted listener that does not serve failed its self-test at the start."""
    state = "serving" if tls.counters else "failed" if tls.is_wanted else "off"
    said: dict[str, Any] = {"state": state, "address": tls.address}
    if tls.counters is not None:
        said |= {
            "handshakes": tls.counters.handshakes,
            "handshaking": tls.counters.handshaking,
            "refused": dict(tls.counters.refused),
            "broken": dict(tls.counters.broken),
        }
    return said
