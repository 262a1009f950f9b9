"""The two machines of PubkyTLS in memory, and ways to make one of them say something wrong."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from appliance.pubky.keys import Keypair
from appliance.pubky_tls.alerts import Alert
from appliance.pubky_tls.client_handshake import client_handshake
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.messages import ClientHello, Extension, HandshakeType
from appliance.pubky_tls.records import ContentType, Data, RecordLayer
from appliance.pubky_tls.server_handshake import server_handshake

KEYPAIR = Keypair(bytes(32))
OTHER_KEYPAIR = Keypair(bytes(31) + b"\x01")
SERVER_NAME = f"_pubky.{KEYPAIR.public_key.z32}"

Tamper = Callable[[HandshakeType, bytes], bytes]
"""Given the kind of a handshake message and the whole message; returns what is sent instead."""


class TamperingRecords(RecordLayer):
    """A record layer that changes handshake messages on their way out."""

    def __init__(self, tamper: Tamper) -> None:
        super().__init__()
        self._tamper = tamper

    def write(self, content_type: ContentType, data: Data) -> None:
        """As the original, with the changed messages."""
        if content_type is ContentType.HANDSHAKE:
            data = b"".join(
                self._tamper(HandshakeType(message[0]), message) for message in split(bytes(data))
            )
        super().write(content_type, data)


def split(flight: bytes) -> list[bytes]:
    """The handshake messages that follow each other in some bytes."""
    messages = []
    while flight:
        end = 4 + int.from_bytes(flight[1:4])
        messages.append(flight[:end])
        flight = flight[end:]
    return messages


def new_client(expects: Keypair = KEYPAIR, server_name: str = SERVER_NAME) -> Connection:
    """A client that talks to one server only."""
    return Connection.of_client({expects.public_key}.__contains__, server_name)


def new_server() -> Connection:
    """A server that holds `KEYPAIR`."""
    return Connection.of_server(KEYPAIR)


def tampering_client(tamper: Tamper) -> Connection:
    """Honest apart from the messages that are changed."""
    records = TamperingRecords(tamper)
    steps = client_handshake({KEYPAIR.public_key}.__contains__, SERVER_NAME, records)
    return Connection(records, steps, is_server=False)


def tampering_server(tamper: Tamper) -> Connection:
    """Honest apart from the messages that are changed."""
    records = TamperingRecords(tamper)
    return Connection(records, server_handshake(KEYPAIR, records), is_server=True)


def instead(kind: HandshakeType, change: Callable[[bytes], bytes]) -> Tamper:
    """Changes the messages of one kind."""
    return lambda found, message: change(message) if found is kind else message


def converse(client: Connection, server: Connection) -> None:
    """Carry bytes both ways until neither has any."""
    while True:
        up, down = client.take_outgoing(), server.take_outgoing()
        if not up and not down:
            return
        assert server.receive(up) == b""
        assert client.receive(down) == b""


def established() -> tuple[Connection, Connection]:
    """A client and a server after their handshake."""
    client, server = new_client(), new_server()
    converse(client, server)
    assert client.is_established
    assert server.is_established
    return client, server


def hello_of(client: Connection) -> ClientHello:
    """What the client is about to send."""
    return ClientHello.from_bytes(client.take_outgoing()[5:])


def a_hello() -> ClientHello:
    """The hello of our own client."""
    return hello_of(new_client())


def with_extensions(hello: ClientHello, changes: Mapping[Extension, bytes | None]) -> ClientHello:
    """The same hello with other extensions; None takes one away."""
    extensions = dict(hello.extensions)
    for kind, content in changes.items():
        if content is None:
            del extensions[kind]
        else:
            extensions[kind] = content
    return replace(hello, extensions=extensions)


def handshake_record(message: bytes) -> bytes:
    """One record without protection."""
    return record(ContentType.HANDSHAKE, message)


def record(content_type: int, fragment: bytes) -> bytes:
    """One record without protection."""
    return content_type.to_bytes() + b"\x03\x03" + len(fragment).to_bytes(2) + fragment


def alert_to(hello: ClientHello) -> Alert | None:
    """What a server answers this hello with; None when it goes on with the handshake."""
    server = new_server()
    server.receive(handshake_record(hello.to_bytes()))
    return alert_of(server)


def alert_of(connection: Connection) -> Alert | None:
    """The alert with which a connection has ended; None when it has not."""
    return None if connection.failure is None else connection.failure.alert


def write(connection: Connection, kind: ContentType, data: bytes) -> bytes:
    """Protected bytes that an honest machine would not send."""
    connection._records.write(kind, data)
    return connection.take_outgoing()


def write_empty(connection: Connection, kind: ContentType) -> bytes:
    """A protected record of nothing."""
    writing = connection._records._writing
    assert writing is not None
    return b"".join(writing.seal(kind, b""))
