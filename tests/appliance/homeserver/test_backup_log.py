"""The list of backups, which any program may write to."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.homeserver.backup_log import DRILL, append_backup, newest, read_backups

DAY_US = 86_400 * 1_000_000
TEXTS = st.text(st.characters(codec="utf-8"), max_size=600)


@given(st.binary(max_size=300))
def test_any_file_of_backups_is_read(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path: Path = tmp_path_factory.mktemp("backups") / "backups.jsonl"
    path.write_bytes(raw + b'\n{"at": "2026-11-01T00:00:00Z", "ok": true}\n')
    assert read_backups(path)[0].ok


@given(TEXTS, TEXTS, st.booleans())
def test_what_is_appended_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, kind: str, detail: str, ok: bool
) -> None:
    path = tmp_path_factory.mktemp("backups") / "backups.jsonl"
    append_backup(path, DAY_US, kind, ok=ok, byte_count=7, detail=detail)
    (line,) = read_backups(path)
    assert (line.kind, line.ok, line.bytes, line.detail) == (kind[:100], ok, 7, detail[:500])
    assert line.at.timestamp() == DAY_US // 1_000_000
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_newest_is_of_the_kind_and_the_outcome_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "backups.jsonl"
    for day, kind, ok in ((1, "nightly", True), (2, DRILL, False), (3, "nightly", False)):
        append_backup(path, day * DAY_US, kind, ok=ok, byte_count=None, detail=str(day))
    lines = read_backups(path)

    def detail(*, drill: bool, ok: bool | None) -> str | None:
        found = newest(lines, drill=drill, ok=ok)
        return None if found is None else found.detail

    assert detail(drill=False, ok=None) == "3"
    assert detail(drill=False, ok=True) == "1"
    assert detail(drill=True, ok=None) == "2"
    assert detail(drill=True, ok=True) is None
