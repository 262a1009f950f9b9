"""Capabilities beyond the vectors."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.pubky.capabilities import Capability, list_text, normalize, parse_list

SCOPES = st.sampled_from(["/", "/pub/", "/pub/a", "/pub/a/", "/pub/a/b", "/priv/", "/pub/ab"])
CAPABILITIES = st.builds(
    lambda scope, actions: Capability.parse(f"{scope}:{actions}"),
    SCOPES,
    st.sampled_from(["r", "w", "rw"]),
)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(st.one_of(ANY_TEXT, st.text("/:,rwa. ")))
def test_any_text_is_a_list_or_is_refused(text: str) -> None:
    with suppress(PubkyError):
        parse_list(text)


@given(st.lists(CAPABILITIES))
def test_list_survives_a_round_trip(capabilities: list[Capability]) -> None:
    assert parse_list(list_text(capabilities)) == tuple(capabilities)


@given(st.lists(CAPABILITIES), st.sampled_from(["/pub/a", "/pub/a/b", "/priv/x", "/x"]))
def test_normal_form_allows_the_same(capabilities: list[Capability], path: str) -> None:
    for write in (False, True):
        before = any(entry.covers(path, write=write) for entry in capabilities)
        after = any(entry.covers(path, write=write) for entry in normalize(capabilities))
        assert before == after


@given(st.lists(CAPABILITIES))
def test_normal_form_is_stable(capabilities: list[Capability]) -> None:
    once = normalize(capabilities)
    assert normalize(once) == once


@given(CAPABILITIES)
def test_read_and_write_are_separate(capability: Capability) -> None:
    assert capability.covers(capability.scope, write=False) is capability.read
    assert capability.covers(capability.scope, write=True) is capability.write


def test_comma_is_reserved_when_one_entry_is_parsed_alone() -> None:
    with pytest.raises(PubkyError) as refusal:
        Capability.parse("/pub/a,b:r")
    assert refusal.value.message == "capability scope must not contain `,`"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b", "capability must have format `<scope>:<actions>`"),
        ("a,b:", "capability must contain at least one action"),
        ("a,b:x", "invalid capability action `x`"),
        ("a,b:r", "capability scope must not contain `,`"),
        ("a:r", "invalid capability scope: path must be absolute"),
    ],
)
def test_first_failing_check_gives_the_reason(text: str, reason: str) -> None:
    with pytest.raises(PubkyError) as refusal:
        Capability.parse(text)
    assert refusal.value.message == reason
