"""What the dashboard writes: as the official client writes it, within the limits."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds import files, ids
from dashboard.kinds.bookmarks import build_bookmark
from dashboard.kinds.feeds import build_feed
from dashboard.kinds.people import build_follow, build_mute, build_profile
from dashboard.kinds.posts import Post, build_article, build_post, copies_of, edited
from dashboard.kinds.registry import parse
from dashboard.kinds.tags import build_tag
from dashboard.kinds.writing import Built, InvalidObjectError
from tests.support.appliance import keypair_of

KEY = keypair_of("bob").public_key.z32
NOW_US = 1_795_000_000_000_000
POST = f"pubky://{KEY}/pub/pubky.app/posts/0032SSN7Q4EVG"


def test_a_post_is_compact_and_names_what_is_absent() -> None:
    built = build_post("Hello ", now_us=NOW_US)
    assert built.path == f"/pub/pubky.app/posts/{ids.timestamp_id(NOW_US)}"
    assert built.body == (
        b'{"content":"Hello","kind":"short","parent":null,"embed":null,"attachments":null}'
    )


def test_everything_that_is_built_reads_back() -> None:
    blob = files.blob_path(b"bytes")
    for built in (
        build_post("a reply", now_us=NOW_US, parent=POST),
        build_post("", now_us=NOW_US, embed=("short", POST)),
        build_article("Title", "Body", now_us=NOW_US, cover=POST),
        build_profile("Ada", bio="b", links=[("Home", "https://a.example")], status="busy"),
        build_follow(KEY, now_us=NOW_US),
        build_mute(f"pubky://{KEY}", now_us=NOW_US),
        build_tag(POST, " Cool ", now_us=NOW_US),
        build_bookmark(POST, now_us=NOW_US),
        build_feed("Mine", tags=["A"], now_us=NOW_US),
        files.build_file(KEY, "a.png", "image/png", 5, blob, now_us=NOW_US),
    ):
        found = parse(*built)
        assert found.is_valid, (built, found.problems)
        assert not found.has_other_id


@pytest.mark.parametrize(
    ("content", "says"), [("", "needs words"), ("x" * 2001, "2,001"), ("[DELETED]", "reserved")]
)
def test_a_post_that_apps_would_ignore_is_not_built(content: str, says: str) -> None:
    with pytest.raises(InvalidObjectError, match=says):
        build_post(content, now_us=NOW_US)


def test_a_profile_that_breaks_rules_names_the_members() -> None:
    with pytest.raises(InvalidObjectError) as error:
        build_profile("Al", bio="b" * 161, links=[("x", "https://a.example")] * 6)
    assert {problem.member for problem in error.value.problems} == {"name", "bio", "links"}


def test_nothing_public_points_to_something_private() -> None:
    private = f"pubky://{KEY}/priv/diary"
    for build in (build_bookmark, lambda uri, now_us: build_tag(uri, "x", now_us=now_us)):
        with pytest.raises(InvalidObjectError, match="private"):
            build(private, now_us=NOW_US)


def _with(built: Built, **more: object) -> bytes:
    return json.dumps({**json.loads(built.body), **more}).encode()


def test_an_edit_keeps_members_that_nobody_knows() -> None:
    built = build_post("old", now_us=NOW_US, parent=POST)
    stored = _with(built, ext={"mood": [1.50]}, lock="x")
    post = parse(built.path, stored).value
    assert isinstance(post, Post)
    again = edited((built.path, stored), post, content="new")
    assert again.path == built.path
    said = json.loads(again.body)
    assert (said["content"], said["parent"], said["lock"]) == ("new", POST, "x")
    assert said["ext"] == {"mood": [1.5]}


def test_an_edited_article_keeps_its_cover() -> None:
    built = build_article("Old", "Body", now_us=NOW_US, cover=POST)
    post = parse(*built).value
    again = parse(*edited((built.path, built.body), post, content="Other", title="New")).value
    assert (again.article.title, again.article.body, again.cover) == ("New", "Other", POST)


def test_what_cannot_be_read_is_not_replaced() -> None:
    with pytest.raises(InvalidObjectError, match="cannot be changed"):
        build_profile("Ada", stored=b"not JSON")


def test_all_copies_of_a_post_are_named() -> None:
    path, folders = copies_of("0032SSN7Q4EVG")
    assert path == "/pub/pubky.app/posts/0032SSN7Q4EVG"
    assert folders == (
        "/pub/social/v1/posts/0032SSN7Q4EVG/",
        "/priv/social/v1/posts/0032SSN7Q4EVG/",
    )


@given(st.text(max_size=80))
def test_any_words_are_a_post_or_refused(words: str) -> None:
    with suppress(InvalidObjectError):
        assert parse(*build_post(words, now_us=NOW_US)).is_valid
