"""One connection as a dialogue: what may come when, and how it ends."""

import os

import pytest

from appliance.pubky_tls.alerts import Alert
from appliance.pubky_tls.messages import HandshakeType, key_update_to_bytes
from appliance.pubky_tls.records import ContentType, RecordLayer
from tests.support.tls_dialogues import (
    alert_of,
    converse,
    established,
    instead,
    new_client,
    new_server,
    record,
    tampering_client,
    write,
    write_empty,
)

CHANGE_CIPHER_SPEC = record(20, b"\x01")
CLOSE_NOTIFY = b"\x01\x00"


@pytest.mark.parametrize("size", [1, 16384, 16385, 1_000_000])
def test_data_arrives_both_ways(size: int) -> None:
    client, server = established()
    data = os.urandom(size)
    client.send(data)
    assert server.receive(client.take_outgoing()) == data
    server.send(memoryview(data))
    assert client.receive(server.take_outgoing()) == data


def test_nothing_is_sent_for_no_data() -> None:
    client, _ = established()
    client.send(b"")
    assert client.take_outgoing() == b""


def test_data_may_follow_the_finished_message_at_once() -> None:
    client, server = new_client(), new_server()
    server.receive(client.take_outgoing())
    client.receive(server.take_outgoing())
    client.send(b"early bird")
    assert server.receive(client.take_outgoing()) == b"early bird"
    assert server.is_established


def test_a_handshake_may_arrive_byte_by_byte() -> None:
    client, server = new_client(), new_server()
    while not (client.is_established and server.is_established):
        for byte in client.take_outgoing():
            server.receive(bytes([byte]))
        for byte in server.take_outgoing():
            client.receive(bytes([byte]))
    assert client.failure is server.failure is None


# --- Goodbyes


def test_a_goodbye_ends_one_direction_only() -> None:
    client, server = established()
    client.close()
    server.receive(client.take_outgoing())
    assert server.is_closed_by_peer
    server.send(b"one more thing")
    server.close()
    assert client.receive(server.take_outgoing()) == b"one more thing"
    assert client.is_closed_by_peer
    assert client.failure is server.failure is None


def test_a_goodbye_is_said_once() -> None:
    client, _ = established()
    client.close()
    assert client.take_outgoing()
    client.close()
    assert client.take_outgoing() == b""


def test_what_follows_a_goodbye_is_dropped() -> None:
    client, server = established()
    client.send(b"before")
    client.close()
    goodbye = client.take_outgoing()
    assert server.receive(goodbye + write(client, ContentType.APPLICATION_DATA, b"x")) == b"before"
    held_bytes = len(server._records._incoming)
    assert server.receive(b"GET / HTTP/1.1") == b""
    assert len(server._records._incoming) == held_bytes
    assert server.failure is None


def test_data_before_a_goodbye_without_one_is_not_a_whole_stream() -> None:
    client, server = established()
    client.send(b"first half")
    assert server.receive(client.take_outgoing()) == b"first half"
    assert not server.is_closed_by_peer


def test_a_goodbye_in_the_handshake_is_a_failure() -> None:
    server = new_server()
    server.receive(new_client().take_outgoing() + record(21, CLOSE_NOTIFY))
    assert server.failure is not None
    assert server.failure.reason == "peer_alert"
    assert not server.is_closed_by_peer


def test_a_failed_connection_does_not_say_goodbye() -> None:
    _, server = established()
    server.receive(record(23, bytes(40)))
    server.take_outgoing()
    server.close()
    assert server.take_outgoing() == b""


def test_no_alert_follows_our_goodbye() -> None:
    _, server = established()
    server.close()
    server.take_outgoing()
    server.receive(record(23, bytes(40)))
    assert alert_of(server) is Alert.BAD_RECORD_MAC
    assert server.take_outgoing() == b""


# --- Alerts


def test_a_failure_tells_the_peer_once_and_ends_everything() -> None:
    client, server = established()
    client.send(b"data")
    wire = bytearray(client.take_outgoing())
    wire[-1] ^= 1
    assert server.receive(wire) == b""
    assert alert_of(server) is Alert.BAD_RECORD_MAC
    client.receive(server.take_outgoing())
    assert client.failure is not None
    assert client.failure.message == "the peer sent alert 20"
    assert client.take_outgoing() == b""
    assert server.receive(b"anything") == b""
    assert server.take_outgoing() == b""


def test_data_before_a_bad_record_is_not_lost() -> None:
    client, server = established()
    client.send(b"good")
    assert server.receive(client.take_outgoing() + record(23, bytes(40))) == b"good"
    assert alert_of(server) is Alert.BAD_RECORD_MAC


def test_a_plain_alert_ends_a_handshake() -> None:
    # A client that cannot read our answer has no keys to protect its alert with.
    client, server = new_client(), new_server()
    server.receive(client.take_outgoing())
    server.receive(record(21, b"\x02\x28"))
    assert server.failure is not None
    assert server.failure.reason == "peer_alert"


