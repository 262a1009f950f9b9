"""The signed token of the cookie flow (authentication document 5).

signature 64 | namespace 10 | version 1 | time in µs, big-endian 8 | public key 32 | capabilities.
The signature covers everything from the second byte of the namespace on. A token names no
audience, so whoever receives it can spend it: callers must record `replay_id` and refuse repeats.
"""

from dataclasses import dataclass
from typing import Self

from appliance.errors import invalid
from appliance.pubky import postcard
from appliance.pubky.capabilities import Capability, parse_list
from appliance.pubky.keys import KEY_BYTES, SIGNATURE_BYTES, Keypair, PublicKey

MIN_BYTES = 116
MAX_BYTES = 65_536
WINDOW_US = 180_000_000

_NAMESPACE = b"PUBKY:AUTH"
_VERSION = 0
_SIGNED_FROM = SIGNATURE_BYTES + 1
_MESSAGE = "AuthToken has a timestamp that is more than 3 minutes in the "


@dataclass(frozen=True, slots=True)
class AuthToken:
    """What a verified token says: who asked, when (µs since the epoch), and for what."""

    timestamp_us: int
    public_key: PublicKey
    capabilities: tuple[Capability, ...]

    @classmethod
    def verify(cls, raw: bytes, now_us: int) -> Self:
        """Checks form, age and signature in the order of 5.3; replay is the caller's step.

        Exactly 180 s of difference still passes. Raises `invalid`.
        """
        if not MIN_BYTES <= len(raw) <= MAX_BYTES:
            raise invalid(f"AuthToken must have {MIN_BYTES} to {MAX_BYTES} bytes")
        reader = postcard.Reader(raw)
        signature = reader.fixed(SIGNATURE_BYTES)
        if reader.fixed(len(_NAMESPACE)) != _NAMESPACE:
            raise invalid("Unknown namespace")
        if reader.fixed(1)[0] != _VERSION:
            raise invalid("Unknown version")
        timestamp_us = int.from_bytes(reader.fixed(8))
        public_key = PublicKey.from_bytes(reader.fixed(KEY_BYTES))
        capabilities = parse_list(reader.string())
        if reader.remaining:
            raise invalid("AuthToken has bytes after its last field")
        if timestamp_us - now_us > WINDOW_US:
            raise invalid(_MESSAGE + "future")
        if now_us - timestamp_us > WINDOW_US:
            raise invalid(_MESSAGE + "past")
        if not public_key.verify(raw[_SIGNED_FROM:], signature):
            raise invalid("Invalid Signature")
        return cls(timestamp_us, public_key, capabilities)

    @property
    def replay_id(self) -> bytes:
        """40 bytes, time then key, that no other honest token shares."""
        return self.timestamp_us.to_bytes(8) + self.public_key.raw


def sign_auth_token(keypair: Keypair, capabilities_text: str, timestamp_us: int) -> bytes:
    """A token by `keypair`; the text is signed as given and neither checked nor normalised.

    Give each token of one key a later time than the one before, or it counts as a replay.
    """
    body = (
        _NAMESPACE
        + bytes([_VERSION])
        + timestamp_us.to_bytes(8)
        + keypair.public_key.raw
        + postcard.string(capabilities_text)
    )
    return keypair.sign(body[1:]) + body
