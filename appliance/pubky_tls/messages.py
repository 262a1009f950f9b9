"""The handshake messages that we speak (RFC 8446 4, RFC 7250), as values and as bytes.

Parsers take a whole message with its 4-byte header and raise TlsError for everything malformed;
whether its content suits us is decided by the two handshakes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from appliance.errors import PubkyError
from appliance.pubky.keys import SIGNATURE_BYTES, PublicKey
from appliance.pubky_tls.alerts import Alert, TlsError

MESSAGE_HEADER_BYTES = 4
# What official clients send needs a few hundred; with post-quantum shares a few thousand.
MAX_MESSAGE_BYTES = 16384
RANDOM_BYTES = 32
SHARE_BYTES = 32

TLS_1_2 = 0x0303
TLS_1_3 = 0x0304
CHACHA20_POLY1305_SHA256 = 0x1303
X25519 = 0x001D
ED25519 = 0x0807
RAW_PUBLIC_KEY = 2
HOST_NAME = 0

# A SubjectPublicKeyInfo of Ed25519 up to the key itself (RFC 8410 4).
SPKI_PREFIX = bytes.fromhex("302a300506032b6570032100")
# RFC 8446 4.1.3: this random makes a ServerHello a HelloRetryRequest.
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
_SIGNED_PREFIX = b" " * 64 + b"TLS 1.3, server CertificateVerify\0"


class HandshakeType(IntEnum):
    """The messages that can be read here."""

    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    NEW_SESSION_TICKET = 4
    ENCRYPTED_EXTENSIONS = 8
    CERTIFICATE = 11
    CERTIFICATE_VERIFY = 15
    FINISHED = 20
    KEY_UPDATE = 24


class Extension(IntEnum):
    """The extensions that mean something here."""

    SERVER_NAME = 0
    SUPPORTED_GROUPS = 10
    SIGNATURE_ALGORITHMS = 13
    SERVER_CERTIFICATE_TYPE = 20
    PRE_SHARED_KEY = 41
    SUPPORTED_VERSIONS = 43
    COOKIE = 44
    PSK_KEY_EXCHANGE_MODES = 45
    KEY_SHARE = 51


class Reader:
    """Takes a message apart from its front; running out of bytes raises decode_error."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return self._position == len(self._data)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._position + count
        if end > len(self._data):
            raise TlsError(Alert.DECODE_ERROR, "a message is shorter than it says")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def number(self, size: int) -> int:
        """A number of `size` bytes."""
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> bytes:
        """Bytes behind a length of `size` bytes."""
        return self.take(self.number(size))

    def finish(self) -> None:
        """Refuse anything that is left."""
        if not self.is_done:
            raise TlsError(Alert.DECODE_ERROR, "a message is longer than it says")


def numbers(content: bytes, length_size: int, size: int) -> list[int]:
    """A vector of numbers that fills an extension and is not empty."""
    outer = Reader(content)
    items = outer.vector(length_size)
    outer.finish()
    if not items or len(items) % size:
        raise TlsError(Alert.DECODE_ERROR, "a list of numbers has an impossible length")
    return [int.from_bytes(items[at : at + size]) for at in range(0, len(items), size)]


def key_shares(content: bytes) -> dict[int, bytes]:
    """The public shares of a ClientHello by group (RFC 8446 4.2.8)."""
    outer = Reader(content)
    inner = Reader(outer.vector(2))
    outer.finish()
    shares: dict[int, bytes] = {}
    while not inner.is_done:
        group, share = inner.number(2), inner.vector(2)
        if not share:
            raise TlsError(Alert.DECODE_ERROR, "a key share is empty")
        if group in shares:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "two key shares of one group")
        shares[group] = share
    return shares


