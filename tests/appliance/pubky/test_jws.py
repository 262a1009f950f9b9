"""Signed JSON: one spelling only, and strangers' bytes."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.jws import (
    MAX_CHARACTERS,
    Jws,
    base64url_decode,
    base64url_encode,
    integer_claim,
    sign_jws,
    strict_json,
    text_claim,
    texts_claim,
)
from appliance.pubky.keys import Keypair

ALICE = Keypair.from_seed(bytes(32))
BOB = Keypair.from_seed(b"\x01" * 32)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def jws_of(header: bytes, claims: bytes, signer: Keypair = ALICE) -> Jws:
    message = f"{base64url_encode(header)}.{base64url_encode(claims)}"
    signature = base64url_encode(signer.sign(message.encode()))
    return Jws.parse(f"{message}.{signature}")


@given(st.binary())
def test_base64url_text_of_bytes_decodes_to_them(data: bytes) -> None:
    text = base64url_encode(data)
    assert "=" not in text
    assert base64url_decode(text) == data


@given(st.text(alphabet="AQgw-_=+/ \n", max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    with suppress(PubkyError):
        assert base64url_encode(base64url_decode(text)) == text


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA+A", "AA/A", "AA A", "AAAA\n", "ÄAAA"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(PubkyError):
        base64url_decode(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":{"b":1,"b":2}}',
        "NaN",
        "Infinity",
        '{"a":-Infinity}',
        "{'a':1}",
        '{"a":1,}',
        '{"a":1} {}',
        "9" * 5000,
        "[" * 60_000,
        "",
    ],
)
def test_what_two_readers_could_read_differently_is_no_json(text: str) -> None:
    with pytest.raises(PubkyError):
        strict_json(text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_json_in_other_encodings_is_refused(encoding: str) -> None:
    with pytest.raises(PubkyError):
        strict_json('{"a":1}'.encode(encoding))


@given(st.binary())
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    with suppress(PubkyError):
        strict_json(data)


@given(json_values)
def test_json_round_trip(value: Any) -> None:
    assert strict_json(json.dumps(value).encode()) == value


@given(st.dictionaries(st.text(), json_values))
def test_signed_claims_come_back_whole(claims: dict[str, Any]) -> None:
    jws = Jws.parse(sign_jws(ALICE, "any", claims))
    assert jws.claim_members() == claims
    assert jws.header_members() == {"alg": "EdDSA", "typ": "any"}
    assert jws.is_signed_by(ALICE.public_key)
    assert not jws.is_signed_by(BOB.public_key)


@given(st.text() | st.text(alphabet="eyJ0.-_{}", max_size=60))
def test_any_text_is_a_jws_or_refused(text: str) -> None:
    with suppress(PubkyError):
        jws = Jws.parse(text)
        assert str(jws) == text
        assert not jws.is_signed_by(ALICE.public_key)
        jws.claim_members()


@given(st.binary(), st.binary())
def test_any_signed_bytes_are_claims_or_refused(header: bytes, claims: bytes) -> None:
    jws = jws_of(header, claims)
    jws.is_signed_by(ALICE.public_key)
    with suppress(PubkyError):
        jws.header_members()
    with suppress(PubkyError):
        jws.claim_members()


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "a.b.c.", "ä.b.c", "\ud800.b.c"])
def test_anything_but_three_parts_of_ascii_is_refused(text: str) -> None:
    with pytest.raises(PubkyError):
        Jws.parse(text)


def test_a_jws_has_a_longest_length() -> None:
    Jws.parse("a" * (MAX_CHARACTERS - 4) + ".b.c")
    with pytest.raises(PubkyError):
        Jws.parse("a" * (MAX_CHARACTERS - 3) + ".b.c")


@pytest.mark.parametrize(
    "header",
    [b'{"alg":"none"}', b'{"alg":"eddsa"}', b'{"alg":["EdDSA"]}', b"{}", b"[]", b'"EdDSA"', b"{"],
)
def test_a_header_that_does_not_say_eddsa_is_not_signed(header: bytes) -> None:
    assert not jws_of(header, b"{}").is_signed_by(ALICE.public_key)


def test_repeated_algorithm_in_the_header_is_not_signed() -> None:
    jws = jws_of(b'{"alg":"EdDSA","alg":"EdDSA"}', b"{}")
    assert not jws.is_signed_by(ALICE.public_key)


@pytest.mark.parametrize("value", [-1, 1.0, True, False, None, "1", 2**63, [1], {}])
def test_only_integers_that_a_database_holds_are_numbers(value: Any) -> None:
    with pytest.raises(PubkyError):
        integer_claim({"iat": value}, "iat")


@pytest.mark.parametrize("value", [0, 1, 2**63 - 1])
def test_non_negative_integers_are_numbers(value: int) -> None:
    assert integer_claim({"iat": value}, "iat") == value


@given(st.dictionaries(st.sampled_from(["a", "b"]), json_values))
def test_claims_of_any_type_are_read_or_refused(claims: dict[str, Any]) -> None:
    with suppress(PubkyError):
        assert isinstance(text_claim(claims, "a"), str)
    with suppress(PubkyError):
        assert all(isinstance(item, str) for item in texts_claim(claims, "a"))
