"""What a test needs of the machine and may not find there."""

import os
from typing import NoReturn

import pytest


def cannot_run_here(reason: str) -> NoReturn:
    """Leave a test out, and say why; where CI runs, everything must run, so there it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; continuous integration must be able to run this")
    pytest.skip(reason)
