"""Write tokens: for one host, for five to ten minutes, and for nobody who guesses."""

import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.mainline.write_tokens import ROTATION_S, TOKEN_BYTES, WriteTokens

HOST = "203.0.113.9"


def tokens(seed: int = 1) -> WriteTokens:
    return WriteTokens(random.Random(seed).randbytes)


def test_a_token_is_good_for_its_host_only() -> None:
    here = tokens()
    token = here.issue(HOST, 0.0)
    assert len(token) == TOKEN_BYTES
    assert here.is_valid(token, HOST, 0.0)
    assert not here.is_valid(token, "203.0.113.8", 0.0)
    assert here.issue("203.0.113.8", 0.0) != token


def test_a_token_of_another_node_is_not_good_here() -> None:
    token = tokens(1).issue(HOST, 0.0)
    assert not tokens(2).is_valid(token, HOST, 0.0)


def test_other_lengths_are_not_good() -> None:
    here = tokens()
    token = here.issue(HOST, 0.0)
    for other in (b"", token[:4], token + b"x", bytes(20)):
        assert not here.is_valid(other, HOST, 0.0)


def test_a_token_outlives_one_rotation_and_not_two() -> None:
    here = tokens()
    token = here.issue(HOST, 0.0)
    assert here.is_valid(token, HOST, ROTATION_S)
    assert here.is_valid(token, HOST, 2 * ROTATION_S - 1)
    assert not here.is_valid(token, HOST, 2 * ROTATION_S)


def test_a_token_does_not_live_longer_because_nobody_asked() -> None:
    here = tokens()
    token = here.issue(HOST, 0.0)
    assert here.is_valid(token, HOST, 2 * ROTATION_S - 1)
    assert not here.is_valid(token, HOST, 2 * ROTATION_S + 1)
    quiet = tokens()
    token = quiet.issue(HOST, 0.0)
    assert not quiet.is_valid(token, HOST, 10 * ROTATION_S)


@given(st.floats(0, 1e6), st.lists(st.floats(0, 400), max_size=6), st.floats(0, ROTATION_S - 1))
def test_a_fresh_token_is_good_for_five_minutes(
    start: float, waits: list[float], age: float
) -> None:
    here = tokens()
    now = start
    for wait in waits:
        here.issue(HOST, now)
        now += wait
    token = here.issue(HOST, now)
    assert here.is_valid(token, HOST, now + age)
    # A second more: the sum of floats may fall short of ten minutes by their last digit.
    assert not here.is_valid(token, HOST, now + age + 2 * ROTATION_S + 1)
