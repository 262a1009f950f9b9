"""The tokens that a node must show before it may store something here (BEP 5; discovery 5.2).

A token proves that its holder receives datagrams at the address he sends from. Nothing is kept for
each token: it is a keyed MAC of the address.
"""

import hashlib
import math
from collections.abc import Callable
from hmac import compare_digest

TOKEN_BYTES = 8
SECRET_BYTES = 32
ROTATION_S = 300.0


class WriteTokens:
    """Tokens for one node. They are good for five to ten minutes.

    `secret_source` gives as many unguessable bytes as it is asked for.
    """

    __slots__ = ("_current", "_previous", "_rotate_at", "_secret_source")

    def __init__(self, secret_source: Callable[[int], bytes]) -> None:
        self._secret_source = secret_source
        self._current = b""
        self._previous = b""
        self._rotate_at = -math.inf

    def issue(self, host: str, now: float) -> bytes:
        """A token for the node at this host, whatever its port."""
        self._rotate(now)
        return _mac(self._current, host)

    def is_valid(self, token: bytes, host: str, now: float) -> bool:
        """Whether this token was issued to this host not too long ago."""
        self._rotate(now)
        is_current = compare_digest(token, _mac(self._current, host))
        return is_current or compare_digest(token, _mac(self._previous, host))

    def _rotate(self, now: float) -> None:
        if now < self._rotate_at:
            return
        # A node that nobody asked for a whole period must not accept what it issued before.
        is_long_ago = now >= self._rotate_at + ROTATION_S
        self._previous = self._secret_source(SECRET_BYTES) if is_long_ago else self._current
        self._current = self._secret_source(SECRET_BYTES)
        self._rotate_at = (now if is_long_ago else self._rotate_at) + ROTATION_S


def _mac(secret: bytes, host: str) -> bytes:
    return hashlib.blake2b(host.encode(), key=secret, digest_size=TOKEN_BYTES).digest()
