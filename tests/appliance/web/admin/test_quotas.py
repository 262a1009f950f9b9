"""Quotas through the operator's API: the official shapes, and that they hold at once."""

from collections.abc import AsyncIterator

import pytest

from tests.support.appliance import Appliance, Person
from tests.support.operator import OperatorClient, operator_of

MIB = 1024 * 1024


@pytest.fixture
async def operator(appliance: Appliance) -> AsyncIterator[OperatorClient]:
    """The operator, by password."""
    async with operator_of(appliance) as client:
        yield client


async def test_a_fresh_user_has_no_overrides(operator: OperatorClient, alice: Person) -> None:
    """Operator API 2.6: three members are always in force."""
    assert await operator.get(f"/users/{alice.z32}/quota") == {
        "effective": {
            "storage_quota_mb": "unlimited",
            "rate_read": "unlimited",
            "rate_write": "unlimited",
        },
        "overrides": {},
    }


async def test_one_user_meets_a_quota_that_another_does_not(
    operator: OperatorClient, alice: Person, bob: Person
) -> None:
    """`per_user_quota_via_admin_api` (client API 24.1, operator API A2)."""
    wish = {"storage_quota_mb": 1, "rate_read": None, "rate_write": None}
    response = await operator.http.patch(f"/users/{alice.z32}/quota", json=wish)
    assert (response.status_code, response.content) == (200, b"")
    for person, second in ((alice, 507), (bob, 201)):
        assert (await person.put("/pub/a", b"x" * 600_000)).status_code == 201
        assert (await person.put("/pub/b", b"x" * 600_000)).status_code == second


async def test_writes_outside_the_allowed_paths_are_refused(
    operator: OperatorClient, alice: Person
) -> None:
    """`allowed_write_paths_enforced_via_http` (A5): PUT and DELETE; reading goes on."""
    await alice.put("/pub/old", "x")
    wish = {"allowed_write_paths": ["/pub/tokens/"]}
    assert (await operator.http.patch(f"/users/{alice.z32}/quota", json=wish)).status_code == 200
    assert (await alice.put("/pub/tokens/a", "x")).status_code == 201
    refused = await alice.put("/pub/other", "x")
    assert (refused.status_code, refused.text) == (403, "Write to this path is not allowed")
    assert (await alice.delete("/pub/old")).status_code == 403
    assert (await alice.get("/pub/old")).status_code == 200
    assert (await alice.delete("/pub/tokens/a")).status_code == 204


async def test_null_goes_back_to_the_default_and_absent_leaves_as_it_is(
    operator: OperatorClient, alice: Person
) -> None:
    """A14: merge, reset, and an empty change is none."""
    path = f"/users/{alice.z32}/quota"
    for wish in ({"storage_quota_mb": 5, "rate_read": "10mb/s"}, {"storage_quota_mb": None}, {}):
        assert (await operator.http.patch(path, json=wish)).status_code == 200
    assert (await operator.get(path))["overrides"] == {"rate_read": "10mb/s"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"{", "application/json", 400),
        (b'"rubbish"', "application/json", 422),
        (b'{"rate_read": "rubbish"}', "application/json", 422),
        (b'{"rate_read": "100r/m"}', "application/json", 422),
        (b'{"storage_quota_mb": -1}', "application/json", 422),
        (b'{"rate_read_burst": 5}', "application/json", 422),
        (b'{"allowed_write_paths": ["/"]}', "application/json", 422),
    ],
)
async def test_a_bad_quota_changes_nothing(
    operator: OperatorClient, alice: Person, body: bytes, content_type: str, status: int
) -> None:
    """415, 400 and 422 as the reference has them, for a user and for an invite."""
    headers = {"content-type": content_type}
    path = f"/users/{alice.z32}/quota"
    response = await operator.http.patch(path, content=body, headers=headers)
    assert response.status_code == status, response.text
    assert (await operator.get(path))["overrides"] == {}
    made = await operator.http.post("/generate_signup_token", content=body, headers=headers)
    assert made.status_code == status
    assert (await operator.get("/signup_tokens"))["items"] == []


async def test_quotas_of_unknown_users_are_not_found(operator: OperatorClient) -> None:
    """404 on both methods, 400 for what is no key."""
    unknown = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    for key, status in ((unknown, 404), ("1234", 400)):
        assert (await operator.http.get(f"/users/{key}/quota")).status_code == status
        patched = await operator.http.patch(f"/users/{key}/quota", json={})
        assert patched.status_code == status


async def test_an_invite_with_a_quota_is_made_with_json(operator: OperatorClient) -> None:
    """A11: the token as bare text."""
    wish = {"storage_quota_mb": 1024, "rate_read": "200mb/m"}
    made = await operator.http.post("/generate_signup_token", json=wish)
    assert made.status_code == 200
    assert len(made.text) == 14
