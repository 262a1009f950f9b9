"""The two kinds of items that the DHT keeps (BEP 44): signed ones that change, hashed ones that
do not. Both are known by a 20-byte target.
"""

import hashlib
from dataclasses import dataclass

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from appliance.mainline.bencode import encode_bytes

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
MAX_VALUE_BYTES = 1000
MAX_SALT_BYTES = 64


def signable(seq: int, encoded: bytes, salt: bytes = b"") -> bytes:
    """The bytes that a mutable item's signature covers; `encoded` is the bencoded value."""
    prefix = b"4:salt" + encode_bytes(salt) if salt else b""
    return b"%b3:seqi%de1:v%b" % (prefix, seq, encoded)


@dataclass(frozen=True, slots=True)
class MutableItem:
    """A signed value of a key. `encoded` is its value exactly as bencoded by its signer.

    The constructor trusts its caller that `encoded` is one bencoded value; `verify` checks the
    signature, lengths included.
    """

    public_key: bytes
    seq: int
    signature: bytes
    encoded: bytes
    salt: bytes = b""

    @classmethod
    def of(
        cls, public_key: bytes, seq: int, signature: bytes, value: bytes, salt: bytes = b""
    ) -> "MutableItem":
        """An item whose value is a plain byte string, as a pkarr packet is."""
        return cls(public_key, seq, signature, encode_bytes(value), salt)

    @staticmethod
    def target_of(public_key: bytes, salt: bytes = b"") -> bytes:
        """Where the item of a key lies: SHA-1 of key and salt, 20 bytes."""
        return hashlib.sha1(public_key + salt, usedforsecurity=False).digest()

    @property
    def target(self) -> bytes:
        """Where this item lies."""
        return self.target_of(self.public_key, self.salt)

    @property
    def value(self) -> bytes | None:
        """The byte string, or None when the value is of another kind."""
        return _byte_string(self.encoded)

    @property
    def size(self) -> int:
        """Bytes that count against the limit of 1000 (discovery 5.2)."""
        return _size(self.encoded)

    @property
    def recency(self) -> tuple[int, bytes]:
        """The sort key of items of one target: later `seq`, on a tie the larger value."""
        value = self.value
        return self.seq, self.encoded if value is None else value

    def more_recent_than(self, other: "MutableItem") -> bool:
        """Whether this item replaces the other one."""
        return self.recency > other.recency

    def verify(self) -> bool:
        """True if the signature is the key's, of exactly this value, `seq` and salt."""
        if len(self.public_key) != PUBLIC_KEY_BYTES or len(self.signature) != SIGNATURE_BYTES:
            return False
        message = signable(self.seq, self.encoded, self.salt)
        try:
            crypto_sign_open(self.signature + message, self.public_key)
        except BadSignatureError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class ImmutableItem:
    """A value known by its hash. `encoded` is the bencoded value."""

    encoded: bytes

    @classmethod
    def of(cls, value: bytes) -> "ImmutableItem":
        """An item whose value is a plain byte string."""
        return cls(encode_bytes(value))

    @property
    def target(self) -> bytes:
        """Where this item lies: SHA-1 of the bencoded value, 20 bytes."""
        return hashlib.sha1(self.encoded, usedforsecurity=False).digest()

    @property
    def value(self) -> bytes | None:
        """The byte string, or None when the value is of another kind."""
        return _byte_string(self.encoded)

    @property
    def size(self) -> int:
        """Bytes that count against the limit of 1000 (discovery 5.2)."""
        return _size(self.encoded)


Item = MutableItem | ImmutableItem


def _byte_string(encoded: bytes) -> bytes | None:
    return encoded[encoded.index(b":") + 1 :] if encoded[:1].isdigit() else None


def _size(encoded: bytes) -> int:
    value = _byte_string(encoded)
    return len(encoded if value is None else value)
