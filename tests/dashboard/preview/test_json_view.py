"""The JSON view: nothing lost, nothing unbounded, no other exception."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.preview.json_view import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    JsonNode,
    JsonViewError,
    view,
)


def members(node: JsonNode) -> list[tuple[str, str]]:
    return [(member.key, member.node.text) for member in node.children]


def nodes(node: JsonNode) -> int:
    return 1 + sum(nodes(member.node) for member in node.children)


@pytest.mark.parametrize("digits", ["12345678901234567890123", "1e400", "-0.10", "1.0"])
def test_numbers_keep_their_digits(digits: str) -> None:
    assert view(digits.encode()).text == digits


def test_repeated_keys_are_all_shown_and_marked() -> None:
    node = view(b'{"a": 1, "a": 2}')
    assert members(node) == [("a", "1"), ("a", "2")]
    assert [member.is_repeated for member in node.children] == [False, True]


def test_the_deepest_allowed_nesting_is_shown() -> None:
    assert view(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).type == "list"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_deeper_nesting_is_refused_before_parsing(opening: bytes) -> None:
    with pytest.raises(JsonViewError, match="deeper"):
        view(opening * 200_000)


def test_brackets_in_strings_do_not_nest() -> None:
    assert view(json.dumps("[" * 100 + '"' + "{" * 100).encode()).type == "text"


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(JsonViewError, match="1 MiB"):
        view(b" " * (MAX_BYTES + 1))


def test_a_page_holds_a_bounded_number_of_values() -> None:
    node = view(b"[" + b"0," * 100_000 + b"0]")
    assert nodes(node) <= MAX_NODES
    assert node.hidden == 100_001 - len(node.children)


@pytest.mark.timeout(10)
def test_an_endless_string_of_escaped_quotes_costs_one_pass() -> None:
    with pytest.raises(JsonViewError):
        view(b'"' + b'\\"' * 500_000)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "{", "[1,]", "", "'a'"])
def test_what_is_not_json_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(JsonViewError, match=r"\w"):
        view(text.encode())


def test_times_in_milliseconds_and_microseconds_get_a_hint() -> None:
    for digits in ("1751600000000", "1751600000000000"):
        assert view(digits.encode()).hint == "2025-07-04 03:33:20 UTC"


def test_pubky_addresses_become_links_and_others_do_not() -> None:
    key = "8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
    assert view(f'"pubky://{key}/pub/a"'.encode()).link == f"/object/{key}/pub/a"
    assert view(b'"javascript:alert(1)"').link is None


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_a_tree_or_a_json_view_error(body: bytes) -> None:
    try:
        node = view(body)
    except JsonViewError:
        return
    json.loads(body.decode("utf-8-sig"))
    assert nodes(node) <= MAX_NODES


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def as_python(node: JsonNode) -> object:
    match node.type:
        case "object":
            return {member.key: as_python(member.node) for member in node.children}
        case "list":
            return [as_python(member.node) for member in node.children]
        case "text":
            return node.text
        case "number":
            return int(node.text)
        case "null":
            return None
        case "true or false":
            return node.text == "true"


@given(json_values)
def test_the_tree_says_what_the_document_says(value: object) -> None:
    assert as_python(view(json.dumps(value).encode())) == value
