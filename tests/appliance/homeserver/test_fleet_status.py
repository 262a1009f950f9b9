"""The list of nodes that a playbook puts into the data folder: read whatever is in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.homeserver.fleet_status import (
    FLEET_FILE,
    VERDICTS,
    has_fleet_status,
    read_fleet_status,
)

AT = "2026-11-21T10:00:00Z"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["name", "verdict", "problems", "certificate_days", "backup_age_s", "upgraded_at", "key"]
)


def put(folder: Path, said: Any) -> None:
    (folder / FLEET_FILE).write_text(json.dumps(said), encoding="utf-8")


def test_a_node_is_read_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    assert not has_fleet_status(tmp_path)
    put(
        tmp_path,
        {"at": AT, "nodes": [{"name": "pi", "verdict": "healthy", "certificate_days": 9.9}]},
    )
    assert has_fleet_status(tmp_path)
    found = read_fleet_status(tmp_path)
    assert found is not None
    (node,) = found.nodes
    assert (node.name, node.verdict, node.certificate_days) == ("pi", "healthy", 9)
    assert node.version is None


def test_a_verdict_that_is_not_known_is_nothing_to_be_calm_about(tmp_path: Path) -> None:
    put(tmp_path, {"at": AT, "nodes": [{"name": "pi", "verdict": "splendid"}]})
    found = read_fleet_status(tmp_path)
    assert found is not None
    assert found.nodes[0].verdict == "ailing"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"at": 1, "nodes": []}', "[" * 100_000])
def test_what_is_no_list_is_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FLEET_FILE).write_text(text, encoding="utf-8")
    assert read_fleet_status(tmp_path) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(NAMES, ANY_JSON) | ANY_JSON, max_size=4))
def test_whatever_stands_in_it_is_read_or_left_out(tmp_path: Path, nodes: list[Any]) -> None:
    put(tmp_path, {"at": AT, "nodes": nodes})
    found = read_fleet_status(tmp_path)
    assert found is not None
    assert len(found.nodes) == sum(isinstance(node, dict) for node in nodes)
    assert all(node.verdict in VERDICTS for node in found.nodes)
