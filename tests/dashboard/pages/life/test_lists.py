"""People, tags, bookmarks, feeds, media and settings: listed from both layouts, added, removed."""

import httpx
import pytest

from dashboard.kinds.bookmarks import name_of_target
from dashboard.kinds.files import blob_path
from tests.dashboard.pages.life.lives import (
    PIXEL,
    PRIVATE,
    V0,
    V1,
    address,
    indexed,
    post_id,
    put_json,
    put_picture,
    put_post,
    send,
)
from tests.dashboard.people import Browser, Owner, Page, sign_up
from tests.support.appliance import Person, keypair_of

STRANGER = keypair_of("a stranger").public_key.z32
LISTS = ("follows", "mutes", "tags", "bookmarks", "feeds", "media", "lists", "settings", "drafts")


@pytest.mark.parametrize("tab", LISTS)
async def test_an_empty_list_is_a_sentence_and_no_error(home: Browser, tab: str) -> None:
    page = await home.get(f"/me/{tab}")
    assert page.status_code == 200
    assert 'class="empty"' in page.text
    assert (await home.get(f"/json/me/{tab}")).status_code == 200


async def test_people_of_this_node_have_names_and_others_keep_their_keys(
    home: Browser, alice: Person, owner: Owner, http: httpx.AsyncClient
) -> None:
    invite = await owner.admin.create_invite("Bob", None)
    bob = await sign_up(http, invite.code, "bob")
    await put_json(bob, f"{V0}profile.json", {"name": "Bob <b>the builder</b>"})
    for person in (bob.z32, STRANGER):
        answer = await home.post("/me/follows/new", {"person": person})
        assert answer.headers["Location"] == "/me/follows?done=followed"
    await put_json(alice, f"{V1}follows/{bob.z32}.json", {"created_at": 1})
    said = (await home.get("/json/me/follows")).json()
    found = {(row["person"]["public_key"], row["row"]["layout"]) for row in said["rows"]}
    assert found == {(bob.z32, "v0"), (STRANGER, "v0"), (bob.z32, "v1")}
    page = await home.get("/me/follows")
    assert "Bob &lt;b&gt;the builder&lt;/b&gt;" in page.text
    assert STRANGER in Page(page).text


async def test_a_neighbours_picture_is_shown_and_nobody_elses_is_fetched(
    home: Browser, owner: Owner, http: httpx.AsyncClient
) -> None:
    people = []
    for name in ("bob", "carol"):
        invite = await owner.admin.create_invite(name, None)
        people.append(await sign_up(http, invite.code, name))
        await home.post("/me/follows/new", {"person": people[-1].z32})
    bob, carol = people
    await put_picture(carol, 1)
    for person in people:  # Carol's picture is Bob's, though one of hers lies at the same path.
        profile = {"name": "Somebody", "image": await put_picture(bob, 1)}
        await put_json(person, f"{V0}profile.json", profile)
    page = Page(await home.get("/me/follows"))
    sources = [at["src"] for name, at in page.elements if name == "img" and "src" in at]
    own = [source for source in sources if source and source.startswith("/raw/")]
    assert own == [f"/raw/picture/{bob.z32}"]
    picture = await home.get(own[0])
    assert (picture.content, picture.headers["Content-Type"]) == (PIXEL, "image/png")
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    for public_key in (carol.z32, STRANGER, "x"):
        assert (await home.get(f"/raw/picture/{public_key}")).status_code == 404


async def test_who_is_chosen_is_unfollowed_after_a_question(home: Browser, alice: Person) -> None:
    for person in (STRANGER, alice.z32):
        await home.post("/me/follows/new", {"person": f"pubky://{person}"})
    path = f"{V0}follows/{STRANGER}"
    form: dict[str, str | list[str]] = {"back": "follows", "path": [path]}
    question = await send(home, "/me/remove", form)
    assert question.status_code == 200
    assert path in Page(question).text
    assert (await alice.get(path)).status_code == 200
    answer = await send(home, "/me/remove/act", form)
    assert answer.headers["Location"] == "/me/follows?done=deleted"
    assert (await alice.get(path)).status_code == 404
    assert (await alice.get(f"{V0}follows/{alice.z32}")).status_code == 200


async def test_public_mutes_are_warned_of_and_private_ones_are_not(
    home: Browser, alice: Person
) -> None:
    await put_json(alice, f"{PRIVATE}mutes/{STRANGER}.json", {"created_at": 1})
    assert "are public" not in Page(await home.get("/me/mutes")).text
    await home.post("/me/mutes/new", {"person": STRANGER})
    assert "are public" in Page(await home.get("/me/mutes")).text


async def test_tags_are_grouped_by_label(home: Browser) -> None:
    for uri, label in (
        ("https://a.example/", "Garden"),
        ("https://b.example/", "garden"),
        ("https://b.example/", "radio"),
    ):
        answer = await home.post("/me/tags/new", {"uri": uri, "label": label})
        assert answer.headers["Location"] == "/me/tags?done=tagged"
    said = (await home.get("/json/me/tags")).json()
    assert [(group["name"], len(group["rows"])) for group in said["groups"]] == [
        ("garden", 2),
        ("radio", 1),
    ]
    await indexed(home)
    one = (await home.get("/json/me/tags?label=radio")).json()
    assert [row["target"]["uri"] for row in one["groups"][0]["rows"]] == ["https://b.example/"]


