"""What the client half takes from a server, and with which alert it refuses the rest."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from appliance.pubky_tls.alerts import Alert
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.key_exchange import EphemeralKey
from appliance.pubky_tls.messages import (
    RETRY_RANDOM,
    Extension,
    HandshakeType,
    ServerHello,
    certificate_to_bytes,
    certificate_verify_to_bytes,
    encrypted_extensions_to_bytes,
    host_name_list,
    key_share_entry,
)
from tests.support.tls_dialogues import (
    KEYPAIR,
    OTHER_KEYPAIR,
    SERVER_NAME,
    alert_of,
    converse,
    hello_of,
    instead,
    new_client,
    new_server,
    tampering_server,
)

RAW = b"\x02"


def answered(kind: HandshakeType, change: Callable[[bytes], bytes]) -> Connection:
    """A client that has met a server with one changed message."""
    client, server = new_client(), tampering_server(instead(kind, change))
    converse(client, server)
    assert not client.is_established
    return client


def after_server_hello(change: Callable[[ServerHello], ServerHello]) -> Alert | None:
    return alert_of(
        answered(
            HandshakeType.SERVER_HELLO,
            lambda message: change(ServerHello.from_bytes(message)).to_bytes(),
        )
    )


def after_extensions(extensions: Mapping[int, bytes]) -> Alert | None:
    return alert_of(
        answered(
            HandshakeType.ENCRYPTED_EXTENSIONS,
            lambda _: encrypted_extensions_to_bytes(extensions),
        )
    )


def test_a_wrong_key_is_refused_before_anything_is_sent() -> None:
    client, server = new_client(expects=OTHER_KEYPAIR), new_server()
    server.receive(client.take_outgoing())
    client.receive(server.take_outgoing())
    assert alert_of(client) is Alert.CERTIFICATE_UNKNOWN
    assert client.failure is not None
    assert client.failure.reason == "refused_key"
    server.receive(client.take_outgoing())
    assert server.failure is not None
    assert server.failure.reason == "peer_alert"


@pytest.mark.parametrize("name", [SERVER_NAME, KEYPAIR.public_key.z32])
def test_the_hello_names_the_server(name: str) -> None:
    hello = hello_of(new_client(server_name=name))
    assert hello.extensions[Extension.SERVER_NAME] == host_name_list(name)
    assert host_name_list(name) == (
        (len(name) + 3).to_bytes(2) + b"\0" + len(name).to_bytes(2) + name.encode()
    )


def test_the_hello_may_name_nobody() -> None:
    assert Extension.SERVER_NAME not in hello_of(new_client(server_name="")).extensions


def test_two_hellos_share_nothing_secret() -> None:
    first, second = hello_of(new_client()), hello_of(new_client())
    assert first.random != second.random
    assert first.extensions[Extension.KEY_SHARE] != second.extensions[Extension.KEY_SHARE]


@pytest.mark.parametrize("extensions", [{}, {Extension.SERVER_NAME: b""}])
def test_a_server_must_say_that_its_key_is_raw(extensions: dict[int, bytes]) -> None:
    assert after_extensions(extensions) is Alert.UNSUPPORTED_CERTIFICATE


def test_a_server_may_not_choose_x509() -> None:
    chosen: dict[int, bytes] = {Extension.SERVER_CERTIFICATE_TYPE: b"\0"}
    assert after_extensions(chosen) is Alert.UNSUPPORTED_CERTIFICATE


def test_a_server_may_confirm_the_name() -> None:
    extensions: dict[int, bytes] = {
        Extension.SERVER_NAME: b"",
        Extension.SERVER_CERTIFICATE_TYPE: RAW,
    }
    # It fails only later, at the signature over the changed handshake.
    assert after_extensions(extensions) is Alert.DECRYPT_ERROR


def test_an_answer_that_nobody_asked_for_is_refused() -> None:
    extensions: dict[int, bytes] = {
        Extension.COOKIE: b"\0\x01x",
        Extension.SERVER_CERTIFICATE_TYPE: RAW,
    }
    assert after_extensions(extensions) is Alert.UNSUPPORTED_EXTENSION


def test_an_answer_in_the_wrong_message_is_refused() -> None:
    extensions: dict[int, bytes] = {
        Extension.KEY_SHARE: b"",
        Extension.SERVER_CERTIFICATE_TYPE: RAW,
    }
    assert after_extensions(extensions) is Alert.ILLEGAL_PARAMETER


@pytest.mark.parametrize(
    ("change", "alert"),
    [
        (lambda hello: replace(hello, cipher_suite=0x1301), Alert.ILLEGAL_PARAMETER),
        (lambda hello: replace(hello, session_id=bytes(32)), Alert.ILLEGAL_PARAMETER),
        (lambda hello: replace(hello, random=RETRY_RANDOM), Alert.HANDSHAKE_FAILURE),
        (lambda hello: replace(hello, extensions={}), Alert.PROTOCOL_VERSION),
        (
            lambda hello: replace(
                hello, extensions={**hello.extensions, Extension.SUPPORTED_VERSIONS: b"\x03\x03"}
            ),
            Alert.PROTOCOL_VERSION,
        ),
        (
            lambda hello: replace(hello, extensions={Extension.SUPPORTED_VERSIONS: b"\x03\x04"}),
            Alert.MISSING_EXTENSION,
        ),
        (
            lambda hello: replace(
                hello, extensions={**hello.extensions, Extension.SERVER_CERTIFICATE_TYPE: RAW}
            ),
            Alert.ILLEGAL_PARAMETER,
        ),
        (
            lambda hello: replace(
                hello, extensions={**hello.extensions, Extension.PRE_SHARED_KEY: b"\0\0"}
            ),
            Alert.UNSUPPORTED_EXTENSION,
        ),
        (
            lambda hello: replace(
                hello,
                extensions={
                    **hello.extensions,
                    Extension.KEY_SHARE: b"\x00\x17" + key_share_entry(EphemeralKey().share)[2:],
                },
            ),
            Alert.ILLEGAL_PARAMETER,
        ),
        (
            lambda hello: replace(
                hello,
                extensions={**hello.extensions, Extension.KEY_SHARE: key_share_entry(bytes(32))},
            ),
            Alert.ILLEGAL_PARAMETER,
        ),
    ],
    ids=[
        "suite",
        "session id",
        "retry",
        "old hello",
        "TLS 1.2",
        "no share",
        "misplaced",
        "unasked",
        "group",
        "low order",
    ],
)
def test_a_server_hello_must_fit_our_offer(
    change: Callable[[ServerHello], ServerHello], alert: Alert
) -> None:
    assert after_server_hello(change) is alert


def test_a_server_hello_may_not_be_of_another_version() -> None:
    client = answered(HandshakeType.SERVER_HELLO, lambda m: m[:4] + b"\x03\x04" + m[6:])
    assert alert_of(client) is Alert.PROTOCOL_VERSION


def test_a_server_hello_may_not_compress() -> None:
    # Behind the version, 32 random bytes, the session id with its length, and the suite.
    at = 4 + 2 + 32 + 33 + 2
    client = answered(HandshakeType.SERVER_HELLO, lambda m: m[:at] + b"\x01" + m[at + 1 :])
    assert alert_of(client) is Alert.ILLEGAL_PARAMETER


def one_entry(key_info: bytes, extensions: bytes = b"") -> bytes:
    return len(key_info).to_bytes(3) + key_info + len(extensions).to_bytes(2) + extensions


def certificate(*entries: bytes, context: bytes = b"") -> bytes:
    block = b"".join(entries)
    body = len(context).to_bytes(1) + context + len(block).to_bytes(3) + block
    return b"\x0b" + len(body).to_bytes(3) + body


KEY_INFO = certificate_to_bytes(KEYPAIR.public_key)[4 + 1 + 3 + 3 : -2]
X25519_KEY_INFO = bytes.fromhex("302a300506032b656e032100") + KEYPAIR.public_key.raw
NOT_A_POINT = b"\x02" + bytes(31)


@pytest.mark.parametrize(
    ("message", "alert"),
    [
        (certificate(one_entry(KEY_INFO), one_entry(KEY_INFO)), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(KEY_INFO[:12] + NOT_A_POINT)), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(KEY_INFO[:-1])), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(KEY_INFO + b"\0")), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(b"\x30\x82" + bytes(300))), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(X25519_KEY_INFO)), Alert.BAD_CERTIFICATE),
        (certificate(one_entry(KEY_INFO), context=b"x"), Alert.ILLEGAL_PARAMETER),
        (certificate(one_entry(KEY_INFO, b"\0\x05\0\0")), Alert.UNSUPPORTED_EXTENSION),
        (certificate(), Alert.DECODE_ERROR),
        (certificate(one_entry(KEY_INFO))[:-1], Alert.DECODE_ERROR),
    ],
    ids=[
        "two",
        "no point",
        "short",
        "long",
        "X.509",
        "X25519",
        "context",
        "extensions",
        "none",
        "cut",
    ],
)
def test_a_certificate_is_one_raw_key(message: bytes, alert: Alert) -> None:
    assert alert_of(answered(HandshakeType.CERTIFICATE, lambda _: message)) is alert


def test_somebody_elses_key_without_its_signature_is_refused() -> None:
    # The server shows the key that the client expects, and signs with its own.
    shown = certificate_to_bytes(OTHER_KEYPAIR.public_key)
    client = new_client(expects=OTHER_KEYPAIR)
    converse(client, tampering_server(instead(HandshakeType.CERTIFICATE, lambda _: shown)))
    assert alert_of(client) is Alert.DECRYPT_ERROR


def test_a_signature_over_another_handshake_is_refused() -> None:
    signature = KEYPAIR.sign(b"something else")
    client = answered(
        HandshakeType.CERTIFICATE_VERIFY, lambda _: certificate_verify_to_bytes(signature)
    )
    assert alert_of(client) is Alert.DECRYPT_ERROR


@pytest.mark.parametrize(
    "change",
    [lambda m: m[:4] + b"\x04\x03" + m[6:], lambda _: b"\x0f\0\0\x04\x08\x07\0\0"],
    ids=["scheme", "empty"],
)
def test_a_signature_of_another_kind_is_refused(change: Callable[[bytes], bytes]) -> None:
    client = answered(HandshakeType.CERTIFICATE_VERIFY, change)
    assert alert_of(client) is Alert.ILLEGAL_PARAMETER


def test_a_wrong_finished_of_the_server_is_refused() -> None:
    client = answered(HandshakeType.FINISHED, lambda m: m[:-1] + bytes([m[-1] ^ 128]))
    assert alert_of(client) is Alert.DECRYPT_ERROR


@pytest.mark.parametrize(
    "kind",
    [
        HandshakeType.ENCRYPTED_EXTENSIONS,
        HandshakeType.CERTIFICATE,
        HandshakeType.CERTIFICATE_VERIFY,
    ],
)
def test_no_message_may_be_left_out(kind: HandshakeType) -> None:
    assert alert_of(answered(kind, lambda _: b"")) is Alert.UNEXPECTED_MESSAGE


def test_a_request_for_a_client_certificate_is_refused() -> None:
    request = b"\x0d\0\0\x03\0\0\0"
    client = answered(HandshakeType.ENCRYPTED_EXTENSIONS, lambda m: m + request)
    assert alert_of(client) is Alert.UNEXPECTED_MESSAGE
