"""One target under atheris, in a process of its own: atheris ends the process it runs in."""

import importlib
import sys
from typing import Any

from tests.fuzz.targets import TARGETS


def main() -> None:
    """`python -m tests.fuzz.one TARGET [options of libFuzzer] [corpus folder]`."""
    # By name, because only `make fuzz` installs it and the types must be checked without.
    atheris: Any = importlib.import_module("atheris")
    name = sys.argv.pop(1)
    target = TARGETS[name]
    # Instrumented after the import, so that the tables of the modules are built as they are.
    atheris.instrument_all()
    atheris.Setup(sys.argv, target.feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
