"""Many people with one invite: one gets in, the others are told why not and lose nothing."""

import asyncio
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import Person, keypair_of
from tests.support.node_process import make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

RACERS = 24


async def test_one_invite_makes_one_account_however_many_race_for_it(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node", general={"signup_mode": "token_required"})
    with running_process(data_dir) as node:
        client.base_url = httpx.URL(node.client_url)
        people = [Person(keypair_of(f"racer {number}"), client) for number in range(RACERS)]
        invite = node.facts["invite"]

        answers = await asyncio.gather(*(person.sign_up(token=invite) for person in people))

        winners = [
            person for person, answer in zip(people, answers, strict=True) if answer.is_success
        ]
        assert len(winners) == 1
        refusals = [(answer.status_code, answer.text) for answer in answers if answer.is_error]
        assert refusals == [(401, "Token already used")] * (RACERS - 1)
        password = {"X-Admin-Password": node.facts["admin_password"]}
        admin_url = node.facts["admin_url"]
        users = (await client.get(f"{admin_url}/users", headers=password)).json()
        assert [user["pubkey"] for user in users["items"]] == [winners[0].z32]
        (used,) = (await client.get(f"{admin_url}/invites", headers=password)).json()["items"]
        assert (used["state"], used["used_by"]) == ("used", winners[0].z32)

        # A loser has no half of an account: the key can sign up with an invite of its own.
        loser = next(person for person in people if person is not winners[0])
        assert (await loser.sign_in()).status_code == 404
        wish = {"note": "second chance"}
        made = await client.post(f"{admin_url}/invites", headers=password, json=wish)
        assert (await loser.sign_up(token=made.json()["code"])).status_code == 200
        assert (await winners[0].put("/pub/hello", b"here")).status_code == 201


async def test_one_person_racing_against_themselves_gets_one_account_and_keeps_the_other_invite(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    data_dir = make_data_dir(tmp_path / "node", general={"signup_mode": "token_required"})
    with running_process(data_dir) as node:
        client.base_url = httpx.URL(node.client_url)
        password = {"X-Admin-Password": node.facts["admin_password"]}
        admin_url = node.facts["admin_url"]
        for _ in range(7):
            await client.post(f"{admin_url}/invites", headers=password, json={})
        listed = await client.get(f"{admin_url}/invites", headers=password)
        codes = [item["code"] for item in listed.json()["items"]]
        alice = Person(keypair_of("alice"), client)

        answers = await asyncio.gather(*(alice.sign_up(token=code) for code in codes))

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
        listed = await client.get(f"{admin_url}/invites", headers=password)
        states = [item["state"] for item in listed.json()["items"]]
        assert sorted(states) == ["unused"] * 7 + ["used"]
