"""Writing, changing and deleting posts and the profile: as the official client would store them."""

import json

import pytest

from dashboard.kinds import registry
from dashboard.kinds.files import blob_path
from tests.dashboard.pages.life.lives import (
    PIXEL,
    PRIVATE,
    V0,
    V1,
    address,
    indexed,
    post_id,
    put_edit,
    put_json,
    put_picture,
    put_post,
    send,
    stored,
)
from tests.dashboard.people import Browser, Page, connect
from tests.support.appliance import Person

PICTURE = ("attachments", ("garden.png", PIXEL, "image/png"))


async def compose(home: Browser, alice: Person, **form: str) -> dict[str, object]:
    """Write a post; its members."""
    answer = await send(home, "/me/posts/new", form)
    page, _, done = answer.headers["Location"].partition("?")
    assert (answer.status_code, done) == (303, "done=posted")
    return await stored(alice, f"{V0}posts/{page.rpartition('/')[2]}")


async def test_a_short_post_is_stored_as_the_official_client_writes_it(
    home: Browser, alice: Person
) -> None:
    assert await compose(home, alice, kind="short", content="Hello\r\nthere ") == {
        "content": "Hello\nthere",
        "kind": "short",
        "parent": None,
        "embed": None,
        "attachments": None,
    }


async def test_an_article_an_answer_and_a_repost(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, json.dumps({"title": "T", "body": "B"}), kind="long")
    uri = address(alice, f"{V0}posts/{post_id(1)}")
    article = await compose(home, alice, kind="article", title="On gardens", content="*Words*")
    assert article["kind"] == "long"
    assert json.loads(str(article["content"])) == {"title": "On gardens", "body": "*Words*"}
    assert (await compose(home, alice, content="yes", parent=uri))["parent"] == uri
    repost = await compose(home, alice, content="", embed=uri)
    assert repost["embed"] == {"kind": "long", "uri": uri}


