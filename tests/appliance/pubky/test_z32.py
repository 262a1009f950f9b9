"""z-base-32 beyond the vectors."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky import z32

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(st.binary(max_size=80))
def test_every_byte_string_survives_a_round_trip(data: bytes) -> None:
    assert z32.decode(z32.encode(data)) == data


@given(st.binary(max_size=80))
def test_text_has_no_padding(data: bytes) -> None:
    assert len(z32.encode(data)) == -(-len(data) * 8 // 5)


@given(ANY_TEXT)
def test_any_text_decodes_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        z32.decode(text)


@given(st.text(z32.ALPHABET))
def test_every_length_of_valid_characters_decodes_to_whole_bytes(text: str) -> None:
    assert len(z32.decode(text)) == len(text) * 5 // 8


@pytest.mark.parametrize("text", ["YY", "l", "v", "0", "2", "=", "y y", "y\n", "ÿ"])
def test_characters_outside_the_alphabet_are_refused(text: str) -> None:
    with pytest.raises(PubkyError) as refusal:
        z32.decode(text)
    assert refusal.value.code == "invalid"
