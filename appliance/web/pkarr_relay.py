"""The pkarr relay: signed packets over HTTP for clients that cannot reach the DHT (discovery 6).

Every answer carries its length and none is chunked or compressed: SDK 0.6.0 repeats each GET whose
length it cannot read. Cookies are ignored, because that SDK sends the homeserver's here.
"""

import re
from typing import get_args
from urllib.parse import parse_qs, unquote

from appliance.errors import PubkyError, invalid
from appliance.pkarr.packet_cache import StoredPacket
from appliance.pkarr.packet_store import PacketStore, PublishOutcome
from appliance.pkarr.resolver import ResolvePolicy
from appliance.pubky.keys import PublicKey
from appliance.pubky.records import lenient_key
from appliance.pubky.signed_packets import MAX_PACKET_BYTES, SignedPacket
from appliance.pubky.timestamp import US_PER_SECOND, http_date, parse_http_date
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.asgi import (
    ASGIApp,
    Headers,
    Receive,
    Scope,
    Send,
    header,
    http_only,
    read_body,
    send_answer,
    send_text,
)
from appliance.web.cors import with_cors
from appliance.web.relay_limits import RelayLimits, with_relay_limits

_EXPOSED = b"pkarr-invalid-signed-packet-seq, pkarr-dht-stored-nodes"
_PAYLOAD_TYPE = b"application/pkarr.org/relays#payload"
_STATUS_OF_OUTCOME: dict[PublishOutcome, tuple[int, str]] = {
    "outdated": (409, "There is already a more recent packet"),
    "mismatch": (412, "Compare and swap failed: another packet is held"),
    "concurrent": (428, "Another packet of this key is being published"),
    "failed": (500, "No DHT node stored the packet"),
}
_POLICIES: dict[str, ResolvePolicy] = {policy: policy for policy in get_args(ResolvePolicy)}
_DECIMAL = re.compile(rb"\+?[0-9]+")
# A packet may be dated beyond the last year of an HTTP date.
_LAST_HTTP_DATE_US = 253_402_300_799 * US_PER_SECOND


def pkarr_relay_app(store: PacketStore, limits: RelayLimits | None = None) -> ASGIApp:
    """The relay as an app of its own; CORS stands outside of everything else."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        is_root = scope["raw_path"] == b"/"
        allowed = ("GET", "HEAD") if is_root else ("GET", "HEAD", "PUT")
        if method not in allowed:
            await send_method_not_allowed(send, ", ".join(allowed))
        elif is_root:
            await send_text(send, 200, "Pkarr relay", head=method == "HEAD")
        else:
            await _serve_packet(store, scope, receive, send)

    return http_only(with_cors(with_relay_limits(app, limits), _EXPOSED))


async def _serve_packet(store: PacketStore, scope: Scope, receive: Receive, send: Send) -> None:
    head = scope["method"] == "HEAD"
    segment = scope["raw_path"].removeprefix(b"/")
    if b"/" in segment:
        await send_text(send, 404, "Not found", head=head)
        return
    try:
        key = lenient_key(unquote(segment.decode("ascii", "replace")))
        if scope["method"] == "PUT":
            await _put(store, key, scope, receive, send)
        else:
            await _get(store, key, scope, send)
    except PubkyError as error:
        await send_refusal(send, error, head=head, extra=[])


async def _put(
    store: PacketStore, key: PublicKey, scope: Scope, receive: Receive, send: Send
) -> None:
    payload = await read_body(receive, MAX_PACKET_BYTES)
    if payload is None:
        await send_text(send, 413, f"Body exceeds {MAX_PACKET_BYTES} bytes")
        return
    packet = SignedPacket.from_relay_payload(key, payload)
    publication = await store.publish(packet, _if_match(scope))
    if publication.outcome != "stored":
        await send_text(send, *_STATUS_OF_OUTCOME[publication.outcome])
        return
    headers: Headers = []
    if publication.stored_nodes is not None:
        headers.append((b"pkarr-dht-stored-nodes", str(publication.stored_nodes).encode()))
    await send_answer(send, 204, headers, b"", head=False)


async def _get(store: PacketStore, key: PublicKey, scope: Scope, send: Send) -> None:
    head = scope["method"] == "HEAD"
    stored = await store.find(key, _policy(scope))
    if stored is None:
        await send_text(send, 404, "Not found", head=head)
        return
    status = 304 if _is_unmodified(stored.packet, scope) else 200
    await send_answer(send, status, _packet_headers(stored), stored.packet.relay_payload, head=head)


def _packet_headers(stored: StoredPacket) -> Headers:
    modified_us = min(stored.packet.timestamp_us, _LAST_HTTP_DATE_US)
    return [
        (b"content-type", _PAYLOAD_TYPE),
        (b"cache-control", f"public, max-age={stored.packet.ttl()}".encode()),
        (b"last-modified", http_date(modified_us).encode()),
        (b"memento-datetime", http_date(stored.last_seen_us).encode()),
    ]


def _is_unmodified(packet: SignedPacket, scope: Scope) -> bool:
    """True for 304: the full-precision timestamp is not after the whole-second date (6.1)."""
    value = header(scope, b"if-modified-since")
    since_s = None if value is None else parse_http_date(value.decode("latin-1"))
    return since_s is not None and packet.timestamp_us <= since_s * US_PER_SECOND


def _if_match(scope: Scope) -> int | None:
    """The expected timestamp; anything but a decimal u64 is as good as no header (6.4)."""
    value = header(scope, b"if-match")
    if value is None or len(value) > 64 or not _DECIMAL.fullmatch(value):
        return None
    timestamp_us = int(value)
    return timestamp_us if timestamp_us < 2**64 else None


def _policy(scope: Scope) -> ResolvePolicy:
    query: bytes = scope["query_string"]
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("policy", ["CacheFirst"])
    policy = _POLICIES.get(values[0]) if len(values) == 1 else None
    if policy is None:
        raise invalid("Invalid policy: expected CacheFirst, CacheOnly or NetworkOnly")
    return policy
