"""Framing and protection of records, and their limits."""

import os
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt

from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.key_schedule import traffic_iv, traffic_key
from appliance.pubky_tls.records import (
    MAX_CIPHERTEXT_BYTES,
    MAX_PLAINTEXT_BYTES,
    ContentType,
    Record,
    RecordLayer,
)
from tests.support.tls_dialogues import record

SECRET = bytes(range(32))


def reader() -> RecordLayer:
    layer = RecordLayer()
    layer.read_with(SECRET)
    return layer


def writer() -> RecordLayer:
    layer = RecordLayer()
    layer.write_with(SECRET)
    return layer


def refusal_of(layer: RecordLayer) -> Alert | None:
    with pytest.raises(TlsError) as caught:
        layer.next_record()
    return caught.value.alert


@given(st.lists(st.binary(max_size=40_000), max_size=4), st.integers(min_value=1, max_value=20_000))
def test_what_is_written_is_read_however_it_is_cut(parts: list[bytes], piece_bytes: int) -> None:
    sender, receiver = writer(), reader()
    for part in parts:
        sender.write(ContentType.APPLICATION_DATA, part)
    wire = sender.take_outgoing()
    received = b""
    for start in range(0, len(wire), piece_bytes):
        receiver.feed(wire[start : start + piece_bytes])
        while (found := receiver.next_record()) is not None:
            assert found.content_type is ContentType.APPLICATION_DATA
            received += found.fragment
    assert received == b"".join(parts)


def test_large_data_goes_out_in_the_largest_records() -> None:
    sender = writer()
    sender.write(ContentType.APPLICATION_DATA, bytes(2 * MAX_PLAINTEXT_BYTES + 1))
    wire = sender.take_outgoing()
    full = 5 + MAX_PLAINTEXT_BYTES + 1 + 16
    assert len(wire) == 2 * full + 5 + 1 + 1 + 16
    assert wire[3:5] == (MAX_PLAINTEXT_BYTES + 17).to_bytes(2)


def test_every_record_has_a_nonce_of_its_own() -> None:
    sender = writer()
    for _ in range(3):
        sender.write(ContentType.APPLICATION_DATA, b"the same")
    wire = sender.take_outgoing()
    third = len(wire) // 3
    assert len({wire[at : at + third] for at in (0, third, 2 * third)}) == 3


def test_records_in_another_order_are_refused() -> None:
    sender, receiver = writer(), reader()
    sender.write(ContentType.APPLICATION_DATA, b"first")
    sender.take_outgoing()
    sender.write(ContentType.APPLICATION_DATA, b"second")
    receiver.feed(sender.take_outgoing())
    assert refusal_of(receiver) is Alert.BAD_RECORD_MAC


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    sender, receiver = writer(), reader()
    sender.write(ContentType.APPLICATION_DATA, b"some data")
    wire = bytearray(sender.take_outgoing())
    wire[5 + position % (len(wire) - 5)] ^= change
    receiver.feed(wire)
    assert refusal_of(receiver) is Alert.BAD_RECORD_MAC


def test_the_header_is_protected_too() -> None:
    sender, receiver = writer(), reader()
    sender.write(ContentType.APPLICATION_DATA, b"some data")
    wire = bytearray(sender.take_outgoing())
    wire[2] = 4
    receiver.feed(wire)
    assert refusal_of(receiver) is Alert.BAD_RECORD_MAC


@pytest.mark.parametrize("body_bytes", [0, 1, 16])
def test_a_protected_record_has_room_for_its_tag(body_bytes: int) -> None:
    receiver = reader()
    receiver.feed(record(23, bytes(body_bytes)))
    assert refusal_of(receiver) is Alert.BAD_RECORD_MAC


@pytest.mark.parametrize("padding_bytes", [0, 1, 200])
def test_padding_is_removed(padding_bytes: int) -> None:
    receiver = reader()
    receiver.feed(padded(b"data", ContentType.HANDSHAKE, padding_bytes))
    found = receiver.next_record()
    assert found == Record(ContentType.HANDSHAKE, b"data", was_protected=True)


