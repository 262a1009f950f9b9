"""A wallet as a person holds it: keys from words or a recovery file, and answers to apps' links.

The client's half of the protocol (authentication document 2, 3, 11, 12, 14), which the server never
sees. It is held to the recorded values of the official clients before it is used against ours.
"""

import hashlib
import unicodedata
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import httpx
from argon2.low_level import Type, hash_secret_raw
from blake3 import blake3
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from appliance.pubky.capabilities import list_text
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.keys import Keypair, PublicKey
from tests.support.appliance import auth_token
from tests.support.grant_client import grant_for

NONCE_BYTES = 24
SPEC_LINES = (b"pubky.org/recovery", b"pkarr.org/recovery")


class WalletError(Exception):
    """Something that the wallet cannot read."""


def keypair_of_words(mnemonic: str, passphrase: str = "") -> Keypair:
    """BIP-39: the first 32 bytes of the seed, no derivation path."""
    words = unicodedata.normalize("NFKD", mnemonic).encode()
    salt = unicodedata.normalize("NFKD", "mnemonic" + passphrase).encode()
    return Keypair.from_seed(hashlib.pbkdf2_hmac("sha512", words, salt, 2048)[:32])


def seal(message: bytes, key: bytes, nonce: bytes) -> bytes:
    """XSalsa20-Poly1305: nonce, tag, ciphertext; an empty message stays empty."""
    return bytes(SecretBox(key).encrypt(message, nonce)) if message else b""


def unseal(wire: bytes, key: bytes) -> bytes:
    """What `seal` made; raises WalletError."""
    if not wire:
        return b""
    if len(wire) < NONCE_BYTES:
        raise WalletError(f"TooSmall({len(wire)})")
    try:
        return bytes(SecretBox(key).decrypt(wire))
    except (CryptoError, ValueError) as error:
        raise WalletError("authentication failure") from error


def recovery_key(passphrase: str) -> bytes:
    """Argon2id with the constant salt of recovery files."""
    return hash_secret_raw(
        passphrase.encode(),
        b"recovery",
        time_cost=2,
        memory_cost=19456,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
        version=0x13,
    )


def keypair_of_recovery_file(file: bytes, passphrase: str) -> Keypair:
    """Read a recovery file; raises WalletError."""
    line, newline, sealed = file.partition(b"\n")
    if not newline or not line.startswith(SPEC_LINES):
        raise WalletError("Recovery file should start with a spec line")
    if not sealed:
        raise WalletError("Recovery file should contain an encrypted secret key")
    seed = unseal(sealed, recovery_key(passphrase))
    if len(seed) != 32:
        raise WalletError(f"Recovery file encrypted secret key should be 32 bytes, got {len(seed)}")
    return Keypair.from_seed(seed)


def channel_id(secret: bytes) -> str:
    """Where the relay keeps the answer to a link with this secret."""
    return urlsafe_b64encode(blake3(secret).digest()).rstrip(b"=").decode()


def channel_url(base: str, channel: str) -> str:
    """The channel's address at a relay."""
    return f"{base.removesuffix('/')}/{channel}"


def relay_kind(base: str) -> Literal["link", "inbox"]:
    """Which protocol a relay's address means."""
    return "link" if base.removesuffix("/").endswith("/link") else "inbox"


def resource_url(resource: str, *, path_addressed: bool = False) -> str:
    """Where `pubky://<key>/<path>` or `pubky<key>/<path>` is asked for; raises WalletError."""
    for prefix in ("pubky://", "pubky"):
        if resource.startswith(prefix):
            owner, slash, path = resource.removeprefix(prefix).partition("/")
            break
    else:
        raise WalletError("expected `pubky<user>/<path>` or `pubky://<user>/<path>`")
    segments = path.removesuffix("/").split("/")
    if not slash or any(segment in ("", ".", "..") for segment in segments):
        raise WalletError("the path is missing, or not in normal form")
    if len(owner) != 52:
        raise WalletError("the user is no key")
    root = f"/storage/{owner}" if path_addressed else ""
    return f"https://_pubky.{PublicKey.parse(owner).z32}{root}/{quote(path)}"


@dataclass(frozen=True, slots=True)
class Wallet:
    """A person who answers apps' links."""

    keypair: Keypair

    def answer_to(self, link: DeepLink) -> bytes:
        """What the person signs: a token for a cookie, or a grant for a bearer."""
        if link.client_id is None or link.client_key is None:
            return auth_token(self.keypair, list_text(link.capabilities))
        key = self.keypair.public_key
        capabilities = list_text(link.capabilities)
        grant = grant_for(key, link.client_key, capabilities, link.client_id)
        return grant.signed(self.keypair).encode()

    async def approve(self, text: str, nonce: bytes, http: httpx.AsyncClient) -> httpx.Response:
        """Answer a link through its relay."""
        link = DeepLink.parse(text)
        assert link.relay is not None
        assert link.secret is not None
        sealed = seal(self.answer_to(link), link.secret, nonce)
        return await http.post(channel_url(link.relay, channel_id(link.secret)), content=sealed)
