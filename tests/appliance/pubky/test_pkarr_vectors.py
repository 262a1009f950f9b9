"""Every section of pkarr.json that speaks of keys, packets and records, and where the others go."""

from dataclasses import replace

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest

from appliance.errors import PubkyError
from appliance.pubky.dns_message import (
    Record,
    ServiceBinding,
    name_text,
    parse_message,
    parse_name,
)
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.records import homeserver_of, homeserver_records, lenient_key, user_record
from appliance.pubky.signed_packets import (
    SignedPacket,
    absolute_name,
    dht_target,
    recency,
    signable,
)
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("pkarr")

HERE = {
    "keys",
    "public_key_text",
    "name_normalization",
    "signed_packets",
    "publish_0_6_0",
    "parse_0_6_0",
    "resolve_wasm_0_6_0",
    "more_recent",
    "ttl",
    "expires_in",
    "cache_record",
    "bep44",
}
ELSEWHERE = {
    "meta": "describes the file",
    "relay_conditional": "tests/appliance/web/test_pkarr_relay.py",
    "relay_http_0_6_0": "tests/appliance/web/test_pkarr_relay.py",
    "bep42": "tests/appliance/mainline/test_node_ids.py",
    "krpc_queries": "tests/appliance/mainline/test_krpc_captured.py",
    "krpc_exchanges": "tests/appliance/mainline/test_krpc_captured.py",
}


# npm pkarr 1.3.0 wrote uncompressed names and once the flags of a query; we write neither.
COMPRESSED = [
    entry
    for entry in entries(VECTORS, "signed_packets")
    if not entry["name"].startswith("npm pkarr 1.3.0")
]


def named(section: str) -> list[object]:
    return [pytest.param(entry, id=entry["name"]) for entry in entries(VECTORS, section)]


def record_line(record: Record) -> list[object]:
    record_type = dns.rdatatype.RdataType.make(record.record_type)
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, record_type, record.rdata, 0, len(record.rdata))
    owner = name_text(record.owner)
    return [owner, dns.rdatatype.to_text(record_type), record.ttl, rdata.to_text()]


def record_lines(records: tuple[Record, ...]) -> list[list[object]]:
    return [record_line(record) for record in records]


def records_with_ttls(ttls: list[int]) -> SignedPacket:
    records = [Record((), 65432, ttl, b"") for ttl in ttls]
    return SignedPacket.sign(Keypair.from_seed(bytes(32)), records, 1)


def test_every_section_is_covered_or_has_its_place() -> None:
    assert set(VECTORS) == HERE | set(ELSEWHERE)


@pytest.mark.parametrize("entry", named("keys"))
def test_a_key_has_its_text_and_dht_target(entry: Entry) -> None:
    key = PublicKey.from_bytes(bytes.fromhex(entry["public_key"]))
    assert key.z32 == entry["z32"]
    assert dht_target(key).hex() == entry["dht_target"]


@pytest.mark.parametrize("entry", entries(VECTORS, "public_key_text"))
def test_a_key_is_read_leniently(entry: Entry) -> None:
    if "error" in entry:
        with pytest.raises(PubkyError):
            lenient_key(entry["input"])
    else:
        assert lenient_key(entry["input"]).raw.hex() == entry["public_key"]


@pytest.mark.parametrize("entry", entries(VECTORS, "name_normalization"))
def test_an_owner_name_is_made_absolute(entry: Entry) -> None:
    name = absolute_name(parse_name(entry["input"]), parse_name(entry["origin"]))
    assert name_text(name) == entry["output"]


@pytest.mark.parametrize("entry", named("signed_packets"))
def test_a_signed_packet_has_all_its_layouts(entry: Entry) -> None:
    packet = SignedPacket.from_bytes(bytes.fromhex(entry["canonical"]))
    assert packet.public_key.z32 == entry["z32"]
    assert packet.timestamp_us == entry["timestamp_us"]
    assert packet.signature.hex() == entry["signature"]
    assert packet.dns_message.hex() == entry["dns_packet"]
    assert packet.relay_payload.hex() == entry["relay_payload"]
    assert packet.to_bytes().hex() == entry["canonical"]
    assert signable(packet.timestamp_us, packet.dns_message).hex() == entry["signable"]
    assert record_lines(packet.records) == entry["records"]
    homeserver = homeserver_of(packet)
    official = entry["official_0_6_0"]["getHomeserverOf"]
    assert (homeserver and homeserver.z32) == official


@pytest.mark.parametrize("entry", COMPRESSED, ids=[entry["name"] for entry in COMPRESSED])
def test_signing_the_same_records_gives_the_same_bytes(entry: Entry) -> None:
    keypair = Keypair.from_seed(bytes.fromhex(entry["seed"]))
    records = parse_message(bytes.fromhex(entry["dns_packet"]))
    packet = SignedPacket.sign(keypair, records, entry["timestamp_us"])
    assert packet.to_bytes().hex() == entry["canonical"]


@pytest.mark.parametrize(
    ("index", "public_ip", "tls_port", "domain"),
    [
        (0, "127.0.0.1", 6287, "localhost"),
        (1, "203.0.113.9", 6287, "homeserver.example.com"),
        (2, "2001:db8::9", 8443, "homeserver.example.com"),
        (3, "203.0.113.9", 6287, None),
        (4, "203.0.113.9", 6287, "203.0.113.9"),
    ],
)
def test_a_homeserver_publishes_the_reference_packet(
    index: int, public_ip: str, tls_port: int, domain: str | None
) -> None:
    entry = entries(VECTORS, "signed_packets")[index]
    records = homeserver_records([public_ip], tls_port, domain, 6286)
    keypair = Keypair.from_seed(bytes.fromhex(entry["seed"]))
    packet = SignedPacket.sign(keypair, records, entry["timestamp_us"])
    assert packet.to_bytes().hex() == entry["canonical"]