def _extensions(reader: Reader) -> dict[int, bytes]:
    inner = Reader(reader.vector(2))
    found: dict[int, bytes] = {}
    while not inner.is_done:
        kind, content = inner.number(2), inner.vector(2)
        if kind in found:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "an extension is there twice")
        found[kind] = content
    return found


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers; `extensions` keep their order."""

    random: bytes
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compressions: bytes
    extensions: Mapping[int, bytes]

    @classmethod
    def from_bytes(cls, message: bytes) -> Self:
        """Raises TlsError."""
        reader = Reader(message[MESSAGE_HEADER_BYTES:])
        reader.number(2)
        random = reader.take(RANDOM_BYTES)
        session_id = _session_id(reader)
        suites = reader.vector(2)
        if not suites or len(suites) % 2:
            raise TlsError(Alert.DECODE_ERROR, "a list of cipher suites has an impossible length")
        compressions = reader.vector(1)
        # Before TLS 1.3 a hello could end here.
        extensions = {} if reader.is_done else _extensions(reader)
        reader.finish()
        cipher_suites = tuple(
            int.from_bytes(suites[at : at + 2]) for at in range(0, len(suites), 2)
        )
        return cls(random, session_id, cipher_suites, compressions, extensions)

    def to_bytes(self) -> bytes:
        """The whole message."""
        suites = b"".join(suite.to_bytes(2) for suite in self.cipher_suites)
        return _message(
            HandshakeType.CLIENT_HELLO,
            TLS_1_2.to_bytes(2),
            self.random,
            _vector(1, self.session_id),
            _vector(2, suites),
            _vector(1, self.compressions),
            _extension_block(self.extensions),
        )


@dataclass(frozen=True, slots=True)
class ServerHello:
    """What a server has chosen."""

    random: bytes
    session_id: bytes
    cipher_suite: int
    extensions: Mapping[int, bytes]

    @classmethod
    def from_bytes(cls, message: bytes) -> Self:
        """Raises TlsError."""
        reader = Reader(message[MESSAGE_HEADER_BYTES:])
        version = reader.number(2)
        random = reader.take(RANDOM_BYTES)
        session_id = _session_id(reader)
        cipher_suite = reader.number(2)
        compression = reader.number(1)
        extensions = {} if reader.is_done else _extensions(reader)
        reader.finish()
        if version != TLS_1_2:
            raise TlsError(Alert.PROTOCOL_VERSION, "the server speaks an old TLS")
        if compression:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "the server wants compression")
        return cls(random, session_id, cipher_suite, extensions)

    def to_bytes(self) -> bytes:
        """The whole message."""
        return _message(
            HandshakeType.SERVER_HELLO,
            TLS_1_2.to_bytes(2),
            self.random,
            _vector(1, self.session_id),
            self.cipher_suite.to_bytes(2),
            b"\0",
            _extension_block(self.extensions),
        )


def _session_id(reader: Reader) -> bytes:
    session_id = reader.vector(1)
    if len(session_id) > 32:
        raise TlsError(Alert.DECODE_ERROR, "a session id is too long")
    return session_id


def encrypted_extensions_from_bytes(message: bytes) -> dict[int, bytes]:
    """Raises TlsError."""
    reader = Reader(message[MESSAGE_HEADER_BYTES:])
    extensions = _extensions(reader)
    reader.finish()
    return extensions


def encrypted_extensions_to_bytes(extensions: Mapping[int, bytes]) -> bytes:
    """The whole message."""
    return _message(HandshakeType.ENCRYPTED_EXTENSIONS, _extension_block(extensions))


def certificate_from_bytes(message: bytes) -> PublicKey:
    """The Ed25519 key that a server presents as its certificate; raises TlsError."""
    reader = Reader(message[MESSAGE_HEADER_BYTES:])
    context = reader.vector(1)
    entries = Reader(reader.vector(3))
    reader.finish()
    key_info = entries.vector(3)
    extensions = entries.vector(2)
    if context:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "a server's certificate has a context")
    if extensions:
        raise TlsError(Alert.UNSUPPORTED_EXTENSION, "a certificate has extensions nobody offered")
    if not entries.is_done:
        raise TlsError(Alert.BAD_CERTIFICATE, "a raw public key comes alone")
    prefix, raw = key_info[: len(SPKI_PREFIX)], key_info[len(SPKI_PREFIX) :]
    if prefix != SPKI_PREFIX:
        raise TlsError(Alert.BAD_CERTIFICATE, "this is no raw Ed25519 key")
    try:
        return PublicKey.from_bytes(raw)
    except PubkyError as error:
        raise TlsError(Alert.BAD_CERTIFICATE, error.message) from error


def certificate_to_bytes(key: PublicKey) -> bytes:
    """The whole message of a server."""
    entry = _vector(3, SPKI_PREFIX + key.raw) + _vector(2, b"")
    return _message(HandshakeType.CERTIFICATE, _vector(1, b""), _vector(3, entry))


def signed_content(transcript_hash: bytes) -> bytes:
    """What a server signs to prove that it holds its key (RFC 8446 4.4.3)."""
    return _SIGNED_PREFIX + transcript_hash


def certificate_verify_from_bytes(message: bytes) -> bytes:
    """The Ed25519 signature; raises TlsError."""
    reader = Reader(message[MESSAGE_HEADER_BYTES:])
    scheme, signature = reader.number(2), reader.vector(2)
    reader.finish()
    if scheme != ED25519 or len(signature) != SIGNATURE_BYTES:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "this is no Ed25519 signature")
    return signature


def certificate_verify_to_bytes(signature: bytes) -> bytes:
    """The whole message."""
    return _message(HandshakeType.CERTIFICATE_VERIFY, ED25519.to_bytes(2), _vector(2, signature))


def finished_to_bytes(mac: bytes) -> bytes:
    """The whole message."""
    return _message(HandshakeType.FINISHED, mac)


def key_update_from_bytes(message: bytes) -> bool:
    """Whether the peer wants our keys to be updated too; raises TlsError."""
    reader = Reader(message[MESSAGE_HEADER_BYTES:])
    request = reader.number(1)
    reader.finish()
    if request > 1:
        raise TlsError(Alert.ILLEGAL_PARAMETER, "an impossible request to update keys")
    return request == 1


def key_update_to_bytes(*, asks_peer: bool) -> bytes:
    """The whole message."""
    return _message(HandshakeType.KEY_UPDATE, asks_peer.to_bytes())


def host_name_list(name: str) -> bytes:
    """The content of the extension server_name (RFC 6066 3)."""
    return _vector(2, HOST_NAME.to_bytes() + _vector(2, name.encode("ascii")))


def number_list(length_size: int, size: int, *values: int) -> bytes:
    """The inverse of `numbers`."""
    return _vector(length_size, b"".join(value.to_bytes(size) for value in values))


def key_share_entry(share: bytes) -> bytes:
    """One X25519 share, as a server sends it."""
    return X25519.to_bytes(2) + _vector(2, share)


def _vector(length_size: int, content: bytes) -> bytes:
    return len(content).to_bytes(length_size) + content


def _extension_block(extensions: Mapping[int, bytes]) -> bytes:
    entries = (kind.to_bytes(2) + _vector(2, content) for kind, content in extensions.items())
    return _vector(2, b"".join(entries))


def _message(kind: HandshakeType, *parts: bytes) -> bytes:
    return kind.to_bytes() + _vector(3, b"".join(parts))
