"""Signup tokens beyond the vectors."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.keys import Keypair
from appliance.pubky.signup_tokens import direct_signup_link, parse_signup_token, signup_token

HOMESERVER = Keypair.from_seed(bytes(32)).public_key
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(st.binary(min_size=7, max_size=7))
def test_token_in_either_case_is_found_under_what_was_issued(random: bytes) -> None:
    token = signup_token(random)
    assert parse_signup_token(token) == token
    assert parse_signup_token(token.lower()) == token


def test_look_alike_letters_are_found_under_digits() -> None:
    assert parse_signup_token("oOiI-lL01-abCD") == "0011-1101-ABCD"


@given(st.one_of(ANY_TEXT, st.text("0Aalu-", min_size=14, max_size=14)))
def test_any_text_is_a_token_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        assert len(parse_signup_token(text)) == 14


@pytest.mark.parametrize("length", [0, 6, 8])
def test_token_is_never_made_of_another_length(length: int) -> None:
    with pytest.raises(ValueError, match="7 bytes"):
        signup_token(bytes(length))


def test_link_names_homeserver_and_token() -> None:
    assert direct_signup_link(HOMESERVER, "JZY0-D6MY-ZFNG") == (
        f"pubkyauth://direct_signup?hs={HOMESERVER.z32}&st=JZY0-D6MY-ZFNG"
    )


@pytest.mark.parametrize("token", [None, "JZY0-D6MY-ZFNG"])
def test_wallet_reads_the_link_as_it_was_meant(token: str | None) -> None:
    link = DeepLink.parse(direct_signup_link(HOMESERVER, token))
    assert link == DeepLink("direct_signup", homeserver=HOMESERVER, signup_token=token)
