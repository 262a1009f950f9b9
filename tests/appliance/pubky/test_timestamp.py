"""Dates of HTTP and of JSON answers."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky.timestamp import http_date, parse_http_date, rfc3339

# Year 1 to year 9999.
MICROSECONDS = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)


def test_http_date_is_imf_fixdate() -> None:
    assert http_date(784_111_777_000_000) == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (999_999, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    ],
)
def test_http_date_floors_to_the_second(us: int, text: str) -> None:
    assert http_date(us) == text


@given(MICROSECONDS)
def test_http_date_survives_a_round_trip_to_the_second(us: int) -> None:
    assert parse_http_date(http_date(us)) == us // 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
    ],
)
def test_all_forms_of_http_are_read(text: str) -> None:
    assert parse_http_date(text) == 784_111_777


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Thursday, 01-Jan-70 00:00:00 GMT", 0),
        ("Tuesday, 01-Jan-69 00:00:00 GMT", 3_124_224_000),
    ],
)
def test_two_digit_year_lies_between_1970_and_2069(text: str, seconds: int) -> None:
    assert parse_http_date(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 0٦ Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_other_text_is_no_date(text: str) -> None:
    assert parse_http_date(text) is None


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_a_date_or_none(text: str) -> None:
    assert parse_http_date(text) is None


def test_rfc3339_has_microseconds_and_offset() -> None:
    assert rfc3339(1_769_862_896_789_012) == "2026-01-31T12:34:56.789012+00:00"


def test_rfc3339_of_a_whole_second_keeps_six_digits() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000000+00:00"


@given(st.integers(0, 253_402_300_799_999_999))
def test_rfc3339_names_the_same_moment(us: int) -> None:
    at = datetime.fromisoformat(rfc3339(us))
    epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    delta = at - epoch
    assert (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds == us
