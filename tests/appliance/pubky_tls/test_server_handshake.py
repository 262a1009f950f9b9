"""What the server takes from a client, and with which alert it refuses the rest (discovery 9.4)."""

from dataclasses import replace

import pytest

from appliance.pubky_tls.alerts import Alert
from appliance.pubky_tls.key_exchange import EphemeralKey
from appliance.pubky_tls.messages import (
    ClientHello,
    Extension,
    HandshakeType,
    finished_to_bytes,
    key_share_entry,
    number_list,
)
from tests.support.tls_dialogues import (
    a_hello,
    alert_of,
    alert_to,
    converse,
    established,
    handshake_record,
    instead,
    new_client,
    new_server,
    record,
    tampering_client,
    with_extensions,
)

P256 = 0x0017
AES_128_GCM = 0x1301
ECDSA_P256 = 0x0403
X509 = 0
GREASE = 0x1A1A


def shares(*entries: bytes) -> bytes:
    block = b"".join(entries)
    return len(block).to_bytes(2) + block


def a_share() -> bytes:
    return key_share_entry(EphemeralKey().share)


def test_a_handshake_succeeds() -> None:
    client, server = established()
    assert client.failure is None
    assert server.failure is None


def test_the_servers_first_flight_is_as_small_as_it_can_be() -> None:
    server = new_server()
    server.receive(handshake_record(a_hello().to_bytes()))
    flight = server.take_outgoing()
    # ServerHello, a ChangeCipherSpec for middleboxes, everything else in one protected record.
    assert flight[:3] == b"\x16\x03\x03"
    server_hello_bytes = 5 + int.from_bytes(flight[3:5])
    rest = flight[server_hello_bytes:]
    assert rest[:6] == b"\x14\x03\x03\x00\x01\x01"
    assert rest[6:9] == b"\x17\x03\x03"
    assert len(rest) == 6 + 5 + int.from_bytes(rest[9:11])


def test_a_client_without_session_id_gets_no_change_cipher_spec() -> None:
    server = new_server()
    server.receive(handshake_record(replace(a_hello(), session_id=b"").to_bytes()))
    flight = server.take_outgoing()
    assert flight[5 + int.from_bytes(flight[3:5])] == 0x17


def test_the_session_id_comes_back() -> None:
    hello = a_hello()
    server = new_server()
    server.receive(handshake_record(hello.to_bytes()))
    assert server.take_outgoing()[5 + 4 + 2 + 32 :].startswith(b"\x20" + hello.session_id)


def test_clients_may_offer_more_than_we_speak() -> None:
    hello = a_hello()
    rich = with_extensions(
        replace(hello, cipher_suites=(GREASE, 0x1302, 0x1301, 0x1303, 0xC02B)),
        {
            Extension.SUPPORTED_VERSIONS: number_list(1, 2, GREASE, 0x0304, 0x0303),
            Extension.SUPPORTED_GROUPS: number_list(2, 2, GREASE, 0x11EC, 29, P256, 24),
            Extension.SIGNATURE_ALGORITHMS: number_list(2, 2, ECDSA_P256, 0x0807),
            Extension.SERVER_CERTIFICATE_TYPE: number_list(1, 1, X509, 2),
            Extension.KEY_SHARE: shares(
                GREASE.to_bytes(2) + b"\x00\x01\x00",
                P256.to_bytes(2) + b"\0\x41" + bytes(65),
                a_share(),
            ),
        },
    )
    assert alert_to(rich) is None


@pytest.mark.parametrize("content", [None, number_list(1, 1, X509)], ids=["none", "only X.509"])
def test_a_client_that_takes_no_raw_keys_is_told_so(content: bytes | None) -> None:
    hello = with_extensions(a_hello(), {Extension.SERVER_CERTIFICATE_TYPE: content})
    assert alert_to(hello) is Alert.UNSUPPORTED_CERTIFICATE


def test_a_browser_learns_about_certificates_first() -> None:
    # It lacks Ed25519 too; the alert shall name what this port is about.
    hello = with_extensions(
        a_hello(),
        {
            Extension.SERVER_CERTIFICATE_TYPE: None,
            Extension.SIGNATURE_ALGORITHMS: number_list(2, 2, ECDSA_P256),
        },
    )
    assert alert_to(hello) is Alert.UNSUPPORTED_CERTIFICATE


