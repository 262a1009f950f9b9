"""Invites: make one or several, show, print, follow, filter, revoke."""

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dashboard.doors.admin import Limits
from dashboard.live import MOST_STREAMS
from tests.dashboard.people import Owner, Page, sign_up
from tests.support.appliance import Person, keypair_of


async def made(owner: Owner, note: str = "", lifetime: str = "") -> int:
    response = await owner.post("/invites", {"note": note, "lifetime": lifetime})
    assert response.status_code == 303
    return int(response.headers["Location"].partition("?")[0].rpartition("/")[2])


async def test_without_invites_the_page_says_what_to_do(owner: Owner) -> None:
    assert "No invites yet" in Page(await owner.get("/invites")).text


async def test_a_new_invite_is_shown_with_code_link_and_qr(owner: Owner) -> None:
    invite_id = await made(owner, "Bob")
    invite = await owner.admin.find_invite(invite_id)
    assert invite is not None
    page = Page(await owner.get(f"/invites/{invite_id}"))
    assert invite.code in page.text
    assert invite.link in page.links
    assert "Bob" in page.text
    assert ("svg", {"viewbox": "0 0 49 49", "class": "qr"}) in page.elements


async def test_no_address_of_ours_holds_a_code(owner: Owner) -> None:
    invite = await owner.admin.create_invite(None, None)
    for path in ("/invites", f"/invites/{invite.id}"):
        page = Page(await owner.get(path))
        assert not [link for link in page.links if invite.code in link and link != invite.link]


async def test_a_lifetime_limits_the_invite(owner: Owner) -> None:
    invite = await owner.admin.find_invite(await made(owner, lifetime="86400"))
    assert invite is not None
    assert invite.expires_at is not None
    assert round((invite.expires_at - invite.created_at).total_seconds()) == 86_400


async def test_a_lifetime_that_is_not_offered_is_refused(owner: Owner) -> None:
    response = await owner.post("/invites", {"note": "", "lifetime": "5"})
    assert response.status_code == 400
    assert (await owner.admin.invites("all", 10)).total == 0


async def test_a_note_that_is_too_long_comes_back_with_the_form(owner: Owner) -> None:
    response = await owner.post("/invites", {"note": "n" * 201, "lifetime": ""})
    assert response.status_code == 400
    assert "at most 200 characters" in response.text
    assert f'value="{"n" * 201}"' in response.text


