"""The command line in this process: what it printed and how it ended."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import main


@dataclass(frozen=True, slots=True)
class Ended:
    """One run of the command line."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)

    @property
    def text(self) -> str:
        """Standard output of a run that went well."""
        assert (self.code, self.err) == (0, "")
        return self.out

    @property
    def refusal(self) -> str:
        """The one line of a run that was refused."""
        assert (self.code, self.out) == (2, "")
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs `pubky-appliance --data-dir DIR ARGUMENTS`; for tests without an event loop."""

    data_dir: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ended:
        """One run to its end."""
        argv = ["pubky-appliance", "--data-dir", str(self.data_dir), *arguments]
        self.monkeypatch.setattr(sys, "argv", argv)
        self.capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        assert isinstance(code, int)
        out, err = self.capsys.readouterr()
        return Ended(code, out, err)
