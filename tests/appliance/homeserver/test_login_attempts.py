"""Sign-in attempts as rules: states, time, replay, floods, and what is kept of a secret."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from appliance.errors import PubkyError
from appliance.homeserver.login_attempts import (
    LIFETIME_S,
    MOST_LIVE,
    Attempt,
    LoginAttempts,
    Wish,
)
from appliance.homeserver.revocations import Revocations
from appliance.homeserver.sessions import Sessions
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.capabilities import list_text
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.grants import Grant
from appliance.pubky.keys import Keypair
from tests.support.appliance import keypair_of
from tests.support.grant_client import fresh_id, grant_for
from tests.support.settable_clock import SettableClock
from tests.support.wallet import seal

ALICE, BOB = keypair_of("alice"), keypair_of("bob")
WISH = Wish("https://dash.example.org", "https://dash.example.org/relay/inbox", "Pubky node")
REAL = replace(WISH, capabilities="/pub/:rw,/priv/:rw")
ADDRESS = ipaddress.ip_address("192.0.2.1")


@dataclass(slots=True)
class House:
    """The rules on a database of their own, and a clock that stands still."""

    attempts: LoginAttempts
    sessions: Sessions
    clock: SettableClock

    def token_for(self, attempt: Attempt, keypair: Keypair = ALICE) -> bytes:
        """What a wallet signs for a link."""
        self.clock.now_us += 1
        capabilities = list_text(link_of(attempt).capabilities)
        return sign_auth_token(keypair, capabilities, self.clock.now_us)

    async def answer(self, attempt: Attempt, keypair: Keypair = ALICE) -> None:
        """Approve as a wallet does."""
        secret = link_of(attempt).secret or b""
        body = seal(self.token_for(attempt, keypair), secret, bytes(24))
        await self.attempts.receive(attempt.channel_id, body)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = SettableClock()
    metadata: SqliteMetadata = await open_sqlite(tmp_path / "rows", durable=False)
    sessions = Sessions(metadata, clock, Revocations())
    yield House(LoginAttempts(sessions, metadata, clock), sessions, clock)
    await metadata.close()


def link_of(attempt: Attempt) -> DeepLink:
    assert attempt.link is not None
    return DeepLink.parse(attempt.link)


async def test_an_approval_says_who_it_was_and_is_used_once(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    await house.answer(attempt)
    assert house.attempts.find(attempt.id).state == "approved"
    approval = house.attempts.consume(attempt.id)
    assert (approval.public_key, approval.token) == (ALICE.public_key, None)
    with pytest.raises(PubkyError, match="No such"):
        house.attempts.consume(attempt.id)


async def test_what_nobody_approved_cannot_be_used(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    with pytest.raises(PubkyError) as refusal:
        house.attempts.consume(attempt.id)
    assert refusal.value.code == "conflict"


async def test_the_secret_goes_with_the_answer(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    secret = link_of(attempt).secret
    assert secret is not None
    assert repr(attempt.question).find("secret") == -1
    await house.answer(attempt)
    assert (attempt.question, attempt.link) == (None, None)


async def test_an_attempt_ends_after_four_minutes(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    body = seal(house.token_for(attempt), link_of(attempt).secret or b"", bytes(24))
    house.clock.advance(LIFETIME_S)
    for use in (house.attempts.find, house.attempts.consume):
        with pytest.raises(PubkyError, match="No such"):
            use(attempt.id)
    with pytest.raises(PubkyError, match="No such"):
        await house.attempts.receive(attempt.channel_id, body)


async def test_an_approval_that_nobody_fetched_ends_too(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    await house.answer(attempt)
    house.clock.advance(LIFETIME_S)
    with pytest.raises(PubkyError, match="No such"):
        house.attempts.consume(attempt.id)


async def test_a_cancelled_attempt_takes_no_answer(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    house.attempts.cancel(attempt.id)
    house.attempts.cancel(attempt.id)
    with pytest.raises(PubkyError, match="No such"):
        await house.answer(attempt)


async def test_the_first_of_two_answers_counts(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    secret = link_of(attempt).secret or b""
    bodies = [
        seal(house.token_for(attempt, keypair), secret, bytes(24)) for keypair in (ALICE, BOB)
    ]
    approvals = []

    async def answer(body: bytes) -> None:
        await house.attempts.receive(attempt.channel_id, body)
        approvals.append(attempt.approval)

    await asyncio.gather(*map(answer, bodies))
    assert approvals == [house.attempts.consume(attempt.id)] * 2


async def test_a_token_that_signed_in_here_opens_nothing_at_the_client_api(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    token = house.token_for(attempt)
    await house.attempts.receive(
        attempt.channel_id, seal(token, link_of(attempt).secret or b"", bytes(24))
    )
    with pytest.raises(PubkyError, match="already used"):
        await house.sessions.accept_token(token)


async def test_a_token_that_was_spent_at_the_client_api_signs_nobody_in(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    token = house.token_for(attempt)
    await house.sessions.accept_token(token)
    await house.attempts.receive(
        attempt.channel_id, seal(token, link_of(attempt).secret or b"", bytes(24))
    )
    assert (attempt.state, attempt.bad_bodies) == ("pending", 1)


async def test_a_token_for_real_rights_is_handed_on_unspent(house: House) -> None:
    attempt = house.attempts.start(REAL, None)
    capabilities = list(map(str, link_of(attempt).capabilities))
    assert capabilities == ["/pub/:rw", "/priv/:rw"]
    await house.answer(attempt)
    token = house.attempts.consume(attempt.id).token
    assert token is not None
    assert (await house.sessions.accept_token(token)).public_key == ALICE.public_key


@pytest.mark.parametrize("other", ["", "/:rw", "/pub/:rw", "/pub/:rw,/priv/:rw,/a:r"])
async def test_a_token_for_other_rights_is_refused(house: House, other: str) -> None:
    attempt = house.attempts.start(REAL, None)
    token = sign_auth_token(ALICE, other, house.clock.now_us)
    body = seal(token, link_of(attempt).secret or b"", bytes(24))
    await house.attempts.receive(attempt.channel_id, body)
    assert (attempt.state, attempt.bad_bodies) == ("pending", 1)


async def test_ten_bodies_of_nonsense_end_it(house: House) -> None:
    attempt = house.attempts.start(WISH, None)
    for _ in range(9):
        await house.attempts.receive(attempt.channel_id, b"nonsense")
    assert house.attempts.find(attempt.id).state == "pending"
    await house.attempts.receive(attempt.channel_id, b"nonsense")
    assert house.attempts.find(attempt.id).state == "refused"
    assert (attempt.question, attempt.link) == (None, None)
    with pytest.raises(PubkyError, match="No such"):
        await house.attempts.receive(attempt.channel_id, b"nonsense")


async def test_a_grant_is_taken_once(house: House) -> None:
    attempt = house.attempts.start(replace(WISH, link_kind="grant"), None)
    link = link_of(attempt)
    assert link.intent == "signin_grant"
    assert link.client_key is not None
    now_s = house.clock.now_us // 1_000_000
    made: Grant = replace(
        grant_for(
            BOB.public_key, link.client_key, list_text(link.capabilities), "dash.example.org"
        ),
        jti=fresh_id(),
        issued_s=now_s,
        expires_s=now_s + 1000,
    )
    body = seal(made.signed(BOB).encode(), link.secret or b"", bytes(24))
    await asyncio.gather(*(house.attempts.receive(attempt.channel_id, body) for _ in range(2)))
    assert attempt.bad_bodies == 1, "the same grant again"
    assert house.attempts.consume(attempt.id).public_key == BOB.public_key


async def test_an_address_begins_ten_times_in_ten_minutes(house: House) -> None:
    for _ in range(10):
        house.attempts.start(WISH, ADDRESS)
    with pytest.raises(PubkyError) as refusal:
        house.attempts.start(WISH, ADDRESS)
    assert refusal.value.code == "rate_limited"
    house.attempts.start(WISH, ipaddress.ip_address("192.0.2.2"))
    house.attempts.start(WISH, None)
    house.clock.advance(60)
    house.attempts.start(WISH, ADDRESS)


async def test_all_together_have_a_hundred_at_once(house: House) -> None:
    for _ in range(MOST_LIVE):
        house.attempts.start(WISH, None)
    with pytest.raises(PubkyError) as refusal:
        house.attempts.start(WISH, None)
    assert refusal.value.code == "rate_limited"
    house.clock.advance(LIFETIME_S)
    house.attempts.start(WISH, None)


@pytest.mark.parametrize(
    "wish",
    [
        replace(WISH, origin="https://a/b"),
        replace(WISH, relay="https://a/inbox?b"),
        replace(WISH, capabilities="/pub/:wr"),
        replace(WISH, capabilities="/:rw,/pub/:rw"),
        replace(WISH, capabilities="nonsense"),
        replace(REAL, link_kind="grant"),
    ],
)
async def test_a_wish_that_cannot_be_asked_for_is_refused(house: House, wish: Wish) -> None:
    with pytest.raises(PubkyError) as refusal:
        house.attempts.start(wish, None)
    assert refusal.value.code == "invalid"


async def test_no_two_attempts_share_anything(house: House) -> None:
    first, second = (house.attempts.start(WISH, None) for _ in range(2))
    assert first.id != second.id
    assert first.channel_id != second.channel_id
    assert link_of(first).capabilities != link_of(second).capabilities
    assert first.id not in (first.link or "")
