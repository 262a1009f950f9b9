"""Bencode: one spelling for numbers, exact bytes for what is signed, bounds for everything."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.mainline.bencode import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    MIN_INTEGER,
    Value,
    decode,
    encode,
)

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.integers(MIN_INTEGER, MAX_INTEGER) | st.binary(max_size=150),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
BENCODE_LIKE = st.lists(
    st.sampled_from([b"d", b"l", b"e", b"i", b"0", b"1", b"-", b":", b"2:ab", b"i7e", b"\xff"])
).map(b"".join)


def refusal_of(data: bytes) -> str:
    with pytest.raises(PubkyError) as refusal:
        decode(data)
    assert refusal.value.code == "invalid"
    return refusal.value.message


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, b"i0e"),
        (-3, b"i-3e"),
        (MAX_INTEGER, b"i9223372036854775807e"),
        (MIN_INTEGER, b"i-9223372036854775808e"),
        (b"", b"0:"),
        (b"spam", b"4:spam"),
        (b"x" * 100, b"100:" + b"x" * 100),
        ([], b"le"),
        ([b"a", 1, []], b"l1:ai1elee"),
        ({}, b"de"),
        ({b"b": 1, b"a": {b"c": b""}}, b"d1:ad1:c0:e1:bi1ee"),
        ({b"\xff": 1, b"B": 2, b"a": 3}, b"d1:Bi2e1:ai3e1:\xffi1ee"),
    ],
)
def test_a_value_has_one_canonical_form(value: Value, encoded: bytes) -> None:
    assert encode(value) == encoded
    assert decode(encoded) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"i01e",
        b"i-0e",
        b"i-01e",
        b"i00e",
        b"i+1e",
        b"i 1e",
        b"i1_0e",
        b"ie",
        b"i-e",
        b"i1",
        b"i9223372036854775808e",
        b"i-9223372036854775809e",
        b"i" + b"9" * 5000 + b"e",
    ],
)
def test_a_number_has_no_second_spelling(data: bytes) -> None:
    assert refusal_of(data).startswith("bencode: ")


@pytest.mark.parametrize(
    "data",
    [
        b"4:spa",
        b"01:a",
        b"00:",
        b"+1:a",
        b"-1:a",
        b"1 :a",
        b"1",
        b"99999:a",
        b"000001:a",
        b"9" * 6000 + b":a",
        b"d",
        b"l",
        b"d1:a",
        b"d1:ae",
        b"d1:ai1e",
        b"di1ei1ee",
        b"dlee",
        b"x",
        b"e",
    ],
)
def test_what_is_broken_or_cut_off_is_refused(data: bytes) -> None:
    assert refusal_of(data) == "bencode: broken or cut off"


@pytest.mark.parametrize("data", [b"i1ee", b"0:0:", b"leX", b"de\0"])
def test_bytes_after_the_value_are_refused(data: bytes) -> None:
    assert refusal_of(data) == "bencode: bytes after the value"


def test_a_key_stands_once() -> None:
    assert refusal_of(b"d1:ai1e1:ai2ee") == "bencode: a key stands twice"


def test_keys_may_stand_in_any_order() -> None:
    assert decode(b"d1:bi1e1:ai2ee") == {b"a": 2, b"b": 1}


@pytest.mark.parametrize(("opening", "closing"), [(b"l", b"e"), (b"d0:", b"e")])
def test_depth_is_bounded(opening: bytes, closing: bytes) -> None:
    innermost = b"i1e"
    decode(opening * MAX_DEPTH + innermost + closing * MAX_DEPTH)
    deeper = opening * (MAX_DEPTH + 1) + innermost + closing * (MAX_DEPTH + 1)
    assert refusal_of(deeper) == "bencode: too deep"
    assert refusal_of(opening * 20_000) == "bencode: too deep"


def test_length_is_bounded() -> None:
    fits = b"65530:" + b"x" * 65530
    assert len(fits) == MAX_BYTES
    assert decode(fits) == b"x" * 65530
    assert refusal_of(b"65531:" + b"x" * 65531) == "bencode: too long"


@pytest.mark.parametrize(
    "inner", [b"2:ab", b"i7e", b"l1:ae", b"d1:vi1ee", b"d1:bi1e1:ai2ee", b"0:"]
)
def test_the_exact_bytes_of_a_key_are_given_one_level_down(inner: bytes) -> None:
    data = b"d1:ad1:ki1e1:v" + inner + b"e1:v4:outee"
    assert decode(data, exact=b"v") == {b"a": {b"k": 1, b"v": inner}, b"v": b"oute"}


def test_exact_bytes_are_given_neither_deeper_nor_within_lists() -> None:
    data = b"d1:ad1:bd1:vi1eee1:lld1:vi2eeee"
    assert decode(data, exact=b"v") == {b"a": {b"b": {b"v": 1}}, b"l": [{b"v": 2}]}
    assert decode(b"ld1:vi1eee", exact=b"v") == [{b"v": 1}]


def test_a_value_that_is_given_exactly_is_checked_all_the_same() -> None:
    with pytest.raises(PubkyError):
        decode(b"d1:ad1:vi01eee", exact=b"v")


@given(VALUES)
def test_whatever_is_written_is_read_again(value: Value) -> None:
    assert decode(encode(value)) == value


@given(st.one_of(st.binary(), BENCODE_LIKE))
@example(b"d1:bi1e1:ai2ee")
def test_any_bytes_give_a_value_or_a_refusal(data: bytes) -> None:
    with suppress(PubkyError):
        value = decode(data)
        again = encode(value)
        assert sorted(again) == sorted(data)
        assert decode(again) == value
