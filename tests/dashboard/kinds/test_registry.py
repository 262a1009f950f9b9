"""Reading any object: values for what is right, reasons for what is wrong, never an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds.feeds import Feed
from dashboard.kinds.files import File
from dashboard.kinds.people import Profile
from dashboard.kinds.posts import Post
from dashboard.kinds.registry import parse
from dashboard.kinds.settings import LastRead, Settings
from tests.support.appliance import keypair_of

KEY = keypair_of("bob").public_key.z32
TIME, HASH = "0032SSN7Q4EVG", "PZBQ010FF079VVZPQG1RNFN6DR"
V0, V1 = "/pub/pubky.app/", "/pub/social/v1/"
POSTS = V0 + "posts/" + TIME


def read(path: str, value: object) -> Any:
    return parse(path, json.dumps(value).encode())


def test_a_short_post_says_what_it_says() -> None:
    found = read(POSTS, {"content": "Hello\nyou", "kind": "short", "parent": None})
    assert found.is_valid
    assert found.title == "Hello"
    assert isinstance(found.value, Post)


def test_an_article_is_json_within_json() -> None:
    content = json.dumps({"title": "On trees", "body": "# Oaks"})
    found = read(
        POSTS, {"content": content, "kind": "long", "attachments": ["https://a.example/b"]}
    )
    assert found.is_valid
    assert found.title == "On trees"
    assert (found.value.text, found.value.cover) == ("# Oaks", "https://a.example/b")


def test_an_article_without_its_envelope_is_shown_as_text_with_a_reason() -> None:
    found = read(POSTS, {"content": "plain", "kind": "long"})
    assert not found.is_valid
    assert found.value.text == "plain"


def test_a_v1_article_carries_its_own_cover() -> None:
    content = json.dumps({"title": "T", "body": "B", "cover_image": f"pubky://{KEY}/pub/a.png"})
    found = read(f"{V1}posts/{TIME}/{TIME}.json", {"content": content, "kind": "article"})
    assert found.is_valid
    assert found.value.cover == f"pubky://{KEY}/pub/a.png"


def test_a_collection_lists_posts() -> None:
    item = f"pubky://{KEY}{POSTS}"
    content = json.dumps({"name": "Best", "items": [item]})
    found = read(POSTS, {"content": content, "kind": "collection"})
    assert found.is_valid
    assert [(each.role, each.target.kind) for each in found.references] == [("item", "post")]


def test_a_reply_and_a_repost_point_to_what_they_answer() -> None:
    target = f"pubky://{KEY}{POSTS}"
    reply = read(POSTS, {"content": "yes", "kind": "short", "parent": target})
    repost = read(
        POSTS, {"content": "", "kind": "short", "embed": {"kind": "short", "uri": target}}
    )
    assert reply.value.is_reply
    assert repost.value.is_repost
    assert repost.title == "Repost"
    assert [each.uri for each in (*reply.references, *repost.references)] == [target, target]


def test_a_kind_from_tomorrow_is_shown_as_text() -> None:
    found = read(POSTS, {"content": "?", "kind": "hologram"})
    assert found.is_valid
    assert not found.value.is_known_kind


@pytest.mark.parametrize("length", [2000, 2001])
def test_a_post_is_as_long_as_is_allowed(length: int) -> None:
    assert read(POSTS, {"content": "é" * length, "kind": "short"}).is_valid == (length <= 2000)


def test_a_profile_has_a_name_and_links() -> None:
    links = [{"title": "Home", "url": "https://a.example"}, {"title": "Bad", "url": "javascript:1"}]
    found = read(V0 + "profile.json", {"name": "Ada", "links": links})
    assert isinstance(found.value, Profile)
    assert [link.href for link in found.value.links] == ["https://a.example/", None]


def test_what_nobody_knows_is_kept() -> None:
    found = read(V0 + "profile.json", {"name": "Ada", "pronouns": "she", "ext": {"a": 1}})
    assert found.value.rest == {"pronouns": "she", "ext": {"a": 1}}


def test_a_file_leads_to_its_bytes() -> None:
    blob = f"{V0}blobs/{HASH}"
    value = {
        "name": "a.png",
        "created_at": 1_790_000_000_000_000,
        "src": f"pubky://{KEY}{blob}",
        "content_type": "image/png",
        "size": 2,
    }
    found = read(V0 + "files/" + TIME, value)
    assert isinstance(found.value, File)
    assert found.references[0].target.path == blob


def test_a_feed_is_a_sentence() -> None:
    value = {
        "feed": {
            "tags": ["bitcoin", "rust"],
            "reach": "following",
            "layout": "columns",
            "sort": "recent",
            "content": None,
        },
        "name": "Mine",
        "created_at": 1_790_000_000_000_000,
    }
    found = read(V0 + "feeds/BVD8EH6GYYV3A3KJ6E4V6BNYXC", value)
    assert isinstance(found.value, Feed)
    assert found.is_valid
    said = "Posts by people I follow tagged bitcoin or rust, newest first"
    assert found.value.sentence == said


def test_a_feed_under_another_id_is_odd_but_no_problem() -> None:
    config = {"reach": "all", "layout": "wide", "sort": "popularity"}
    value = {"feed": config, "name": "All", "created_at": 1_790_000_000_000_000}
    found = read(V0 + "feeds/" + HASH, value)
    assert found.is_valid
    assert found.has_other_id


def test_a_tag_under_another_id_is_ignored_by_apps() -> None:
    value = {"uri": "https://a.example/", "label": "cool", "created_at": 1_790_000_000_000_000}
    found = read(V0 + "tags/" + HASH, value)
    assert not found.is_valid
    assert found.has_other_id


def test_settings_are_switches_with_words() -> None:
    value = {"privacy": {"showConfirm": True, "signOutIdle": False}, "updatedAt": 1_790_000_000_000}
    found = read(V0 + "settings.json", value)
    assert isinstance(found.value, Settings)
    assert [(each.words, each.is_on) for each in found.value.privacy] == [
        ("Show confirm", True),
        ("Sign out idle", False),
    ]


@pytest.mark.parametrize(
    ("path", "timestamp", "is_guessed"),
    [
        (V0 + "last_read", 1_790_000_000_000, False),
        (V0 + "last_read", 1_790_000_000, True),
        ("/priv/social/v1/last_read.json", 1_790_000_000_000_000, False),
    ],
)
def test_a_time_in_another_unit_is_marked_as_guessed(
    path: str, timestamp: int, is_guessed: bool
) -> None:
    found = read(path, {"timestamp": timestamp})
    assert isinstance(found.value, LastRead)
    assert found.value.moment is not None
    assert found.value.moment.is_guessed == is_guessed
    assert found.value.moment.us == 1_790_000_000_000_000


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"content": "cut', "This is not JSON."),
        (b'{"content": NaN}', "This is not JSON."),
        (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b'"' + b"x" * 5_000_000 + b'"', "longer than 1 MiB"),
        (b"\xff\xfe{\x00}\x00", "UTF-8"),
        (b"[1]", "not an object"),
        (b"", "This is not JSON."),
    ],
)
def test_what_cannot_be_read_is_raw_with_the_reason(raw: bytes, says: str) -> None:
    found = parse(POSTS, raw)
    assert found.value is None
    assert says in found.problems[0]


def test_oddities_are_told_and_harmless() -> None:
    raw = b'\xef\xbb\xbf{"content": "a", "content": "b \\ud800", "kind": "short"}'
    found = parse(POSTS, raw)
    assert found.is_valid
    assert found.value.text.startswith("b ")
    assert len(found.oddities) == 3


def test_a_foreign_apps_object_is_only_named() -> None:
    found = parse("/pub/eventky.app/events/1", b"{}")
    assert (found.value, found.title, found.problems) == (None, "1", ())


MEMBERS = st.text(max_size=8) | st.sampled_from(
    ("content", "kind", "parent", "embed", "uri", "attachments", "name", "links", "feed", "src")
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=6),
    max_leaves=20,
)
PATHS = st.sampled_from(
    [
        POSTS,
        f"{V1}posts/{TIME}/{TIME}.json",
        V0 + "profile.json",
        V1 + "profile.json",
        V0 + "files/" + TIME,
        V0 + "tags/" + HASH,
        f"{V1}tags/{HASH}.json",
        V0 + "bookmarks/" + HASH,
        f"/priv/social/v1/bookmarks/~{HASH}.json",
        V0 + "follows/" + KEY,
        V0 + "feeds/" + HASH,
        V0 + "settings.json",
        V0 + "last_read",
    ]
)


@given(PATHS, json_values | st.binary(max_size=200))
def test_any_path_and_any_bytes_have_an_outcome(path: str, value: object) -> None:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    found = parse(path, raw)
    assert found.at.path == path
    assert found.value is not None or found.problems
    json.dumps([found.title, found.problems, found.oddities]).encode()
    assert all(reference.uri for reference in found.references)
