"""Arbitrary bytes, in arbitrary pieces, to both machines in every state."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.messages import MAX_MESSAGE_BYTES
from appliance.pubky_tls.records import MAX_CIPHERTEXT_BYTES, ContentType
from tests.support.tls_dialogues import alert_of, established, new_client, new_server, record

# What a machine may hold of a stranger's: one record, one message.
MAX_HELD_BYTES = 5 + MAX_CIPHERTEXT_BYTES + MAX_MESSAGE_BYTES

State = Callable[[], Connection]


def client_in_handshake() -> Connection:
    client = new_client()
    client.take_outgoing()
    return client


def client_before_certificate() -> Connection:
    client, server = new_client(), new_server()
    server.receive(client.take_outgoing())
    flight = server.take_outgoing()
    client.receive(flight[: 5 + int.from_bytes(flight[3:5])])
    return client


def server_before_finished() -> Connection:
    server = new_server()
    server.receive(new_client().take_outgoing())
    server.take_outgoing()
    return server


STATES: list[State] = [
    new_server,
    server_before_finished,
    lambda: established()[1],
    client_in_handshake,
    client_before_certificate,
    lambda: established()[0],
]
NAMES = ["hello", "finished", "server", "server hello", "certificate", "client"]

records = st.builds(record, st.sampled_from([20, 21, 22, 23, 24]), st.binary(max_size=60))
noise = st.lists(st.one_of(records, st.binary(max_size=60)), max_size=8).map(b"".join)


def feed(connection: Connection, data: bytes, piece_bytes: int) -> bytes:
    received = b""
    for start in range(0, len(data), piece_bytes):
        received += connection.receive(data[start : start + piece_bytes])
        held = len(connection._records._incoming) + len(connection._records.handshake_bytes)
        assert held <= MAX_HELD_BYTES + piece_bytes
    return received


def assert_ended_properly(connection: Connection) -> None:
    """At most one alert goes out, and nothing after it."""
    assert connection.failure is None or isinstance(connection.failure, TlsError)
    connection.take_outgoing()
    if connection.failure is not None:
        assert connection.receive(b"\x16\x03\x01\x00\x01\x01") == b""
        assert connection.take_outgoing() == b""


@pytest.mark.parametrize("state", STATES, ids=NAMES)
@given(noise, st.integers(min_value=1, max_value=100))
def test_noise_is_survived_in_every_state(state: State, data: bytes, piece_bytes: int) -> None:
    connection = state()
    assert feed(connection, data, piece_bytes) == b""
    assert_ended_properly(connection)


protected = st.lists(
    st.tuples(
        st.sampled_from([ContentType.ALERT, ContentType.HANDSHAKE, ContentType.APPLICATION_DATA]),
        st.one_of(
            st.binary(max_size=30),
            # The beginnings of messages that mean something.
            st.sampled_from(
                [b"\x18\0\0\x01\x00", b"\x18\0\0\x01\x01", b"\x04\0\0\x01x", b"\x01\0"]
            ),
            st.just(b"\x01\x00"),
        ),
    ),
    max_size=10,
)


@pytest.mark.parametrize("by_client", [True, False])
@given(protected)
def test_a_peer_with_keys_cannot_confuse_us_either(
    by_client: bool, said: list[tuple[ContentType, bytes]]
) -> None:
    client, server = established()
    sender, receiver = (client, server) if by_client else (server, client)
    wire = b""
    for kind, data in said:
        sender._records.write(kind, data)
        wire += sender.take_outgoing()
        if kind is ContentType.HANDSHAKE and data.startswith(b"\x18"):
            sender._records.update_writing()
    received = feed(receiver, wire, 7)
    sent = b"".join(data for kind, data in said if kind is ContentType.APPLICATION_DATA)
    assert sent.startswith(received)
    assert_ended_properly(receiver)


def unprotected_versions(flight: bytes) -> set[int]:
    """Where the versions of plain records lie: RFC 8446 5.1 wants them ignored."""
    found: set[int] = set()
    start = 0
    while start < len(flight):
        if flight[start] != ContentType.APPLICATION_DATA:
            found |= {start + 1, start + 2}
        start += 5 + int.from_bytes(flight[start + 3 : start + 5])
    return found


@given(
    st.integers(min_value=0),
    st.integers(min_value=1, max_value=255),
    st.integers(min_value=0, max_value=2),
    st.integers(min_value=1, max_value=400),
)
def test_no_changed_byte_leads_to_a_session(
    position: int, change: int, changed_flight: int, piece_bytes: int
) -> None:
    client, server = new_client(), new_server()
    is_harmless = False
    for flight, (sender, receiver) in enumerate(
        [(client, server), (server, client), (client, server)]
    ):
        wire = bytearray(sender.take_outgoing())
        if flight == changed_flight:
            at = position % len(wire)
            is_harmless = at in unprotected_versions(bytes(wire))
            wire[at] ^= change
        feed(receiver, bytes(wire), piece_bytes)
        if not wire:
            break
    assert server.is_established is is_harmless
    assert_ended_properly(server)
    assert_ended_properly(client)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=3))
def test_a_flight_that_is_cut_off_is_waited_for(position: int, repeat: int) -> None:
    client, server = new_client(), new_server()
    hello = client.take_outgoing()
    at = position % len(hello)
    for _ in range(repeat + 1):
        server.receive(b"")
    server.receive(hello[:at])
    assert server.failure is None
    assert server.take_outgoing() == b""
    server.receive(hello[at:])
    assert server.take_outgoing() != b""


def test_a_hello_that_never_ends_is_not_collected() -> None:
    server = new_server()
    head = b"\x01" + (16380).to_bytes(3)
    feed(server, record(22, head) + 100 * record(22, bytes(1000)), 500)
    assert alert_of(server) is Alert.DECODE_ERROR


def test_the_longest_record_is_held_and_no_more() -> None:
    _, server = established()
    feed(server, b"\x17\x03\x03" + MAX_CIPHERTEXT_BYTES.to_bytes(2), 1)
    feed(server, bytes(MAX_CIPHERTEXT_BYTES - 1), 1000)
    assert alert_of(server) is None
    feed(server, bytes(1_000_000), 1000)
    assert alert_of(server) is Alert.BAD_RECORD_MAC
    assert not server._records._incoming
