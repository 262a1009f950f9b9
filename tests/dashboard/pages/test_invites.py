"""Invites: make, show, filter, revoke."""

import httpx

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