@pytest.mark.parametrize(
    "content", [None, number_list(1, 2, 0x0303), number_list(1, 2, 0x0303, 0x0302)]
)
def test_an_old_tls_is_refused(content: bytes | None) -> None:
    hello = with_extensions(a_hello(), {Extension.SUPPORTED_VERSIONS: content})
    assert alert_to(hello) is Alert.PROTOCOL_VERSION


def test_a_hello_without_any_extension_is_an_old_tls() -> None:
    whole = replace(a_hello(), extensions={}).to_bytes()
    body = whole[4:-2]
    server = new_server()
    server.receive(handshake_record(b"\x01" + len(body).to_bytes(3) + body))
    assert alert_of(server) is Alert.PROTOCOL_VERSION


def test_another_cipher_suite_is_not_enough() -> None:
    assert alert_to(replace(a_hello(), cipher_suites=(AES_128_GCM,))) is Alert.HANDSHAKE_FAILURE


def test_another_signature_scheme_is_not_enough() -> None:
    hello = with_extensions(
        a_hello(), {Extension.SIGNATURE_ALGORITHMS: number_list(2, 2, ECDSA_P256)}
    )
    assert alert_to(hello) is Alert.HANDSHAKE_FAILURE


def test_a_client_that_would_need_a_retry_is_refused() -> None:
    hello = with_extensions(a_hello(), {Extension.KEY_SHARE: shares()})
    assert alert_to(hello) is Alert.HANDSHAKE_FAILURE


def test_a_client_without_our_group_is_refused() -> None:
    hello = with_extensions(
        a_hello(),
        {
            Extension.SUPPORTED_GROUPS: number_list(2, 2, P256),
            Extension.KEY_SHARE: shares(P256.to_bytes(2) + b"\0\x41" + bytes(65)),
        },
    )
    assert alert_to(hello) is Alert.HANDSHAKE_FAILURE


@pytest.mark.parametrize(
    "kind", [Extension.SUPPORTED_GROUPS, Extension.KEY_SHARE, Extension.SIGNATURE_ALGORITHMS]
)
def test_what_tls_1_3_needs_must_be_there(kind: Extension) -> None:
    assert alert_to(with_extensions(a_hello(), {kind: None})) is Alert.MISSING_EXTENSION


# RFC 7748 6.1 and the list of points of low order that every implementation is tested with.
LOW_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
]


@pytest.mark.parametrize("share", LOW_ORDER, ids=range(len(LOW_ORDER)))
def test_a_share_of_low_order_is_refused(share: bytes) -> None:
    hello = with_extensions(a_hello(), {Extension.KEY_SHARE: shares(key_share_entry(share))})
    assert alert_to(hello) is Alert.ILLEGAL_PARAMETER


@pytest.mark.parametrize(
    ("content", "alert"),
    [
        (shares(key_share_entry(b"\x09" * 31)), Alert.ILLEGAL_PARAMETER),
        (shares(key_share_entry(b"\x09" * 33)), Alert.ILLEGAL_PARAMETER),
        (shares(a_share(), a_share()), Alert.ILLEGAL_PARAMETER),
        (shares(a_share(), P256.to_bytes(2) + b"\0\x01\0"), Alert.ILLEGAL_PARAMETER),
        (shares(key_share_entry(b"")), Alert.DECODE_ERROR),
        (shares(a_share()) + b"\0", Alert.DECODE_ERROR),
        (shares(a_share()[:-1]), Alert.DECODE_ERROR),
        (b"", Alert.DECODE_ERROR),
    ],
    ids=["short", "long", "twice", "not offered", "empty", "more", "less", "nothing"],
)
def test_malformed_key_shares_are_refused(content: bytes, alert: Alert) -> None:
    assert alert_to(with_extensions(a_hello(), {Extension.KEY_SHARE: content})) is alert


@pytest.mark.parametrize("kind", list(a_hello().extensions))
def test_an_extension_may_not_come_twice(kind: int) -> None:
    hello = a_hello()
    again = kind.to_bytes(2) + len(hello.extensions[kind]).to_bytes(2) + hello.extensions[kind]
    server = new_server()
    server.receive(handshake_record(longer(hello, again)))
    assert alert_of(server) is Alert.ILLEGAL_PARAMETER


