"""The sealed channel between who shows a sign-in link and the wallet that answers it.

XSalsa20-Poly1305 under the link's secret: nonce 24 | tag 16 | ciphertext (authentication document 3
and 12). Whoever saw the link has the secret, so what comes out is a stranger's word like any other.
"""

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from appliance.errors import invalid
from appliance.pubky.content_hash import content_hash
from appliance.pubky.jws import base64url_encode

SECRET_BYTES = 32
# A grant with many capabilities exceeds the 2 KiB of the first relays.
MAX_BODY_BYTES = 16 * 1024


def channel_id(secret: bytes) -> str:
    """Where the answer to a link with this secret is left: 43 characters of base64url."""
    return base64url_encode(content_hash(secret).raw)


def unseal(wire: bytes, secret: bytes) -> bytes:
    """The message of a sealed body; raises `invalid` when it was not sealed with this secret."""
    try:
        return bytes(SecretBox(secret).decrypt(wire))
    except (CryptoError, ValueError):
        raise invalid("the body was not sealed with the link's secret") from None
