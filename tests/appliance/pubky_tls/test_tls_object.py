"""The shape of `ssl.SSLObject`, driven by hand through memory buffers."""

import ssl
from dataclasses import dataclass

import pytest

from appliance.pubky.keys import PublicKey
from appliance.pubky_tls.context import TlsContext, client_context, server_context
from appliance.pubky_tls.handshakes import TlsLimits
from appliance.pubky_tls.tls_object import TlsObject
from tests.support.tls_dialogues import (
    KEYPAIR,
    OTHER_KEYPAIR,
    SERVER_NAME,
    a_hello,
    handshake_record,
    record,
)


def no_time() -> float:
    return 0.0


def server_side(limits: TlsLimits | None = None) -> TlsContext:
    return server_context(KEYPAIR, limits, no_time)


@dataclass
class End:
    """One TLS object with its two buffers."""

    tls: TlsObject
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO

    @classmethod
    def of(cls, context: TlsContext, *, is_server: bool) -> "End":
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        return cls(context.wrap_bio(incoming, outgoing, is_server), incoming, outgoing)


@pytest.fixture
def context() -> TlsContext:
    return server_side()


@pytest.fixture
def server(context: TlsContext) -> End:
    return End.of(context, is_server=True)


@pytest.fixture
def client() -> End:
    accepted = client_context({KEYPAIR.public_key}, SERVER_NAME, no_time)
    return End.of(accepted, is_server=False)


def carry(sender: End, receiver: End) -> None:
    receiver.incoming.write(sender.outgoing.read())


