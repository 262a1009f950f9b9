"""Lines of manifests."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.addresses import OwnPath
from dashboard.archive.manifest import (
    ManifestEntry,
    ManifestError,
    State,
    parse,
    parse_line,
    to_line,
)
from tests.support.archives import entry_of

GOOD: dict[str, Any] = json.loads(to_line(entry_of("/pub/a", b"x")))


@given(
    st.builds(
        ManifestEntry,
        path=st.just(OwnPath("/priv/é/ b")),
        name=st.text(st.characters(codec="utf-8"), max_size=50),
        byte_count=st.integers(0, 2**62),
        content_type=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=50),
        blake3=st.sampled_from(["", "0" * 64, "ab" * 32]),
        modified_at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
        state=st.sampled_from(get_args(State)),
    )
)
def test_an_entry_survives_its_line(entry: ManifestEntry) -> None:
    line = to_line(entry)
    assert line.count(b"\n") == 1
    assert parse_line(line) == entry


@given(st.binary(max_size=200))
def test_any_line_is_an_entry_or_refused(line: bytes) -> None:
    with suppress(ManifestError):
        parse_line(line)


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/pub/../x"},
        {"path": "/etc/passwd"},
        {"path": None},
        {"name": 5},
        {"name": "\ud800"},
        {"bytes": -1},
        {"bytes": True},
        {"bytes": 2**63},
        {"blake3": "AB" * 32},
        {"blake3": "ab"},
        {"modified": "yesterday"},
        {"state": "fine"},
        {"type": "a/b\r\nSet-Cookie: x"},
        {"type": "☃"},
    ],
)
def test_impossible_facts_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ManifestError):
        parse_line(json.dumps(GOOD | change).encode())


def test_a_time_without_a_zone_is_utc() -> None:
    line = json.dumps(GOOD | {"modified": "2026-01-01T00:00:00"}).encode()
    assert parse_line(line).modified_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_files_that_are_listed_twice_are_refused() -> None:
    first = to_line(entry_of("/pub/a", b"x"))
    other_name = json.dumps(GOOD | {"name": "pub/other"}).encode()
    other_path = json.dumps(GOOD | {"path": "/pub/other"}).encode()
    for second in (first, other_name, other_path):
        with pytest.raises(ManifestError, match="twice"):
            parse([first, second], 10)


def test_too_many_lines_are_refused() -> None:
    lines = [to_line(entry_of(f"/pub/{number}", b"")) for number in range(3)]
    assert len(parse(lines, 3)) == 3
    with pytest.raises(ManifestError, match="too many"):
        parse(lines, 2)


def test_a_deeply_nested_line_is_refused() -> None:
    with pytest.raises(ManifestError):
        parse_line(b"[" * 16_000)
