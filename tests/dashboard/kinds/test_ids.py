"""Ids of the Pubky App's objects against the published examples (landscape 3.4)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.kinds import ids
from dashboard.kinds.feeds import build_feed
from dashboard.kinds.tags import tag_id

POST = "pubky://user_id/pub/pubky.app/posts/post_id"


def us(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000) * 1000


def test_bytes_are_named_by_the_first_half_of_their_hash() -> None:
    assert ids.hash_id(b"\x01\x02") == "PZBQ010FF079VVZPQG1RNFN6DR"


def test_a_bookmark_is_named_by_its_target() -> None:
    assert ids.text_hash_id(POST) == "2GN0JCHX9NYXPECQDS8KSMSE7M"


def test_a_tag_is_named_by_target_and_label() -> None:
    assert tag_id(POST, "cool") == "CBYS8P6VJPHC5XXT4WDW26662W"


def test_a_feed_is_named_by_its_configuration() -> None:
    built = build_feed("Mine", tags=("bitcoin", "rust"), now_us=us("2026-01-01"))
    assert built.path.endswith("/BVD8EH6GYYV3A3KJ6E4V6BNYXC")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0032SSN7Q4EVG", "2025-01-30T06:37:08.291"),
        ("0033Z6VFR5GJG", "2025-09-25T07:51:27.689"),
        ("00326QR0MQG00", "2024-10-01"),
        ("00361FGAPQ000", "2026-11-21"),
    ],
)
def test_a_moment_and_its_id_are_one(text: str, moment: str) -> None:
    found = ids.parse_timestamp_id(text)
    assert found is not None
    assert found.is_canonical
    assert found.us // 1000 == us(moment) // 1000
    assert ids.timestamp_id(found.us) == text


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_ids_sort_as_their_moments_do(one: int, other: int) -> None:
    assert (one < other) == (ids.timestamp_id(one) < ids.timestamp_id(other))


@given(st.integers(0, 2**63 - 1))
def test_a_moment_comes_back_from_its_id(moment: int) -> None:
    found = ids.parse_timestamp_id(ids.timestamp_id(moment))
    assert found is not None
    assert found.us == moment


@pytest.mark.parametrize("text", ["0032ssn7q4evg", "OO32SSN7Q4EVG", "0032SSN7Q4EVH"])
def test_another_spelling_is_read_and_flagged(text: str) -> None:
    found = ids.parse_timestamp_id(text)
    assert found is not None
    assert not found.is_canonical


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_none(text: str) -> None:
    for parse in (ids.parse_timestamp_id, ids.parse_hash_id):
        found = parse(text)
        assert found is None or found.text == text
    ids.is_key(text)
    ids.is_loosely_a_key(text)
