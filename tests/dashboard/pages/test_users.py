"""Users: the list, one user, disable and enable."""

import httpx
import pytest

from tests.dashboard.people import Owner, Page, put_file, sign_up
from tests.support.appliance import Appliance, Person
from tests.support.operator import operator_of

STRANGER = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


async def test_an_empty_node_says_so(owner: Owner) -> None:
    assert "Nobody lives here yet" in Page(await owner.get("/users")).text


async def test_a_user_is_listed_with_facts_and_a_way_to_the_files(
    owner: Owner, alice: Person
) -> None:
    await put_file(alice, "/pub/a", b"x" * 1500)
    page = Page(await owner.get("/users"))
    assert alice.z32 in page.text
    assert "1 person signed up" in page.text
    assert f"/browse/{alice.z32}/pub/" in page.links


async def test_the_newest_user_comes_first(
    owner: Owner, alice: Person, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    bob = await sign_up(http, invite.code)
    items = (await owner.get("/json/users")).json()["items"]
    assert [item["public_key"] for item in items] == [bob.z32, alice.z32]


async def test_a_user_page_shows_what_is_stored(owner: Owner, alice: Person) -> None:
    await put_file(alice, "/pub/a", b"x" * 1500)
    page = Page(await owner.get(f"/users/{alice.z32}"))
    assert f"pubky://{alice.z32}/pub/" in page.text
    assert "1 entry" in page.text


@pytest.mark.parametrize("key", [STRANGER, "nonsense", "..%2fnode", STRANGER[:-1] + "b"])
async def test_a_stranger_has_no_page(owner: Owner, key: str) -> None:
    assert (await owner.get(f"/users/{key}")).status_code == 404


async def test_asking_before_disabling_changes_nothing(owner: Owner, alice: Person) -> None:
    response = await owner.get(f"/users/{alice.z32}/disable")
    assert "Disable this user?" in response.text
    await put_file(alice, "/pub/still", b"1")


async def test_a_disabled_user_cannot_write_until_enabled(owner: Owner, alice: Person) -> None:
    response = await owner.post(f"/users/{alice.z32}/disable")
    assert response.status_code == 303
    page = Page(await owner.get(response.headers["Location"]))
    assert "can no longer write" in page.text
    assert f"/users/{alice.z32}/enable" in page.links
    with pytest.raises(httpx.HTTPStatusError, match="403"):
        await put_file(alice, "/pub/a", b"1")
    await owner.post(f"/users/{alice.z32}/enable")
    await put_file(alice, "/pub/a", b"1")


async def test_a_result_line_shows_only_our_own_texts(owner: Owner) -> None:
    page = await owner.get("/users?done=%3Cb%3Ehello")
    assert "hello" not in page.text


@pytest.mark.parametrize(
    "query", ["limit=7", "limit=x", f"key={'a' * 500}", "order=up", "offset=-1"]
)
async def test_odd_pages_are_refused(owner: Owner, query: str) -> None:
    assert (await owner.get(f"/users?{query}")).status_code == 400


async def test_a_suspended_user_is_shown_as_such_and_their_files_are_not(
    appliance: Appliance, owner: Owner, alice: Person
) -> None:
    await put_file(alice, "/pub/a.txt", b"x")
    async with operator_of(appliance) as operator:
        await operator.post(f"/users/{alice.z32}/suspend")
    assert "Suspended" in Page(await owner.get("/users")).text
    page = Page(await owner.get(f"/users/{alice.z32}"))
    assert "Suspended by the operator" in page.text
    assert f"/browse/{alice.z32}/pub/" not in page.links
    files = await owner.get(f"/browse/{alice.z32}/pub/")
    assert files.status_code != 200
    assert "a.txt" not in files.text


async def test_users_are_sorted_by_what_they_store_and_found_by_their_key(
    owner: Owner, alice: Person, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    bob = await sign_up(http, invite.code)
    await put_file(alice, "/pub/a", b"x" * 1500)
    said = (await owner.get("/json/users?order=bytes")).json()
    assert [item["public_key"] for item in said["items"]] == [alice.z32, bob.z32]
    found = (await owner.get(f"/json/users?key={bob.z32[5:12]}")).json()
    assert [item["public_key"] for item in found["items"]] == [bob.z32]


async def test_an_operator_sees_folders_by_size_and_no_names_below(
    owner: Owner, alice: Person
) -> None:
    await put_file(alice, "/priv/diary/secret-name.txt", b"x" * 700)
    text = Page(await owner.get(f"/users/{alice.z32}")).text
    assert "/priv/diary/" in text
    assert "secret-name" not in text


async def test_limits_are_set_for_one_user_and_taken_back(owner: Owner, alice: Person) -> None:
    limits = {"storage_quota_mb": "5", "rate_read": "10mb/s", "rate_write": ""}
    answer = await owner.post(f"/users/{alice.z32}/quota", limits)
    assert answer.headers["Location"].endswith("?done=limits-set")
    quota = await owner.admin.quota(alice.z32)
    assert dict(quota.overrides) == limits
    assert dict(quota.effective)["storage_quota_mb"] == "5"
    await owner.post(f"/users/{alice.z32}/quota", dict.fromkeys(limits, ""))
    assert set(dict((await owner.admin.quota(alice.z32)).overrides).values()) == {""}


async def test_a_limit_that_makes_no_sense_is_refused_with_the_reason(
    owner: Owner, alice: Person
) -> None:
    answer = await owner.post(f"/users/{alice.z32}/quota", {"rate_read": "fast"})
    assert answer.status_code == 422
    assert "rate_read" in Page(answer).text


async def test_users_are_found_by_their_state(
    owner: Owner, alice: Person, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    bob = await sign_up(http, invite.code)
    await owner.admin.disable_user(bob.z32)
    for state, shown in (("disabled", bob), ("active", alice)):
        items = (await owner.get(f"/json/users?state={state}")).json()["items"]
        assert [item["public_key"] for item in items] == [shown.z32]
    assert "No such user." in Page(await owner.get("/users?state=suspended")).text
    assert (await owner.get("/users?state=strange")).status_code == 400


async def test_a_key_is_found_with_its_prefix(owner: Owner, alice: Person) -> None:
    assert alice.z32 in Page(await owner.get(f"/users?key=pubky{alice.z32}")).text


async def test_the_invite_that_somebody_came_with_is_linked(owner: Owner, alice: Person) -> None:
    page = Page(await owner.get(f"/users/{alice.z32}"))
    assert "Came with Alice" in page.text
    (invite,) = (await owner.admin.invites("used", 10)).items
    assert f"/invites/{invite.id}" in page.links
    assert invite.code not in page.text


async def test_a_long_page_of_users_is_whole(owner: Owner, http: httpx.AsyncClient) -> None:
    """The API gives fewer rows at once than the longest page has."""
    for name in ("bob", "carol", "dave"):
        await sign_up(http, (await owner.admin.create_invite(None, None)).code, name)
    everybody, total = await owner.admin.search_users("", "all", "newest", 3, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dashboard.doors.admin._MOST_AT_ONCE", 2)
        assert await owner.admin.search_users("", "all", "newest", 3, 0) == (everybody, total)
    assert len(everybody) == 3