def test_data_may_end_with_zeros() -> None:
    receiver = reader()
    receiver.feed(padded(b"data\0\0", ContentType.APPLICATION_DATA, 3))
    found = receiver.next_record()
    assert found is not None
    assert found.fragment == b"data\0\0"


def padded(data: bytes, kind: int, padding_bytes: int) -> bytes:
    """A record as a client sends it that hides lengths (RFC 8446 5.4)."""
    inner = data + bytes([kind]) + bytes(padding_bytes)
    header = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2)
    nonce = traffic_iv(SECRET)
    return header + crypto_aead_chacha20poly1305_ietf_encrypt(
        inner, header, nonce, traffic_key(SECRET)
    )


def test_nothing_but_padding_is_refused() -> None:
    receiver = reader()
    receiver.feed(padded(b"", 0, 30))
    assert refusal_of(receiver) is Alert.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("kind", [1, 20, 24, 255])
def test_unknown_kinds_under_protection_are_refused(kind: int) -> None:
    receiver = reader()
    receiver.feed(padded(b"\x01", kind, 1))
    assert refusal_of(receiver) is Alert.UNEXPECTED_MESSAGE


def test_the_largest_plaintext_is_taken_and_one_byte_more_refused() -> None:
    receiver = reader()
    receiver.feed(padded(os.urandom(MAX_PLAINTEXT_BYTES), 23, 0))
    assert receiver.next_record() is not None
    receiver = reader()
    receiver.feed(padded(os.urandom(MAX_PLAINTEXT_BYTES), 23, 1))
    assert refusal_of(receiver) is Alert.RECORD_OVERFLOW


@pytest.mark.parametrize(
    ("make", "kind", "limit"),
    [
        (reader, 23, MAX_CIPHERTEXT_BYTES),
        (reader, 21, MAX_PLAINTEXT_BYTES),
        (RecordLayer, 22, MAX_PLAINTEXT_BYTES),
    ],
)
def test_lengths_are_refused_before_their_bytes_come(
    make: Callable[[], RecordLayer], kind: int, limit: int
) -> None:
    layer = make()
    layer.feed(kind.to_bytes() + b"\x03\x03" + limit.to_bytes(2))
    assert layer.next_record() is None
    layer = make()
    layer.feed(kind.to_bytes() + b"\x03\x03" + (limit + 1).to_bytes(2))
    assert refusal_of(layer) is Alert.RECORD_OVERFLOW


@pytest.mark.parametrize("first", [0, 19, 24, ord("G"), 0x80, 255])
def test_what_is_no_tls_is_refused_at_its_first_byte(first: int) -> None:
    layer = RecordLayer()
    layer.feed(bytes([first]))
    assert refusal_of(layer) is Alert.UNEXPECTED_MESSAGE


def test_data_before_any_key_is_refused() -> None:
    layer = RecordLayer()
    layer.feed(record(23, b"data"))
    assert refusal_of(layer) is Alert.UNEXPECTED_MESSAGE


def test_handshake_messages_need_protection_once_there_are_keys() -> None:
    receiver = reader()
    receiver.feed(record(22, b"\x14"))
    assert refusal_of(receiver) is Alert.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("version", [b"\x03\x01", b"\x03\x04", b"\0\0"])
def test_the_version_of_a_plain_record_means_nothing(version: bytes) -> None:
    layer = RecordLayer()
    layer.feed(b"\x16" + version + b"\0\x01x")
    assert layer.next_record() == Record(ContentType.HANDSHAKE, b"x", was_protected=False)


def test_keys_go_on_without_a_break() -> None:
    sender, receiver = writer(), reader()
    for _ in range(3):
        sender.write(ContentType.APPLICATION_DATA, b"data")
        sender.update_writing()
        receiver.feed(sender.take_outgoing())
        assert receiver.next_record() is not None
        receiver.update_reading()


def test_after_forgetting_nothing_of_the_past_is_held() -> None:
    receiver = reader()
    receiver.feed(b"\x17\x03\x03\x40\x00" + bytes(1000))
    receiver.handshake_bytes += b"half a message"
    receiver.forget()
    assert receiver.next_record() is None
    assert not receiver.handshake_bytes
    receiver.feed(record(22, b"x"))
    assert receiver.next_record() == Record(ContentType.HANDSHAKE, b"x", was_protected=False)
