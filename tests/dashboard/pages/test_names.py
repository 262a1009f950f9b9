"""People are called by the names that they gave themselves on this node, beside their keys."""

import httpx
import pytest

from tests.dashboard.pages.life.lives import V0, address, post_id, put_json, put_post
from tests.dashboard.people import Browser, Owner, Page, sign_up
from tests.support.appliance import Person, keypair_of

STRANGER = keypair_of("a stranger").public_key.z32
NAME = "Bob <b>the builder</b>"


@pytest.fixture
async def bob(owner: Owner, http: httpx.AsyncClient) -> Person:
    invite = await owner.admin.create_invite("Bob", None)
    person = await sign_up(http, invite.code, "bob")
    await put_json(person, f"{V0}profile.json", {"name": NAME})
    return person


async def test_whom_one_answers_tags_and_mentions_has_a_name(
    home: Browser, alice: Person, bob: Person
) -> None:
    theirs = address(bob, f"{V0}posts/{post_id(1)}")
    await put_post(alice, 1, "an answer", parent=theirs)
    await put_post(alice, 2, f"hello pk:{bob.z32} and pk:{STRANGER}")
    await home.post("/me/tags/new", {"uri": theirs, "label": "good"})
    for path in ("/me/posts", f"/me/posts/{post_id(1)}", "/me/tags"):
        response = await home.get(path)
        assert NAME in Page(response).text, path
        assert "<b>the builder" not in response.text
        assert bob.z32 in response.text
    assert STRANGER in (await home.get("/me/posts")).text


async def test_references_and_changes_name_people(
    home: Browser, alice: Person, bob: Person
) -> None:
    path = f"{V0}follows/{bob.z32}"
    await put_json(alice, path, {"created_at": 1})
    await put_post(alice, 1, "an answer", parent=address(bob, f"{V0}posts/{post_id(1)}"))
    for page in ("/activity", f"/own/object{V0}posts/{post_id(1)}"):
        assert f"( {NAME} )" in Page(await home.get(page)).text, page


async def test_who_runs_the_node_sees_names_beside_keys(owner: Owner, bob: Person) -> None:
    for page in ("/users", "/invites"):
        response = await owner.get(page)
        assert NAME in Page(response).text, page
        assert bob.z32 in response.text


async def test_a_name_that_turns_the_text_is_written_out(
    home: Browser, alice: Person, bob: Person
) -> None:
    await put_json(bob, f"{V0}profile.json", {"name": "ecila\u202e"})
    await put_json(alice, f"{V0}follows/{bob.z32}", {"created_at": 1})
    assert "\u202e" not in (await home.get("/activity")).text
