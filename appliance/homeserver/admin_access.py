"""Who may use the operator's API: the one password, and tokens of this process's own parts."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from nacl import pwhash
from nacl.exceptions import InvalidkeyError

PASSWORD_BYTES = 18
# 16 MiB and three passes: some tens of milliseconds on a small machine, and little of its memory.
_MEMORY_BYTES = 16 * 1024 * 1024
_PASSES = 3


def random_password() -> str:
    """A password that nobody guesses: 24 characters that need no escaping anywhere."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def password_hash(password: str) -> str:
    """The Argon2id text to keep in place of a password."""
    hashed = pwhash.argon2id.str(password.encode(), opslimit=_PASSES, memlimit=_MEMORY_BYTES)
    return hashed.decode("ascii")


SCOPES = (
    "node:read",
    "node:write",
    "users:read",
    "users:write",
    "invites:read",
    "invites:write",
    "content:read",
    "content:write",
    "events:read",
    "tokens:write",
    "audit:read",
    "logins:write",
    "archives:sign",
)
"""What a named token may be allowed; the password may do everything."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who is acting: a name for the audit log, and what they may do."""

    name: str
    scopes: frozenset[str]


OWNER = Operator("operator", frozenset(SCOPES))


class AdminAccess:
    """Checks credentials for the operator's API."""

    def __init__(self, hashed_password: str) -> None:
        self._hashed_password = hashed_password.encode()
        # A password that was right once is recognised by a digest under a key of this process:
        # the slow hash is for guessers, not for every request of a script.
        self._key = secrets.token_bytes(32)
        self._known: bytes | None = None
        # Guesses are checked one at a time, which bounds memory and slows guessing.
        self._turn = asyncio.Semaphore(1)
        self._own_tokens: dict[bytes, Operator] = {}

    def issue_token(self, part: str) -> str:
        """A token for a part of this process (the dashboard); it ends with the process."""
        token = new_token()
        self._own_tokens[token_hash(token)] = Operator(part, frozenset(SCOPES))
        return token

    def own_token(self, text: str) -> Operator | None:
        """The part of this process that holds this token."""
        return self._own_tokens.get(token_hash(text))

    async def is_password(self, text: str) -> bool:
        """Whether this is the operator's password."""
        digest = hmac.digest(self._key, text.encode(), "sha256")
        if self._known is not None and hmac.compare_digest(self._known, digest):
            return True
        async with self._turn:
            if not await asyncio.to_thread(_verifies, self._hashed_password, text.encode()):
                return False
        self._known = digest
        return True


def new_token() -> str:
    """A token for the operator's API; its beginning says what it is to whoever finds it."""
    return "pka_" + secrets.token_urlsafe(32)


def token_hash(text: str) -> bytes:
    """What is kept in place of a token: it is random, so a fast hash is enough."""
    return hashlib.sha256(text.encode()).digest()


def _verifies(hashed_password: bytes, password: bytes) -> bool:
    try:
        return pwhash.verify(hashed_password, password)
    except InvalidkeyError:
        return False
