"""Who acts at the operator's API, how guessing is slowed, and what is remembered of acts."""

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.admin_access import (
    OWNER,
    SCOPES,
    AdminAccess,
    Operator,
    new_token,
    token_hash,
)
from appliance.metadata import admin_tokens, audit
from appliance.metadata.admin_tokens import AdminToken
from appliance.metadata.store import Metadata

LONGEST_NAME = 100
STAMP_EVERY_US = 60_000_000
# Each wrong guess of an address doubles its next answer's delay, up to this.
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
REMEMBERED_ADDRESSES = 1000

_log = logging.getLogger(__name__)


class Operators:
    """Recognises operators by password or token, and keeps their audit log."""

    def __init__(self, metadata: Metadata, access: AdminAccess, clock: Clock) -> None:
        self._metadata = metadata
        self._access = access
        self._clock = clock
        # The oldest address is forgotten first: strangers must not grow this without end.
        self._wrong_guesses: OrderedDict[str, int] = OrderedDict()
        self.refusals = 0

    async def recognise(self, credential: str, address: str) -> Operator | None:
        """The operator behind a password or token; a wrong one is counted, logged and slowed.

        `address` is where the client comes from; the credential itself is never logged.
        """
        operator = self._access.own_token(credential) or await self._by_token(credential)
        if operator is None and await self._access.is_password(credential):
            operator = OWNER
        if operator is not None:
            self._wrong_guesses.pop(address, None)
            return operator
        self.refusals += 1
        guesses = self._wrong_guesses.pop(address, 0) + 1
        self._wrong_guesses[address] = guesses
        if len(self._wrong_guesses) > REMEMBERED_ADDRESSES:
            self._wrong_guesses.popitem(last=False)
        _log.warning("wrong credentials for the operator's API from %s (%d)", address, guesses)
        await asyncio.sleep(min(FIRST_DELAY_S * 2 ** min(guesses - 1, 10), LONGEST_DELAY_S))
        return None

    async def _by_token(self, credential: str) -> Operator | None:
        now_us = self._clock()
        token = await self._metadata.peek(admin_tokens.find, token_hash(credential), now_us)
        if token is None:
            return None
        if token.last_used_us is None or now_us - token.last_used_us > STAMP_EVERY_US:
            # Reads go on when the disk is full; the stamp waits for better days.
            with suppress(PubkyError):
                await self._metadata.write(admin_tokens.stamp_use, token.id, now_us)
        return Operator(f"token {token.name}", frozenset(token.scopes.split()))

    async def create_token(
        self, name: str, scopes: list[str], expires_in_s: int | None
    ) -> tuple[AdminToken, str]:
        """A named token and its text, which is shown only now; raises PubkyError invalid."""
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise invalid(f"A token's name has 1 to {LONGEST_NAME} printable characters")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise invalid(f"A token needs one or more scopes of: {', '.join(SCOPES)}")
        if expires_in_s is not None and not 0 < expires_in_s <= 10 * 365 * 86400:
            raise invalid("A token expires after 1 second to 10 years")
        now_us = self._clock()
        text = new_token()
        row = await self._metadata.write(
            admin_tokens.create,
            name,
            token_hash(text),
            " ".join(sorted(set(scopes))),
            None if expires_in_s is None else now_us + expires_in_s * 1_000_000,
            now_us,
        )
        return row, text

    async def tokens(self) -> list[AdminToken]:
        """Every named token, newest first."""
        return await self._metadata.read(admin_tokens.all_tokens)

    async def revoke_token(self, token_id: int) -> None:
        """End a token; raises PubkyError not_found."""
        if not await self._metadata.write(admin_tokens.revoke, token_id, self._clock()):
            raise PubkyError("not_found", "Not Found")

    async def note(self, actor: str, action: str, subject: str, outcome: str) -> None:
        """Add one act to the audit log."""
        await self._metadata.write(audit.append, self._clock(), actor, action, subject, outcome)
