"""If-Match and If-None-Match of writes (RFC 9110 13.1.1 and 13.1.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pubky.content_hash import content_hash
from appliance.pubky.preconditions import Precondition

ONE, OTHER = content_hash(b"one"), content_hash(b"other")
TAG, OTHER_TAG = ONE.etag.encode(), OTHER.etag.encode()


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "one", "other", "nothing"),
    [
        (TAG, None, True, False, False),
        (b" " + OTHER_TAG + b" ,  " + TAG, None, True, True, False),
        (b"*", None, True, True, False),
        (None, b"*", False, False, True),
        (None, TAG, False, True, True),
        (TAG, OTHER_TAG, True, False, False),
        (OTHER_TAG, b"*", False, False, False),
        (b"*", b"*", False, False, False),
        (b"W/" + TAG, None, False, False, False),
        (TAG.strip(b'"'), None, False, False, False),
        (b"", None, False, False, False),
    ],
)
def test_a_condition_is_met_by_what_it_names(
    if_match: bytes | None, if_none_match: bytes | None, *, one: bool, other: bool, nothing: bool
) -> None:
    condition = Precondition.parse(if_match, if_none_match)
    assert condition is not None
    met = [condition.is_met(found) for found in (ONE.raw, OTHER.raw, None)]
    assert met == [one, other, nothing]


def test_without_the_headers_there_is_no_condition() -> None:
    assert Precondition.parse(None, None) is None


@given(st.binary(max_size=200))
def test_nothing_unreadable_lets_a_write_through(value: bytes) -> None:
    condition = Precondition.parse(value, None)
    assert condition is not None
    is_named = TAG in [item.strip() for item in value.split(b",")]
    assert condition.is_met(ONE.raw) == (value.strip() == b"*" or is_named)
    assert not condition.is_met(None)
