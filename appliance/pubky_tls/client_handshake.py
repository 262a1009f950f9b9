"""The client's side of the handshake; it serves tests, the self-test and calls to other nodes.

It offers exactly what our server speaks, so most of it is checks of what a server may answer.
"""

import hashlib
import os
from collections.abc import Callable, Mapping

from appliance.pubky.keys import PublicKey
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
    RANDOM_BYTES,
    RAW_PUBLIC_KEY,
    RETRY_RANDOM,
    TLS_1_3,
    X25519,
    ClientHello,
    Extension,
    HandshakeType,
    Reader,
    ServerHello,
    certificate_from_bytes,
    certificate_verify_from_bytes,
    encrypted_extensions_from_bytes,
    finished_to_bytes,
    host_name_list,
    key_share_entry,
    number_list,
    signed_content,
)
from appliance.pubky_tls.records import ContentType, RecordLayer
from appliance.pubky_tls.server_handshake import HandshakeSteps, check_finished

Accepts = Callable[[PublicKey], bool]

REFUSED_KEY = "refused_key"

_IN_SERVER_HELLO = {Extension.SUPPORTED_VERSIONS, Extension.KEY_SHARE}
_IN_ENCRYPTED_EXTENSIONS = {
    Extension.SERVER_NAME,
    Extension.SUPPORTED_GROUPS,
    Extension.SERVER_CERTIFICATE_TYPE,
}


def client_handshake(accepts: Accepts, server_name: str, records: RecordLayer) -> HandshakeSteps:
    """Talk to whoever proves to hold a key that `accepts` takes; raises TlsError.

    `server_name` is `_pubky.<z32>`, `<z32>`, or empty to name nobody.
    """
    key = EphemeralKey()
    hello = _hello(key.share, server_name)
    transcript = hashlib.sha256(hello.to_bytes())
    records.write(ContentType.HANDSHAKE, hello.to_bytes())

    message = yield HandshakeType.SERVER_HELLO
    transcript.update(message)
    peer_share = _chosen_share(ServerHello.from_bytes(message), hello)
    handshake = handshake_secret(key.agree(peer_share))
    traffic = handshake_traffic(handshake, transcript.digest())
    records.read_with(traffic.server)
    # RFC 8446 D.4, as the server does.
    records.write(ContentType.CHANGE_CIPHER_SPEC, b"\x01")
    records.write_with(traffic.client)

    message = yield HandshakeType.ENCRYPTED_EXTENSIONS
    transcript.update(message)
    extensions = encrypted_extensions_from_bytes(message)
    _check_places(extensions, _IN_ENCRYPTED_EXTENSIONS, hello)
    if extensions.get(Extension.SERVER_CERTIFICATE_TYPE) != RAW_PUBLIC_KEY.to_bytes():
        raise TlsError(Alert.UNSUPPORTED_CERTIFICATE, "the server does not show a raw public key")
    message = yield HandshakeType.CERTIFICATE
    transcript.update(message)
    server_key = certificate_from_bytes(message)
    if not accepts(server_key):
        raise TlsError(
            Alert.CERTIFICATE_UNKNOWN, f"the server is {server_key}, not who we asked", REFUSED_KEY
        )
    message = yield HandshakeType.CERTIFICATE_VERIFY
    signature = certificate_verify_from_bytes(message)
    if not server_key.verify(signed_content(transcript.digest()), signature):
        raise TlsError(Alert.DECRYPT_ERROR, "the server does not hold the key that it showed")
    transcript.update(message)
    message = yield HandshakeType.FINISHED
    check_finished(message, traffic.server, transcript.digest())
    transcript.update(message)

    application = application_traffic(main_secret(handshake), transcript.digest())
    records.read_with(application.server)
    proof = finished_mac(traffic.client, transcript.digest())
    records.write(ContentType.HANDSHAKE, finished_to_bytes(proof))
    records.write_with(application.client)


def _hello(share: bytes, server_name: str) -> ClientHello:
    extensions: dict[int, bytes] = {
        Extension.SUPPORTED_VERSIONS: number_list(1, 2, TLS_1_3),
        Extension.SUPPORTED_GROUPS: number_list(2, 2, X25519),
        Extension.SIGNATURE_ALGORITHMS: number_list(2, 2, ED25519),
        Extension.SERVER_CERTIFICATE_TYPE: number_list(1, 1, RAW_PUBLIC_KEY),
        Extension.KEY_SHARE: len(entry := key_share_entry(share)).to_bytes(2) + entry,
    }
    if server_name:
        extensions[Extension.SERVER_NAME] = host_name_list(server_name)
    return ClientHello(
        os.urandom(RANDOM_BYTES),
        os.urandom(RANDOM_BYTES),
        (CHACHA20_POLY1305_SHA256,),
        b"\0",
        extensions,
    )


def _chosen_share(answer: ServerHello, hello: ClientHello) -> bytes:
    extensions = answer.extensions
    version = extensions.get(Extension.SUPPORTED_VERSIONS)
    if version != TLS_1_3.to_bytes(2):
        raise TlsError(Alert.PROTOCOL_VERSION, "the server does not speak TLS 1.3")
    if answer.random == RETRY_RANDOM:
        raise TlsError(Alert.HANDSHAKE_FAILURE, "the server wants another key share")
    if answer.session_id != hello.session_id or answer.cipher_suite not in hello.cipher_suites:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "the server has chosen what nobody offered")
    _check_places(extensions, _IN_SERVER_HELLO, hello)
    content = extensions.get(Extension.KEY_SHARE)
    if content is None:
        raise TlsError(Alert.MISSING_EXTENSION, "the server sent no key share")
    reader = Reader(content)
    group, share = reader.number(2), reader.vector(2)
    reader.finish()
    if group != X25519:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "the server's key share is of another group")
    return share


def _check_places(
    extensions: Mapping[int, bytes], allowed: set[Extension], hello: ClientHello
) -> None:
    for kind in extensions:
        if kind not in hello.extensions:
            raise TlsError(Alert.UNSUPPORTED_EXTENSION, "an extension that nobody offered")
        if kind not in allowed:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "an extension in the wrong message")
