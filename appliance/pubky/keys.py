"""Ed25519 keys: the public key that is an identity, and the keypair that speaks for it.

Sixteen texts decode to the same key because the last character carries four unused bits. Lookups,
cookie names and output therefore use `PublicKey.z32` and never the text that came in.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from appliance.errors import invalid
from appliance.pubky import z32

KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64
Z32_CHARACTERS = 52

_HOST = re.compile(
    rf"(?:pk:|(?:[A-Za-z0-9_-]+\.)*)([{z32.ALPHABET}]{{{Z32_CHARACTERS}}})\.?(?::[0-9]+)?"
)
_SECRET_TEXT = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A pubky: 32 bytes. The constructor trusts its caller; `from_bytes` and the parsers check."""

    raw: bytes

    @classmethod
    def from_bytes(cls, raw: bytes) -> "PublicKey":
        """Checks length and curve point.

        Stricter than the reference: points outside the prime-order group are refused too, and no
        key made from a seed is one of them. Raises `invalid`.
        """
        return _checked(raw)

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Exactly 52 z-base-32 characters, as in paths, JSON and deep links. Raises `invalid`."""
        return _parsed(text)

    @classmethod
    def parse_host(cls, text: str) -> "PublicKey":
        """The key a `Host` or `pubky-host` value addresses (authentication document 2.3, D8).

        Accepts `<z32>`, `<labels>.<z32>` and `pk:<z32>`, each with an optional final dot and port.
        The display form `pubky<z32>` is not a transport form. Raises `invalid`.
        """
        match = _HOST.fullmatch(text)
        if match is None:
            raise invalid("Invalid public key host")
        return cls.parse(match[1])

    @property
    def z32(self) -> str:
        """The canonical text: the only spelling to compare, store or print."""
        return _text_of(self.raw)

    def __str__(self) -> str:
        return self.z32

    def verify(self, message: bytes, signature: bytes) -> bool:
        """True if `signature` is this key's Ed25519 signature of exactly `message`."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            VerifyKey(self.raw).verify(message, signature)
        except BadSignatureError:
            return False
        return True


# Every request names a key, mostly one of a few, as text that is read and written again.
@lru_cache(maxsize=4096)
def _parsed(text: str) -> PublicKey:
    if len(text) != Z32_CHARACTERS:
        raise invalid(f"Invalid public key: expected {Z32_CHARACTERS} characters")
    return _checked(z32.decode(text))


@lru_cache(maxsize=4096)
def _text_of(raw: bytes) -> str:
    return z32.encode(raw)


@lru_cache(maxsize=4096)
def _checked(raw: bytes) -> PublicKey:
    # A point check costs more than the rest of a small read, and every request names a key.
    if len(raw) != KEY_BYTES:
        raise invalid(f"Invalid public key: expected {KEY_BYTES} bytes")
    if not crypto_core_ed25519_is_valid_point(raw):
        raise invalid("Invalid public key: not a curve point")
    return PublicKey(raw)


@dataclass(frozen=True, slots=True)
class Keypair:
    """A 32-byte seed and its public key. `repr` leaves the seed out, so logs cannot hold it."""

    seed: bytes = field(repr=False)
    public_key: PublicKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # The public key is always derived: signing with one that does not belong to the seed would
        # give the secret away (the nonce is the same while the challenge differs).
        raw, _ = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "public_key", PublicKey(raw))

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The keypair of an RFC 8032 private key. Raises `invalid` unless it has 32 bytes."""
        if len(seed) != SEED_BYTES:
            raise invalid(f"Invalid secret key: expected {SEED_BYTES} bytes")
        return cls(seed)

    @classmethod
    def from_secret_text(cls, text: str) -> Self:
        """Reads a secret file: 64 hexadecimal characters, surrounding whitespace ignored.

        Raises `invalid` without repeating the text.
        """
        trimmed = text.strip()
        if not _SECRET_TEXT.fullmatch(trimmed):
            raise invalid("Invalid secret key: expected 64 hexadecimal characters")
        return cls(bytes.fromhex(trimmed))

    def secret_text(self) -> str:
        """What a secret file holds: the seed as 64 hexadecimal characters."""
        return self.seed.hex()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        return crypto_sign(message, self.seed + self.public_key.raw)[:SIGNATURE_BYTES]
