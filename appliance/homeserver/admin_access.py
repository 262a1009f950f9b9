"""Who may use the operator's API: the one password, and tokens of this process's own parts."""

import asyncio
import hashlib
import hmac
import secrets

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
        self._token_hashes: set[bytes] = set()

    def issue_token(self) -> str:
        """A token for a part of this process (the dashboard); it ends with the process."""
        token = secrets.token_urlsafe(32)
        self._token_hashes.add(hashlib.sha256(token.encode()).digest())
        return token

    def is_token(self, text: str) -> bool:
        """Whether this is an issued token."""
        return hashlib.sha256(text.encode()).digest() in self._token_hashes

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


def _verifies(hashed_password: bytes, password: bytes) -> bool:
    try:
        return pwhash.verify(hashed_password, password)
    except InvalidkeyError:
        return False