def longer(hello: ClientHello, block: bytes) -> bytes:
    """The hello's message with more bytes at the end of its extensions."""
    whole = hello.to_bytes()
    extensions_bytes = sum(4 + len(content) for content in hello.extensions.values())
    head = whole[4 : len(whole) - extensions_bytes - 2]
    body = head + (extensions_bytes + len(block)).to_bytes(2) + whole[-extensions_bytes:] + block
    return b"\x01" + len(body).to_bytes(3) + body


def test_an_offer_to_resume_leads_to_a_full_handshake() -> None:
    hello = with_extensions(
        a_hello(),
        {
            Extension.PSK_KEY_EXCHANGE_MODES: b"\x01\x01",
            Extension.PRE_SHARED_KEY: b"\0\x07\0\x01x" + bytes(4) + b"\0\x21\x20" + bytes(32),
        },
    )
    assert alert_to(hello) is None


def test_an_offer_to_resume_must_be_the_last_extension() -> None:
    hello = with_extensions(
        a_hello(), {Extension.PRE_SHARED_KEY: b"", Extension.PSK_KEY_EXCHANGE_MODES: b"\x01\x01"}
    )
    assert alert_to(hello) is Alert.ILLEGAL_PARAMETER


def test_an_offer_to_resume_must_say_how() -> None:
    hello = with_extensions(a_hello(), {Extension.PRE_SHARED_KEY: b""})
    assert alert_to(hello) is Alert.MISSING_EXTENSION


def test_a_cookie_that_nobody_gave_is_refused() -> None:
    hello = with_extensions(a_hello(), {Extension.COOKIE: b"\0\x01x"})
    assert alert_to(hello) is Alert.ILLEGAL_PARAMETER


@pytest.mark.parametrize("compressions", [b"", b"\x01", b"\x01\x00", b"\x00\x00"])
def test_compression_is_refused(compressions: bytes) -> None:
    assert alert_to(replace(a_hello(), compressions=compressions)) is Alert.ILLEGAL_PARAMETER


def test_a_wrong_finished_is_refused() -> None:
    tamper = instead(
        HandshakeType.FINISHED, lambda message: message[:-1] + bytes([message[-1] ^ 1])
    )
    client, server = tampering_client(tamper), new_server()
    converse(client, server)
    assert alert_of(server) is Alert.DECRYPT_ERROR
    assert not server.is_established


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_finished_of_another_length_is_refused(length: int) -> None:
    finished = finished_to_bytes(bytes(length))
    client = tampering_client(instead(HandshakeType.FINISHED, lambda _: finished))
    server = new_server()
    converse(client, server)
    assert alert_of(server) is Alert.DECODE_ERROR


def test_a_message_out_of_order_is_refused_at_its_first_byte() -> None:
    server = new_server()
    server.receive(record(22, b"\x0b"))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_a_second_hello_is_refused() -> None:
    client = tampering_client(instead(HandshakeType.FINISHED, lambda _: a_hello().to_bytes()))
    server = new_server()
    converse(client, server)
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


@pytest.mark.parametrize("piece_bytes", [1, 2, 7, 100])
def test_a_hello_may_be_split_over_records(piece_bytes: int) -> None:
    client, server = new_client(), new_server()
    message = client.take_outgoing()[5:]
    for start in range(0, len(message), piece_bytes):
        server.receive(handshake_record(message[start : start + piece_bytes]))
    converse(client, server)
    assert server.is_established


def test_a_hello_with_more_behind_it_is_refused() -> None:
    # What lies behind would be taken for a message under the keys that follow.
    server = new_server()
    server.receive(handshake_record(a_hello().to_bytes() + b"\x14"))
    assert alert_of(server) is Alert.UNEXPECTED_MESSAGE


def test_a_longest_hello_is_taken_and_a_longer_one_refused() -> None:
    hello = a_hello()
    room = 16384 - len(hello.to_bytes()) - 4
    padded = ClientHello(
        hello.random,
        hello.session_id,
        hello.cipher_suites,
        hello.compressions,
        {**hello.extensions, 21: bytes(room)},
    )
    assert len(padded.to_bytes()) == 16384
    assert alert_to(padded) is None
    server = new_server()
    server.receive(record(22, b"\x01" + (16381).to_bytes(3)))
    assert alert_of(server) is Alert.DECODE_ERROR