def test_a_plain_alert_cannot_end_an_established_connection_quietly() -> None:
    _, server = established()
    server.receive(record(21, CLOSE_NOTIFY))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE
    assert not server.is_closed_by_peer


@pytest.mark.parametrize("fragment", [b"\x01", b"\x01\x00\x01\x00", b"\x02\x28\x00"])
def test_an_alert_is_alone_in_its_record(fragment: bytes) -> None:
    client, server = established()
    server.receive(write(client, ContentType.ALERT, fragment))
    assert alert_of(server) is Alert.DECODE_ERROR


def test_an_empty_alert_is_refused() -> None:
    client, server = established()
    server.receive(write_empty(client, ContentType.ALERT))
    assert alert_of(server) is Alert.DECODE_ERROR


def test_a_cancellation_waits_for_its_goodbye() -> None:
    client, server = established()
    server.receive(write(client, ContentType.ALERT, bytes((1, Alert.USER_CANCELED))))
    assert server.failure is None
    assert not server.is_closed_by_peer


@pytest.mark.parametrize("level", [0, 1, 2, 255])
def test_the_level_of_an_alert_means_nothing(level: int) -> None:
    client, server = established()
    server.receive(write(client, ContentType.ALERT, bytes((level, 40))))
    assert server.failure is not None


# --- ChangeCipherSpec


def test_one_change_cipher_spec_is_dropped() -> None:
    server = new_server()
    server.receive(new_client().take_outgoing() + CHANGE_CIPHER_SPEC)
    assert server.failure is None


def test_a_second_one_is_refused() -> None:
    server = new_server()
    server.receive(new_client().take_outgoing() + 2 * CHANGE_CIPHER_SPEC)
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("fragment", [b"", b"\x00", b"\x02", b"\x01\x01"])
def test_one_with_another_content_is_refused(fragment: bytes) -> None:
    server = new_server()
    server.receive(new_client().take_outgoing() + record(20, fragment))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_one_before_the_hello_is_refused() -> None:
    server = new_server()
    server.receive(CHANGE_CIPHER_SPEC)
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_one_after_the_handshake_is_refused() -> None:
    _, server = established()
    server.receive(CHANGE_CIPHER_SPEC)
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


# --- Handshake messages and their records


def test_data_before_the_finished_message_is_refused() -> None:
    client, server = new_client(), new_server()
    server.receive(client.take_outgoing())
    client.receive(server.take_outgoing())
    client.take_outgoing()
    # Under the handshake's keys, which a client that skipped its Finished message still has.
    reading = server._records._reading
    assert reading is not None
    shadow = RecordLayer()
    shadow.write_with(reading._secret)
    shadow.write(ContentType.APPLICATION_DATA, b"data")
    assert server.receive(shadow.take_outgoing()) == b""
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_nothing_may_stand_between_the_pieces_of_a_message() -> None:
    client, server = established()
    half = key_update_to_bytes(asks_peer=False)[:2]
    server.receive(write(client, ContentType.HANDSHAKE, half))
    assert server.failure is None
    server.receive(write(client, ContentType.APPLICATION_DATA, b"data"))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_an_empty_piece_of_a_message_is_refused() -> None:
    server = new_server()
    server.receive(record(22, b""))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE
    client, server = established()
    server.receive(write_empty(client, ContentType.HANDSHAKE))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_nothing_may_follow_the_finished_message_in_its_record() -> None:
    client = tampering_client(
        instead(HandshakeType.FINISHED, lambda m: m + key_update_to_bytes(asks_peer=False))
    )
    server = new_server()
    converse(client, server)
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_the_servers_messages_may_come_one_by_one() -> None:
    server = new_server()
    original = server._records.write

    def one_by_one(content_type: ContentType, data: bytes) -> None:
        for at in range(0, len(data), 10):
            original(content_type, data[at : at + 10])

    server._records.write = one_by_one  # type: ignore[assignment, method-assign] # a slow sender
    client = new_client()
    server.receive(client.take_outgoing())
    client.receive(server.take_outgoing())
    assert client.is_established


@pytest.mark.parametrize(
    "message",
    [b"\x01\0\0\0", b"\x04\0\0\0", b"\x0d\0\0\0", b"\x14\0\0\0", b"\x00\0\0\0"],
    ids=["hello", "ticket", "certificate request", "finished", "hello request"],
)
def test_after_the_handshake_a_server_takes_key_updates_only(message: bytes) -> None:
    client, server = established()
    server.receive(write(client, ContentType.HANDSHAKE, message))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_a_client_ignores_tickets() -> None:
    client, server = established()
    ticket = b"\x04\0\0\x05hello"
    assert client.receive(write(server, ContentType.HANDSHAKE, ticket)) == b""
    server.send(b"data")
    assert client.receive(server.take_outgoing()) == b"data"
