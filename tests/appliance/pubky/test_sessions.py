"""Session records, secrets and cookies beyond the vectors."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.keys import Keypair
from appliance.pubky.sessions import (
    SessionRecord,
    is_session_secret,
    parse_cookies,
    removal_cookie,
    secret_hash,
    session_cookie,
    session_secret,
)

ALICE = Keypair.from_seed(bytes(32)).public_key
BOB = Keypair.from_seed(b"\x01" * 32).public_key
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(st.integers(0, 2**64 - 1), st.lists(st.text()).map(tuple), st.text(), st.text(), st.binary())
def test_record_survives_a_round_trip_and_ignores_what_follows(
    created_at: int, capabilities: tuple[str, ...], name: str, user_agent: str, rest: bytes
) -> None:
    record = SessionRecord(ALICE, created_at, capabilities, name, user_agent)
    assert SessionRecord.from_bytes(record.to_bytes() + rest) == record


@given(st.binary(max_size=100))
def test_any_bytes_are_a_record_or_are_refused(data: bytes) -> None:
    with suppress(PubkyError):
        SessionRecord.from_bytes(data)


@given(st.binary(max_size=60))
def test_any_bytes_after_a_valid_key_are_a_record_or_are_refused(data: bytes) -> None:
    with suppress(PubkyError):
        SessionRecord.from_bytes(b"\x00" + ALICE.raw + data)


@given(st.binary(min_size=16, max_size=16))
def test_every_secret_is_recognised(random: bytes) -> None:
    assert is_session_secret(session_secret(random))


@pytest.mark.parametrize("length", [0, 15, 17])
def test_secret_is_never_made_of_another_length(length: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        session_secret(bytes(length))


def test_secret_that_is_not_ascii_is_not_looked_up() -> None:
    assert not is_session_secret("é" * 26)


def test_hash_of_a_secret_is_sha256_of_its_text() -> None:
    secret = "6HHZ06GHB964CZMDAA0WCNV2C8"
    assert secret_hash(secret) == hashlib.sha256(secret.encode()).digest()


def test_removal_cookie_over_tls_has_the_flags_of_the_session_cookie() -> None:
    assert removal_cookie(ALICE, secure=True, now_us=1_767_225_600_000_000) == (
        f"{ALICE.z32}=; HttpOnly; SameSite=None; Secure; Path=/; Max-Age=0; "
        "Expires=Wed, 01 Jan 2025 00:00:00 GMT"
    )


def test_cookies_of_several_users_and_lines_are_all_read() -> None:
    lines = [f"{ALICE.z32}=one; theme = dark ", f"{BOB.z32}=two"]
    assert parse_cookies(lines) == {ALICE.z32: "one", "theme": "dark", BOB.z32: "two"}


def test_cookie_that_was_set_is_read_back() -> None:
    secret = session_secret(bytes(range(16)))
    pair = session_cookie(ALICE, secret, secure=True, now_us=0).partition(";")[0]
    assert parse_cookies([pair]) == {ALICE.z32: secret}


def test_first_cookie_of_a_name_wins() -> None:
    assert parse_cookies(["a=1; a=2", "a=3"]) == {"a": "1"}


def test_cookie_values_are_percent_decoded() -> None:
    assert parse_cookies(["a=%C3%BC+%3B%"]) == {"a": "ü+;%"}


def test_value_may_hold_an_equals_sign() -> None:
    assert parse_cookies(["a=b=c"]) == {"a": "b=c"}


@pytest.mark.parametrize("pair", ["", ";;", "flag", "=value", "b=%FF", "b=\ud800"])
def test_pair_that_cannot_be_read_does_not_hide_the_others(pair: str) -> None:
    assert parse_cookies([f"{pair};a=1"]) == {"a": "1"}


@given(st.lists(ANY_TEXT))
def test_no_cookie_line_raises(lines: list[str]) -> None:
    assert all(name == name.strip() for name in parse_cookies(lines))