def shake_hands(client: End, server: End) -> None:
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    carry(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.do_handshake()
    carry(server, client)
    client.tls.do_handshake()
    carry(client, server)
    server.tls.do_handshake()


def test_a_handshake_wants_to_read_until_it_is_done(
    client: End, server: End, context: TlsContext
) -> None:
    shake_hands(client, server)
    assert context.counters.handshakes == 1
    assert context.counters.handshaking == 0
    server.tls.do_handshake()
    assert context.counters.handshakes == 1


def test_data_is_read_in_any_size(client: End, server: End) -> None:
    shake_hands(client, server)
    assert client.tls.write(b"0123456789") == 10
    carry(client, server)
    assert server.tls.read(4) == b"0123"
    assert server.tls.pending() == 6
    buffer = bytearray(4)
    assert server.tls.read(4, memoryview(buffer)) == 4
    assert buffer == b"4567"
    assert server.tls.read(1024) == b"89"
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.read(1024)


def test_data_that_came_with_the_handshake_is_not_lost(client: End, server: End) -> None:
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.do_handshake()
    carry(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.do_handshake()
    carry(server, client)
    client.tls.do_handshake()
    client.tls.write(b"early bird")
    carry(client, server)
    server.tls.do_handshake()
    assert server.tls.read(1024) == b"early bird"


def test_it_says_what_it_is(client: End, server: End, context: TlsContext) -> None:
    shake_hands(client, server)
    assert server.tls.version() == "TLSv1.3"
    assert server.tls.cipher() == ("TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", 256)
    assert server.tls.context is context
    assert server.tls.server_side
    assert not client.tls.server_side
    assert client.tls.session is None


def test_bytes_of_the_wire_are_counted(client: End, server: End, context: TlsContext) -> None:
    shake_hands(client, server)
    before = context.counters.sent_bytes
    server.tls.write(bytes(1000))
    assert context.counters.sent_bytes - before == 1000 + 5 + 1 + 16
    before = context.counters.received_bytes
    client.tls.write(bytes(100))
    carry(client, server)
    server.tls.read(1024)
    assert context.counters.received_bytes - before == 100 + 5 + 1 + 16


# --- Goodbyes


def test_a_goodbye_is_the_end_of_the_stream(client: End, server: End) -> None:
    shake_hands(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    carry(client, server)
    assert server.tls.read(1024) == b""
    assert server.tls.read(1024, bytearray(10)) == 0
    assert server.tls.is_closed_by_peer
    server.tls.unwrap()
    carry(server, client)
    client.tls.unwrap()
    assert client.tls.is_closed_by_peer


def test_an_end_without_a_goodbye_is_an_error(client: End, server: End) -> None:
    shake_hands(client, server)
    client.tls.write(b"half")
    carry(client, server)
    server.incoming.write_eof()
    assert server.tls.read(1024) == b"half"
    with pytest.raises(ssl.SSLEOFError):
        server.tls.read(1024)
    with pytest.raises(ssl.SSLEOFError):
        server.tls.unwrap()
    assert not server.tls.is_closed_by_peer


def test_what_was_not_sent_yet_is_waited_for(client: End, server: End) -> None:
    # asyncio closes the socket when `unwrap` returns.
    shake_hands(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        client.tls.unwrap()
    carry(client, server)
    server.tls.write(b"the answer")
    assert server.tls.read(1024) == b""
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    carry(server, client)
    server.tls.unwrap()
    assert client.tls.read(1024) == b"the answer"


def test_what_comes_after_our_goodbye_is_dropped(client: End, server: End) -> None:
    shake_hands(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    client.tls.write(b"still here")
    carry(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    assert server.tls.pending() == 0


def test_nothing_is_written_after_a_goodbye(client: End, server: End) -> None:
    shake_hands(client, server)
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.unwrap()
    with pytest.raises(ssl.SSLError, match="closed"):
        server.tls.write(b"more")


# --- Failures


def test_a_refused_client_gets_its_alert_first(server: End, context: TlsContext) -> None:
    server.incoming.write(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ssl.SSLWantReadError):
        server.tls.do_handshake()
    assert server.outgoing.read() == b"\x15\x03\x03\x00\x02\x02\x0a"
    assert context.counters.refused == {"unexpected_message": 1}
    assert context.counters.handshaking == 1
    with pytest.raises(ssl.SSLError, match="no TLS record"):
        server.tls.do_handshake()
    assert context.counters.refused == {"unexpected_message": 1}
    assert context.counters.handshaking == 0


def test_a_client_that_gave_up_is_let_go_at_once(server: End, context: TlsContext) -> None:
    server.incoming.write(handshake_record(a_hello().to_bytes()) + record(21, b"\x02\x2a"))
    with pytest.raises(ssl.SSLError, match="alert 42"):
        server.tls.do_handshake()
    assert context.counters.refused == {"peer_alert": 1}
    assert context.counters.handshaking == 0


def test_a_client_that_meets_another_key_is_told_at_once(server: End) -> None:
    picky = client_context({OTHER_KEYPAIR.public_key}, SERVER_NAME, no_time)
    client = End.of(picky, is_server=False)
    with pytest.raises(ssl.SSLCertVerificationError, match=KEYPAIR.public_key.z32):
        shake_hands(client, server)
    assert picky.counters.refused == {"refused_key": 1}


def test_an_end_in_the_handshake_is_an_error(server: End) -> None:
    server.incoming.write(handshake_record(a_hello().to_bytes())[:100])
    server.incoming.write_eof()
    with pytest.raises(ssl.SSLEOFError):
        server.tls.do_handshake()


def test_a_bad_record_ends_the_stream_with_an_alert(
    client: End, server: End, context: TlsContext
) -> None:
    shake_hands(client, server)
    client.tls.write(b"good")
    carry(client, server)
    server.incoming.write(record(23, bytes(40)))
    server.outgoing.read()
    # asyncio sends what is in the buffer when the stream ends, not when it fails.
    assert server.tls.read(1024) == b"good"
    assert server.tls.read(1024) == b""
    assert server.tls.failure is not None
    assert context.counters.broken == {"bad_record_mac": 1}
    carry(server, client)
    assert client.tls.read(1024) == b""
    assert client.tls.failure is not None
    with pytest.raises(ssl.SSLError, match="does not belong"):
        server.tls.write(b"more")
    server.tls.unwrap()
    assert context.counters.broken == {"bad_record_mac": 1}


def test_one_handshake_too_many_is_cut_off() -> None:
    context = server_side(TlsLimits(max_handshakes=1))
    first, second = (End.of(context, is_server=True) for _ in range(2))
    with pytest.raises(ssl.SSLWantReadError):
        first.tls.do_handshake()
    with pytest.raises(ssl.SSLError, match="too many"):
        second.tls.do_handshake()
    assert context.counters.refused == {"too_many": 1}


def test_a_handshake_that_is_dropped_gives_its_place_back() -> None:
    context = server_side()
    end = End.of(context, is_server=True)
    with pytest.raises(ssl.SSLWantReadError):
        end.tls.do_handshake()
    assert context.counters.handshaking == 1
    del end
    assert context.counters.handshaking == 0
    assert context.counters.refused == {"abandoned": 1}


# --- Contexts


def test_a_context_serves_or_calls(context: TlsContext) -> None:
    with pytest.raises(ValueError, match="not both"):
        End.of(context, is_server=False)
    calls = client_context({KEYPAIR.public_key}, SERVER_NAME, no_time)
    with pytest.raises(ValueError, match="not both"):
        End.of(calls, is_server=True)


def test_openssl_never_serves_in_our_place(context: TlsContext) -> None:
    with pytest.raises(NotImplementedError):
        context.wrap_socket()


def test_a_predicate_may_accept_keys(server: End) -> None:
    def accepts(key: PublicKey) -> bool:
        return key == KEYPAIR.public_key

    client = End.of(client_context(accepts, SERVER_NAME, no_time), is_server=False)
    shake_hands(client, server)


def test_two_contexts_count_for_themselves(client: End, server: End) -> None:
    other = server_side()
    shake_hands(client, server)
    assert other.counters.handshakes == 0
