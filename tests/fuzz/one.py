"""One target under atheris, in a process of its own: atheris ends the process it runs in.

`python -m tests.fuzz.one TARGET [options of libFuzzer] [corpus folders]`.
"""

import importlib
import sys
from typing import Any

MISSING = "atheris cannot be imported"


def main() -> None:
    """Fuzz until libFuzzer's options say that it is enough."""
    name = sys.argv.pop(1)
    try:
        # By name, because only `make fuzz` installs it and the types must be checked without.
        atheris: Any = importlib.import_module("atheris")
    except ImportError as error:
        raise SystemExit(f"{MISSING}: {error}") from error
    # Only what is ours counts, so the libraries beneath keep their speed.
    with atheris.instrument_imports(include=["appliance"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    atheris.Setup(sys.argv, targets[name].feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
