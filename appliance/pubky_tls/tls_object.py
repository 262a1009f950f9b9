"""A `Connection` in the shape of `ssl.SSLObject`, so that asyncio drives it as any other TLS.

asyncio (`sslproto`) gives it two memory buffers and looks at no class. Two of its habits decide how
this object fails. It sends what lies in the outgoing buffer only after a call that wants to read
more, or that ends the stream; after a call that raises, it resets the connection.
"""

import ssl

from appliance.pubky_tls.alerts import TlsError
from appliance.pubky_tls.client_handshake import REFUSED_KEY
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.handshakes import Handshakes, count
from appliance.pubky_tls.records import Data

CIPHER_SUITE = "TLS_CHACHA20_POLY1305_SHA256"
VERSION = "TLSv1.3"


class TlsObject:
    """One connection between asyncio's buffers and the application.

    After `failure` or without `is_closed_by_peer`, the end of the stream is not where the peer
    meant it to be.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        connection: Connection,
        buffers: tuple[ssl.MemoryBIO, ssl.MemoryBIO],
        handshakes: Handshakes,
    ) -> None:
        self.context = context
        self.server_side = connection.is_server
        self.server_hostname: str | None = None
        self.session = None
        self.session_reused = False
        self._connection = connection
        self._incoming, self._outgoing = buffers
        self._handshakes = handshakes
        self._counters = handshakes.counters
        self._place: int | None = None
        self._is_broken = False
        self._plaintext = b""

    def __del__(self) -> None:
        # asyncio does not say when it gives up on a handshake: it lets go of this object, at once
        # or with the next collection of garbage.
        if self._place is not None:
            self._handshakes.abandon(self._place)

    @property
    def failure(self) -> TlsError | None:
        """Why the connection was ended by force."""
        return self._connection.failure

    @property
    def is_closed_by_peer(self) -> bool:
        """Whether the peer has said goodbye."""
        return self._connection.is_closed_by_peer

    def do_handshake(self) -> None:
        """Go on with the handshake; raises SSLWantReadError until it is done, or SSLError."""
        is_done, failure = self._state()
        if is_done:
            return
        place = self._begun()
        if failure is not None:
            # The alert is on its way.
            raise self._given_up(failure)
        # Data may have come with the last message.
        self._plaintext = self._pump()
        is_done, failure = self._state()
        if is_done:
            self._handshakes.succeed(place)
            self._place = None
        elif failure is not None:
            self._handshakes.refuse(place, failure.reason)
            if not self.server_side or failure.alert is None:
                raise self._given_up(failure)
            # Otherwise the alert would never leave. The peer closes when it has read it; one that
            # sends more is cut off above, one that is silent by the time limit.
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the alert goes out first")
        elif self._incoming.eof:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the peer left in the handshake")
        else:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the handshake needs more bytes")

    def read(self, length: int = 1024, buffer: Data | None = None) -> bytes | int:
        """As SSLObject.read: up to `length` bytes, or their number when written to `buffer`;
        nothing at the end of the stream. Raises SSLWantReadError and SSLEOFError."""
        if not self._plaintext:
            self._plaintext = self._pump()
        given = self._plaintext[:length]
        if not given and not self._is_at_end():
            if self._incoming.eof:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the peer left without a goodbye")
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "no data has come")
        self._plaintext = self._plaintext[len(given) :]
        if buffer is None:
            return given
        memoryview(buffer)[: len(given)] = given
        return len(given)

    def write(self, data: Data) -> int:
        """All of `data` goes out; returns its length in bytes. Raises SSLError at the end."""
        if self._connection.failure is not None:
            raise _error(self._connection.failure)
        if self._connection.is_closed:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "this side of the connection is closed")
        self._connection.send(data)
        self._flush()
        return len(data)

    def unwrap(self) -> None:
        """Say goodbye and wait for the peer's; raises SSLWantReadError until it has come.

        What the peer still sends is dropped.
        """
        # What asyncio has not taken yet would be lost: when this returns it closes the socket.
        has_more = self._outgoing.pending > 0
        self._connection.close()
        self._pump()
        self._plaintext = b""
        if has_more or not self._is_at_end():
            if self._incoming.eof:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the peer left without a goodbye")
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "no goodbye has come")

    def pending(self) -> int:
        """How many bytes can be read at once."""
        return len(self._plaintext)

    def getpeercert(self, binary_form: bool = False) -> None:
        """Raw public keys are no certificates."""

    def cipher(self) -> tuple[str, str, int]:
        """As SSLObject.cipher."""
        return CIPHER_SUITE, VERSION, 256

    def compression(self) -> None:
        """There is none in TLS 1.3."""

    def version(self) -> str:
        """As SSLObject.version."""
        return VERSION

    def selected_alpn_protocol(self) -> None:
        """None is offered, so it is HTTP/1.1."""

    def _is_at_end(self) -> bool:
        return self._connection.is_closed_by_peer or self._connection.failure is not None

    def _state(self) -> tuple[bool, TlsError | None]:
        return self._connection.is_established, self._connection.failure

    def _begun(self) -> int:
        if self._place is None:
            self._place = self._handshakes.begin()
        if self._place is None:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "too many handshakes at once")
        return self._place

    def _given_up(self, failure: TlsError) -> ssl.SSLError:
        if self._place is not None:
            self._handshakes.abandon(self._place)
        return _error(failure)

    def _pump(self) -> bytes:
        data = self._incoming.read()
        self._counters.received_bytes += len(data)
        plaintext = self._connection.receive(data)
        self._flush()
        failure = self._connection.failure
        if failure is not None and self._connection.is_established and not self._is_broken:
            self._is_broken = True
            count(self._counters.broken, failure.reason)
        return plaintext

    def _flush(self) -> None:
        outgoing = self._connection.take_outgoing()
        self._counters.sent_bytes += len(outgoing)
        self._outgoing.write(outgoing)


def _error(failure: TlsError) -> ssl.SSLError:
    if failure.reason == REFUSED_KEY:
        return ssl.SSLCertVerificationError(ssl.SSL_ERROR_SSL, failure.message)
    return ssl.SSLError(ssl.SSL_ERROR_SSL, failure.message)
