"""A strict TLS client that we did not write: OpenSSL with raw public keys, which needs 3.2.

Python's `ssl` cannot do this and Debian 12's library is too old, so this calls the library that the
installed package `psycopg-binary` brings. Blocking: use it in a thread.
"""

import ctypes
import importlib.util
import socket
from ctypes import CDLL, c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from functools import cache
from pathlib import Path
from typing import Any, Self

NID_ED25519 = 1087
SSL_VERIFY_PEER = 1
SSL_CTRL_SET_TLSEXT_HOSTNAME = 55
SSL_ERROR_ZERO_RETURN = 6
SSL_KEY_UPDATE_REQUESTED = 1
RAW_PUBLIC_KEY = b"\x02"
PATIENCE_S = 20


class RefusedError(Exception):
    """The handshake failed; 65 is OpenSSL's word for a key that was not expected."""

    def __init__(self, message: str, verify_result: int) -> None:
        super().__init__(message)
        self.verify_result = verify_result


_CRYPTO: dict[str, tuple[Any, list[Any]]] = {
    "EVP_PKEY_new_raw_public_key": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "ERR_get_error": (c_ulong, []),
    "ERR_clear_error": (None, []),
    "ERR_reason_error_string": (c_char_p, [c_ulong]),
}
_SSL: dict[str, tuple[Any, list[Any]]] = {
    "TLS_client_method": (c_void_p, []),
    "SSL_CTX_new": (c_void_p, [c_void_p]),
    "SSL_CTX_free": (None, [c_void_p]),
    "SSL_CTX_set1_server_cert_type": (c_int, [c_void_p, c_char_p, c_size_t]),
    "SSL_CTX_set_verify": (None, [c_void_p, c_int, c_void_p]),
    "SSL_CTX_dane_enable": (c_int, [c_void_p]),
    "SSL_CTX_set_ciphersuites": (c_int, [c_void_p, c_char_p]),
    "SSL_new": (c_void_p, [c_void_p]),
    "SSL_free": (None, [c_void_p]),
    "SSL_dane_enable": (c_int, [c_void_p, c_char_p]),
    "SSL_add_expected_rpk": (c_int, [c_void_p, c_void_p]),
    "SSL_ctrl": (c_long, [c_void_p, c_int, c_long, c_char_p]),
    "SSL_set_fd": (c_int, [c_void_p, c_int]),
    "SSL_connect": (c_int, [c_void_p]),
    "SSL_get_verify_result": (c_long, [c_void_p]),
    "SSL_get_error": (c_int, [c_void_p, c_int]),
    "SSL_key_update": (c_int, [c_void_p, c_int]),
    "SSL_read": (c_int, [c_void_p, c_void_p, c_int]),
    "SSL_write": (c_int, [c_void_p, c_char_p, c_int]),
    "SSL_shutdown": (c_int, [c_void_p]),
}


@cache
def _libraries() -> tuple[CDLL, CDLL] | None:
    package = importlib.util.find_spec("psycopg_binary")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent.parent / "psycopg_binary.libs"
    loaded = []
    for pattern, functions in (("libcrypto*", _CRYPTO), ("libssl*", _SSL)):
        files = sorted(folder.glob(pattern))
        if not files:
            return None
        library = CDLL(str(files[0]))
        for name, (result, arguments) in functions.items():
            if not hasattr(library, name):
                return None
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        loaded.append(library)
    return loaded[0], loaded[1]


def is_available() -> bool:
    """Whether this machine has an OpenSSL that knows raw public keys where we look for it."""
    return _libraries() is not None


class OpenSslClient:
    """One connection that accepts one Ed25519 key, or any certificate when no key is expected."""

    def __init__(
        self, port: int, expected_key: bytes | None, server_name: str, suite: str | None = None
    ) -> None:
        """Connect to this machine's `port`, with OpenSSL's own suites unless one is named; raises
        RefusedError."""
        libraries = _libraries()
        assert libraries is not None
        self._crypto, self._ssl = libraries
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        # Otherwise a request would wait 40 ms for the acknowledgement of the Finished message.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # OpenSSL calls read(2) itself and would take a time limit for a socket without data.
        self._socket.setblocking(True)
        self._context = self._ssl.SSL_CTX_new(self._ssl.TLS_client_method())
        if suite is not None:
            name = suite.encode("ascii")
            assert self._ssl.SSL_CTX_set_ciphersuites(self._context, name) == 1
        self._key: int | None = None
        self._connection = self._connection_that_expects(expected_key)
        name = server_name.encode("ascii")
        self._ssl.SSL_ctrl(self._connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, name)
        self._ssl.SSL_set_fd(self._connection, self._socket.fileno())
        self._crypto.ERR_clear_error()
        if self._ssl.SSL_connect(self._connection) != 1:
            verify_result = self._ssl.SSL_get_verify_result(self._connection)
            reason = self._reason()
            self.close()
            raise RefusedError(reason, verify_result)

    def _connection_that_expects(self, key: bytes | None) -> Any:
        if key is None:
            return self._ssl.SSL_new(self._context)
        self._key = self._crypto.EVP_PKEY_new_raw_public_key(NID_ED25519, None, key, len(key))
        assert self._ssl.SSL_CTX_set1_server_cert_type(self._context, RAW_PUBLIC_KEY, 1) == 1
        self._ssl.SSL_CTX_set_verify(self._context, SSL_VERIFY_PEER, None)
        assert self._ssl.SSL_CTX_dane_enable(self._context) == 1
        connection = self._ssl.SSL_new(self._context)
        assert self._ssl.SSL_dane_enable(connection, None) == 1
        assert self._ssl.SSL_add_expected_rpk(connection, self._key) == 1
        return connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send all of it; raises OSError."""
        written = self._ssl.SSL_write(self._connection, data, len(data))
        if written != len(data):
            raise OSError(self._reason())

    def read(self, most_bytes: int) -> bytes:
        """What has come; nothing after the server's close_notify. Raises OSError."""
        buffer = ctypes.create_string_buffer(most_bytes)
        count = self.read_into(buffer)
        return buffer.raw[:count]

    def read_into(self, buffer: "ctypes.Array[ctypes.c_char]") -> int:
        """The same without a copy; returns how many bytes."""
        count: int = self._ssl.SSL_read(self._connection, buffer, len(buffer))
        if count > 0:
            return count
        if self._ssl.SSL_get_error(self._connection, count) == SSL_ERROR_ZERO_RETURN:
            return 0
        raise OSError(self._reason())

    def read_exactly(self, size: int) -> bytes:
        """Raises OSError when the server ends before."""
        data = bytearray()
        while len(data) < size:
            chunk = self.read(min(size - len(data), 1 << 16))
            if not chunk:
                raise OSError("the server has ended")
            data += chunk
        return bytes(data)

    def update_keys(self) -> None:
        """With the next data, use new keys, and ask the server to do so too."""
        assert self._ssl.SSL_key_update(self._connection, SSL_KEY_UPDATE_REQUESTED) == 1

    def say_goodbye(self) -> bool:
        """Send close_notify; returns whether the server's has come."""
        return bool(self._ssl.SSL_shutdown(self._connection) == 1)

    def close(self) -> None:
        """Let go of everything."""
        if self._connection:
            self._ssl.SSL_free(self._connection)
            self._ssl.SSL_CTX_free(self._context)
            self._crypto.EVP_PKEY_free(self._key)
            self._connection = None
            self._socket.close()

    def _reason(self) -> str:
        code = self._crypto.ERR_get_error()
        text = self._crypto.ERR_reason_error_string(code)
        return "the connection is gone" if text is None else str(text.decode())
