"""PubkyTLS: messages, and both machines, talked to by strangers who know more or less of TLS."""

from collections.abc import Container, Iterator
from contextlib import suppress

from appliance.pubky_tls import messages
from appliance.pubky_tls.alerts import TlsError
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.messages import MAX_MESSAGE_BYTES, ClientHello, HandshakeType, ServerHello
from appliance.pubky_tls.records import HEADER_BYTES, MAX_CIPHERTEXT_BYTES, ContentType
from tests.fuzz.target import Target, as_steps, steps
from tests.support.tls_dialogues import (
    KEYPAIR,
    Tamper,
    a_hello,
    established,
    handshake_record,
    new_client,
    new_server,
    split,
    tampering_client,
    tampering_server,
)

# Two flights and an alert.
MOST_ANSWER_BYTES = 4096
MOST_HELD_BYTES = MAX_CIPHERTEXT_BYTES + HEADER_BYTES


def feed_messages(data: bytes) -> None:
    """Every parser of a handshake message; what it understood it reads again from our bytes."""
    for read in (
        messages.encrypted_extensions_from_bytes,
        messages.certificate_from_bytes,
        messages.certificate_verify_from_bytes,
        messages.key_update_from_bytes,
        messages.key_shares,
        _numbers,
    ):
        with suppress(TlsError):
            read(data)
    for kind in (ClientHello, ServerHello):
        with suppress(TlsError):
            hello = kind.from_bytes(data)
            assert kind.from_bytes(hello.to_bytes()) == hello
            assert len(hello.to_bytes()) <= len(data) + 2
    with suppress(TlsError):
        key = messages.certificate_from_bytes(data)
        # But for the message's kind, which its reader does not look at, there is one spelling.
        assert messages.certificate_to_bytes(key)[4:] == data[4:]


def _numbers(data: bytes) -> None:
    for length_size, size in ((1, 1), (1, 2), (2, 2)):
        with suppress(TlsError):
            messages.numbers(data, length_size, size)


def feed_server(data: bytes) -> None:
    """Somebody who cannot do the key exchange: whatever he sends, he is not let in."""
    machine = new_server()
    _hear_pieces(machine, data)
    assert not machine.is_established


def feed_client(data: bytes) -> None:
    """A server that we called and that is none."""
    machine = new_client()
    machine.take_outgoing()
    _hear_pieces(machine, data)
    assert not machine.is_established


def feed_liars(data: bytes) -> None:
    """Each side talks to one that does the key exchange and then says something else.

    A step names a handshake message by its kind, and what is sent in its place: a message of this
    kind with this content, or with the highest bit these very bytes.
    """
    lies = {step.kind & 0x7F: step for step in steps(data)}
    told: list[HandshakeType] = []

    def lie(kind: HandshakeType, message: bytes) -> bytes:
        step = lies.get(kind)
        if step is None:
            return message
        head = b"" if step.kind & 0x80 else kind.to_bytes() + len(step.content).to_bytes(3)
        if head + step.content != message:
            told.append(kind)
        return head + step.content

    client, server = _lying_pair(lie, lies)
    for _ in range(3):
        server.receive(client.take_outgoing())
        _check(server)
        client.receive(server.take_outgoing())
        _check(client)
    assert not (client.is_established and server.is_established and told)


def _lying_pair(lie: Tamper, lies: Container[int]) -> tuple[Connection, Connection]:
    if HandshakeType.CLIENT_HELLO in lies or HandshakeType.FINISHED in lies:
        return tampering_client(lie), new_server()
    return new_client(), tampering_server(lie)


def feed_insiders(data: bytes) -> None:
    """After the handshake, one side sends records of any kind under the right keys.

    The lowest bit of a step's kind says who sends, the rest of which kind the record is.
    """
    client, server = established()
    for step in steps(data):
        here, there = (client, server) if step.kind & 1 else (server, client)
        if here.failure is not None or here.is_closed:
            continue
        is_listening = there.failure is None and not there.is_closed_by_peer
        said = _say(here, step.kind >> 1, step.content)
        heard = there.receive(here.take_outgoing())
        assert heard == said if is_listening and there.failure is None else said.startswith(heard)
        _check(there)


