"""Deleting several posts at once: what will go is named first, copies and lone media included."""

import pytest

from tests.dashboard.pages.life.lives import (
    PRIVATE,
    V0,
    indexed,
    post_id,
    put_edit,
    put_picture,
    put_post,
    send,
)
from tests.dashboard.people import Browser, Page, connect
from tests.support.appliance import Person

Form = dict[str, str | list[str]]


async def test_all_copies_of_the_chosen_posts_go_and_no_others(
    home: Browser, alice: Person
) -> None:
    for number in range(3):
        await put_post(alice, number, f"post {number}")
    edit = await put_edit(alice, 0, 5, "post 0 in v1")
    chosen: Form = {"back": "posts", "post": [post_id(0), post_id(1)]}
    asked = Page(await send(home, "/me/remove-posts", chosen))
    assert "Delete 2 posts?" in asked.text
    for path in (f"{V0}posts/{post_id(0)}", f"{V0}posts/{post_id(1)}", edit):
        assert path in asked.text
        assert (await alice.get(path)).status_code == 200
    done = await send(home, "/me/remove-posts/act", chosen)
    assert done.headers["Location"] == "/me/posts?done=deleted"
    for path in (f"{V0}posts/{post_id(0)}", f"{V0}posts/{post_id(1)}", edit):
        assert (await alice.get(path)).status_code == 404
    assert (await alice.get(f"{V0}posts/{post_id(2)}")).status_code == 200
    trashed = (await home.get("/json/own/trash")).json()["count"]
    assert trashed == 3


async def test_media_that_only_the_chosen_posts_share_can_go_along(
    home: Browser, alice: Person
) -> None:
    picture = await put_picture(alice, 1)
    for number in range(2):
        await put_post(alice, number, "look", attachments=[picture])
    await indexed(home)
    path = "/" + picture.split("/", 3)[3]
    one = Page(await send(home, "/me/remove-posts", {"back": "posts", "post": [post_id(0)]}))
    assert path not in one.text
    both: Form = {"back": "posts", "post": [post_id(0), post_id(1)]}
    assert path in Page(await send(home, "/me/remove-posts", both)).text
    await send(home, "/me/remove-posts/act", {**both, "media": [path]})
    assert (await alice.get(path)).status_code == 404


async def test_private_posts_are_chosen_on_their_own_page(home: Browser, alice: Person) -> None:
    path = await put_edit(alice, 0, 0, "a draft", PRIVATE)
    page = Page(await home.get("/me/drafts"))
    boxes = [at.get("value") for name, at in page.elements if at.get("name") == "post"]
    assert boxes == [post_id(0)]
    done = await send(home, "/me/remove-posts/act", {"back": "drafts", "post": [post_id(0)]})
    assert done.headers["Location"] == "/me/drafts?done=deleted"
    assert (await alice.get(path)).status_code == 404


async def test_who_may_only_read_is_offered_no_choice(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    await put_post(alice, 0, "mine")
    assert 'name="post"' not in (await browser.get("/me/posts")).text
    refused = await send(browser, "/me/remove-posts/act", {"post": [post_id(0)]})
    assert refused.status_code == 502
    assert (await alice.get(f"{V0}posts/{post_id(0)}")).status_code == 200


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"back": "posts"}, 303),
        ({"back": "follows", "post": [post_id(0)]}, 400),
        ({"post": [post_id(number) for number in range(61)]}, 400),
        ({"post": ["../profile.json"]}, 404),
        ({"post": [post_id(0)]}, 200),
    ],
)
async def test_only_posts_can_be_chosen(home: Browser, form: Form, status: int) -> None:
    assert (await send(home, "/me/remove-posts", form)).status_code == status
