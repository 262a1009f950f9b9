"""An established connection over time: new keys, limits, and secrets that are dropped."""

import gc

import pytest

from appliance.pubky_tls.alerts import Alert
from appliance.pubky_tls.connection import MAX_IDLE_RECORDS
from appliance.pubky_tls.messages import HandshakeType, key_update_to_bytes
from appliance.pubky_tls.records import ContentType
from tests.support.tls_dialogues import (
    KEYPAIR,
    alert_of,
    converse,
    established,
    instead,
    new_client,
    new_server,
    record,
    tampering_server,
    write,
    write_empty,
)

# --- KeyUpdate


@pytest.mark.parametrize("asks_peer", [True, False])
def test_keys_are_updated_as_often_as_the_peer_wants(asks_peer: bool) -> None:
    client, server = established()
    for turn in range(5):
        client.update_keys(asks_peer=asks_peer)
        client.send(b"up %d" % turn)
        assert server.receive(client.take_outgoing()) == b"up %d" % turn
        server.send(b"down %d" % turn)
        assert client.receive(server.take_outgoing()) == b"down %d" % turn


def test_a_request_is_answered_before_the_next_data_and_once() -> None:
    client, server = established()
    for _ in range(3):
        client.update_keys(asks_peer=True)
    server.receive(client.take_outgoing())
    assert server.take_outgoing() == b""
    server.send(b"x")
    first = server.take_outgoing()
    server.send(b"x")
    second = server.take_outgoing()
    update_bytes = 5 + len(key_update_to_bytes(asks_peer=False)) + 1 + 16
    assert len(first) == len(second) + update_bytes
    assert client.receive(first + second) == b"xx"


def test_a_request_is_not_forgotten_over_a_later_update_without_one() -> None:
    client, server = established()
    client.update_keys(asks_peer=True)
    client.update_keys(asks_peer=False)
    server.receive(client.take_outgoing())
    server.send(b"x")
    answer = server.take_outgoing()
    update_bytes = 5 + len(key_update_to_bytes(asks_peer=False)) + 1 + 16
    assert len(answer) == update_bytes + 5 + 1 + 1 + 16


def test_old_keys_are_not_taken_after_an_update() -> None:
    client, server = established()
    client.send(b"held back")
    old = client.take_outgoing()
    client.update_keys(asks_peer=False)
    assert server.receive(client.take_outgoing() + old) == b""
    assert alert_of(server) is Alert.BAD_RECORD_MAC


@pytest.mark.parametrize(
    ("message", "alert"),
    [
        (b"\x18\0\0\x01\x02", Alert.ILLEGAL_PARAMETER),
        (b"\x18\0\0\x00", Alert.DECODE_ERROR),
        (b"\x18\0\0\x02\x00\x00", Alert.DECODE_ERROR),
        (2 * key_update_to_bytes(asks_peer=False), Alert.UNEXPECTED_MESSAGE),
        (key_update_to_bytes(asks_peer=False) + b"\x18", Alert.UNEXPECTED_MESSAGE),
    ],
    ids=["request 2", "empty", "long", "two in a record", "more behind it"],
)
def test_malformed_key_updates_are_refused(message: bytes, alert: Alert) -> None:
    client, server = established()
    server.receive(write(client, ContentType.HANDSHAKE, message))
    assert alert_of(server) is alert


# --- Limits


def test_key_updates_without_data_are_limited() -> None:
    client, server = established()
    for _ in range(MAX_IDLE_RECORDS):
        client.update_keys(asks_peer=True)
    server.receive(client.take_outgoing())
    assert server.failure is None
    client.update_keys(asks_peer=True)
    server.receive(client.take_outgoing())
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_data_makes_room_for_more_key_updates() -> None:
    client, server = established()
    for _ in range(MAX_IDLE_RECORDS * 3):
        client.update_keys(asks_peer=False)
        client.send(b"x")
    server.receive(client.take_outgoing())
    assert server.failure is None


def test_empty_records_are_taken_but_limited() -> None:
    client, server = established()
    server.receive(
        b"".join(write_empty(client, ContentType.APPLICATION_DATA) for _ in range(MAX_IDLE_RECORDS))
    )
    assert server.failure is None
    server.receive(write_empty(client, ContentType.APPLICATION_DATA))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


# --- Secrets


def test_secrets_of_the_handshake_are_dropped_when_it_is_done() -> None:
    client, server = established()
    for connection in (client, server):
        assert connection._steps is None


def test_secrets_of_a_handshake_are_dropped_when_it_fails() -> None:
    server = new_server()
    server.receive(new_client().take_outgoing())
    server.receive(record(23, bytes(40)))
    assert alert_of(server) is Alert.BAD_RECORD_MAC
    assert server._steps is None


def test_all_keys_are_dropped_when_a_connection_fails() -> None:
    _, server = established()
    server.receive(record(23, bytes(40)))
    assert server._records._reading is None
    assert server._records._writing is None


def test_a_failure_holds_no_frames_with_secrets() -> None:
    client, server = (
        new_client(),
        tampering_server(instead(HandshakeType.FINISHED, lambda m: m[:-1] + bytes([m[-1] ^ 1]))),
    )
    converse(client, server)
    failure = client.failure
    assert failure is not None
    assert failure.__traceback__ is None
    assert failure.__cause__ is failure.__context__ is None


def test_an_abandoned_handshake_leaves_no_garbage_behind() -> None:
    gc.collect()
    gc.disable()
    try:
        server = new_server()
        server.receive(new_client().take_outgoing())
        del server
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_connection_does_not_print_its_key() -> None:
    client, server = established()
    for connection in (client, server):
        assert KEYPAIR.secret_text() not in repr(connection) + repr(vars(connection))