PUBLISHED = [entry for entry in entries(VECTORS, "publish_0_6_0") if entry["outcome"] == "ok"]


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["name"] for entry in PUBLISHED])
def test_what_the_sdk_publishes_is_reproduced_from_what_it_found(entry: Entry) -> None:
    keypair = Keypair.from_seed(bytes.fromhex(entry["seed"]))
    kept: list[Record] = []
    if entry["existing_relay_payload"]:
        payload = bytes.fromhex(entry["existing_relay_payload"])
        found = SignedPacket.from_relay_payload(keypair.public_key, payload)
        kept = [record for record in found.records if not record.owner[0].startswith(b"_pubky")]
    records = [*kept, user_record(PublicKey.parse(entry["homeserver"]))]
    packet = SignedPacket.sign(keypair, records, entry["packet"]["timestamp_us"])
    assert record_lines(packet.records) == entry["packet"]["records"]
    assert packet.relay_payload.hex() == entry["put_body"]


@pytest.mark.parametrize("entry", named("parse_0_6_0"))
def test_a_crafted_packet_is_judged_as_by_the_official_client(entry: Entry) -> None:
    key = PublicKey.parse(entry["public_key_z32"])
    try:
        packet = SignedPacket.from_relay_payload(key, bytes.fromhex(entry["relay_payload"]))
    except PubkyError:
        homeserver = None
    else:
        homeserver = homeserver_of(packet)
    assert (homeserver and homeserver.z32) == entry["official_getHomeserverOf"]


@pytest.mark.parametrize("entry", named("resolve_wasm_0_6_0"))
def test_the_packets_of_the_resolution_runs_are_accepted(entry: Entry) -> None:
    for z32, payload in entry["packets"].items():
        key = PublicKey.parse(z32)
        packet = SignedPacket.from_relay_payload(key, bytes.fromhex(payload))
        assert all(record.owner[-1:] == (z32.encode(),) for record in packet.records)


@pytest.mark.parametrize("entry", entries(VECTORS, "more_recent"))
def test_the_more_recent_of_two_is_found(entry: Entry) -> None:
    a, b = (recency(seq, value.encode()) for seq, value in (entry["a"], entry["b"]))
    assert {"a": a > b, "b": b > a, "same": a == b}[entry["more_recent"]]


def test_the_larger_message_wins_a_tie_of_timestamps() -> None:
    keypair = Keypair.from_seed(bytes(32))
    small = SignedPacket.sign(keypair, [Record((), 65432, 1, b"a")], 5)
    large = SignedPacket.sign(keypair, [Record((), 65432, 1, b"b")], 5)
    assert large.more_recent_than(small)
    assert not small.more_recent_than(large)
    assert not small.more_recent_than(replace(small))


@pytest.mark.parametrize("entry", entries(VECTORS, "ttl"))
def test_the_ttl_is_the_smallest_within_limits(entry: Entry) -> None:
    assert records_with_ttls(entry["record_ttls"]).ttl(entry["min"], entry["max"]) == entry["ttl"]


@pytest.mark.parametrize("entry", entries(VECTORS, "expires_in"))
def test_the_rest_of_the_ttl_falls_with_age(entry: Entry) -> None:
    packet = records_with_ttls(entry["record_ttls"])
    now_us = 1_700_000_000_000_000
    seen_us = now_us - entry["age_s"] * 1_000_000
    assert packet.expires_in(seen_us, now_us, entry["min"], entry["max"]) == entry["expires_in"]


@pytest.mark.parametrize("entry", entries(VECTORS, "cache_record"))
def test_a_cache_record_holds_the_moment_and_the_packet(entry: Entry) -> None:
    packet = SignedPacket.from_bytes(bytes.fromhex(entry["canonical"]))
    serialized = bytes.fromhex(entry["serialized"])
    assert packet.to_cache_record(entry["last_seen_us"]) == serialized
    read = SignedPacket.from_cache_record(serialized, entry["last_seen_us"])
    assert read == (packet, entry["last_seen_us"])


UNSALTED = [
    entry
    for entry in entries(VECTORS, "bep44")
    if "signature" in entry and not entry.get("salt") and "v_ascii" in entry
]


@pytest.mark.parametrize("entry", UNSALTED, ids=[entry["name"] for entry in UNSALTED])
def test_a_mutable_item_without_salt_is_signed_as_published(entry: Entry) -> None:
    message = signable(entry["seq"], entry["v_ascii"].encode())
    assert message.decode() == entry["signable_ascii"]
    key = PublicKey.from_bytes(bytes.fromhex(entry["public_key"]))
    assert key.verify(message, bytes.fromhex(entry["signature"]))
    assert dht_target(key).hex() == entry["target"]


def test_a_service_target_is_a_key_in_every_user_record() -> None:
    homeserver = Keypair.from_seed(bytes(32)).public_key
    binding = ServiceBinding.from_rdata(user_record(homeserver).rdata)
    assert (binding.priority, name_text(binding.target)) == (0, homeserver.z32)
