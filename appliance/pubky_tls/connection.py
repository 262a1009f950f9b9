"""One end of a TLS connection without its socket: bytes in, bytes out.

What a stranger sends never raises here: it ends in `failure`, with the alert among the bytes that
go out.
"""

from appliance.pubky.keys import Keypair
from appliance.pubky_tls.alerts import ALERT_BYTES, FATAL, WARNING, Alert, TlsError
from appliance.pubky_tls.client_handshake import Accepts, client_handshake
from appliance.pubky_tls.messages import (
    MAX_MESSAGE_BYTES,
    MESSAGE_HEADER_BYTES,
    HandshakeType,
    key_update_from_bytes,
    key_update_to_bytes,
)
from appliance.pubky_tls.records import ContentType, Data, Record, RecordLayer
from appliance.pubky_tls.server_handshake import HandshakeSteps, server_handshake

# Records that bring no data cost us work and the sender nothing, so only so many may follow each
# other. An honest peer sends one or two.
MAX_IDLE_RECORDS = 32


class Connection:
    """A handshake, then data both ways, then a goodbye. Made by `of_server` and `of_client`."""

    def __init__(self, records: RecordLayer, steps: HandshakeSteps, *, is_server: bool) -> None:
        self.is_server = is_server
        self.is_established = False
        # The peer said that it sends no more; an end of the stream without this was cut off.
        self.is_closed_by_peer = False
        self.failure: TlsError | None = None
        self.is_closed = False
        self._records = records
        self._steps: HandshakeSteps | None = steps
        self._expected = next(steps)
        self._change_cipher_specs = 0
        self._idle_records = 0
        self._owes_key_update = False

    @classmethod
    def of_server(cls, keypair: Keypair) -> "Connection":
        """The end that proves who it is."""
        records = RecordLayer()
        return cls(records, server_handshake(keypair, records), is_server=True)

    @classmethod
    def of_client(cls, accepts: Accepts, server_name: str) -> "Connection":
        """The end that begins; `server_name` as in `client_handshake`."""
        records = RecordLayer()
        return cls(records, client_handshake(accepts, server_name, records), is_server=False)

    def receive(self, data: Data) -> bytes:
        """Take what came from the socket; returns the peer's data that it held. Never raises."""
        if self.failure is not None or self.is_closed_by_peer:
            return b""
        received: list[bytes] = []
        try:
            self._records.feed(data)
            while not self.is_closed_by_peer:
                record = self._records.next_record()
                if record is None:
                    break
                self._take(record, received)
        except TlsError as error:
            self._fail(error)
        return b"".join(received)

    def send(self, data: Data) -> None:
        """Protect data for the peer; only when established and not closed."""
        if self._owes_key_update:
            self._owes_key_update = False
            self.update_keys(asks_peer=False)
        self._records.write(ContentType.APPLICATION_DATA, data)

    def update_keys(self, *, asks_peer: bool) -> None:
        """Go on under new keys, and ask the peer to do so too (RFC 8446 4.6.3)."""
        self._records.write(ContentType.HANDSHAKE, key_update_to_bytes(asks_peer=asks_peer))
        self._records.update_writing()

    def close(self) -> None:
        """Say goodbye, once; the peer may still send."""
        if not self.is_closed and self.failure is None:
            self.is_closed = True
            self._records.write(ContentType.ALERT, bytes((WARNING, Alert.CLOSE_NOTIFY)))

    def take_outgoing(self) -> bytes:
        """What the socket shall send now."""
        return self._records.take_outgoing()

    def _fail(self, error: TlsError) -> None:
        # A copy: the frames behind the original hold secrets.
        self.failure = TlsError(error.alert, error.message, error.reason)
        if error.alert is not None and not self.is_closed:
            self._records.write(ContentType.ALERT, bytes((FATAL, error.alert)))
        self._end_of_handshake()
        self._records.forget()

    def _end_of_handshake(self) -> None:
        # The steps hold the secrets of the handshake.
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _take(self, record: Record, received: list[bytes]) -> None:
        kind = record.content_type
        if self._records.handshake_bytes and kind is not ContentType.HANDSHAKE:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a record in the middle of a message")
        if self.is_established and not record.was_protected:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a record without protection")
        if kind is ContentType.APPLICATION_DATA:
            self._take_data(record.fragment, received)
        elif kind is ContentType.HANDSHAKE:
            self._take_messages(record.fragment)
        elif kind is ContentType.ALERT:
            self._take_alert(record.fragment)
        else:
            self._take_change_cipher_spec(record.fragment)

    def _take_data(self, fragment: bytes, received: list[bytes]) -> None:
        if not self.is_established:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "data before the end of the handshake")
        if fragment:
            self._idle_records = 0
            received.append(fragment)
        else:
            self._count_idle()

    def _take_alert(self, fragment: bytes) -> None:
        if len(fragment) != ALERT_BYTES:
            raise TlsError(Alert.DECODE_ERROR, "an alert has two bytes")
        description = fragment[1]
        if description == Alert.USER_CANCELED:
            self._count_idle()
        elif description != Alert.CLOSE_NOTIFY:
            raise TlsError(None, f"the peer sent alert {description}")
        elif not self.is_established:
            raise TlsError(None, "the peer left in the handshake")
        else:
            self.is_closed_by_peer = True

    def _take_change_cipher_spec(self, fragment: bytes) -> None:
        # RFC 8446 5: one byte, after the first hello, before the peer's Finished. More than one
        # would be free of charge for a sender who wants to keep us busy.
        self._change_cipher_specs += 1
        is_early = self._expected is HandshakeType.CLIENT_HELLO
        if fragment != b"\x01" or is_early or self._change_cipher_specs > 1:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "a change of ciphers that is not allowed")

    def _take_messages(self, fragment: bytes) -> None:
        if not fragment:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "an empty piece of a handshake message")
        pending = self._records.handshake_bytes
        pending += fragment
        while pending:
            kind = self._check_kind(pending[0])
            if len(pending) < MESSAGE_HEADER_BYTES:
                return
            end = MESSAGE_HEADER_BYTES + int.from_bytes(pending[1:MESSAGE_HEADER_BYTES])
            if end > MAX_MESSAGE_BYTES:
                raise TlsError(Alert.DECODE_ERROR, "a handshake message is too long")
            if len(pending) < end:
                return
            message = bytes(pending[:end])
            del pending[:end]
            self._take_message(kind, message)

    def _check_kind(self, value: int) -> HandshakeType:
        if not self.is_established:
            allowed = {self._expected}
        elif self.is_server:
            allowed = {HandshakeType.KEY_UPDATE}
        else:
            allowed = {HandshakeType.KEY_UPDATE, HandshakeType.NEW_SESSION_TICKET}
        for kind in allowed:
            if kind == value:
                return kind
        raise TlsError(Alert.UNEXPECTED_MESSAGE, f"handshake message {value} comes at a wrong time")

    def _take_message(self, kind: HandshakeType, message: bytes) -> None:
        if self._steps is not None:
            try:
                self._expected = self._steps.send(message)
            except StopIteration:
                self.is_established = True
                self._end_of_handshake()
            return
        self._count_idle()
        # Tickets are for coming back sooner, which we never do.
        if kind is HandshakeType.KEY_UPDATE:
            self._owes_key_update |= key_update_from_bytes(message)
            self._records.update_reading()

    def _count_idle(self) -> None:
        self._idle_records += 1
        if self._idle_records > MAX_IDLE_RECORDS:
            raise TlsError(Alert.UNEXPECTED_MESSAGE, "too many records without any data")
