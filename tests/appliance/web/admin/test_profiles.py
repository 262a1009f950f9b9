"""Small public objects of many users at once."""

from base64 import b64decode

import httpx
import pytest

from tests.support.appliance import Appliance, Person

PROFILE = "/pub/pubky.app/profile.json"


async def asked(appliance: Appliance, *query: tuple[str, str]) -> httpx.Response:
    headers = {"authorization": f"Bearer {appliance.admin_token}"}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers) as http:
        return await http.get("/profiles", params=list(query))


async def test_what_is_there_comes_in_one_answer(
    appliance: Appliance, alice: Person, bob: Person
) -> None:
    await alice.put(PROFILE, b'{"name": "Alice"}')
    await bob.put("/pub/long", b"x" * 20_000)
    response = await asked(
        appliance,
        *(("key", key) for key in (alice.z32, bob.z32, "nobody")),
        ("path", PROFILE),
        ("path", "/pub/long"),
    )
    (item,) = response.json()["items"]
    assert (item["pubkey"], item["path"]) == (alice.z32, PROFILE)
    assert b64decode(item["content"]) == b'{"name": "Alice"}'


@pytest.mark.parametrize(
    "query",
    [
        [("path", "/priv/a")],
        [("path", "nonsense")],
        [],
        [("path", "/pub/a")] * 5,
        [("path", "/pub/a"), *[("key", "x")] * 201],
    ],
)
async def test_private_paths_and_too_much_are_refused(
    appliance: Appliance, query: list[tuple[str, str]]
) -> None:
    assert (await asked(appliance, *query)).status_code == 400


async def test_of_suspended_users_nothing_is_told(appliance: Appliance, alice: Person) -> None:
    await alice.put(PROFILE, b'{"name": "Alice"}')
    headers = {"authorization": f"Bearer {appliance.admin_token}"}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers) as http:
        answer = await http.post(f"/users/{alice.z32}/suspend", json={"reason": "test"})
        assert answer.is_success, answer.text
    response = await asked(appliance, ("key", alice.z32), ("path", PROFILE))
    assert response.json()["items"] == []
