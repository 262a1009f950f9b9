"""How a signed token becomes a session, and how a session is found and ended."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.homeserver.revocations import Revocations
from appliance.metadata import nonces, sessions, users
from appliance.metadata.events import Author
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.auth_token import AuthToken
from appliance.pubky.capabilities import Capability, list_text, parse_list
from appliance.pubky.keys import PublicKey
from appliance.pubky.sessions import (
    COOKIE_MAX_AGE_S,
    SECRET_BYTES,
    is_session_secret,
    secret_hash,
    session_secret,
)

# A token is good for 180 s before and after its time, so its id may be forgotten after both.
FORGET_TOKENS_AFTER_US = 360_000_000
# Last use is for people to read; a write for every request would cost more than it tells.
STAMP_EVERY_US = 60_000_000
USER_AGENT_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """Who is asking: an open session with its user and rights; `id` is the row of its kind."""

    id: int
    user: PublicKey
    capabilities: tuple[Capability, ...]
    created_us: int

    @property
    def author(self) -> Author:
        """How events name this session."""
        return Author(session_id=self.id)

    @property
    def credential(self) -> str:
        """How revocations name this session."""
        return f"session:{self.id}"

    @property
    def auth_method(self) -> str:
        """How metrics name this kind of session."""
        return "cookie"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was just made, with the secret that only its client will keep."""

    user: PublicKey
    secret: str
    capabilities: tuple[Capability, ...]
    created_us: int


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What a client says of itself when it signs in; shown to the owner, never believed."""

    user_agent: str = ""
    origin: str = ""


class Sessions:
    """Signing in, being recognised, signing out."""

    def __init__(self, metadata: Metadata, clock: Clock, revocations: Revocations) -> None:
        self._metadata = metadata
        self._clock = clock
        self._revocations = revocations

    async def accept_token(self, raw: bytes) -> AuthToken:
        """Verify and spend a sign-in token; raises PubkyError invalid.

        It is spent in a commit of its own before any later step, so a token can never be used
        twice, whatever becomes of the request (authentication document 5.3).
        """
        now_us = self._clock()
        token = AuthToken.verify(raw, now_us)
        fresh = await self._metadata.write(
            nonces.spend_auth_token,
            token.replay_id,
            token.timestamp_us,
            now_us - FORGET_TOKENS_AFTER_US,
        )
        if not fresh:
            raise PubkyError("invalid", "AuthToken already used")
        return token

    async def sign_in(self, raw_token: bytes, client: ClientFacts) -> NewSession:
        """A session for a user of this node; raises PubkyError invalid or not_found."""
        token = await self.accept_token(raw_token)
        return await self._metadata.write(open_session, token, client, self._clock())

    async def find(self, secret: str, tenant: PublicKey) -> ActiveSession | None:
        """The open session with this cookie secret, if it is the tenant's own."""
        if not is_session_secret(secret):
            return None
        now_us = self._clock()
        row = await self._metadata.peek(sessions.find, secret_hash(secret), now_us)
        if row is None or row.user != tenant.z32:
            return None
        if now_us - row.last_used_us > STAMP_EVERY_US:
            # Reads go on when the disk is full; the stamp waits for better days.
            with suppress(PubkyError):
                await self._metadata.write(sessions.stamp_use, row.id, now_us)
        return ActiveSession(row.id, tenant, parse_list(row.capabilities), row.created_us)

    async def sign_out(self, session: ActiveSession) -> None:
        """End this session and no other, and its private streams at once."""
        await self._metadata.write(sessions.revoke, session.id, self._clock())
        self._revocations.announce(session.credential)


def open_session(tx: Tx, token: AuthToken, client: ClientFacts, now_us: int) -> NewSession:
    """Transaction: a session for the signer of a spent token; raises PubkyError not_found."""
    user = users.find(tx, token.public_key.z32)
    if user is None:
        raise PubkyError("not_found", "Not Found")
    if user.suspended:
        raise PubkyError("forbidden", "User is suspended")
    secret = session_secret(secrets.token_bytes(SECRET_BYTES))
    sessions.create(
        tx,
        secret_hash(secret),
        user.id,
        list_text(token.capabilities),
        client.user_agent[:USER_AGENT_CHARACTERS],
        client.origin[:USER_AGENT_CHARACTERS],
        now_us + COOKIE_MAX_AGE_S * 1_000_000,
        now_us,
    )
    return NewSession(token.public_key, secret, token.capabilities, now_us)
