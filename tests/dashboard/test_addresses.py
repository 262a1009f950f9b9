"""Addresses: what reaches a URL of ours or a door's."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import (
    AddressError,
    PublicPath,
    keys_in,
    page_address,
    page_of_pubky_address,
    parse_public_key,
)
from tests.support.appliance import keypair_of

ALICE = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"


def test_a_canonical_key_is_accepted() -> None:
    assert parse_public_key(ALICE) == ALICE


@pytest.mark.parametrize(
    "text",
    ["", ALICE[:-1], ALICE + "o", ALICE.upper(), ALICE[:-1] + "b", "0" * 52, "pubky" + ALICE],
)
def test_anything_but_a_canonical_key_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/pub",
        "/priv/a",
        "/public/a",
        "pub/a",
        "/pub/../priv/a",
        "/pub/a/..",
        "/pub/./a",
        "/pub//a",
        "/pub/a//",
        "/pub/a\\b",
        "/pub/a\x00b",
        "/pub/a\nb",
        "/pub/a\x9fb",
        "/pub/a ",
        "/pub/" + "é" * 128,
        "/pub/" + "abc/" * 300,
        "/pub/\ud800",
    ],
)
def test_paths_outside_the_normal_public_form_are_refused(text: str) -> None:
    with pytest.raises(AddressError):
        PublicPath.parse(text)


def test_an_encoded_separator_stays_a_name() -> None:
    path = PublicPath.parse("/pub/a%2fb")
    assert path.name == "a%2fb"
    assert path.quoted == "/pub/a%252fb"


@given(st.text())
def test_any_text_is_a_path_or_an_address_error(text: str) -> None:
    try:
        path = PublicPath.parse("/pub/" + text)
    except AddressError:
        return
    assert unquote(path.quoted) == path.text
    assert path.quoted.isascii()
    assert not {"", ".", ".."} & set(path.text[1:].removesuffix("/").split("/"))


def test_ancestors_begin_at_the_root() -> None:
    path = PublicPath.parse("/pub/app/posts/1")
    assert [above.text for above in path.ancestors] == ["/pub/", "/pub/app/", "/pub/app/posts/"]


def test_the_root_has_no_parent() -> None:
    assert PublicPath.parse("/pub/").parent is None


def test_a_folder_and_a_file_have_pages_of_their_own() -> None:
    assert page_address(ALICE, PublicPath("/pub/a b/")) == f"/browse/{ALICE}/pub/a%20b/"
    assert page_address(ALICE, PublicPath("/pub/a?b")) == f"/object/{ALICE}/pub/a%3Fb"


def test_a_pubky_address_leads_to_its_page() -> None:
    assert page_of_pubky_address(f"pubky://{ALICE}/pub/a") == f"/object/{ALICE}/pub/a"


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", f"pubky://{ALICE}", f"pubky://{ALICE}/priv/a", "pubky://x/pub/a"],
)
def test_other_text_leads_nowhere(text: str) -> None:
    assert page_of_pubky_address(text) is None


def test_keys_are_found_by_themselves_and_in_addresses() -> None:
    one, other = (keypair_of(name).public_key.z32 for name in ("one", "other"))
    text = f'"{one}" pubky://{other}/pub/a pubky{one}/x pk:{other}'
    assert keys_in(text) == (one, other)
    assert keys_in(f"a{one} {one}b {one[:-1]}") == ()
