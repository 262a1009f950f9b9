"""Rules of signed packets that no vector covers."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.dns_message import TYPE_A, TYPE_TXT, Record, parse_name
from appliance.pubky.keys import Keypair
from appliance.pubky.signed_packets import SignedPacket, dht_target

ALICE = Keypair.from_seed(b"\x11" * 32)
BOB = Keypair.from_seed(b"\x22" * 32)
NOW_US = 1_700_000_000_000_000
ADDRESS = Record((), TYPE_A, 60, bytes(4))
PACKET = SignedPacket.sign(ALICE, [ADDRESS], NOW_US)


def text_record(size: int) -> Record:
    """A record that makes a packet with nothing else have a DNS message of `size` bytes."""
    rdata = size - 12 - 54 - 10
    return Record((), 65432, 60, bytes(rdata))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_packet_or_a_refusal(raw: bytes) -> None:
    with pytest.raises(PubkyError):
        SignedPacket.from_bytes(raw)


@given(st.binary(max_size=200))
def test_any_payload_gives_a_packet_or_a_refusal(payload: bytes) -> None:
    with pytest.raises(PubkyError):
        SignedPacket.from_relay_payload(ALICE.public_key, payload)


@given(st.binary(max_size=120))
def test_signed_nonsense_gives_a_packet_or_a_refusal(message: bytes) -> None:
    signature = ALICE.sign(b"3:seqi1e1:v%d:%b" % (len(message), message))
    payload = signature + (1).to_bytes(8, "big") + message
    with suppress(PubkyError):
        assert SignedPacket.from_relay_payload(ALICE.public_key, payload).relay_payload == payload


@given(st.integers(0, 2**64 - 1), st.lists(st.binary(max_size=30), max_size=4))
def test_every_layout_is_read_back_unchanged(timestamp_us: int, contents: list[bytes]) -> None:
    records = [Record((b"foo",), 65432, 60, content) for content in contents]
    packet = SignedPacket.sign(ALICE, records, timestamp_us)
    assert SignedPacket.from_bytes(packet.to_bytes()) == packet
    assert SignedPacket.from_relay_payload(ALICE.public_key, packet.relay_payload) == packet
    assert SignedPacket.from_cache_record(packet.to_cache_record(5), 5) == (packet, 5)


@given(st.integers(0, 8 * len(PACKET.to_bytes()) - 1))
def test_a_packet_with_one_flipped_bit_is_refused(position: int) -> None:
    raw = bytearray(PACKET.to_bytes())
    raw[position // 8] ^= 1 << position % 8
    with pytest.raises(PubkyError):
        SignedPacket.from_bytes(bytes(raw))


def test_a_packet_of_another_key_is_refused() -> None:
    with pytest.raises(PubkyError, match="signature"):
        SignedPacket.from_relay_payload(BOB.public_key, PACKET.relay_payload)


def test_a_packet_cannot_be_changed_without_its_signature() -> None:
    with pytest.raises(PubkyError, match="signature"):
        replace(PACKET, timestamp_us=NOW_US + 1)


def test_a_timestamp_beyond_64_bits_is_refused() -> None:
    with pytest.raises(PubkyError, match="timestamp"):
        SignedPacket.sign(ALICE, [], 2**64)


def test_a_message_of_996_bytes_is_the_longest_we_sign() -> None:
    packet = SignedPacket.sign(ALICE, [text_record(996)], NOW_US)
    assert len(packet.dns_message) == 996
    with pytest.raises(PubkyError, match="too large, expected max 996 bytes but got: 997"):
        SignedPacket.sign(ALICE, [text_record(997)], NOW_US)


def test_records_are_kept_in_their_order_below_the_key() -> None:
    text = Record(parse_name("foo"), TYPE_TXT, 30, b"\x01a")
    packet = SignedPacket.sign(ALICE, [text, ADDRESS], NOW_US)
    origin = (ALICE.public_key.z32.encode(),)
    assert [record.owner for record in packet.records] == [(b"foo", *origin), origin]


def test_a_moment_up_to_a_minute_ahead_is_believed() -> None:
    record = PACKET.to_cache_record(NOW_US + 60_000_000)
    assert SignedPacket.from_cache_record(record, NOW_US)[1] == NOW_US + 60_000_000


def test_a_moment_further_ahead_reads_as_long_ago() -> None:
    record = PACKET.to_cache_record(NOW_US + 60_000_001)
    assert SignedPacket.from_cache_record(record, NOW_US)[1] == 0


def test_a_packet_seen_in_the_future_has_its_whole_time_left() -> None:
    assert PACKET.expires_in(NOW_US + 5_000_000, NOW_US) == 300


def test_the_dht_target_of_a_key_has_twenty_bytes() -> None:
    assert len(dht_target(ALICE.public_key)) == 20
