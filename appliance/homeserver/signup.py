"""How a person becomes a user: invites, and the one transaction that makes an account."""

import secrets
from typing import Literal

from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.homeserver.quotas import Quota, give_quota_of_token
from appliance.homeserver.sessions import ClientFacts, NewSession, Sessions, open_session
from appliance.metadata import quotas, signup_tokens, users
from appliance.metadata.signup_tokens import SignupToken
from appliance.metadata.store import Metadata, Tx
from appliance.pubky.auth_token import AuthToken
from appliance.pubky.keys import PublicKey
from appliance.pubky.signup_tokens import parse_signup_token, signup_token

SignupMode = Literal["token_required", "open"]

TOKEN_BYTES = 7
NOTE_CHARACTERS = 200


class Signup:
    """Signing up, and the invites it may need."""

    def __init__(
        self, metadata: Metadata, sessions: Sessions, clock: Clock, mode: SignupMode
    ) -> None:
        self._metadata = metadata
        self._sessions = sessions
        self._clock = clock
        self.mode: SignupMode = mode

    async def sign_up(
        self, raw_token: bytes, invite: str | None, client: ClientFacts
    ) -> NewSession:
        """A new user with a first session (client API 14.1, in that order).

        Raises PubkyError invalid, conflict or unauthenticated, and then nothing but the spent token
        has changed.
        """
        parsed = parse_invite(invite)
        token = await self._sessions.accept_token(raw_token)
        return await self._metadata.write(
            _create_account, token, parsed, self.mode, client, self._clock()
        )

    async def create_user(self, public_key: PublicKey, invite: str | None) -> None:
        """A new user without a session; `invite` went through `parse_invite`.

        Raises PubkyError invalid, conflict or unauthenticated as `sign_up` does.
        """
        await self._metadata.write(_create_user, public_key.z32, invite, self.mode, self._clock())

    async def create_invite(
        self, note: str | None, expires_in_s: int | None, quota: Quota | None = None
    ) -> SignupToken:
        """A new single-use invite; whoever redeems it gets `quota`, None: nothing of their own.

        Raises PubkyError invalid for a note or time out of range.
        """
        if note is not None and len(note) > NOTE_CHARACTERS:
            raise PubkyError("invalid", f"A note has at most {NOTE_CHARACTERS} characters")
        if expires_in_s is not None and not 0 < expires_in_s <= 10 * 365 * 86400:
            raise PubkyError("invalid", "An invite expires after 1 second to 10 years")
        now_us = self._clock()
        expires_us = None if expires_in_s is None else now_us + expires_in_s * 1_000_000
        text = signup_token(secrets.token_bytes(TOKEN_BYTES))
        return await self._metadata.write(
            _create_invite, text, note, expires_us, quota or Quota(), now_us
        )

    async def revoke_invite(self, token_id: int) -> SignupToken:
        """Make an unused invite worthless; raises PubkyError not_found or conflict."""
        return await self._metadata.write(_revoke_invite, token_id, self._clock())

    async def invite_status(self, text: str) -> SignupToken:
        """The invite behind a code (client API 15); raises PubkyError invalid or not_found."""
        if self.mode == "open":
            raise PubkyError("invalid", "Signup tokens not required")
        token = await self._metadata.peek(signup_tokens.find, parse_signup_token(text))
        if token is None:
            raise PubkyError("not_found", "Token not found")
        return token


def parse_invite(text: str | None) -> str | None:
    """The invite to look up; raises PubkyError invalid for a malformed one.

    An empty invite counts as absent: phone apps without a code send one.
    """
    return parse_signup_token(text) if text else None


def _create_account(
    tx: Tx,
    token: AuthToken,
    invite: str | None,
    mode: SignupMode,
    client: ClientFacts,
    now_us: int,
) -> NewSession:
    _create_user(tx, token.public_key.z32, invite, mode, now_us)
    return open_session(tx, token, client, now_us)


def _create_user(
    tx: Tx, public_key: str, invite: str | None, mode: SignupMode, now_us: int
) -> None:
    """Steps 3 and 4 of client API 14.1, the same for both kinds of sign-up."""
    user_id = users.create(tx, public_key, now_us)
    if user_id is None:
        raise PubkyError("conflict", "User already exists")
    if mode == "token_required":
        if invite is None:
            raise PubkyError("invalid", "Token required")
        if not signup_tokens.consume(tx, invite, public_key, now_us):
            found = signup_tokens.find(tx, invite)
            used = found is not None and found.used_by is not None
            raise PubkyError("unauthenticated", "Token already used" if used else "Invalid token")
    # Where no invite is needed, one that is sent along is ignored, and its quota with it.
    give_quota_of_token(tx, user_id, invite if mode == "token_required" else None)


def _create_invite(
    tx: Tx, text: str, note: str | None, expires_us: int | None, quota: Quota, now_us: int
) -> SignupToken:
    made = signup_tokens.create(tx, text, note, expires_us, now_us)
    quotas.set_of_token(tx, made.id, quota.to_columns())
    return made


def _revoke_invite(tx: Tx, token_id: int, now_us: int) -> SignupToken:
    revoked = signup_tokens.revoke(tx, token_id, now_us)
    token = signup_tokens.find_by_id(tx, token_id)
    if token is None:
        raise PubkyError("not_found", "Not Found")
    if not revoked:
        raise PubkyError("conflict", "This invite was used already")
    return token