async def test_a_picture_is_stored_as_a_pair_before_the_post(home: Browser, alice: Person) -> None:
    answer = await send(home, "/me/posts/new", {"content": "look"}, [PICTURE, PICTURE])
    assert answer.status_code == 303
    said = (await home.get("/json/me/posts")).json()["timeline"]["entries"][0]
    assert said["kind"] == "Picture"
    assert [medium["path"]["text"] for medium in said["media"]] == [blob_path(PIXEL)] * 2
    words = [medium["file"]["text"] for medium in said["media"]]
    assert len(set(words)) == 2
    for path in words:
        raw = (await alice.get(path)).content
        assert registry.parse(path, raw).is_valid
    assert (await alice.get(blob_path(PIXEL))).content == PIXEL


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": "x" * 2001}, "content"),
        ({"content": "x", "parent": "no address"}, "parent"),
        ({"kind": "article", "title": "", "content": "x"}, "content-title"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(
    home: Browser, form: dict[str, str], field: str
) -> None:
    answer = await send(home, "/me/posts/new", form, [PICTURE] if "parent" in form else None)
    page = Page(answer)
    assert answer.status_code == 422
    assert f"#field-{field}" in page.links
    (marked,) = [at for _, at in page.elements if at.get("id") == f"field-{field}"]
    assert marked["aria-invalid"] == "true"
    assert form["content"][:50] in answer.text
    assert (await home.get("/json/me")).json()["counts"]["is_empty"]


async def test_an_empty_file_and_too_many_are_refused(home: Browser) -> None:
    empty = ("attachments", ("a.png", b"", "image/png"))
    for files in ([empty], [PICTURE] * 11):
        assert (await send(home, "/me/posts/new", {"content": "x"}, files)).status_code == 422
    assert (await home.get("/json/me")).json()["counts"]["is_empty"]


async def test_an_edit_changes_the_words_and_nothing_else(home: Browser, alice: Person) -> None:
    uri = address(alice, f"{V0}posts/{post_id(9)}")
    await put_post(alice, 1, "old", parent=uri, ext={"mood": [1.50, "calm"]})
    form = Page(await home.get(f"/me/posts/{post_id(1)}/edit"))
    (seen,) = [at["value"] for _, at in form.elements if at.get("name") == "seen"]
    assert "old" in form.text
    sent = {"content": "new", "seen": seen or ""}
    answer = await home.post(f"/me/posts/{post_id(1)}/edit", sent)
    assert answer.headers["Location"] == f"/me/posts/{post_id(1)}?done=saved"
    now = await stored(alice, f"{V0}posts/{post_id(1)}")
    assert (now["content"], now["parent"], now["ext"]) == ("new", uri, {"mood": [1.5, "calm"]})


async def test_an_edit_of_what_changed_meanwhile_shows_both(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "old")
    page = f"/me/posts/{post_id(1)}/edit"
    (seen,) = [
        at["value"] for _, at in Page(await home.get(page)).elements if at.get("name") == "seen"
    ]
    await put_post(alice, 1, "theirs")
    answer = await home.post(page, {"content": "mine", "seen": seen or ""})
    assert answer.status_code == 409
    text = Page(answer).text
    assert "theirs" in text
    assert "mine" in text
    assert (await stored(alice, f"{V0}posts/{post_id(1)}"))["content"] == "theirs"
    (fresh,) = [at["value"] for _, at in Page(answer).elements if at.get("name") == "seen"]
    again = await home.post(page, {"content": "mine", "seen": fresh or ""})
    assert again.status_code == 303
    assert (await stored(alice, f"{V0}posts/{post_id(1)}"))["content"] == "mine"


async def test_v1_and_collections_are_not_changed_here(home: Browser, alice: Person) -> None:
    await put_edit(alice, 1, 1, "drafted")
    await put_post(alice, 2, json.dumps({"name": "Mine", "items": []}), kind="collection")
    for number in (1, 2):
        assert (await home.get(f"/me/posts/{post_id(number)}/edit")).status_code == 404


async def test_deleting_a_post_names_and_takes_every_copy(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "words")
    paths = [
        f"{V0}posts/{post_id(1)}",
        await put_edit(alice, 1, 1, "words"),
        await put_edit(alice, 1, 5, "other words"),
        await put_edit(alice, 1, 6, "for me", root=PRIVATE),
    ]
    await put_post(alice, 2, "stays")
    page = f"/me/posts/{post_id(1)}/delete"
    text = Page(await home.get(page)).text
    assert all(path in text for path in paths)
    answer = await home.post(page)
    assert answer.headers["Location"] == "/me/posts?done=deleted"
    assert [(await alice.get(path)).status_code for path in paths] == [404] * 4
    assert (await alice.get(f"{V0}posts/{post_id(2)}")).status_code == 200
    assert (await home.get(page)).status_code == 404


async def test_only_media_that_nothing_else_needs_can_go_along(
    home: Browser, alice: Person
) -> None:
    lone, shared = await put_picture(alice, 1, PIXEL + b"1"), await put_picture(alice, 2)
    await put_post(alice, 1, "both", attachments=[lone, shared])
    await put_post(alice, 2, "one", attachments=[shared])
    await indexed(home)
    page = f"/me/posts/{post_id(1)}/delete"
    said = (await home.get(f"/json{page}")).json()
    media = [going["path"]["text"] for going in said["media"]]
    blob = blob_path(PIXEL + b"1")
    assert sorted(media) == sorted([lone.partition(alice.z32)[2], blob])
    await send(home, page, {"media": [blob, blob_path(PIXEL), f"{V0}posts/{post_id(2)}"]})
    assert (await alice.get(blob)).status_code == 404
    assert (await alice.get(blob_path(PIXEL))).status_code == 200
    assert (await alice.get(f"{V0}posts/{post_id(2)}")).status_code == 200


async def test_a_session_that_may_only_read_offers_no_change(
    browser: Browser, alice: Person
) -> None:
    await put_post(alice, 1, "words")
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    page = Page(await browser.get(f"/me/posts/{post_id(1)}"))
    assert not [link for link in page.links if link.endswith(("/edit", "/delete"))]
    answer = await browser.post("/me/tags/new", {"uri": "https://a.example/", "label": "x"})
    assert answer.status_code >= 400


# --- The profile ------------------------------------------------------------------------------


async def test_without_a_profile_the_page_says_what_apps_show(home: Browser) -> None:
    text = Page(await home.get("/me")).text
    assert "No profile yet" in text
    assert "letters of your key" in text


async def seen_profile(home: Browser) -> str:
    """What the form says it was made from."""
    form = Page(await home.get("/me/profile/edit"))
    return next(at["value"] or "" for _, at in form.elements if at.get("name") == "seen")


async def test_a_profile_is_written_with_a_picture_and_kept_members(
    home: Browser, alice: Person
) -> None:
    await put_json(alice, f"{V0}profile.json", {"name": "Before", "ext": {"a": 1}})
    form = {
        "seen": await seen_profile(home),
        "name": "Alice",
        "bio": "Gardens",
        "status": "",
        "links-1-title": "Home",
        "links-1-url": "https://a.example",
    }
    picture = [("image", ("me.png", PIXEL, "image/png"))]
    answer = await send(home, "/me/profile/edit", form, picture)
    assert answer.headers["Location"] == "/me?done=saved"
    now = await stored(alice, f"{V0}profile.json")
    assert (now["name"], now["bio"], now["status"]) == ("Alice", "Gardens", None)
    assert now["links"] == [{"title": "Home", "url": "https://a.example/"}]
    assert now["ext"] == {"a": 1}
    page = Page(await home.get("/me"))
    (source,) = [at["src"] for _, at in page.elements if at.get("class") == "avatar"]
    assert source is not None
    assert (await home.get(source)).content == PIXEL


async def test_a_profile_that_breaks_rules_is_told_field_by_field(home: Browser) -> None:
    form = {
        "seen": await seen_profile(home),
        "name": "A",
        "links-0-title": "",
        "links-0-url": "https://a.example",
    }
    answer = await send(home, "/me/profile/edit", form)
    assert answer.status_code == 422
    assert {"#field-name", "#field-links-0-title"} <= set(Page(answer).links)


async def test_a_profile_that_changed_meanwhile_is_not_overwritten(
    home: Browser, alice: Person
) -> None:
    form = {"seen": await seen_profile(home), "name": "Mine"}
    await put_json(alice, f"{V0}profile.json", {"name": "Theirs"})
    assert (await send(home, "/me/profile/edit", form)).status_code == 409
    assert (await stored(alice, f"{V0}profile.json"))["name"] == "Theirs"


async def test_a_broken_profile_is_a_card_with_reasons_and_raw(
    home: Browser, alice: Person
) -> None:
    await put_json(alice, f"{V0}profile.json", {"name": 5, "bio": "x" * 200})
    page = Page(await home.get("/me"))
    assert "is not a text" in page.text
    assert f"/own/raw{V0}profile.json" in page.links


async def test_counts_and_warnings_tell_the_layouts_apart(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "one")
    await put_edit(alice, 1, 1, "one")
    await put_edit(alice, 1, 2, "two")
    await put_json(alice, f"{V1}profile.json", {"name": "Alice"})
    await put_json(alice, f"{V0}profile.json", {"name": "Alice"})
    await put_json(alice, f"{V0}settings.json", {})
    await put_json(alice, f"{PRIVATE}mutes/{alice.z32}.json", {"created_at": 1})
    said = (await home.get("/json/me")).json()
    rows = {row["page"]: (row["v0"], row["v1"], row["private"]) for row in said["counts"]["rows"]}
    assert rows["/me/posts"] == (1, 1, 0)
    assert rows["/me/mutes"] == (0, 0, 1)
    assert [each["page"] for each in said["counts"]["exposed"]] == ["/me/settings"]
    assert "Also in v1" in Page(await home.get("/me")).text
