"""What asyncio is given as `ssl=`: makes one `TlsObject` for each connection.

A subclass of `ssl.SSLContext` only for its type, which `loop.start_tls` and type checkers ask for;
nothing of OpenSSL is used.
"""

import asyncio
import ssl
import sys
from collections.abc import Callable, Collection
from typing import Any, NoReturn, Self

from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.handshakes import Handshakes, TlsCounters, TlsLimits
from appliance.pubky_tls.tls_object import TlsObject


class TlsContext(ssl.SSLContext):
    """One listener's or one caller's side of PubkyTLS; `counters` are for the metrics."""

    counters: TlsCounters

    def __new__(cls, *_: object, **__: object) -> Self:
        """Made by `server_context` and `client_context`."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(
        self,
        connect: Callable[[], Connection],
        limits: TlsLimits,
        time_s: Callable[[], float],
        *,
        is_server: bool,
    ) -> None:
        """`connect` makes the machine of one connection; `time_s` is any clock of seconds."""
        self._handshakes = Handshakes(limits, time_s)
        self.counters = self._handshakes.counters
        self._connect = connect
        self._is_server = is_server

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,  # noqa: ARG002 - as SSLContext
        session: ssl.SSLSession | None = None,  # noqa: ARG002 - as SSLContext
    ) -> Any:
        """As SSLContext.wrap_bio; the name of the server is the context's own."""
        if server_side is not self._is_server:
            raise ValueError("a context serves or calls, not both")
        return TlsObject(self, self._connect(), (incoming, outgoing), self._handshakes)

    def wrap_socket(self, *_: Any, **__: Any) -> NoReturn:
        """OpenSSL would serve without any key."""
        raise NotImplementedError("PubkyTLS runs on asyncio's streams")


def server_context(
    keypair: Keypair, limits: TlsLimits | None = None, time_s: Callable[[], float] | None = None
) -> TlsContext:
    """For `asyncio.start_server(ssl=...)`: prove to be `keypair` to every client.

    `ssl_handshake_timeout` must not be longer than `limits.handshake_s`. Outside of a running loop
    the clock must be given.
    """
    return TlsContext(
        lambda: Connection.of_server(keypair),
        limits or TlsLimits(),
        time_s or _loop_time,
        is_server=True,
    )


def client_context(
    accepts: Callable[[PublicKey], bool] | Collection[PublicKey],
    server_name: str,
    time_s: Callable[[], float] | None = None,
) -> TlsContext:
    """For `asyncio.open_connection(ssl=...)`: talk only to a server whose key is accepted.

    `server_name` is sent as it is: `_pubky.<z32>` or `<z32>`; empty names nobody. A wrong key
    raises `ssl.SSLCertVerificationError`.
    """
    verdict = accepts if callable(accepts) else frozenset(accepts).__contains__
    return TlsContext(
        lambda: Connection.of_client(verdict, server_name),
        TlsLimits(max_handshakes=sys.maxsize),
        time_s or _loop_time,
        is_server=False,
    )


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
