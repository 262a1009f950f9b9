"""What an invite gives besides the right to join, over the operator's API."""

from typing import Any

import httpx
import pytest

from tests.support.appliance import Appliance


@pytest.fixture
async def admin(appliance: Appliance) -> Any:
    headers = {"Authorization": f"Bearer {appliance.admin_token}"}
    async with httpx.AsyncClient(base_url=appliance.admin_url, headers=headers) as http:
        yield http


async def test_an_invite_is_made_with_a_quota_and_says_so(admin: httpx.AsyncClient) -> None:
    quota = {"storage_quota_mb": 5, "rate_write": "2mb/s"}
    made = await admin.post("/invites", json={"note": "Bob", "quota": quota})
    assert made.status_code == 201
    assert made.json()["quota"] == quota
    shown = await admin.get(f"/invites/{made.json()['id']}")
    assert shown.json() == made.json()
    assert (await admin.get("/invites")).json()["items"] == [made.json()]


@pytest.mark.parametrize("quota", [None, {}])
async def test_without_a_quota_it_gives_nothing_of_its_own(
    admin: httpx.AsyncClient, quota: object
) -> None:
    made = await admin.post("/invites", json={"quota": quota})
    assert made.json()["quota"] == {}


@pytest.mark.parametrize("quota", ["x", [1], {"storage_quota_mb": -1}, {"rate_read": "fast"}])
async def test_a_quota_that_makes_no_sense_makes_no_invite(
    admin: httpx.AsyncClient, quota: object
) -> None:
    refused = await admin.post("/invites", json={"quota": quota})
    assert refused.status_code == 422
    assert (await admin.get("/invites")).json()["total"] == 0
