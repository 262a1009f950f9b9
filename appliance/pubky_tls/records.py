"""The record layer of TLS 1.3 (RFC 8446 5): framing, protection, limits.

Every length is checked before its bytes are waited for, so a stranger makes us hold one record and
one handshake message at most.
"""

from dataclasses import dataclass
from enum import IntEnum

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.key_schedule import next_traffic_secret, traffic_iv, traffic_key

Data = bytes | bytearray | memoryview

HEADER_BYTES = 5
TAG_BYTES = 16
MAX_PLAINTEXT_BYTES = 16384
MAX_CIPHERTEXT_BYTES = MAX_PLAINTEXT_BYTES + 256

_VERSION = b"\x03\x03"


class ContentType(IntEnum):
    """What a record carries."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23


_APPLICATION_DATA = bytes([ContentType.APPLICATION_DATA])


@dataclass(slots=True)
class Record:
    """One record without its protection."""

    content_type: ContentType
    fragment: bytes
    was_protected: bool


class Protection:
    """ChaCha20-Poly1305 over the records of one direction, under one traffic secret.

    Sequence numbers are not checked against 2^64: at a million records a second that is half a
    million years.
    """

    __slots__ = ("_iv", "_key", "_secret", "_sequence")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._key = traffic_key(secret)
        self._iv = int.from_bytes(traffic_iv(secret))
        self._sequence = 0

    def following(self) -> "Protection":
        """The one after a KeyUpdate."""
        return Protection(next_traffic_secret(self._secret))

    def seal(self, content_type: ContentType, fragment: Data) -> tuple[bytes, bytes]:
        """The header and the sealed rest of one record; no padding is added."""
        header = b"%b%b%b" % (
            _APPLICATION_DATA,
            _VERSION,
            (len(fragment) + 1 + TAG_BYTES).to_bytes(2),
        )
        inner = b"".join((fragment, content_type.to_bytes()))
        nonce = self._next_nonce()
        return header, crypto_aead_chacha20poly1305_ietf_encrypt(inner, header, nonce, self._key)

    def open(self, header: bytes, sealed: bytes) -> Record:
        """Raises TlsError unless `sealed` is the peer's next record."""
        if len(sealed) <= TAG_BYTES:
            raise TlsError(Alert.BAD_RECORD_MAC, "a protected record is too short")
        try:
            inner = crypto_aead_chacha20poly1305_ietf_decrypt(
                sealed, header, self._next_nonce(), self._key
            )
        except CryptoError as error:
            raise TlsError(Alert.BAD_RECORD_MAC, "a record does not belong here") from error
        if len(inner) > MAX_PLAINTEXT_BYTES + 1:
            raise TlsError(Alert.RECORD_OVERFLOW, "a record holds too much")
        kind = inner[-1]
        fragment = inner[:-1]
        if kind == 0:
            unpadded = inner.rstrip(b"\0")
            kind = unpadded[-1] if unpadded else 0
            fragment = unpadded[:-1]
        if kind not in _PROTECTABLE:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a record of an unknown kind")
        return Record(_PROTECTABLE[kind], fragment, was_protected=True)

    def _next_nonce(self) -> bytes:
        nonce = (self._iv ^ self._sequence).to_bytes(12)
        self._sequence += 1
        return nonce


_PROTECTABLE = {
    kind.value: kind
    for kind in (ContentType.ALERT, ContentType.HANDSHAKE, ContentType.APPLICATION_DATA)
}


class RecordLayer:
    """Records in and out of one connection; both directions begin without protection."""

    def __init__(self) -> None:
        self._incoming = bytearray()
        self._taken = 0
        self._outgoing: list[bytes] = []
        self._reading: Protection | None = None
        self._writing: Protection | None = None
        # The bytes of handshake messages whose end has not come; `connection` empties it.
        self.handshake_bytes = bytearray()

    def feed(self, data: Data) -> None:
        """Take what came from the socket."""
        del self._incoming[: self._taken]
        self._taken = 0
        self._incoming += data

    def next_record(self) -> Record | None:
        """The next whole record, None when more bytes are needed; raises TlsError."""
        start = self._taken
        body = start + HEADER_BYTES
        if len(self._incoming) < body:
            # What can never become a record is refused at its first byte.
            if len(self._incoming) > start:
                self._content_type(self._incoming[start])
            return None
        header = bytes(self._incoming[start:body])
        content_type = self._content_type(header[0])
        length = int.from_bytes(header[3:5])
        is_protected = content_type is ContentType.APPLICATION_DATA
        # The version is not looked at: RFC 8446 5.1.
        if length > (MAX_CIPHERTEXT_BYTES if is_protected else MAX_PLAINTEXT_BYTES):
            raise TlsError(Alert.RECORD_OVERFLOW, "a record is too long")
        end = body + length
        if len(self._incoming) < end:
            return None
        with memoryview(self._incoming) as view:
            fragment = bytes(view[body:end])
        self._taken = end
        if is_protected and self._reading is not None:
            return self._reading.open(header, fragment)
        return Record(content_type, fragment, was_protected=False)

    def _content_type(self, value: int) -> ContentType:
        if value == ContentType.APPLICATION_DATA and self._reading is None:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "data before any key was agreed")
        if value == ContentType.HANDSHAKE and self._reading is not None:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a handshake message without protection")
        try:
            return ContentType(value)
        except ValueError as error:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "this is no TLS record") from error

    def write(self, content_type: ContentType, data: Data) -> None:
        """Send `data` in as many records as it needs."""
        with memoryview(data) as view:
            for start in range(0, len(view), MAX_PLAINTEXT_BYTES):
                fragment = view[start : start + MAX_PLAINTEXT_BYTES]
                if self._writing is not None:
                    self._outgoing += self._writing.seal(content_type, fragment)
                else:
                    length = len(fragment).to_bytes(2)
                    self._outgoing += (content_type.to_bytes() + _VERSION + length, bytes(fragment))

    def take_outgoing(self) -> bytes:
        """What is to be sent now."""
        outgoing = b"".join(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def read_with(self, secret: bytes) -> None:
        """From now on the peer's records are under this secret; raises TlsError."""
        self._check_boundary()
        self._reading = Protection(secret)

    def write_with(self, secret: bytes) -> None:
        """From now on our records are under this secret."""
        self._writing = Protection(secret)

    def update_reading(self) -> None:
        """The peer has sent KeyUpdate; raises TlsError."""
        self._check_boundary()
        if self._reading is not None:
            self._reading = self._reading.following()

    def update_writing(self) -> None:
        """We have sent KeyUpdate."""
        if self._writing is not None:
            self._writing = self._writing.following()

    def forget(self) -> None:
        """Drop all keys, and what was received and not used."""
        self._reading = self._writing = None
        self._incoming.clear()
        self._taken = 0
        self.handshake_bytes.clear()

    def _check_boundary(self) -> None:
        # RFC 8446 5.1: messages before a change of keys must end with their record. What lay behind
        # would be read as if it had been protected.
        if self.handshake_bytes:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a message goes on past a change of keys")
