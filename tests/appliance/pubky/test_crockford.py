"""Crockford base32: the forgiving decoder and the strict encoder."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky import crockford

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(st.binary(max_size=80))
def test_every_byte_string_survives_a_round_trip(data: bytes) -> None:
    assert crockford.decode(crockford.encode(data)) == data


@given(st.binary(max_size=80))
def test_lower_case_decodes_to_the_same_bytes(data: bytes) -> None:
    assert crockford.decode(crockford.encode(data).lower()) == data


@given(ANY_TEXT)
def test_any_text_decodes_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        crockford.decode(text)


def test_look_alike_letters_read_as_digits() -> None:
    assert crockford.decode("OoIiLl10") == crockford.decode("00111110")


@pytest.mark.parametrize("text", ["U", "u", "-", "=", " ", "0\n", "ß", "ı"])
def test_characters_outside_the_alphabet_are_refused(text: str) -> None:
    with pytest.raises(PubkyError) as refusal:
        crockford.decode(text)
    assert refusal.value.code == "invalid"


def test_canonical_text_keeps_hyphens() -> None:
    assert crockford.canonical("oil0-abcd") == "0110-ABCD"
