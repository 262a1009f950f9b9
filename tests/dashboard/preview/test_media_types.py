"""The closed list of types, and names of downloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.preview.media_types import (
    content_disposition,
    is_inline,
    preview_kind,
    served_type,
)


@pytest.mark.parametrize(
    ("stated", "served"),
    [
        ("image/png", "image/png"),
        ("IMAGE/JPEG; q=1", "image/jpeg"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/plain; charset=utf-7", "text/plain; charset=utf-8"),
        ("image/svg+xml", "image/svg+xml"),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("text/css", "application/octet-stream"),
        ("application/wasm", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        ("application/pdf", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_only_the_closed_list_leaves_as_what_it_is(stated: str, served: str) -> None:
    assert served_type(stated) == served


@given(st.text())
def test_any_stated_type_is_served_as_an_inert_one(stated: str) -> None:
    assert served_type(stated).partition("/")[0] in {"image", "audio", "video"} or served_type(
        stated
    ) in {"text/plain; charset=utf-8", "application/octet-stream"}


@pytest.mark.parametrize(
    ("fetch_dest", "shown"), [("image", True), ("document", False), ("embed", False), (None, False)]
)
def test_an_svg_is_shown_only_inside_an_image(fetch_dest: str | None, shown: bool) -> None:
    assert is_inline("image/svg+xml", fetch_dest) is shown


@pytest.mark.parametrize("stated", ["text/html", "application/json", "application/pdf"])
def test_other_types_are_downloads(stated: str) -> None:
    assert not is_inline(stated, "document")


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ("image/svg+xml", "image"),
        ("video/mp4", "video"),
        ("audio/x-wav", "audio"),
        ("application/ld+json", "json"),
        ("text/html", "text"),
        ("application/pdf", "other"),
    ],
)
def test_previews_follow_the_stated_type(stated: str, kind: str) -> None:
    assert preview_kind(stated) == kind


def test_a_name_is_given_in_both_forms() -> None:
    assert content_disposition("inline", "Grüße.txt") == (
        "inline; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt"
    )


def test_a_direction_character_in_a_name_is_spelled_out() -> None:
    assert "%E2%9F%A8U%2B202E%E2%9F%A9gpj.exe" in content_disposition("attachment", "\u202egpj.exe")


@given(st.text(min_size=1))
def test_no_name_breaks_out_of_its_header(name: str) -> None:
    header = content_disposition("attachment", name)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
