"""A node's word for an export: its signature over the hash of the archive's manifest.

The beginning keeps it apart from everything else that the key signs: tokens, grants and packets
begin otherwise, and nothing that a stranger chooses stands before it.
"""

from dataclasses import dataclass

from appliance.errors import invalid
from appliance.pubky.keys import SIGNATURE_BYTES, Keypair, PublicKey

_DOMAIN = b"pubky-appliance export manifest v1\n"
HASH_BYTES = 32
_LATEST_US = 2**63


@dataclass(frozen=True, slots=True)
class ManifestStatement:
    """What is signed: whose files, the BLAKE3 hash of their manifest, and when (µs since 1970)."""

    owner: PublicKey
    manifest_hash: bytes
    at_us: int

    def __post_init__(self) -> None:
        if len(self.manifest_hash) != HASH_BYTES:
            raise invalid(f"The hash of a manifest has {HASH_BYTES} bytes")
        if not 0 <= self.at_us < _LATEST_US:
            raise invalid("Invalid time")

    @property
    def signable(self) -> bytes:
        """The signed bytes; every part has its fixed length."""
        return _DOMAIN + self.owner.raw + self.manifest_hash + self.at_us.to_bytes(8, "big")

    def sign(self, keypair: Keypair) -> bytes:
        """The node's signature, 64 bytes."""
        return keypair.sign(self.signable)

    def is_signed_by(self, node: PublicKey, signature: bytes) -> bool:
        """Whether this node said it."""
        return len(signature) == SIGNATURE_BYTES and node.verify(self.signable, signature)
