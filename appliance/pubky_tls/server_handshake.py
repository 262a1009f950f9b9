"""The server's side of the handshake, written down in the order in which it happens.

A generator: it yields the kind of message that must come next and is sent the whole message.
"""

import hashlib
import hmac
import os
from collections.abc import Generator, Mapping

from appliance.pubky.keys import Keypair
from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.key_exchange import EphemeralKey
from appliance.pubky_tls.key_schedule import (
    application_traffic,
    finished_mac,
    handshake_secret,
    handshake_traffic,
    main_secret,
)
from appliance.pubky_tls.messages import (
    CHACHA20_POLY1305_SHA256,
    ED25519,
    MESSAGE_HEADER_BYTES,
    RANDOM_BYTES,
    RAW_PUBLIC_KEY,
    TLS_1_3,
    X25519,
    ClientHello,
    Extension,
    HandshakeType,
    ServerHello,
    certificate_to_bytes,
    certificate_verify_to_bytes,
    encrypted_extensions_to_bytes,
    finished_to_bytes,
    key_share_entry,
    key_shares,
    numbers,
    signed_content,
)
from appliance.pubky_tls.records import ContentType, RecordLayer

HandshakeSteps = Generator[HandshakeType, bytes, None]

_ENCRYPTED_EXTENSIONS = encrypted_extensions_to_bytes(
    {Extension.SERVER_CERTIFICATE_TYPE: RAW_PUBLIC_KEY.to_bytes()}
)


def server_handshake(keypair: Keypair, records: RecordLayer) -> HandshakeSteps:
    """Prove that we hold `keypair` to whoever asks; raises TlsError."""
    message = yield HandshakeType.CLIENT_HELLO
    hello = ClientHello.from_bytes(message)
    peer_share = _suitable_share(hello)
    key = EphemeralKey()
    handshake = handshake_secret(key.agree(peer_share))
    server_hello = ServerHello(
        os.urandom(RANDOM_BYTES),
        hello.session_id,
        CHACHA20_POLY1305_SHA256,
        {
            Extension.SUPPORTED_VERSIONS: TLS_1_3.to_bytes(2),
            Extension.KEY_SHARE: key_share_entry(key.share),
        },
    ).to_bytes()
    transcript = hashlib.sha256(message + server_hello)
    traffic = handshake_traffic(handshake, transcript.digest())
    records.write(ContentType.HANDSHAKE, server_hello)
    if hello.session_id:
        # RFC 8446 D.4: it says nothing and makes middleboxes believe in an old TLS.
        records.write(ContentType.CHANGE_CIPHER_SPEC, b"\x01")
    records.read_with(traffic.client)
    records.write_with(traffic.server)

    flight = _ENCRYPTED_EXTENSIONS + certificate_to_bytes(keypair.public_key)
    transcript.update(flight)
    signature = keypair.sign(signed_content(transcript.digest()))
    proof = certificate_verify_to_bytes(signature)
    transcript.update(proof)
    finished = finished_to_bytes(finished_mac(traffic.server, transcript.digest()))
    transcript.update(finished)
    records.write(ContentType.HANDSHAKE, flight + proof + finished)
    application = application_traffic(main_secret(handshake), transcript.digest())
    records.write_with(application.server)

    message = yield HandshakeType.FINISHED
    check_finished(message, traffic.client, transcript.digest())
    records.read_with(application.client)


def check_finished(message: bytes, traffic_secret: bytes, transcript_hash: bytes) -> None:
    """Raises TlsError unless the peer has seen the same handshake."""
    expected = finished_mac(traffic_secret, transcript_hash)
    received = message[MESSAGE_HEADER_BYTES:]
    if len(received) != len(expected):
        raise TlsError(Alert.DECODE_ERROR, "a Finished message of an impossible length")
    if not hmac.compare_digest(expected, received):
        raise TlsError(Alert.DECRYPT_ERROR, "the two sides have seen different handshakes")


def _suitable_share(hello: ClientHello) -> bytes:
    """The client's X25519 share; raises TlsError unless the client can do all that we need.

    No HelloRetryRequest: every official client sends an X25519 share at once, and a second hello
    would double the states of this machine.
    """
    extensions = hello.extensions
    versions = extensions.get(Extension.SUPPORTED_VERSIONS)
    if versions is None or TLS_1_3 not in numbers(versions, 1, 2):
        raise TlsError(Alert.PROTOCOL_VERSION, "the client does not speak TLS 1.3")
    if hello.compressions != b"\0":
        raise TlsError(Alert.ILLEGAL_PARAMETER, "the client wants compression")
    _check_places(extensions)
    # Before everything a browser could lack: its owner shall read what this port is for.
    types = extensions.get(Extension.SERVER_CERTIFICATE_TYPE)
    if types is None or RAW_PUBLIC_KEY not in numbers(types, 1, 1):
        raise TlsError(Alert.UNSUPPORTED_CERTIFICATE, "the client does not take raw public keys")
    needed = (Extension.SUPPORTED_GROUPS, Extension.KEY_SHARE, Extension.SIGNATURE_ALGORITHMS)
    if any(kind not in extensions for kind in needed):
        raise TlsError(Alert.MISSING_EXTENSION, "the client left out what TLS 1.3 needs")
    if CHACHA20_POLY1305_SHA256 not in hello.cipher_suites:
        raise TlsError(Alert.HANDSHAKE_FAILURE, "the client lacks our cipher suite")
    if ED25519 not in numbers(extensions[Extension.SIGNATURE_ALGORITHMS], 2, 2):
        raise TlsError(Alert.HANDSHAKE_FAILURE, "the client lacks our signature scheme")
    groups = numbers(extensions[Extension.SUPPORTED_GROUPS], 2, 2)
    shares = key_shares(extensions[Extension.KEY_SHARE])
    if not shares.keys() <= set(groups):
        raise TlsError(Alert.ILLEGAL_PARAMETER, "a key share of a group that was not offered")
    share = shares.get(X25519)
    if share is None:
        raise TlsError(Alert.HANDSHAKE_FAILURE, "the client sent no X25519 share")
    return share


def _check_places(extensions: Mapping[int, bytes]) -> None:
    # We resume no session, so a client that offers one simply gets a new one; but its offer must
    # be well-formed (RFC 8446 4.2.9, 4.2.11).
    if Extension.PRE_SHARED_KEY in extensions:
        if list(extensions)[-1] != Extension.PRE_SHARED_KEY:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "pre_shared_key is not the last extension")
        if Extension.PSK_KEY_EXCHANGE_MODES not in extensions:
            raise TlsError(Alert.MISSING_EXTENSION, "pre_shared_key comes without its modes")
    if Extension.COOKIE in extensions:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "a cookie that nobody gave")
