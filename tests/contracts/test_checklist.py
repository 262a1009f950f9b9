"""Every scenario of the reference's own tests is shown by a test here, or left out for a reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.checklist import GROUPS, PLACES, SHOWN

TESTS = Path(__file__).parent.parent

CLIENT_ONLY = "exercises nothing but the client"
BY_DESIGN = "contradicts the newer protocol that this server speaks"

LEFT_OUT = {
    "http_get_pubky": "needs PubkyTLS, a later part",
    "http_get_icann": CLIENT_ONLY,
    "grant auth_flow_survives_long_poll_timeout": "the wait is the relay's, shown with cookies",
    "test_combined_request_count_and_bandwidth": "shown one by one: the two share no state",
    "events_stream_session_does_not_override_target_homeserver": CLIENT_ONLY,
    "events_stream_cookie_bound_homeserver_is_enforced": CLIENT_ONLY,
    "republish_if_stale_triggers_timestamp_bump": CLIENT_ONLY,
    "conditional_publish_skips_when_fresh": CLIENT_ONLY,
    "test_republish_homeserver": CLIENT_ONLY,
    "js resolvePubky helper": CLIENT_ONLY,
    "js cookie sessions expose cookie-only view": CLIENT_ONLY,
    "js invalid grant id throws InvalidInput": CLIENT_ONLY,
    "js grant auth: resume signin flow from saved state": CLIENT_ONLY,
    "js auth flows: resume, validation and x-callback parameters": CLIENT_ONLY,
    "js auth_flow_state": CLIENT_ONLY,
    "js events: getHomeserverOf · invalid user key": CLIENT_ONLY,
    "js http: headers, rewriting, credentials, errors": CLIENT_ONLY,
    "js pkdns": CLIENT_ONLY,
    "js capabilities, constructor, deep_links, keys, recovery": CLIENT_ONLY,
    "js session_store": "keeps sessions in the browser; its package is not published yet",
    "v0.6.0 rust list_shallow": BY_DESIGN,
    "v0.6.0 js forbidden: writing outside /pub returns 403": BY_DESIGN,
    "v0.6.0 js list shallow under /pub/": BY_DESIGN,
}


def path_of(place: str) -> Path:
    """The file behind `web:listing`."""
    folder, _, name = place.partition(":")
    if folder == "npm":
        return TESTS / PLACES[folder] / f"{name}.mjs"
    return TESTS / PLACES[folder] / f"test_{name}.py"


def references(text: str) -> Iterator[tuple[Path, str]]:
    """Each file and test of one row."""
    for place, name in re.findall(r"(\w+:\w+)::(.+?)(?= \w+:\w+::|$)", text):
        yield path_of(place), name


def names_in(path: Path) -> set[str]:
    """The tests that a file declares."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".mjs":
        return set(re.findall(r'^test\("([^"]+)"', text, re.MULTILINE))
    return {
        node.name.removeprefix("test_")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    }


@pytest.mark.parametrize("scenario", SHOWN)
def test_a_scenario_is_shown_by_tests_that_exist(scenario: str) -> None:
    found = list(references(SHOWN[scenario]))
    assert found, "the row names no test"
    for path, name in found:
        assert name in names_in(path), f"{path.relative_to(TESTS)} has no test '{name}'"


def test_a_row_is_read_whole() -> None:
    """A reference that the pattern misses would check nothing."""
    for scenario, text in SHOWN.items():
        assert len(list(references(text))) == text.count("::"), scenario


def test_no_scenario_is_both_shown_and_left_out() -> None:
    assert not SHOWN.keys() & LEFT_OUT.keys()
    assert all(LEFT_OUT.values())


def test_no_row_hides_another() -> None:
    assert sum(len(group) for group in GROUPS) == len(SHOWN)
