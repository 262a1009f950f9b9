"""The byte format beyond the vectors: round trips, and strangers' bytes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky import postcard

U64 = st.integers(min_value=0, max_value=2**64 - 1)


@given(U64)
def test_number_survives_a_round_trip(value: int) -> None:
    encoded = postcard.varint(value)
    assert len(encoded) <= 10
    assert postcard.Reader(encoded).varint() == value


@given(st.lists(st.text()), st.text(), U64)
def test_fields_survive_a_round_trip_in_order(texts: list[str], text: str, number: int) -> None:
    data = postcard.strings(texts) + postcard.string(text) + postcard.varint(number)
    reader = postcard.Reader(data)
    assert reader.strings() == tuple(texts)
    assert reader.string() == text
    assert reader.varint() == number
    assert reader.remaining == 0


@given(st.binary())
def test_any_bytes_are_fields_or_are_refused(data: bytes) -> None:
    with suppress(PubkyError):
        postcard.Reader(data).varint()
    with suppress(PubkyError):
        postcard.Reader(data).string()
    with suppress(PubkyError):
        postcard.Reader(data).strings()


@pytest.mark.parametrize("value", [-1, 2**64])
def test_number_outside_64_bits_is_not_written(value: int) -> None:
    with pytest.raises(ValueError, match="unsigned 64-bit"):
        postcard.varint(value)


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", "end of buffer"),
        ("80", "end of buffer"),
        ("ffffffffffffffffff02", "exceeds 64 bits"),
        ("8080808080808080808000", "after ten bytes"),
    ],
)
def test_broken_number_is_refused(encoded: str, reason: str) -> None:
    with pytest.raises(PubkyError, match=reason):
        postcard.Reader(bytes.fromhex(encoded)).varint()


def test_longer_spelling_of_a_number_is_read() -> None:
    assert postcard.Reader(bytes.fromhex("818000")).varint() == 1


def test_string_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(PubkyError, match="invalid utf-8"):
        postcard.Reader(b"\x02\xff\xfe").string()


def test_false_count_of_a_list_is_refused() -> None:
    with pytest.raises(PubkyError, match="end of buffer"):
        postcard.Reader(postcard.varint(2**64 - 1) + b"\x00\x00").strings()


def test_reader_leaves_what_follows_alone() -> None:
    reader = postcard.Reader(b"abc")
    assert reader.fixed(2) == b"ab"
    assert reader.remaining == 1
