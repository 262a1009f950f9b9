"""Handshake messages: any bytes give a value or a refusal, and values survive the wire."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky_tls import messages
from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.messages import ClientHello, ServerHello
from tests.support.tls_dialogues import KEYPAIR, a_hello
from tests.support.vectors import load_vectors

TRACE = load_vectors("rfc8448")["messages"]
HEADER = bytes(4)

extension_blocks = st.dictionaries(
    st.integers(min_value=0, max_value=0xFFFF), st.binary(max_size=40), max_size=6
)
randoms = st.binary(min_size=32, max_size=32)
session_ids = st.binary(max_size=32)
suites = st.integers(min_value=0, max_value=0xFFFF)

PARSERS: list[Callable[[bytes], object]] = [
    ClientHello.from_bytes,
    ServerHello.from_bytes,
    messages.encrypted_extensions_from_bytes,
    messages.certificate_from_bytes,
    messages.certificate_verify_from_bytes,
    messages.key_update_from_bytes,
    messages.key_shares,
    lambda data: messages.numbers(data, 2, 2),
    lambda data: messages.numbers(data, 1, 1),
]
MESSAGES = [
    a_hello().to_bytes(),
    bytes.fromhex(TRACE["client_hello"]),
    bytes.fromhex(TRACE["server_hello"]),
    bytes.fromhex(TRACE["encrypted_extensions"]),
    messages.certificate_to_bytes(KEYPAIR.public_key),
    messages.certificate_verify_to_bytes(bytes(64)),
    messages.key_update_to_bytes(asks_peer=True),
    b"\0\x24\0\x1d\0\x20" + bytes(32),
    b"\0\x04\0\x1d\0\x17",
]


@given(
    st.builds(
        ClientHello,
        randoms,
        session_ids,
        st.lists(suites, min_size=1, max_size=9).map(tuple),
        st.binary(max_size=4),
        extension_blocks,
    )
)
def test_a_client_hello_survives_the_wire(hello: ClientHello) -> None:
    again = ClientHello.from_bytes(hello.to_bytes())
    assert again == hello
    assert list(again.extensions) == list(hello.extensions)


@given(st.builds(ServerHello, randoms, session_ids, suites, extension_blocks))
def test_a_server_hello_survives_the_wire(hello: ServerHello) -> None:
    assert ServerHello.from_bytes(hello.to_bytes()) == hello


@given(extension_blocks)
def test_encrypted_extensions_survive_the_wire(extensions: dict[int, bytes]) -> None:
    whole = messages.encrypted_extensions_to_bytes(extensions)
    assert messages.encrypted_extensions_from_bytes(whole) == extensions


def test_a_key_survives_the_wire_as_a_certificate() -> None:
    whole = messages.certificate_to_bytes(KEYPAIR.public_key)
    assert messages.certificate_from_bytes(whole) == KEYPAIR.public_key


def test_a_certificate_is_the_bytes_of_the_contract() -> None:
    # Discovery 9.2: no context, one entry of 44 bytes, no extensions.
    whole = messages.certificate_to_bytes(KEYPAIR.public_key)
    spki = bytes.fromhex("302a300506032b6570032100") + KEYPAIR.public_key.raw
    assert whole == b"\x0b\0\0\x35\0\0\0\x31\0\0\x2c" + spki + b"\0\0"


def test_the_encrypted_extensions_are_the_bytes_of_the_contract() -> None:
    whole = messages.encrypted_extensions_to_bytes({20: b"\x02"})
    assert whole == bytes.fromhex("0800000700050014000102")


def test_the_signed_content_is_that_of_the_standard() -> None:
    content = messages.signed_content(b"hash")
    assert content == b"\x20" * 64 + b"TLS 1.3, server CertificateVerify" + b"\0" + b"hash"


def test_the_published_client_hello_is_understood() -> None:
    hello = ClientHello.from_bytes(bytes.fromhex(TRACE["client_hello"]))
    assert hello.cipher_suites == (0x1301, 0x1303, 0x1302)
    assert list(hello.extensions) == [0, 0xFF01, 10, 35, 51, 43, 13, 45, 28]
    assert hello.to_bytes().hex() == TRACE["client_hello"]


def test_the_published_server_hello_is_understood() -> None:
    hello = ServerHello.from_bytes(bytes.fromhex(TRACE["server_hello"]))
    assert hello.cipher_suite == 0x1301
    assert hello.to_bytes().hex() == TRACE["server_hello"]


@pytest.mark.parametrize("asks_peer", [True, False])
def test_a_key_update_survives_the_wire(asks_peer: bool) -> None:
    whole = messages.key_update_to_bytes(asks_peer=asks_peer)
    assert messages.key_update_from_bytes(whole) is asks_peer


@pytest.mark.parametrize("parser", PARSERS)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_value_or_a_refusal(
    parser: Callable[[bytes], object], data: bytes
) -> None:
    with suppress(TlsError):
        parser(HEADER + data)


@pytest.mark.parametrize("parser", PARSERS)
@given(st.sampled_from(MESSAGES), st.integers(min_value=0), st.binary(max_size=4), st.booleans())
def test_nearly_right_bytes_give_a_value_or_a_refusal(
    parser: Callable[[bytes], object], message: bytes, position: int, patch: bytes, cut: bool
) -> None:
    at = position % len(message)
    rest = b"" if cut else message[at + len(patch) :]
    with suppress(TlsError):
        parser(message[:at] + patch + rest)


@pytest.mark.parametrize(
    ("parser", "message"), list(zip(PARSERS, [MESSAGES[0], *MESSAGES[2:]], strict=False))
)
def test_a_message_that_is_too_short_or_too_long_is_refused(
    parser: Callable[[bytes], object], message: bytes
) -> None:
    parser(message)
    for wrong in (message[:-1], message + b"\0"):
        with pytest.raises(TlsError) as caught:
            parser(wrong)
        assert caught.value.alert is Alert.DECODE_ERROR


@pytest.mark.parametrize("content", [b"\0\0", b"\0\x03\0\x1d\0", b"\0\x02\0\x1d\0"])
def test_impossible_lists_of_numbers_are_refused(content: bytes) -> None:
    with pytest.raises(TlsError) as caught:
        messages.numbers(content, 2, 2)
    assert caught.value.alert is Alert.DECODE_ERROR


@pytest.mark.parametrize("suites_block", [b"\0\0", b"\0\x03\x13\x03\0"])
def test_impossible_lists_of_suites_are_refused(suites_block: bytes) -> None:
    body = b"\x03\x03" + bytes(32) + b"\0" + suites_block + b"\x01\0\0\0"
    with pytest.raises(TlsError) as caught:
        ClientHello.from_bytes(HEADER + body)
    assert caught.value.alert is Alert.DECODE_ERROR


def test_a_session_id_of_33_bytes_is_refused() -> None:
    body = b"\x03\x03" + bytes(32) + b"\x21" + bytes(33) + b"\0\x02\x13\x03\x01\0\0\0"
    with pytest.raises(TlsError) as caught:
        ClientHello.from_bytes(HEADER + body)
    assert caught.value.alert is Alert.DECODE_ERROR


def test_a_key_update_asks_for_one_or_not() -> None:
    with pytest.raises(TlsError) as caught:
        messages.key_update_from_bytes(b"\x18\0\0\x01\x02")
    assert caught.value.alert is Alert.ILLEGAL_PARAMETER
