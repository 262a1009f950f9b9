"""Storage paths: the tables of the client API, and that no spelling slips through."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.keys import Keypair
from appliance.pubky.paths import EntryPath, StoragePath, decode_percent, encode_percent

ALICE = Keypair.from_seed(bytes(32)).public_key

ANY_TEXT = st.text(st.characters(exclude_categories=()))
PATH_LIKE = st.lists(
    st.one_of(st.sampled_from(["", ".", "..", "...", "a", "é", " ", "\\", "\x85"]), st.text()),
    max_size=8,
).map(lambda segments: "/" + "/".join(segments))
LONG_SEGMENT = "a" * 255


def refusal_of_parse(text: str) -> str:
    with pytest.raises(PubkyError) as refusal:
        StoragePath.parse(text)
    assert refusal.value.code == "invalid"
    return refusal.value.message


def refusal_of_normalize(text: str) -> str:
    with pytest.raises(PubkyError) as refusal:
        StoragePath.normalize(text)
    assert refusal.value.code == "invalid"
    return refusal.value.message


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        *((text, "/") for text in ["/", "//", "///", "/.", "/a/..", "/a/../", "/a/b/../.."]),
        ("/a//b", "/a/b"),
        ("/a///b/", "/a/b/"),
        ("/a/.", "/a/"),
        ("/a/./b", "/a/b"),
        ("/a/b/..", "/a/"),
        ("/a/b/../c", "/a/c"),
        ("/a/..//b", "/b"),
        ("/a/name..", "/a/name.."),
        ("/.hidden/...", "/.hidden/..."),
        ("/a/%2E%2E/b", "/a/%2E%2E/b"),
        ("/dir /file", "/dir /file"),
    ],
)
def test_request_path_becomes_its_normal_form(text: str, normal: str) -> None:
    assert StoragePath.normalize(text).text == normal


@pytest.mark.parametrize("text", ["/..", "/a/../../b", "/../a"])
def test_path_above_root_is_refused(text: str) -> None:
    assert refusal_of_normalize(text) == "path traverses above root"


SHARED_REFUSALS = [
    ("", "path must be absolute"),
    ("pub/x", "path must be absolute"),
    (f"/{LONG_SEGMENT}a", "path segment is 256 bytes; maximum is 255"),
    ("/" + "é" * 128, "path segment is 256 bytes; maximum is 255"),
    (f"/{LONG_SEGMENT}" * 3 + "/" + "a" * 204, "path is 973 bytes; maximum is 972"),
    ("/a\x00", "path contains a control character"),
    ("/a\x7f/b", "path contains a control character"),
    ("/a\x85", "path contains a control character"),
    ("/a\n", "path contains a control character"),
    ("/a\\b", "path must not contain a backslash"),
    ("/a ", "path must not end in whitespace"),
    ("/a\u00a0", "path must not end in whitespace"),
    ("/a\u3000", "path must not end in whitespace"),
    ("/a\ud800", "not valid UTF-8"),
]


@pytest.mark.parametrize(("text", "reason"), SHARED_REFUSALS)
def test_both_parsers_refuse_what_breaks_a_limit(text: str, reason: str) -> None:
    assert refusal_of_parse(text) == reason
    assert refusal_of_normalize(text) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("//", "path contains an empty segment"),
        ("/a//", "path contains an empty segment"),
        ("/a//b", "path contains an empty segment"),
        ("/a/./b", "path contains a `.` segment"),
        ("/a/..", "path contains a `..` segment"),
    ],
)
def test_strict_parser_rewrites_nothing(text: str, reason: str) -> None:
    assert refusal_of_parse(text) == reason


def test_strict_parser_names_the_first_offence() -> None:
    assert refusal_of_parse("/" + "a" * 256 + "\x00\\/../" + "b" * 1000).startswith("path is ")
    assert refusal_of_parse("/" + "a" * 254 + "\x00\\/..").startswith("path segment is 256")
    assert refusal_of_parse("/\x00\\/..") == "path contains a control character"
    assert refusal_of_parse("/\\/.. ") == "path must not contain a backslash"


def test_bad_segment_is_refused_even_if_dots_would_remove_it() -> None:
    assert refusal_of_normalize("/a\\b/../c") == "path must not contain a backslash"


def test_length_counts_after_normalisation() -> None:
    assert StoragePath.normalize("/./" * 500 + "a").text == "/a"


def test_longest_path_is_accepted() -> None:
    text = f"/{LONG_SEGMENT}" * 3 + "/" + "a" * 203
    assert len(text) == 972
    assert StoragePath.parse(text) == StoragePath.normalize(text)


@pytest.mark.parametrize(
    "raw",
    [
        b"/pub/report%20",
        b"/pub/report%C2%A0",
        b"/pub/report%E3%80%80",
        b"/pub/scope/%5C..%5Creport",
    ],
)
def test_alias_of_a_file_cannot_be_spelt(raw: bytes) -> None:
    with pytest.raises(PubkyError):
        StoragePath.normalize(decode_percent(raw))


@given(st.one_of(ANY_TEXT, PATH_LIKE))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        assert StoragePath.parse(text).text == text


@given(st.one_of(ANY_TEXT, PATH_LIKE))
def test_normal_form_passes_the_strict_parser_unchanged(text: str) -> None:
    with suppress(PubkyError):
        path = StoragePath.normalize(text)
        strict = outcome_of_parse(path.text)
        assert strict == path


def outcome_of_parse(text: str) -> StoragePath | str:
    try:
        return StoragePath.parse(text)
    except PubkyError as error:
        return error.message


@given(PATH_LIKE)
def test_canonical_path_is_its_own_normal_form(text: str) -> None:
    with suppress(PubkyError):
        path = StoragePath.parse(text)
        assert outcome_of_normalize(text) == path


def outcome_of_normalize(text: str) -> StoragePath | str:
    try:
        return StoragePath.normalize(text)
    except PubkyError as error:
        return error.message


@pytest.mark.parametrize(
    ("text", "is_public", "is_private"),
    [
        ("/pub/x", True, False),
        ("/pub/", True, False),
        ("/pub", False, False),
        ("/public/x", False, False),
        ("/priv/x", False, True),
        ("/priv/", False, True),
        ("/priv", False, False),
        ("/x/pub/", False, False),
        ("/", False, False),
    ],
)
def test_roots_are_prefixes_with_their_slash(
    text: str, *, is_public: bool, is_private: bool
) -> None:
    path = StoragePath.parse(text)
    assert path.is_public is is_public
    assert path.is_private is is_private


@pytest.mark.parametrize(
    ("text", "is_directory", "name", "ancestors"),
    [
        ("/", True, "", ()),
        ("/pub", False, "pub", ()),
        ("/pub/", True, "pub", ()),
        ("/pub/a", False, "a", ("/pub",)),
        ("/pub/a/b.txt", False, "b.txt", ("/pub", "/pub/a")),
        ("/pub/a/b/", True, "b", ("/pub", "/pub/a")),
    ],
)
def test_parts_of_a_path(
    text: str, *, is_directory: bool, name: str, ancestors: tuple[str, ...]
) -> None:
    path = StoragePath.parse(text)
    assert path.is_directory is is_directory
    assert path.name == name
    assert path.ancestors() == ancestors
    assert str(path) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"/a%20b", "/a b"),
        (b"/a%2520b", "/a%20b"),
        (b"/a+b", "/a+b"),
        (b"/100%", "/100%"),
        (b"/%zz%4", "/%zz%4"),
        (b"/%C3%BC", "/ü"),
        (b"/%2fx", "//x"),
    ],
)
def test_percent_is_decoded_once(raw: bytes, text: str) -> None:
    assert decode_percent(raw) == text


@pytest.mark.parametrize("raw", [b"%ff", b"%C3", b"\xff", b"%ED%A0%80"])
def test_escapes_that_are_not_utf8_are_refused(raw: bytes) -> None:
    with pytest.raises(PubkyError, match="not valid UTF-8"):
        decode_percent(raw)


@given(st.binary())
def test_any_bytes_decode_or_are_refused(raw: bytes) -> None:
    with suppress(PubkyError):
        decode_percent(raw)


@given(st.text())
def test_encoded_text_decodes_to_itself(text: str) -> None:
    assert decode_percent(encode_percent(text).encode("ascii")) == text


def test_encoding_leaves_only_what_clients_leave() -> None:
    assert encode_percent("/aZ09-_.~") == "/aZ09-_.~"
    assert encode_percent("/ %+:@!ü") == "/%20%25%2B%3A%40%21%C3%BC"


def test_text_of_an_entry_path_is_its_uri() -> None:
    entry = EntryPath(ALICE, StoragePath("/pub/a b"))
    assert str(entry) == f"pubky://{ALICE.z32}/pub/a b"


@pytest.mark.parametrize("prefix", ["", "pubky://", "pubky://pubky://"])
def test_cursor_may_carry_the_scheme(prefix: str) -> None:
    cursor = EntryPath.parse_cursor(f"{prefix}{ALICE.z32}/pub/a/")
    assert cursor == EntryPath(ALICE, StoragePath("/pub/a/"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pubky://",
        "/pub/a",
        ALICE.z32,
        f"{ALICE.z32}/pub//a",
        f"pubky{ALICE.z32}/pub/a",
        f"{ALICE.z32[:-1]}/pub/a",
    ],
)
def test_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(PubkyError) as refusal:
        EntryPath.parse_cursor(text)
    assert refusal.value.message == "Invalid cursor"


@given(st.one_of(ANY_TEXT, PATH_LIKE.map(lambda path: f"pubky://{ALICE.z32}{path}")))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        EntryPath.parse_cursor(text)