@pytest.mark.parametrize("label", ["🔥", "c++", "grün", "-", "\"'", "a*"])
async def test_any_label_that_can_be_given_can_be_found(home: Browser, label: str) -> None:
    uri = "https://a.example/"
    assert (await home.post("/me/tags/new", {"uri": uri, "label": label})).status_code == 303
    await indexed(home)
    said = (await home.http.get("/json/me/tags", params={"label": label})).json()
    assert [group["name"] for group in said["groups"]] == [label]


async def test_bookmarks_of_both_layouts_are_grouped_by_what_they_lead_to(
    home: Browser, alice: Person
) -> None:
    post = address(alice, f"{V0}posts/{post_id(1)}")
    answer = await home.post("/me/bookmarks/new", {"uri": post})
    assert answer.headers["Location"] == "/me/bookmarks?done=bookmarked"
    target = "https://a.example/page"
    path = f"{PRIVATE}bookmarks/{name_of_target(target)}.json"
    await put_json(alice, path, {"created_at": 1})
    said = (await home.get("/json/me/bookmarks")).json()
    found = {
        group["name"]: [(row["target"]["uri"], row["row"]["is_private"]) for row in group["rows"]]
        for group in said["groups"]
    }
    assert found == {"post": [(post, False)], "a.example": [(target, True)]}


async def test_feeds_are_sentences(home: Browser) -> None:
    form = {
        "name": "Mine",
        "tags": "bitcoin, rust",
        "reach": "following",
        "sort": "recent",
        "layout": "columns",
        "content": "",
    }
    assert (await home.post("/me/feeds/new", form)).status_code == 303
    text = Page(await home.get("/me/feeds")).text
    assert "Posts by people I follow tagged bitcoin or rust, newest first" in text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/me/follows/new", {"person": "nobody"}),
        ("/me/mutes/new", {"person": ""}),
        ("/me/tags/new", {"uri": "https://a.example/", "label": "two words"}),
        ("/me/tags/new", {"uri": "no address", "label": "x"}),
        ("/me/bookmarks/new", {"uri": "no address"}),
        ("/me/feeds/new", {"name": "x", "reach": "nobody", "sort": "recent", "layout": "list"}),
        ("/me/feeds/new", {"name": "x", "reach": "all", "sort": "recent", "tags": "a b c d e f"}),
        ("/me/remove", {"back": "nowhere", "path": f"{V0}tags/x"}),
        ("/me/remove/act", {"back": "tags", "path": "/pub/../priv/x"}),
        ("/me/remove/act", {"back": "tags", "path": f"{V0}posts/{post_id(1)}"}),
        ("/me/remove/act", {"back": "tags", "path": "/pub/site/index.html"}),
    ],
)
async def test_what_cannot_be_is_refused(home: Browser, path: str, form: dict[str, str]) -> None:
    assert (await home.post(path, form)).status_code == 400


async def test_media_are_a_grid_narrowed_by_type(home: Browser, alice: Person) -> None:
    await put_picture(alice, 1)
    await put_picture(alice, 2, b"just words")
    await indexed(home)
    everything = (await home.get("/json/me/media")).json()["gallery"]["pieces"]
    assert len(everything) == 2
    (picture,) = (await home.get("/json/me/media?type=image/")).json()["gallery"]["pieces"]
    assert (picture["name"], picture["shown"]) == ("garden.png", "image")
    assert (await home.get("/me/media?type=text/html")).status_code == 400


async def test_removing_bytes_takes_their_words_and_names_who_needs_them(
    home: Browser, alice: Person
) -> None:
    picture = await put_picture(alice, 1)
    await put_post(alice, 1, "look", attachments=[blob := address(alice, blob_path(PIXEL))])
    await indexed(home)
    path = blob.removeprefix(address(alice, ""))
    text = Page(await send(home, "/me/remove", {"back": "media", "path": [path]})).text
    assert picture.removeprefix(address(alice, "")) in text
    assert "1 object of yours will point to nothing" in text


async def test_words_that_name_each_other_do_not_lead_in_circles(
    home: Browser, alice: Person
) -> None:
    one, two = (address(alice, f"{V0}files/{post_id(number)}") for number in (1, 2))
    words = {"name": "x", "created_at": 1, "content_type": "image/png", "size": 1}
    await put_json(alice, f"{V0}files/{post_id(1)}", {**words, "src": two})
    await put_json(alice, f"{V0}files/{post_id(2)}", {**words, "src": one})
    await put_post(alice, 1, "x", attachments=[one])
    await indexed(home)
    form: dict[str, str | list[str]] = {"back": "media", "path": [f"{V0}files/{post_id(1)}"]}
    assert (await send(home, "/me/remove", form)).status_code == 200
    assert (await home.get(f"/me/posts/{post_id(1)}/delete")).status_code == 200
    assert (await home.get("/me/posts")).status_code == 200


async def test_settings_are_labelled_and_the_public_file_is_warned_of(
    home: Browser, alice: Person
) -> None:
    shared = {"notifications": {"newFollower": True}, "language": "en"}
    await put_json(alice, f"{V0}settings.json", shared)
    await put_json(alice, f"{PRIVATE}settings.json", {"privacy": {"hideStatus": False}})
    await put_json(alice, f"{V0}last_read", {"timestamp": 1_748_736_000_000})
    text = Page(await home.get("/me/settings")).text
    assert "Notifications: New follower on" in text
    assert "Privacy: Hide status off" in text
    assert text.count("This file is public") == 2
    said = (await home.get("/json/me/settings")).json()
    assert said["last_read"][0]["at"] == "2025-06-01T00:00:00+00:00"
