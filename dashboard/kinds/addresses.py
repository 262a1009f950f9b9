"""Addresses of people and their objects as they occur in data: `pubky://`, `pubky…` and `pk:`.

The grammar is the draft's (appendix A1): raw text, nothing decoded and nothing resolved, so that
`..` or a query never turns into another path. v0 lets a URL library mend such addresses; here they
are no address, which only means that they are shown as text.
"""

import re
from dataclasses import dataclass

from dashboard.kinds.ids import is_key

_REFUSED = re.compile("[%?#\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_KEY_LENGTH = 52


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody's key, and the path of one of their objects, or None for the person."""

    public_key: str
    path: str | None = None

    def __str__(self) -> str:
        return f"pubky://{self.public_key}{self.path or ''}"

    @property
    def is_private(self) -> bool:
        """Whether only its owner can read what is there."""
        return self.path is not None and f"{self.path}/".startswith("/priv/")


def parse_address(text: str) -> Address | None:
    """Read `pubky://<key>[/path]`, `pubky<key>[/path]` or `pk:<key>`, or None for anything else."""
    if text.startswith("pk:"):
        public_key = text[3:]
        return Address(public_key) if is_key(public_key) else None
    if text.startswith("pubky://"):
        rest = text[8:]
    elif text.startswith("pubky"):
        rest = text[5:]
    else:
        return None
    public_key, path = rest[:_KEY_LENGTH], rest[_KEY_LENGTH:]
    if not is_key(public_key):
        return None
    if not path:
        return Address(public_key)
    segments = path[1:].split("/")
    if path[0] != "/" or {"", ".", ".."} & set(segments) or _REFUSED.search(path):
        return None
    return Address(public_key, path)
