"""Previews of bytes that were read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.preview.look import of_bytes
from dashboard.preview.media_types import Kind


@pytest.mark.parametrize("kind", ["json", "text", "other"])
def test_json_is_recognised_whatever_its_stated_type(kind: Kind) -> None:
    assert of_bytes(kind, b' {"a": 1}', is_whole=True).shown == "json"


def test_stated_json_that_is_none_says_why_and_shows_the_text() -> None:
    preview = of_bytes("json", b'{"a": }', is_whole=True)
    assert preview.shown == "text"
    assert preview.text == '{"a": }'
    assert preview.json_problem is not None
    assert "column 7" in preview.json_problem


def test_text_that_only_looks_like_json_is_text_without_a_complaint() -> None:
    preview = of_bytes("text", b"[section]\nkey = 1", is_whole=True)
    assert (preview.shown, preview.json_problem) == ("text", None)


def test_a_head_that_ends_inside_a_character_is_still_text() -> None:
    preview = of_bytes("text", "aé".encode()[:-1], is_whole=False)
    assert preview.text == "a"


def test_utf_16_with_a_mark_is_decoded() -> None:
    assert of_bytes("text", "hé".encode("utf-16"), is_whole=True).text == "hé"


def test_bytes_that_are_no_text_are_shown_as_hex() -> None:
    preview = of_bytes("text", b"MZ\x90\x00", is_whole=True)
    assert preview.shown == "hex"
    assert [(row.offset, row.digits, row.ascii) for row in preview.rows] == [
        ("0000", "4d 5a 90 00", "MZ··")
    ]


@given(st.sampled_from(("json", "text", "other")), st.binary(max_size=400), st.booleans())
def test_any_bytes_have_a_preview(kind: Kind, body: bytes, is_whole: bool) -> None:
    preview = of_bytes(kind, body, is_whole=is_whole)
    assert {
        "json": preview.tree is not None and preview.text is not None,
        "text": preview.text is not None,
        "hex": preview.text is None,
    }[preview.shown]
