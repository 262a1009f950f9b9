"""The page in an archive that shows what somebody wrote."""

import json
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import OwnPath
from dashboard.archive.reading_copy import PROFILE, ReadingCopy
from tests.support.archives import NOON

POST = OwnPath("/pub/pubky.app/posts/0032SSN7Q4EVG")


@pytest.fixture
def copy() -> Iterator[ReadingCopy]:
    made = ReadingCopy()
    yield made
    made.close()


def passes(copy: ReadingCopy, path: OwnPath, body: bytes, modified_at: datetime) -> None:
    """A file passes by in two pieces."""
    copy.begin(path)
    for piece in (body[:7], body[7:]):
        copy.take(piece)
    copy.end(path, modified_at)


def written(copy: ReadingCopy) -> str:
    return b"".join(copy.pieces()).decode()


def test_a_profile_and_posts_can_be_read(copy: ReadingCopy) -> None:
    passes(copy, PROFILE, b'{"name":"Alice","bio":"Gardens."}', NOON)
    passes(copy, POST, b'{"kind":"short","content":"Hello\\nthere"}', NOON)
    article = json.dumps({"title": "On soil", "body": "It is alive."})
    passes(copy, POST, json.dumps({"kind": "long", "content": article}).encode(), NOON)
    page = written(copy)
    assert not copy.is_empty
    for text in ("<h1>Alice</h1>", "Gardens.", "Hello\nthere", "<h2>On soil</h2>", "It is alive."):
        assert text in page


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("/pub/pubky.app/posts/a/b", 10),
        ("/priv/pubky.app/posts/a", 10),
        ("/pub/pubky.app/posts/a", 1_000_000),
        ("/pub/other.app/profile.json", 10),
    ],
)
def test_other_and_long_files_pass_by_unread(copy: ReadingCopy, path: str, length: int) -> None:
    passes(copy, OwnPath(path), json.dumps({"content": "x" * length, "name": "x"}).encode(), NOON)
    assert copy.is_empty


TEXTS = st.text() | st.sampled_from(["<script>alert(1)</script>", '"><img src=x>', "\ud800", "\0"])


@given(name=TEXTS, content=TEXTS, title=TEXTS)
def test_no_text_becomes_an_element(name: str, content: str, title: str) -> None:
    copy = ReadingCopy()
    passes(copy, PROFILE, json.dumps({"name": name, "bio": content}).encode(), NOON)
    passes(copy, POST, json.dumps({"content": content}).encode(), NOON)
    long = json.dumps({"title": title, "body": content})
    passes(copy, POST, json.dumps({"kind": "long", "content": long}).encode(), NOON)
    page = written(copy)
    copy.close()
    seen: set[str] = set()

    class Elements(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            assert attrs is not None
            seen.add(tag)

    Elements().feed(page)
    expected = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "article",
        "time",
    }
    assert seen <= expected


@given(st.binary())
def test_any_bytes_are_taken(body: bytes) -> None:
    copy = ReadingCopy()
    for path in (PROFILE, POST):
        passes(copy, path, body, NOON)
    assert written(copy).endswith("</html>\n")
    copy.close()


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"[]", b"5", b'{"content": 5}', b'{"content":""}']
)
def test_what_has_no_text_is_left_out(copy: ReadingCopy, body: bytes) -> None:
    passes(copy, POST, body, NOON)
    assert copy.is_empty
