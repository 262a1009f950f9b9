"""`GET /storage-limits`: what every file has to keep to."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.appliance import config_on_free_ports, running_appliance
from tests.support.operator import operator_of


@pytest.mark.parametrize(
    ("settings", "longest", "days"),
    [({}, None, 30), ({"max_upload_mb": 2, "trash_days": 0}, 2 * 1024 * 1024, 0)],
)
async def test_the_settings_are_told_in_bytes_and_days(
    tmp_path: Path, settings: dict[str, Any], longest: int | None, days: int
) -> None:
    async with (
        running_appliance(tmp_path, config_on_free_ports(**settings)) as node,
        operator_of(node) as operator,
    ):
        said = await operator.get("/storage-limits")
    assert said == {
        "max_file_bytes": longest,
        "charged_bytes_per_file": 256,
        "trash_days": days,
    }
