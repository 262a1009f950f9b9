"""Cookie sessions on the wire: the session record, the secret and its cookie.

Authentication document 7.3 to 7.6, client API 14.5 and 14.6.
"""

import hashlib
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote_to_bytes

from appliance.errors import invalid
from appliance.pubky import crockford, postcard
from appliance.pubky.keys import KEY_BYTES, PublicKey
from appliance.pubky.timestamp import US_PER_SECOND, http_date

SECRET_BYTES = 16
SECRET_CHARACTERS = 26
COOKIE_MAX_AGE_S = 31_536_000

_VERSION = 0
_YEAR_US = COOKIE_MAX_AGE_S * US_PER_SECOND


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The binary answer to a sign-in. `created_at` has the unit that the endpoint prescribes."""

    public_key: PublicKey
    created_at: int
    capabilities: tuple[str, ...]
    name: str = ""
    user_agent: str = ""

    def to_bytes(self) -> bytes:
        """The postcard form, version 0."""
        return b"".join(
            (
                postcard.varint(_VERSION),
                self.public_key.raw,
                postcard.varint(self.created_at),
                postcard.string(self.name),
                postcard.string(self.user_agent),
                postcard.strings(self.capabilities),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads what `to_bytes` writes and ignores bytes after it. Raises `invalid`."""
        if not data:
            raise invalid("Empty session record")
        reader = postcard.Reader(data)
        if reader.varint() != _VERSION:
            raise invalid("Unknown version")
        public_key = PublicKey.from_bytes(reader.fixed(KEY_BYTES))
        created_at = reader.varint()
        name = reader.string()
        user_agent = reader.string()
        return cls(public_key, created_at, reader.strings(), name, user_agent)


def session_secret(random: bytes) -> str:
    """The cookie value of 16 random bytes: 26 Crockford characters."""
    if len(random) != SECRET_BYTES:
        raise ValueError(f"a session secret is made of {SECRET_BYTES} bytes")
    return crockford.encode(random)


def is_session_secret(text: str) -> bool:
    """True if `text` is worth a lookup. The reference checks no more than the length."""
    return len(text) == SECRET_CHARACTERS and text.isascii()


def secret_hash(secret: str) -> bytes:
    """SHA-256 of the ASCII text: what is stored in place of the secret."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def session_cookie(key: PublicKey, secret: str, *, secure: bool, now_us: int) -> str:
    """The `Set-Cookie` value that starts a session of one year.

    `secure` is whether the client came over TLS; apps live on other origins, so `Secure` needs
    `SameSite=None` beside it.
    """
    return _set_cookie(key, secret, secure, COOKIE_MAX_AGE_S, now_us + _YEAR_US)


def removal_cookie(key: PublicKey, *, secure: bool, now_us: int) -> str:
    """The `Set-Cookie` value that makes a client forget the session; same flags as when set."""
    return _set_cookie(key, "", secure, 0, now_us - _YEAR_US)


def _set_cookie(key: PublicKey, value: str, secure: bool, max_age_s: int, expires_us: int) -> str:
    flags = "; SameSite=None; Secure" if secure else ""
    return (
        f"{key.z32}={value}; HttpOnly{flags}; Path=/; Max-Age={max_age_s}; "
        f"Expires={http_date(expires_us)}"
    )


def parse_cookies(header_values: list[str]) -> dict[str, str]:
    """Names and percent-decoded values of all `Cookie` lines; the first of a name wins.

    Never raises: a pair that cannot be read is left out, so one site's broken cookie does not sign
    a user out of another.
    """
    cookies: dict[str, str] = {}
    for line in header_values:
        for pair in line.split(";"):
            name, equals, value = pair.partition("=")
            name = name.strip()
            if not equals or not name or name in cookies:
                continue
            try:
                raw = value.strip().encode("utf-8", "surrogatepass")
                cookies[name] = unquote_to_bytes(raw).decode()
            except UnicodeDecodeError:
                continue
    return cookies
