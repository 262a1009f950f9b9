"""How numbers, times and strangers' text read."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import wording

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_sizes_are_decimal_with_one_place(count: int, text: str) -> None:
    assert wording.size(count) == text


@pytest.mark.parametrize(
    ("past_s", "text"),
    [
        (2, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (3 * 86_400, "3 days ago"),
        (90 * 86_400, "3 months ago"),
        (800 * 86_400, "2 years ago"),
        (-7200, "in 2 hours"),
    ],
)
def test_times_are_relative_to_now(past_s: float, text: str) -> None:
    assert wording.relative(NOON, NOON.timestamp() + past_s) == text


def test_a_key_is_shortened_in_the_middle() -> None:
    assert wording.short_key("8um71us3fyw6h8wbcxb5ar3rwusy1a6u49956ikzojg3gcwd1dty") == (
        "8um71us3…cwd1dty"
    )


def test_a_name_cannot_hide_its_extension() -> None:
    assert wording.visible_name("x\u202egpj.exe") == "x⟨U+202E⟩gpj.exe"


def test_a_name_stays_on_one_line() -> None:
    assert wording.visible_name("a\nb\x1b[31m") == "a␊b␛[31m"


def test_running_text_keeps_lines_and_joined_emoji() -> None:
    assert wording.visible_text("a\n👩\u200d🚀") == "a\n👩\u200d🚀"


@given(st.text())
def test_a_shown_name_has_nothing_invisible(text: str) -> None:
    shown = wording.visible_name(text)
    assert not {"Cc", "Cf", "Cs"} & {unicodedata.category(character) for character in shown}
    shown.encode()  # a lone surrogate would break the page here


@given(st.characters(codec="utf-8", exclude_categories=("C", "Z")))
def test_visible_characters_are_left_alone(character: str) -> None:
    assert wording.visible_name(character) == character