def _say(machine: Connection, kind: int, content: bytes) -> bytes:
    """Send something; returns the data that the other side must hear if it stays."""
    kinds = tuple(ContentType)
    if kind % 8 == 5:
        machine.update_keys(asks_peer=bool(content))
    elif kind % 8 == 6:
        machine.close()
    elif kind % 8 == 7:
        machine.send(content)
        return content
    else:
        writing = machine._records._writing
        assert writing is not None
        machine._records._outgoing += writing.seal(kinds[kind % 4], content)
        return content if kinds[kind % 4] is ContentType.APPLICATION_DATA else b""
    return b""


def feed_line(data: bytes) -> None:
    """Two honest sides whose bytes are changed on their way: no change goes unnoticed."""
    client, server = new_client(), new_server()
    changes = iter(data)
    is_changed = False
    for _ in range(3):
        for here, there in ((client, server), (server, client)):
            sent = here.take_outgoing()
            arriving = _changed(sent, changes)
            is_changed |= arriving != sent
            there.receive(arriving)
            _check(there)
    if client.is_established and server.is_established:
        client.send(b"hello")
        assert server.receive(client.take_outgoing()) in (b"hello", b"")
    elif not is_changed:
        raise AssertionError("an honest handshake has failed")


def _changed(data: bytes, changes: Iterator[int]) -> bytes:
    changed = bytearray(data)
    for place in changes:
        if place == 0 or not changed:
            break
        at = (place << 8 | next(changes, 0)) % len(changed)
        changed[at] ^= next(changes, 1)
    return bytes(changed)


def _hear_pieces(machine: Connection, data: bytes) -> None:
    for step in steps(data):
        assert machine.receive(step.content) == b""
        _check(machine)


def _check(machine: Connection) -> None:
    """What it holds and what it is about to send is bounded."""
    records = machine._records
    assert len(records._incoming) - records._taken <= MOST_HELD_BYTES
    assert len(records.handshake_bytes) <= MAX_MESSAGE_BYTES
    assert sum(map(len, records._outgoing)) <= MOST_ANSWER_BYTES
    if machine.failure is not None:
        assert machine._steps is None
        assert records._reading is None


def _flights() -> tuple[bytes, bytes]:
    client, server = new_client(), new_server()
    hello = client.take_outgoing()
    server.receive(hello)
    return hello, server.take_outgoing()


def _message_seeds() -> list[bytes]:
    hello, flight = _flights()
    signature = KEYPAIR.sign(messages.signed_content(bytes(32)))
    length = int.from_bytes(flight[3:5], "big")
    return [
        hello[5:],
        *split(flight[5 : 5 + length]),
        messages.certificate_to_bytes(KEYPAIR.public_key),
        messages.certificate_verify_to_bytes(signature),
        messages.encrypted_extensions_to_bytes({20: b"\2", 0: b""}),
        messages.key_update_to_bytes(asks_peer=True),
        a_hello().extensions[messages.Extension.KEY_SHARE],
    ]


def _in_pieces(whole: bytes) -> list[bytes]:
    return [as_steps((0, whole)), as_steps((0, whole[:7]), (0, whole[7:]))]


def _server_seeds() -> list[bytes]:
    hello, _ = _flights()
    halves = handshake_record(hello[5:50]) + handshake_record(hello[50:])
    return [*_in_pieces(hello), *_in_pieces(halves), *_in_pieces(hello + b"\x14\3\3\0\1\1")]


def _client_seeds() -> list[bytes]:
    return _in_pieces(_flights()[1])


def _liar_seeds() -> list[bytes]:
    whole = _message_seeds()[:-1]
    framed = [as_steps((message[0], message[4:])) for message in whole]
    return framed + [as_steps((0x80 | message[0], message)) for message in whole]


TARGETS: dict[str, Target] = {
    "tls-messages": Target(feed_messages, _message_seeds),
    "tls-server": Target(feed_server, _server_seeds),
    "tls-client": Target(feed_client, _client_seeds),
    "tls-liars": Target(feed_liars, _liar_seeds),
    "tls-insiders": Target(
        feed_insiders,
        lambda: [
            as_steps(
                (15, b"hello"), (14, b"there"), (11, b""), (15, b"again"), (10, b"x"), (13, b"")
            ),
            as_steps((2, b"\1\0"), (3, b"\1\0"), (5, b"\x18\0\0\1\0"), (7, b""), (0, b"\1")),
            as_steps((4, b"\4\0\0\5\0\0\0\0\0"), (6, b"data"), (7, b"data")),
        ],
    ),
    "tls-line": Target(feed_line, lambda: [bytes(8), b"\1\5\1\0\0\0", b"\0\1\200\1\0"]),
}
