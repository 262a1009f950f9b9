"""Signing in to our own pages with a wallet: attempts that wait for an answer (document 17).

In memory only: an attempt lives four minutes, and a restart just means to scan again. Its secret
goes as soon as an answer was accepted or the attempt is over.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from appliance.clock import Clock
from appliance.errors import PubkyError, invalid
from appliance.homeserver.rate_limits import (
    NS_PER_S,
    NS_PER_US,
    Buckets,
    Flow,
    IPAddress,
    address_key,
)
from appliance.homeserver.sessions import Sessions
from appliance.metadata import nonces
from appliance.metadata.store import Metadata
from appliance.pubky.capabilities import list_text, normalize, parse_list
from appliance.pubky.grants import RANDOM_ID_BYTES, random_id
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.sign_in_answers import (
    GRANT_WINDOW_S,
    GrantAnswer,
    Question,
    TokenAnswer,
    read_answer,
)
from appliance.pubky.sign_in_links import (
    NONCE_BYTES,
    login_capability,
    login_host,
    sign_in_link,
)
from appliance.pubky.signing_channel import SECRET_BYTES, channel_id
from appliance.pubky.timestamp import US_PER_SECOND

LIFETIME_S = 240
MOST_LIVE = 100
# Anybody who saw the code can send nonsense; an honest wallet needs one try, or a few.
MOST_BAD_BODIES = 10
# Ten starts from one address in ten minutes (17.5).
STARTS = Flow(10, 600 * NS_PER_S, 10)

_RETRY = {"retry-after": "60"}

AttemptState = Literal["pending", "approved", "refused"]
LinkKind = Literal["signin", "grant"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a page wants to ask. `capabilities` are real rights, or empty to learn who it is.

    `relay` is the base address where the answer is left; `source` is the name that wallets show.
    """

    origin: str
    relay: str
    source: str
    capabilities: str = ""
    link_kind: LinkKind = "signin"


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved, and their unspent token if real rights were asked for."""

    public_key: PublicKey
    token: bytes | None


@dataclass(slots=True)
class Attempt:
    """One attempt. `question` and `link` hold the secret and are gone once it is not pending."""

    id: str
    channel_id: str
    expires_us: int
    asks_for_rights: bool
    question: Question | None
    link: str | None
    state: AttemptState = "pending"
    approval: Approval | None = None
    bad_bodies: int = 0

    def settle(self, state: AttemptState) -> None:
        """Leave `pending`."""
        self.state = state
        self.question = self.link = None


class LoginAttempts:
    """Every attempt that is not over."""

    def __init__(
        self,
        sessions: Sessions,
        metadata: Metadata,
        clock: Clock,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._sessions = sessions
        self._metadata = metadata
        self._clock = clock
        self._random = random
        self._by_id: dict[str, Attempt] = {}
        self._starts = Buckets()

    def start(self, wish: Wish, address: IPAddress | None) -> Attempt:
        """A new attempt; `address` is where a stranger asks from, None for whoever is known.

        Raises PubkyError invalid, or rate_limited when this address, or all, have had enough.
        """
        host = login_host(wish.origin)
        # Published wallets drop what another entry covers, and we compare byte for byte.
        if list_text(normalize(parse_list(wish.capabilities))) != wish.capabilities:
            raise invalid("Capabilities must be written in their normal form")
        if wish.capabilities and wish.link_kind != "signin":
            raise invalid("Only a signed token can be spent for real rights")
        self._count_start(address)
        secret = self._random(SECRET_BYTES)
        # For real rights there is no room for a binding entry: wallets would drop it as covered. A
        # token for them is worth what it is worth at the client API, wherever it was signed.
        capabilities = wish.capabilities or login_capability(host, self._random(NONCE_BYTES))
        # A grant names a key. It is never exchanged, so the other half of the key is not kept.
        app_key = (
            Keypair.from_seed(self._random(SECRET_BYTES)).public_key
            if wish.link_kind == "grant"
            else None
        )
        attempt = Attempt(
            id=random_id(self._random(RANDOM_ID_BYTES)),
            channel_id=channel_id(secret),
            expires_us=self._clock() + LIFETIME_S * US_PER_SECOND,
            asks_for_rights=bool(wish.capabilities),
            question=Question(secret, capabilities, host, app_key),
            link=sign_in_link(
                capabilities,
                wish.relay,
                secret,
                source=wish.source,
                app=None if app_key is None else (host, app_key),
            ),
        )
        self._by_id[attempt.id] = attempt
        return attempt

    async def receive(self, channel: str, body: bytes) -> None:
        """Take what somebody left in a channel; raises PubkyError not_found if nobody waits.

        Nonsense is counted and otherwise ignored, as an ordinary relay would.
        """
        attempt = self._pending_in(channel)
        if attempt.question is None:
            raise _missing()
        try:
            answer = read_answer(body, attempt.question, self._clock())
            await self._spend(answer, attempt)
        except PubkyError as error:
            # A full disk is no fault of the answer: it may be sent again.
            if error.code not in ("invalid", "unauthenticated"):
                raise
            attempt.bad_bodies += 1
            if attempt.bad_bodies >= MOST_BAD_BODIES and attempt.state == "pending":
                attempt.settle("refused")
            return
        if attempt.state != "pending":
            return  # another answer was quicker
        token = answer.raw if isinstance(answer, TokenAnswer) and attempt.asks_for_rights else None
        attempt.approval = Approval(answer.public_key, token)
        attempt.settle("approved")

    def find(self, attempt_id: str) -> Attempt:
        """An attempt that is not over; raises PubkyError not_found."""
        self._forget_expired()
        attempt = self._by_id.get(attempt_id)
        if attempt is None:
            raise _missing()
        return attempt

    def consume(self, attempt_id: str) -> Approval:
        """Use an approval up: one caller gets it. Raises PubkyError not_found or conflict."""
        attempt = self.find(attempt_id)
        if attempt.approval is None:
            raise PubkyError("conflict", "This attempt was not approved")
        del self._by_id[attempt_id]
        return attempt.approval

    def cancel(self, attempt_id: str) -> None:
        """End an attempt; ending it twice is fine."""
        self._by_id.pop(attempt_id, None)

    async def _spend(self, answer: TokenAnswer | GrantAnswer, attempt: Attempt) -> None:
        """Make sure that an answer counts once; raises PubkyError invalid."""
        if isinstance(answer, GrantAnswer):
            grant, now_s = answer.grant, self._clock() // US_PER_SECOND
            good_until_s = grant.issued_s + GRANT_WINDOW_S
            if not await self._metadata.write(
                nonces.spend_pop_nonce, grant.cnf.z32, grant.jti, good_until_s, now_s
            ):
                raise invalid("the grant was used before")
        elif not attempt.asks_for_rights:
            # One table with the client API's: a token that signs in here opens nothing there.
            await self._sessions.accept_token(answer.raw)

    def _pending_in(self, channel: str) -> Attempt:
        self._forget_expired()
        for attempt in self._by_id.values():
            if attempt.channel_id == channel and attempt.state == "pending":
                return attempt
        raise _missing()

    def _count_start(self, address: IPAddress | None) -> None:
        self._forget_expired()
        full = len(self._by_id) >= MOST_LIVE
        if address is not None and not full:
            key, now_ns = address_key(address), self._clock() * NS_PER_US
            full = self._starts.wait_ns(key, STARTS, now_ns) > 0
            if not full:
                self._starts.take(key, STARTS, now_ns)
        if full:
            raise PubkyError(
                "rate_limited", "Too many sign-ins were begun; try again later", **_RETRY
            )

    def _forget_expired(self) -> None:
        now_us = self._clock()
        for attempt in [one for one in self._by_id.values() if one.expires_us <= now_us]:
            del self._by_id[attempt.id]


def _missing() -> PubkyError:
    return PubkyError("not_found", "No such sign-in attempt")
