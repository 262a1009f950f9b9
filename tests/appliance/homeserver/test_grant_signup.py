"""Sign-up by grant as a rule: what the grant must be, and the same invites as for cookies."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import PubkyError
from appliance.metadata import grants as rows
from appliance.metadata import users
from appliance.pubky.capabilities import parse_list
from appliance.pubky.jws import Jws
from tests.support.appliance import keypair_of
from tests.support.grant_house import APP, House, grant_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with grant_house(tmp_path) as house:
        yield house


async def sign_up(house: House, change: dict[str, object], invite: str | None = None) -> None:
    user = keypair_of("carol")
    grant = house.grant(user)
    fields = {"client_id": "pubky.signup", "expires_s": house.now_s + 300} | change
    grant = replace(grant, **fields)  # type: ignore[arg-type] # of any field
    await house.grants.sign_up(
        Jws.parse(grant.signed(user)), Jws.parse(house.proof(grant).signed(APP)), invite
    )


async def test_signup_grant_makes_the_user_and_nothing_else(house: House) -> None:
    await sign_up(house, {})
    carol = keypair_of("carol").public_key.z32
    assert await house.metadata.read(users.find, carol) is not None
    assert await house.metadata.read(rows.list_open, carol, house.now_s) == []
    with pytest.raises(PubkyError) as refusal:
        await sign_up(house, {})
    assert (refusal.value.code, refusal.value.message) == ("conflict", "User already exists")


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"client_id": "example.app"}, "invalid", "signup grants must use client_id pubky.signup"),
        ({"capabilities": parse_list("/:r,/:w")}, "forbidden", "Root capability required"),
        ({"issued_s": 2**40}, "invalid", "signup grant iat is too far in the future"),
        ({"issued_s": 0}, "invalid", "signup grant lifetime exceeds 5 minutes"),
        ({"expires_s": 1}, "unauthenticated", "Invalid grant: grant has expired"),
    ],
)
async def test_signup_grant_is_a_narrow_thing(
    house: House, change: dict[str, object], code: str, message: str
) -> None:
    with pytest.raises(PubkyError) as refusal:
        await sign_up(house, change)
    assert (refusal.value.code, refusal.value.message) == (code, message)
    assert await house.metadata.read(users.find, keypair_of("carol").public_key.z32) is None


async def test_format_of_the_invite_is_checked_first(house: House) -> None:
    with pytest.raises(PubkyError) as refusal:
        await sign_up(house, {"expires_s": 1}, "malformed")
    assert refusal.value.message == "Invalid signup token format: Invalid signup code id"


async def test_invites_count_for_grants_as_for_cookies(tmp_path: Path) -> None:
    async with grant_house(tmp_path, "token_required") as house:
        invite = (await house.signup.create_invite(None, None)).token
        for given, message in (
            (None, "Token required"),
            ("", "Token required"),
            ("AAAA-BBBB-CCCC", "Invalid token"),
        ):
            with pytest.raises(PubkyError) as refusal:
                await sign_up(house, {}, given)
            assert refusal.value.message == message
        await sign_up(house, {}, invite)
        used = await house.signup.invite_status(invite)
        assert used.used_by == keypair_of("carol").public_key.z32
