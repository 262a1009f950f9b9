"""Auth tokens: the window, the order of the checks, and strangers' bytes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.auth_token import AuthToken, sign_auth_token
from appliance.pubky.keys import Keypair

ALICE = Keypair.from_seed(bytes(32))
NOW_US = 1_767_225_600_000_000
WINDOW_US = 180_000_000
TOKEN = sign_auth_token(ALICE, "/pub/:rw", NOW_US)


def refusal_of(raw: bytes, now_us: int = NOW_US) -> str:
    with pytest.raises(PubkyError) as refusal:
        AuthToken.verify(raw, now_us)
    assert refusal.value.code == "invalid"
    return refusal.value.message


@pytest.mark.parametrize("offset_us", [-WINDOW_US, 0, WINDOW_US])
def test_three_minutes_of_difference_still_pass(offset_us: int) -> None:
    assert AuthToken.verify(TOKEN, NOW_US + offset_us).timestamp_us == NOW_US


def test_older_token_is_refused() -> None:
    assert refusal_of(TOKEN, NOW_US + WINDOW_US + 1) == (
        "AuthToken has a timestamp that is more than 3 minutes in the past"
    )


def test_token_from_the_future_is_refused() -> None:
    assert refusal_of(TOKEN, NOW_US - WINDOW_US - 1) == (
        "AuthToken has a timestamp that is more than 3 minutes in the future"
    )


def test_forged_signature_is_refused() -> None:
    assert refusal_of(bytes(64) + TOKEN[64:]) == "Invalid Signature"


def test_age_is_named_before_the_signature() -> None:
    assert "in the past" in refusal_of(bytes(64) + TOKEN[64:], NOW_US + WINDOW_US + 1)


def test_capabilities_are_read_before_the_age() -> None:
    token = sign_auth_token(ALICE, "pub:r", 0)
    assert refusal_of(token).startswith("invalid capability at position 1")


def test_unknown_version_is_refused() -> None:
    assert refusal_of(TOKEN[:74] + b"\x01" + TOKEN[75:]) == "Unknown version"


def test_unsigned_first_byte_of_the_namespace_is_compared() -> None:
    assert refusal_of(TOKEN[:64] + b"Q" + TOKEN[65:]) == "Unknown namespace"


def test_token_shorter_than_the_shortest_is_refused() -> None:
    shortest = sign_auth_token(ALICE, "", NOW_US)
    assert len(shortest) == 116
    assert AuthToken.verify(shortest, NOW_US).capabilities == ()
    assert "116" in refusal_of(shortest[:-1])


def test_token_longer_than_the_longest_is_refused() -> None:
    entries = "/:r," * 16_353
    longest = sign_auth_token(ALICE, entries + "/aaa:r", NOW_US)
    longer = sign_auth_token(ALICE, entries + "/aaa:rw", NOW_US)
    assert len(longest) == 65_536
    assert len(AuthToken.verify(longest, NOW_US).capabilities) == 16_354
    assert "65536" in refusal_of(longer)


def test_key_that_is_no_curve_point_is_refused() -> None:
    assert "curve point" in refusal_of(TOKEN[:83] + b"\xff" * 32 + TOKEN[115:])


def test_tokens_of_one_key_at_two_times_have_different_replay_ids() -> None:
    first = AuthToken.verify(TOKEN, NOW_US)
    second = AuthToken.verify(sign_auth_token(ALICE, "/pub/:rw", NOW_US + 1), NOW_US)
    assert len(first.replay_id) == 40
    assert first.replay_id != second.replay_id


@given(st.integers(0, 8 * len(TOKEN) - 1))
def test_every_changed_bit_is_noticed(bit: int) -> None:
    changed = bytearray(TOKEN)
    changed[bit // 8] ^= 1 << bit % 8
    assert refusal_of(bytes(changed))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_token_or_are_refused(raw: bytes) -> None:
    assert refusal_of(raw)


@given(st.binary(max_size=60))
def test_any_bytes_after_a_valid_head_are_a_token_or_are_refused(tail: bytes) -> None:
    body = TOKEN[64:115] + tail
    with suppress(PubkyError):
        AuthToken.verify(ALICE.sign(body[1:]) + body, NOW_US)
