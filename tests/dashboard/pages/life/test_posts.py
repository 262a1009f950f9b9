"""One's posts: both layouts merged, narrowed, paged; each in full with edits and answers."""

import json

import httpx
import pytest

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
)
from tests.dashboard.people import (
    Browser,
    Owner,
    Page,
    browser_at,
    connect,
    put_file,
    sign_up,
)
from tests.support.appliance import Person


async def shown(home: Browser, query: str = "") -> list[str]:
    """The ids on a page of posts, in order."""
    said = (await home.get(f"/json/me/posts{query}")).json()
    return [entry["id"] for entry in said["timeline"]["entries"]]


async def test_without_a_connection_the_way_leads_to_it(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    for page in ("/me", "/me/posts", f"/me/posts/{post_id(1)}", "/me/posts/new", "/me/tags"):
        answer = await browser.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/connect")


async def test_nothing_written_is_no_error(home: Browser) -> None:
    assert "Nothing posted from any app yet." in Page(await home.get("/me/posts")).text
    assert "Nothing private from any app yet." in Page(await home.get("/me/drafts")).text


async def test_both_layouts_are_one_list_with_a_post_once(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "first")
    await put_post(alice, 3, "old words")
    await put_edit(alice, 3, 3, "old words")
    await put_edit(alice, 3, 9, "new words")
    await put_edit(alice, 2, 2, "between")
    await put_edit(alice, 4, 4, "for me alone", root=PRIVATE)
    assert await shown(home) == [post_id(4), post_id(3), post_id(2), post_id(1)]
    assert await shown(home, "?layout=v0") == [post_id(3), post_id(1)]
    assert await shown(home, "?layout=v1") == [post_id(4), post_id(3), post_id(2)]
    assert await shown(home, "?layout=private") == [post_id(4)]
    text = Page(await home.get("/me/posts")).text
    assert "new words" in text
    assert "old words" not in text
    assert "2 edits" in text
    private = Page(await home.get("/me/drafts")).text
    assert "for me alone" in private
    assert "between" not in private


async def test_many_posts_are_paged_and_none_is_left_out(home: Browser, alice: Person) -> None:
    for number in range(65):
        if number % 3:
            await put_post(alice, number, f"number {number}")
        else:
            await put_edit(alice, number, number, f"number {number}")
    found: list[str] = []
    address_of_next: str | None = "/me/posts"
    while address_of_next is not None:
        said = (await home.get(f"/json{address_of_next}")).json()
        page = [entry["id"] for entry in said["timeline"]["entries"]]
        assert len(page) <= 30
        found += page
        address_of_next = said["next"]
    assert found == [post_id(number) for number in reversed(range(65))]


async def test_posts_are_narrowed_by_kind(home: Browser, alice: Person) -> None:
    picture = await put_picture(alice, 1)
    own = address(alice, f"{V0}posts/{post_id(1)}")
    await put_post(alice, 1, "plain")
    await put_post(alice, 2, "answer", parent=own)
    await put_post(alice, 3, "", embed={"kind": "short", "uri": own})
    article = json.dumps({"title": "A title", "body": "*Body*"})
    await put_post(alice, 4, article, kind="long")
    await put_post(alice, 5, "look", kind="image", attachments=[picture])
    listed = json.dumps({"name": "Mine", "items": [own]})
    await put_post(alice, 6, listed, kind="collection")
    for kind, number in (
        ("replies", 2),
        ("reposts", 3),
        ("articles", 4),
        ("media", 5),
        ("collections", 6),
    ):
        assert await shown(home, f"?kind={kind}") == [post_id(number)], kind
    assert post_id(2) not in await shown(home, "?kind=posts")


async def test_a_filter_looks_at_so_many_and_goes_on_from_there(
    home: Browser, alice: Person
) -> None:
    own = address(alice, f"{V0}posts/{post_id(0)}")
    await put_post(alice, 0, "the only answer", parent=own)
    for number in range(1, 160):
        await put_post(alice, number, "plain")
    first = (await home.get("/json/me/posts?kind=replies")).json()
    assert first["timeline"]["entries"] == []
    assert first["timeline"]["looked_at"] == 150
    assert "150 posts that were looked at" in Page(await home.get("/me/posts?kind=replies")).text
    second = (await home.get(f"/json{first['next']}")).json()
    assert [entry["id"] for entry in second["timeline"]["entries"]] == [post_id(0)]
    assert second["next"] is None


async def test_posts_are_narrowed_by_year_and_by_ones_own_tag(home: Browser, alice: Person) -> None:
    for number in (1, 2):
        await put_post(alice, number, f"number {number}")
    in_2026 = 60 * 24 * 300
    await put_post(alice, in_2026, "later")
    uri = address(alice, f"{V0}posts/{post_id(1)}")
    await home.post("/me/tags/new", {"uri": uri, "label": "Garden"})
    await indexed(home)
    assert await shown(home, "?year=2025") == [post_id(2), post_id(1)]
    assert await shown(home, "?year=2026") == [post_id(in_2026)]
    assert await shown(home, "?tag=garden") == [post_id(1)]
    assert await shown(home, "?tag=gard") == []
    assert (await home.get("/json/me/posts")).json()["years"] == [2026, 2025]


@pytest.mark.parametrize("query", ["kind=odd", "layout=v2", "year=x", "before=..", "before=a/b"])
async def test_what_a_page_cannot_do_is_refused(home: Browser, query: str) -> None:
    assert (await home.get(f"/me/posts?{query}")).status_code == 400


async def test_a_picture_is_shown_from_this_node_in_two_hops(home: Browser, alice: Person) -> None:
    picture = await put_picture(alice, 1)
    await put_post(alice, 1, "look", kind="image", attachments=[picture])
    for path in ("/me/posts", f"/me/posts/{post_id(1)}"):
        page = Page(await home.get(path))
        (source,) = [at["src"] for name, at in page.elements if name == "img" and at.get("alt")]
        assert source is not None
        assert (await home.get(source)).content == PIXEL


async def test_pictures_elsewhere_stay_addresses(home: Browser, alice: Person) -> None:
    uri = "https://tracker.example/pixel.png"
    await put_post(alice, 1, "look", attachments=[uri])
    page = Page(await home.get(f"/me/posts/{post_id(1)}"))
    assert not [at for name, at in page.elements if name == "img" and at.get("alt")]
    assert uri in page.links


async def test_an_article_is_laid_out_and_its_words_cannot_do_harm(
    home: Browser, alice: Person
) -> None:
    body = "# Part\n\n**Bold** <script>x</script> [go](https://a.example/)"
    await put_post(alice, 1, json.dumps({"title": "On gardens", "body": body}), kind="long")
    response = await home.get(f"/me/posts/{post_id(1)}")
    page = Page(response)
    names = [name for name, _ in page.elements]
    assert {"strong", "h2"} <= set(names)
    assert "<script>x" not in response.text
    assert "On gardens" in page.text
    twin = (await home.get(f"/json/me/posts/{post_id(1)}")).json()
    assert twin["post"]["body"] == body
    assert "article" not in twin


async def test_the_edits_of_a_post_are_told_line_by_line(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "one")
    await put_edit(alice, 1, 1, "one\nsame")
    await put_edit(alice, 1, 5, "two\nsame")
    response = await home.get(f"/me/posts/{post_id(1)}")
    said = (await home.get(f"/json/me/posts/{post_id(1)}")).json()["post"]
    lines = [(line["sign"], line["text"]) for line in said["edits"][0]["lines"]]
    assert lines == [("-", "one"), ("+", "two"), (" ", "same")]
    assert [(copy["layout"], copy["says_the_same"]) for copy in said["copies"]] == [
        ("v1", True),
        ("v0", False),
    ]
    assert "Says something else" in Page(response).text


async def test_ones_own_answers_and_tags_stand_below_a_post(home: Browser, alice: Person) -> None:
    own = address(alice, f"{V0}posts/{post_id(1)}")
    await put_post(alice, 1, "asked")
    await put_post(alice, 2, "answered", parent=own)
    await put_post(alice, 3, f"only names {own}")
    await home.post("/me/tags/new", {"uri": own, "label": "garden"})
    await indexed(home)
    said = (await home.get(f"/json/me/posts/{post_id(1)}")).json()["post"]
    assert [reply["id"] for reply in said["replies"]] == [post_id(2)]
    assert [tag["label"] for tag in said["entry"]["tags"]] == ["garden"]
    assert f"/me/posts/{post_id(1)}" in Page(await home.get(f"/me/posts/{post_id(2)}")).links


async def test_a_collection_names_its_posts(home: Browser, alice: Person) -> None:
    await put_post(alice, 1, "the first")
    items = [address(alice, f"{V0}posts/{post_id(1)}"), f"pubky://{'y' * 52}{V0}posts/x"]
    await put_post(alice, 2, json.dumps({"name": "Mine", "items": items}), kind="collection")
    page = Page(await home.get(f"/me/posts/{post_id(2)}"))
    assert "the first" in page.text
    assert items[1] in page.text
    await indexed(home)
    assert "Mine" in Page(await home.get("/me/lists")).text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "This is not JSON."),
        (b"", "This is not JSON."),
        (b'{"content": 5, "kind": "short"}', "is not a text"),
        (b'{"content": "x", "kind": "hologram"}', "Unknown kind"),
    ],
)
async def test_what_is_broken_is_told_and_its_bytes_are_offered(
    home: Browser, alice: Person, body: bytes, says: str
) -> None:
    path = f"{V0}posts/{post_id(1)}"
    await put_file(alice, path, body)
    assert says in Page(await home.get("/me/posts")).text
    page = await home.get(f"/me/posts/{post_id(1)}")
    assert page.status_code == 200
    assert f"/own/raw{path}" in Page(page).links


async def test_what_is_no_post_by_its_name_has_a_card(home: Browser, alice: Person) -> None:
    await put_json(alice, f"{V0}posts/hello", {})
    await put_json(alice, f"{V1}posts/odd/deep.json", {})
    page = Page(await home.get("/me/posts"))
    assert "Its name is not a timestamp id." in page.text
    assert f"/own/object{V0}posts/hello" in page.links
    assert (await home.get("/me/posts/hello")).status_code == 404
    assert (await home.get(f"/me/posts/{post_id(7)}")).status_code == 404


async def test_nobody_sees_anothers_posts(
    alice: Person, owner: Owner, http: httpx.AsyncClient, origin: str
) -> None:
    await put_edit(alice, 1, 1, "for me alone", root=PRIVATE)
    await put_post(alice, 2, "hello")
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code, "bob")
    async with browser_at(origin) as stranger:
        await stranger.sign_in(bob)
        await connect(stranger, bob)
        assert "Nothing posted" in Page(await stranger.get("/me/posts")).text
        for number in (1, 2):
            assert (await stranger.get(f"/me/posts/{post_id(number)}")).status_code == 404
            assert (await stranger.get(f"/me/posts/{post_id(number)}/delete")).status_code == 404
