"""Who is who: keys that follow from names, so that every address is the same in every run."""

import hashlib
from functools import cache
from typing import Literal

from appliance.pubky.keys import Keypair

Name = Literal["ada", "bo", "cy", "dee", "mallory", "flood"]
"""Ada runs the node and has used it much; Bo little, Cy not at all; Dee is disabled; Mallory means
harm; Flood has very many files."""

NAMES: tuple[Name, ...] = ("ada", "bo", "cy", "dee", "mallory", "flood")
EVERYBODY_QUICK: tuple[Name, ...] = NAMES[:-1]
"""All but Flood, whose files take a while."""


@cache
def keypair(name: str) -> Keypair:
    """The key of a tenant, of an app's installation, or of anybody else who has a name."""
    return Keypair.from_seed(hashlib.sha256(f"sample life: key of {name}".encode()).digest())


@cache
def key(name: str) -> str:
    """The public key's text."""
    return keypair(name).public_key.z32


@cache
def stranger(number: int) -> str:
    """The key of somebody on another homeserver, whom nobody here can look up."""
    return key(f"stranger {number}")
