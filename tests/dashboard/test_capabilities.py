"""Capabilities in plain words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.capabilities import Reach, Right, parse_list, right_to


@pytest.mark.parametrize(
    ("text", "words", "reach"),
    [
        ("/pub/pubky.app/:rw", "read and change your public pubky.app data", "public"),
        ("/priv/notes/:r", "read your private notes data", "private"),
        ("/pub/:w", "write all your public files", "public"),
        ("/pub/a/b/:rw", "read and change the public folder a/b", "public"),
        ("/pub/a/b:r", "read the one public file a/b", "public"),
        ("/:r", "read all files, public and private", "everything"),
    ],
)
def test_a_capability_is_a_sentence(text: str, words: str, reach: Reach) -> None:
    (found,) = parse_list(text)
    assert (found.words, found.reach) == (words, reach)


def test_everything_says_that_it_is_everything() -> None:
    (found,) = parse_list("/:rw")
    assert found.words.startswith("everything")
    assert "manage other apps" in found.words


@pytest.mark.parametrize("text", ["/pub/:rwx", "pub:r", ":", "rubbish", "/pub/:"])
def test_what_is_not_understood_is_shown_as_it_is(text: str) -> None:
    (found,) = parse_list(text)
    assert found.reach == "unknown"
    assert text in found.words


@pytest.mark.parametrize(
    ("text", "folder", "right"),
    [
        ("/pub/:r,/pub/a/:w", "/pub/a/", "write"),
        ("/pub/:r", "/pub/a/", "read"),
        ("/pub/a/b/:rw", "/pub/a/", "write"),
        ("/priv/:rw", "/pub/a/", "none"),
        ("/pub/ab/:rw", "/pub/a/", "none"),
        ("/:rw", "/priv/x/", "write"),
    ],
)
def test_the_most_that_is_allowed_in_a_folder_is_known(
    text: str, folder: str, right: Right
) -> None:
    assert right_to(parse_list(text), folder) == right


@given(st.text())
def test_any_list_has_words(text: str) -> None:
    assert all(entry.words for entry in parse_list(text))
