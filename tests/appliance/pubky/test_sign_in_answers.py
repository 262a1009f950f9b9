"""Answers to sign-in links: the captured one is taken, five that were meant for others are not."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.grants import Grant
from appliance.pubky.keys import Keypair
from appliance.pubky.sign_in_answers import GrantAnswer, Question, TokenAnswer, read_answer
from appliance.pubky.signing_channel import channel_id, unseal
from tests.support.grant_client import fresh_id, grant_for
from tests.support.vectors import Entry, entries, load_vectors
from tests.support.wallet import seal

BINDINGS = entries(load_vectors("auth"), "login_binding")
ALICE, APP, OTHER = (Keypair.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
SECRET = bytes(range(32))
CAPABILITY = "/pub/pubky-appliance.login/dash.example.org/00ff:r"
QUESTION = Question(SECRET, CAPABILITY, "dash.example.org", APP.public_key)
NONCE = bytes(24)


def question_of(entry: Entry) -> Question:
    attempt = entry["attempt"]
    return Question(bytes.fromhex(attempt["secret"]), attempt["required_caps"], "dash.example.org")


def is_refused(body: bytes, question: Question, now_us: int) -> bool:
    try:
        read_answer(body, question, now_us)
    except PubkyError as error:
        return error.code in ("invalid", "unauthenticated")
    return False


@pytest.mark.parametrize("entry", BINDINGS, ids=lambda entry: str(entry["case"]))
def test_what_was_captured_is_judged_as_written(entry: Entry) -> None:
    question, wire = question_of(entry), bytes.fromhex(entry["wire"])
    if entry["result"].startswith("accept"):
        answer = read_answer(wire, question, entry["timestamp_us"])
        assert isinstance(answer, TokenAnswer)
        assert answer.public_key.z32 == entry["z32"]
        assert answer.raw == bytes.fromhex(entry["token"])
    else:
        assert is_refused(wire, question, entry["timestamp_us"])


def test_the_captured_answer_is_good_for_three_minutes() -> None:
    entry = BINDINGS[0]
    question, wire, at_us = question_of(entry), bytes.fromhex(entry["wire"]), entry["timestamp_us"]
    assert not is_refused(wire, question, at_us + 180_000_000)
    assert is_refused(wire, question, at_us + 180_000_001)


def test_the_captured_answer_was_left_in_the_channel_of_its_secret() -> None:
    entry = BINDINGS[0]
    channel = entry["relay_path"].rpartition("/")[2]
    assert channel_id(bytes.fromhex(entry["attempt"]["secret"])) == channel


NOW_S = 1_800_000_000


def grant(**changes: Any) -> bytes:
    made = grant_for(ALICE.public_key, APP.public_key, CAPABILITY, "dash.example.org")
    made = replace(made, issued_s=NOW_S, expires_s=NOW_S + 1000, jti=fresh_id())
    return seal(replace(made, **changes).signed(ALICE).encode(), SECRET, NONCE)


def test_a_grant_for_our_key_is_taken() -> None:
    answer = read_answer(grant(), QUESTION, NOW_S * 1_000_000)
    assert isinstance(answer, GrantAnswer)
    assert answer.public_key == ALICE.public_key


@pytest.mark.parametrize(
    "changes",
    [
        {"cnf": OTHER.public_key},
        {"client_id": "dash.example.com"},
        {"capabilities": ()},
        {"issuer": OTHER.public_key},
        {"issued_s": NOW_S - 181},
        {"issued_s": NOW_S + 181},
        {"expires_s": NOW_S},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_grant_for_anything_else_is_refused(changes: dict[str, Any]) -> None:
    assert is_refused(grant(**changes), QUESTION, NOW_S * 1_000_000)


def test_a_grant_with_one_right_more_is_refused() -> None:
    more = grant_for(ALICE.public_key, APP.public_key, f"{CAPABILITY},/pub/:rw", "dash.example.org")
    more = replace(more, issued_s=NOW_S, expires_s=NOW_S + 1000)
    body = seal(more.signed(ALICE).encode(), SECRET, NONCE)
    assert isinstance(more, Grant)
    assert is_refused(body, QUESTION, NOW_S * 1_000_000)


def test_a_link_that_asked_for_a_token_takes_no_grant() -> None:
    assert is_refused(grant(), replace(QUESTION, app_key=None), NOW_S * 1_000_000)


def test_a_link_that_asked_for_a_grant_takes_a_token_of_an_older_wallet() -> None:
    token = sign_auth_token(ALICE, CAPABILITY, NOW_S * 1_000_000)
    answer = read_answer(seal(token, SECRET, NONCE), QUESTION, NOW_S * 1_000_000)
    assert answer.public_key == ALICE.public_key


def test_another_spelling_of_the_same_rights_is_refused() -> None:
    """Byte for byte: `rr` means `r` to a parser, and was not what we asked for."""
    token = sign_auth_token(ALICE, CAPABILITY + "r", NOW_S * 1_000_000)
    assert is_refused(seal(token, SECRET, NONCE), QUESTION, NOW_S * 1_000_000)


def test_a_body_under_another_secret_is_refused() -> None:
    token = sign_auth_token(ALICE, CAPABILITY, NOW_S * 1_000_000)
    assert is_refused(seal(token, bytes(32), NONCE), QUESTION, NOW_S * 1_000_000)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_and_break_nothing(body: bytes) -> None:
    assert is_refused(body, QUESTION, NOW_S * 1_000_000)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_sealed_message_is_refused_and_breaks_nothing(message: bytes) -> None:
    assert is_refused(seal(message, SECRET, NONCE), QUESTION, NOW_S * 1_000_000)


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_what_was_sealed_is_unsealed_by_its_secret_alone(message: bytes, secret: bytes) -> None:
    wire = seal(message + b"!", secret, NONCE)
    assert unseal(wire, secret) == message + b"!"
    with pytest.raises(PubkyError):
        unseal(wire, bytes(32) if any(secret) else bytes([1]) * 32)
