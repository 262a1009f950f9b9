"""A command line on a data folder of its own."""

from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from tests.support.command_line import CommandLine


@pytest.fixture
def new_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """A command line whose data folder is not there yet."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    return CommandLine(tmp_path / "node", monkeypatch, capsys)


@pytest.fixture
def cli(new_cli: CommandLine) -> CommandLine:
    """A command line whose data folder is made."""
    DataFolder(new_cli.data_dir).initialise()
    return new_cli