async def test_a_used_invite_names_its_user_and_hides_the_qr_code(
    owner: Owner, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    bob = await sign_up(http, invite.code)
    page = Page(await owner.get(f"/invites/{invite.id}"))
    assert f"/users/{bob.z32}" in page.links
    assert "qr" not in [at.get("class") for _, at in page.elements]


async def test_a_revoked_invite_lets_nobody_in(owner: Owner, http: httpx.AsyncClient) -> None:
    invite = await owner.admin.create_invite(None, None)
    assert "Revoke this invite?" in (await owner.get(f"/invites/{invite.id}/revoke")).text
    response = await owner.post(f"/invites/{invite.id}/revoke")
    assert response.status_code == 303
    response = await Person(keypair_of("bob"), http).sign_up(token=invite.code)
    assert response.is_client_error
    assert "Revoked" in Page(await owner.get(f"/invites/{invite.id}")).text


async def test_a_used_invite_cannot_be_revoked(owner: Owner, http: httpx.AsyncClient) -> None:
    invite = await owner.admin.create_invite(None, None)
    bob = await sign_up(http, invite.code)
    response = await owner.post(f"/invites/{invite.id}/revoke")
    assert response.status_code == 409
    assert "cannot be revoked" in response.text
    assert f"/users/{bob.z32}" in Page(response).links


async def test_the_list_can_be_narrowed_to_one_state(owner: Owner) -> None:
    kept = await owner.admin.create_invite("kept", None)
    gone = await owner.admin.create_invite("gone", None)
    await owner.admin.revoke_invite(gone.id)
    said = (await owner.get("/json/invites?state=revoked")).json()
    assert [item["id"] for item in said["found"]["items"]] == [gone.id]
    assert kept.code not in (await owner.get("/invites?state=revoked")).text


async def test_an_unknown_state_is_refused(owner: Owner) -> None:
    assert (await owner.get("/invites?state=%3Cb%3E")).status_code == 400


async def test_an_unknown_invite_is_not_found(owner: Owner) -> None:
    assert (await owner.get("/invites/999")).status_code == 404


async def test_a_long_list_goes_on_where_it_stopped(owner: Owner) -> None:
    for _ in range(101):
        await owner.admin.create_invite(None, None)
    first = Page(await owner.get("/invites"))
    assert "100 of 101 invites" in first.text
    (following,) = [link for link in first.links if "cursor=" in link]
    last = Page(await owner.get(following))
    assert "1 of 101 invites" in last.text
    assert "/invites" in last.links


async def test_the_limits_that_were_chosen_reach_whoever_joins(
    owner: Owner, http: httpx.AsyncClient
) -> None:
    response = await owner.post("/invites", {"lifetime": "", "limits": "small"})
    invite_id = int(urlsplit(response.headers["Location"]).path.rpartition("/")[2])
    invite = await owner.admin.find_invite(invite_id)
    assert invite is not None
    assert invite.limits == Limits("100", "1mb/s", "1mb/s")
    shown = Page(await owner.get(f"/invites/{invite_id}")).text
    assert "100 MiB of room; reads 1mb/s, writes 1mb/s" in shown
    bob = await sign_up(http, invite.code)
    (await bob.put("/pub/small", b"x" * 1000)).raise_for_status()
    assert (await bob.put("/pub/large", b"x" * (101 * 1024 * 1024))).status_code == 507


async def test_an_invite_without_limits_of_its_own_says_so(owner: Owner) -> None:
    invite = await owner.admin.create_invite(None, None)
    assert invite.limits == Limits()
    assert "like everybody here" in Page(await owner.get(f"/invites/{invite.id}")).text


async def test_limits_that_are_not_offered_are_refused(owner: Owner) -> None:
    response = await owner.post("/invites", {"lifetime": "", "limits": "all of it"})
    assert response.status_code == 400
    assert (await owner.admin.invites("all", 10)).total == 0


async def test_several_are_made_at_once_and_shown_as_a_sheet(owner: Owner) -> None:
    response = await owner.post("/invites", {"note": "party", "lifetime": "86400", "count": "3"})
    assert response.status_code == 303
    sheet = response.headers["Location"]
    made = (await owner.admin.invites("unused", 10)).items
    assert len(parse_qs(urlsplit(sheet).query)["id"]) == len(made) == 3
    assert not [invite for invite in made if invite.code in sheet]
    page = Page(await owner.get(sheet))
    for invite in made:
        assert invite.code in page.text
    assert [at.get("class") for name, at in page.elements if name == "svg"].count("qr") == 3


@pytest.mark.parametrize("count", ["0", "51", "-1", "x", "", "1.5", "\u0663"])
async def test_a_number_that_makes_no_sense_comes_back_with_the_form(
    owner: Owner, count: str
) -> None:
    form = {"note": "for <b>Bob</b>", "lifetime": "86400", "limits": "small", "count": count}
    response = await owner.post("/invites", form)
    assert response.status_code == 400
    assert "1 to 50 invites" in response.text
    elements = Page(response).elements
    assert ("option", {"value": "small", "selected": None}) in elements
    assert ("option", {"value": "86400", "selected": None}) in elements
    assert (await owner.admin.invites("all", 10)).total == 0


async def test_chosen_ones_of_the_list_come_on_a_sheet(
    owner: Owner, http: httpx.AsyncClient
) -> None:
    first, used = [await owner.admin.create_invite(None, None) for _ in range(2)]
    bob = await sign_up(http, used.code)
    listed = Page(await owner.get("/invites")).elements
    boxes = [at["value"] for name, at in listed if at.get("type") == "checkbox"]
    assert boxes == [str(first.id)]
    page = Page(await owner.get(f"/invites/sheet?id={first.id}&id={used.id}"))
    assert first.code in page.text
    assert used.code not in page.text
    assert f"/users/{bob.z32}" in page.links


async def test_a_sheet_of_nothing_leads_back(owner: Owner) -> None:
    response = await owner.get("/invites/sheet")
    assert response.headers["Location"] == "/invites?done=nothing-chosen"


@pytest.mark.parametrize("ids", ["id=x", "id=999", "&".join(f"id={n}" for n in range(51))])
async def test_a_sheet_of_what_is_none_is_refused(owner: Owner, ids: str) -> None:
    assert (await owner.get(f"/invites/sheet?{ids}")).status_code in (400, 404)


async def test_a_page_follows_its_invite_until_somebody_joins(
    owner: Owner, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite(None, None)
    page = Page(await owner.get(f"/invites/{invite.id}"))
    (live,) = [at["data-live"] for _, at in page.elements if "data-live" in at]
    assert live == f"/invites/{invite.id}/live"
    async with owner.http.stream("GET", live, timeout=30) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        lines = stream.aiter_lines()
        assert await anext(lines) == ": live"
        bob = await sign_up(http, invite.code)
        said = [line async for line in lines if line]
    assert said == ["event: reload", "data: {}"]
    page = Page(await owner.get(f"/invites/{invite.id}"))
    assert "Somebody joined with it" in page.text
    assert f"/users/{bob.z32}" in page.links
    assert not [at for _, at in page.elements if "data-live" in at]


async def test_a_stream_ends_with_the_sign_in(owner: Owner) -> None:
    invite = await owner.admin.create_invite(None, None)
    async with owner.http.stream("GET", f"/invites/{invite.id}/live", timeout=30) as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == ": live"
        await owner.post("/logout")
        said = [line async for line in lines if line]
    assert said == ["event: end", "data: {}"]


async def test_one_sign_in_follows_a_few_things_at_a_time(owner: Owner) -> None:
    invite = await owner.admin.create_invite(None, None)
    address = f"/invites/sheet/live?id={invite.id}"
    kept = []  # an iterator that nobody holds closes its stream
    async with AsyncExitStack() as open_streams:
        for _ in range(MOST_STREAMS):
            stream = owner.http.stream("GET", address, timeout=30)
            lines = (await open_streams.enter_async_context(stream)).aiter_lines()
            assert await anext(lines) == ": live"
            kept.append(lines)
        assert (await owner.get(address)).status_code == 429
    status = 429
    for _ in range(100):  # the server hears of it when it looks again
        async with owner.http.stream("GET", address, timeout=30) as stream_after:
            status = stream_after.status_code
        if status == 200:
            break
        await asyncio.sleep(0.05)
    assert status == 200


@pytest.mark.usefixtures("fetched_client")
async def test_the_code_for_a_browser_follows_the_hash_that_no_browser_sends(
    owner: Owner,
) -> None:
    invite = await owner.admin.create_invite(None, None)
    page = Page(await owner.get(f"/invites/{invite.id}"))
    assert f"/join#{invite.code}" in page.text
