"""`SIGNATURE`: the node's word that it made this manifest. Read here, checked elsewhere.

Without a key at hand nobody can check it, and this folder has none.
"""

import json
import re
from dataclasses import asdict, dataclass

FORMAT = "pubky-appliance export manifest v1"
MAX_BYTES = 4096
_KEY = re.compile("[ybndrfg8ejkmcpqxot1uwisza345h769]{52}")
_HEX = re.compile("[0-9a-f]*")
_HASH_DIGITS, _SIGNATURE_DIGITS = 64, 128


class SignatureError(ValueError):
    """The file is not such a signature; the message says why."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Which node (a key) said when (µs since 1970) that this is the manifest of whose files.

    `blake3` is the hash of `MANIFEST.jsonl`, `signature` an Ed25519 signature, both in hex.
    """

    node: str
    owner: str
    blake3: str
    at_us: int
    signature: str


def to_text(signature: Signature) -> bytes:
    """The file."""
    return json.dumps({"format": FORMAT} | asdict(signature), indent=1).encode() + b"\n"


def parse(data: bytes) -> Signature:
    """Read the file. Raises `SignatureError`."""
    try:
        said = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise SignatureError("It is not JSON.") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise SignatureError("It is not a signature of a form that we know.")
    texts = [said.get(name) for name in ("node", "owner", "blake3", "signature")]
    at_us = said.get("at_us")
    if type(at_us) is not int or not 0 <= at_us < 2**63:
        raise SignatureError("It names no time.")
    node, owner, blake3, signature = (text if isinstance(text, str) else "" for text in texts)
    if not (_KEY.fullmatch(node) and _KEY.fullmatch(owner)):
        raise SignatureError("It names no keys.")
    if not _is_hex(blake3, _HASH_DIGITS) or not _is_hex(signature, _SIGNATURE_DIGITS):
        raise SignatureError("Its hash or signature has another form.")
    return Signature(node, owner, blake3, at_us, signature)


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and _HEX.fullmatch(text) is not None
