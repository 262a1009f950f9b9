"""The secrets of TLS 1.3 with SHA-256 and without pre-shared keys (RFC 8446 7.1).

Every output here is at most one hash long, so HKDF-Expand (RFC 5869) is a single HMAC.
"""

import hashlib
import hmac
from dataclasses import dataclass

HASH_BYTES = 32
KEY_BYTES = 32
IV_BYTES = 12

_ZEROS = bytes(HASH_BYTES)


@dataclass(frozen=True, slots=True, repr=False)
class TrafficSecrets:
    """What each side protects its records with in one phase; without a `repr`, so that no log
    holds them."""

    client: bytes
    server: bytes


def extract(salt: bytes, keying_material: bytes) -> bytes:
    """HKDF-Extract."""
    return hmac.digest(salt, keying_material, "sha256")


def expand_label(secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label; `length` is at most 32 bytes."""
    info = b"%b%c%b%c%b" % (
        length.to_bytes(2),
        len(label) + 6,
        b"tls13 " + label,
        len(context),
        context,
    )
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def derive_secret(secret: bytes, label: bytes, transcript_hash: bytes) -> bytes:
    """Derive-Secret, given the hash of the messages so far."""
    return expand_label(secret, label, transcript_hash, HASH_BYTES)


_HASH_OF_NOTHING = hashlib.sha256().digest()
# Without pre-shared keys the early secret is a constant.
EARLY_SECRET = extract(_ZEROS, _ZEROS)
_DERIVED_EARLY_SECRET = derive_secret(EARLY_SECRET, b"derived", _HASH_OF_NOTHING)


def handshake_secret(shared_secret: bytes) -> bytes:
    """From the result of the key exchange."""
    return extract(_DERIVED_EARLY_SECRET, shared_secret)


def main_secret(handshake: bytes) -> bytes:
    """From the handshake secret; RFC 8446 calls it the master secret."""
    return extract(derive_secret(handshake, b"derived", _HASH_OF_NOTHING), _ZEROS)


def handshake_traffic(handshake: bytes, transcript_hash: bytes) -> TrafficSecrets:
    """For the handshake's own records; the transcript ends with ServerHello."""
    return TrafficSecrets(
        derive_secret(handshake, b"c hs traffic", transcript_hash),
        derive_secret(handshake, b"s hs traffic", transcript_hash),
    )


def application_traffic(main: bytes, transcript_hash: bytes) -> TrafficSecrets:
    """For everything after the handshake; the transcript ends with the server's Finished."""
    return TrafficSecrets(
        derive_secret(main, b"c ap traffic", transcript_hash),
        derive_secret(main, b"s ap traffic", transcript_hash),
    )


def next_traffic_secret(secret: bytes) -> bytes:
    """What follows after a KeyUpdate (RFC 8446 7.2)."""
    return expand_label(secret, b"traffic upd", b"", HASH_BYTES)


def traffic_key(secret: bytes, key_bytes: int = KEY_BYTES) -> bytes:
    """The key of the record protection (RFC 8446 7.3)."""
    return expand_label(secret, b"key", b"", key_bytes)


def traffic_iv(secret: bytes) -> bytes:
    """The 12 bytes that sequence numbers are mixed into (RFC 8446 7.3)."""
    return expand_label(secret, b"iv", b"", IV_BYTES)


def finished_mac(traffic_secret: bytes, transcript_hash: bytes) -> bytes:
    """What a Finished message proves, under its sender's handshake secret (RFC 8446 4.4.4)."""
    key = expand_label(traffic_secret, b"finished", b"", HASH_BYTES)
    return hmac.digest(key, transcript_hash, "sha256")
