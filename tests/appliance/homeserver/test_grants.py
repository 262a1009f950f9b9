"""Grants as rules on a real database: time, replay, take-over, races, revocation."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import PubkyError
from appliance.homeserver.sessions import ActiveSession
from appliance.metadata import grants as rows
from appliance.metadata import users
from appliance.pubky.capabilities import parse_list
from appliance.pubky.grants import Grant
from tests.support.appliance import keypair_of
from tests.support.grant_house import ALICE, BOB, HOUR_S, House, grant_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with grant_house(tmp_path) as house:
        yield house


async def refusal_of(house: House, grant: Grant, **how: object) -> tuple[str, str]:
    with pytest.raises(PubkyError) as refusal:
        await house.exchange(grant, **how)  # type: ignore[arg-type] # passed on as given
    return refusal.value.code, refusal.value.message


# --- Bearers --------------------------------------------------------------------------------


async def test_bearer_stands_for_the_grant(house: House) -> None:
    grant = house.grant(capabilities="/pub/a/:rw,/priv/b:r")
    made = await house.exchange(grant)
    found = await house.found(made)
    assert found == made.session
    assert found is not None
    assert found.user == ALICE.public_key
    assert found.capabilities == grant.capabilities
    assert (found.jti, found.client_id) == (grant.jti, "example.app")
    assert found.author.grant_id == found.id
    assert found.author.session_id is None
    assert found.auth_method == "grant"


async def test_bearer_ends_after_an_hour(house: House) -> None:
    made = await house.exchange(house.grant())
    assert made.session.bearer_expires_s == house.now_s + HOUR_S
    house.clock.advance(HOUR_S - 1)
    assert await house.found(made) is not None
    house.clock.advance(1)
    assert await house.found(made) is None


async def test_bearer_ends_with_its_grant(house: House) -> None:
    made = await house.exchange(replace(house.grant(), expires_s=house.now_s + 60))
    house.clock.advance(59)
    assert await house.found(made) is not None
    house.clock.advance(1)
    assert await house.found(made) is None


async def test_refresh_replaces_the_bearer_and_keeps_the_grant(house: House) -> None:
    grant = house.grant()
    first = await house.exchange(grant)
    house.clock.advance(10)
    second = await house.exchange(grant)
    assert await house.found(first) is None
    found = await house.found(second)
    assert found is not None
    assert found.id == first.session.id
    assert found.created_us == first.session.created_us
    assert second.session.created_us == house.clock.now_us


async def test_two_racers_end_with_one_live_bearer(house: House) -> None:
    grant = house.grant()
    made = await asyncio.gather(*(house.exchange(grant) for _ in range(8)))
    found = [await house.found(bearer) for bearer in made]
    assert sum(session is not None for session in found) == 1


async def test_revocation_during_a_refresh_wins(house: House) -> None:
    grant = house.grant()
    made = await house.exchange(grant)
    # The revocation is committed between the proof's nonce and the new bearer.
    raced, _ = await asyncio.gather(
        house.exchange(grant), house.grants.sign_out(made.session), return_exceptions=True
    )
    assert isinstance(raced, PubkyError)
    assert raced.message == "Grant has been revoked"
    assert await house.found(made) is None


async def test_only_the_hash_of_a_bearer_is_stored(house: House, tmp_path: Path) -> None:
    made = await house.exchange(house.grant())
    files = list(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else waits for this loop
    stored = b"".join(path.read_bytes() for path in files)
    assert made.session.jti.encode() in stored
    assert made.token.encode() not in stored


async def test_last_use_is_stamped_once_a_minute(house: House) -> None:
    grant = house.grant()
    made = await house.exchange(grant)
    stamps = []
    for _ in range(3):
        house.clock.advance(40)
        await house.found(made)
        row = await house.metadata.read(rows.find, ALICE.public_key.z32, grant.jti)
        assert row is not None
        stamps.append((row.last_used_us - row.created_us) // 1_000_000)
    assert stamps == [0, 80, 80]


async def test_unknown_bearer_is_nobody(house: House) -> None:
    await house.exchange(house.grant())
    assert await house.grants.find("A" * 43) is None


# --- Refusals -------------------------------------------------------------------------------


async def test_proof_is_spent_by_its_first_use(house: House) -> None:
    grant = house.grant()
    proof = house.proof(grant)
    await house.exchange(grant, proof=proof)
    refusal = await refusal_of(house, grant, proof=proof)
    assert refusal == ("unauthenticated", "PoP nonce already used")


async def test_proof_cannot_be_replayed_for_as_long_as_it_is_in_time(house: House) -> None:
    grant = house.grant()
    # From a clock as fast as allowed, so the proof stays in time for longest.
    proof = replace(house.proof(grant), issued_s=house.now_s + 180)
    await house.exchange(grant, proof=proof)
    for seconds in (179, 180, 1, 0.999_999):
        house.clock.advance(seconds)
        # Another exchange makes the table forget what it may forget.
        await house.exchange(grant)
        refusal = await refusal_of(house, grant, proof=proof)
        assert refusal == ("unauthenticated", "PoP nonce already used")
    house.clock.advance(1)
    await house.exchange(grant)
    refusal = await refusal_of(house, grant, proof=proof)
    assert refusal == ("unauthenticated", "Invalid PoP proof: PoP timestamp out of range")


async def test_nonces_of_two_apps_do_not_meet(house: House) -> None:
    other = keypair_of("other app")
    first, second = house.grant(), house.grant(app=other)
    await house.exchange(first, proof=house.proof(first, "n"))
    await house.exchange(second, app=other, proof=house.proof(second, "n"))


async def test_unknown_user_is_refused_after_the_proof_is_spent(house: House) -> None:
    carol = keypair_of("carol")
    grant = house.grant(carol)
    proof = house.proof(grant)
    assert await refusal_of(house, grant, user=carol, proof=proof) == ("not_found", "Not Found")
    again = await refusal_of(house, grant, user=carol, proof=proof)
    assert again == ("unauthenticated", "PoP nonce already used")


async def test_proof_for_another_homeserver_is_refused(house: House) -> None:
    grant = house.grant()
    proof = replace(house.proof(grant), audience=keypair_of("elsewhere").public_key)
    refusal = await refusal_of(house, grant, proof=proof)
    assert refusal == ("unauthenticated", "Invalid PoP proof: PoP audience mismatch")


async def test_thief_of_a_grant_cannot_exchange_it(house: House) -> None:
    refusal = await refusal_of(house, house.grant(), app=keypair_of("thief"))
    assert refusal == ("unauthenticated", "Invalid PoP proof: invalid PoP signature")


async def test_expired_grant_is_refused(house: House) -> None:
    grant = house.grant()
    house.clock.advance(24 * HOUR_S)
    refusal = await refusal_of(house, grant)
    assert refusal == ("unauthenticated", "Invalid grant: grant has expired")


async def test_suspended_user_gets_no_bearer_and_the_open_one_rests(house: House) -> None:
    grant = house.grant()
    made = await house.exchange(grant)
    await house.metadata.write(users.suspend, 1, house.clock.now_us)
    assert await house.found(made) is None
    assert await refusal_of(house, grant) == ("forbidden", "User is suspended")


async def test_deleted_user_has_no_bearer(house: House) -> None:
    grant = house.grant()
    made = await house.exchange(grant)
    await house.metadata.write(users.mark_deleted, 1, house.clock.now_us)
    assert await house.found(made) is None
    assert await refusal_of(house, grant) == ("not_found", "Not Found")


# --- Take-over (document 9.3) ---------------------------------------------------------------


async def test_another_user_with_the_same_grant_id_gets_only_their_own(house: House) -> None:
    hers = house.grant()
    her_bearer = await house.exchange(hers)
    mallory = keypair_of("mallory's app")
    his = replace(house.grant(BOB, mallory, "/pub/bob/:r"), jti=hers.jti, client_id=hers.client_id)
    his_bearer = await house.exchange(his, user=BOB, app=mallory)
    found = await house.found(his_bearer)
    assert found is not None
    assert found.user == BOB.public_key
    assert found.capabilities == parse_list("/pub/bob/:r")
    assert await house.found(her_bearer) == her_bearer.session


async def test_another_user_cannot_revoke_a_grant_by_its_id(house: House) -> None:
    hers = await house.exchange(house.grant())
    bob = await house.exchange(house.grant(BOB), user=BOB)
    with pytest.raises(PubkyError) as refusal:
        await house.grants.revoke(bob.session, hers.session.jti)
    assert (refusal.value.code, refusal.value.message) == ("not_found", "Not Found")
    assert await house.found(hers) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "other.app"},
        {"capabilities": parse_list("/:rw,/pub/:r")},
        {"issued_s": 1},
        {"expires_s": 2**62},
    ],
    ids=str,
)
async def test_second_grant_under_a_taken_name_is_refused(
    house: House, change: dict[str, object]
) -> None:
    grant = house.grant(capabilities="/pub/a/:r")
    made = await house.exchange(grant)
    refusal = await refusal_of(house, replace(grant, **change))  # type: ignore[arg-type] # of any field
    assert refusal == ("unauthenticated", "Invalid grant: invalid grant signature")
    assert await house.found(made) == made.session


async def test_second_app_under_a_taken_name_is_refused(house: House) -> None:
    grant = house.grant()
    await house.exchange(grant)
    thief = keypair_of("thief")
    refusal = await refusal_of(house, replace(grant, cnf=thief.public_key), app=thief)
    assert refusal == ("unauthenticated", "Invalid grant: invalid grant signature")


# --- Revocation -----------------------------------------------------------------------------


async def test_revoked_grant_is_never_exchanged_again(house: House) -> None:
    grant = house.grant()
    made = await house.exchange(grant)
    await house.grants.sign_out(made.session)
    assert await house.found(made) is None
    assert await house.metadata.read(lambda tx: tx.all("SELECT 1 FROM grant_bearers")) == []
    proof = house.proof(grant)
    refusal = await refusal_of(house, grant, proof=proof)
    assert refusal == ("unauthenticated", "Grant has been revoked")
    # Said before the proof is looked at, which therefore stays unspent.
    other = house.grant()
    await house.exchange(other, proof=replace(proof, grant_id=other.jti))


async def test_both_ways_of_revoking_are_announced(house: House) -> None:
    root = await house.exchange(house.grant())
    app = await house.exchange(house.grant(capabilities="/pub/:r"))
    with (
        house.revocations.watch(f"grant:{root.session.id}") as root_ended,
        house.revocations.watch(f"grant:{app.session.id}") as app_ended,
    ):
        await house.grants.revoke(root.session, app.session.jti)
        assert (app_ended.done(), root_ended.done()) == (True, False)
        await house.grants.sign_out(root.session)
        assert root_ended.done()


async def test_list_shows_open_grants_of_the_user_only(house: House) -> None:
    root = await house.exchange(house.grant())
    short = replace(house.grant(capabilities="/pub/:r"), expires_s=house.now_s + 60)
    await house.exchange(short)
    ended = await house.exchange(house.grant())
    await house.grants.sign_out(ended.session)
    await house.exchange(house.grant(BOB), user=BOB)
    listed = await house.grants.list_open(root.session)
    assert [row.terms.jti for row in listed] == [root.session.jti, short.jti]
    house.clock.advance(60)
    listed = await house.grants.list_open(root.session)
    assert [row.terms.jti for row in listed] == [root.session.jti]


async def test_cookie_session_with_root_manages_grants(house: House) -> None:
    made = await house.exchange(house.grant(capabilities="/pub/:r"))
    cookie = ActiveSession(1, ALICE.public_key, parse_list("/:rw"), 0)
    assert [row.id for row in await house.grants.list_open(cookie)] == [made.session.id]
    await house.grants.revoke(cookie, made.session.jti)
    assert await house.grants.list_open(cookie) == []


@pytest.mark.parametrize("capabilities", ["", "/:r,/:w", "/pub/:rw,/priv/:rw"])
async def test_management_needs_root(house: House, capabilities: str) -> None:
    made = await house.exchange(house.grant(capabilities=capabilities))
    for attempt in (
        house.grants.list_open(made.session),
        house.grants.revoke(made.session, "not/an id"),
    ):
        with pytest.raises(PubkyError) as refusal:
            await attempt
        assert refusal.value.message == "Root capability required"
