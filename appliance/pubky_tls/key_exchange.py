"""X25519 between two ephemeral keys (RFC 7748), over libsodium."""

import os

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import RuntimeError as SodiumError

from appliance.pubky_tls.alerts import Alert, TlsError
from appliance.pubky_tls.messages import SHARE_BYTES


class EphemeralKey:
    """Used for one handshake and forgotten."""

    __slots__ = ("_private", "share")

    def __init__(self) -> None:
        self._private = os.urandom(SHARE_BYTES)
        self.share = crypto_scalarmult_base(self._private)

    def agree(self, peer_share: bytes) -> bytes:
        """The secret that both sides know; raises TlsError for shares that make it a constant
        (RFC 8446 7.4.2)."""
        if len(peer_share) != SHARE_BYTES:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "an X25519 share has 32 bytes")
        try:
            return crypto_scalarmult(self._private, peer_share)
        except SodiumError as error:
            raise TlsError(Alert.ILLEGAL_PARAMETER, "a share of low order") from error
