"""The JavaScript tests in `tests/npm`: where they are, and which tests they declare."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

NPM_DIR = Path(__file__).parent.parent / "npm"
OPEN = sorted(NPM_DIR.glob("conformance/*.mjs"))
INVITED = sorted(NPM_DIR.glob("conformance/invited/*.mjs"))
IN_BROWSERS_ONLY = [NPM_DIR / "browser" / "cookies.mjs"]

_DECLARATION = re.compile(r'^test\(\s*"([^"]+)"', re.MULTILINE)


def declared_tests(files: Iterable[Path]) -> list[str]:
    """The names of all tests in these files, sorted; at least one in each file."""
    names = []
    for file in files:
        found = _DECLARATION.findall(file.read_text(encoding="utf-8"))
        assert found, f"{file.name} declares no test"
        names += found
    return sorted(names)


def node() -> str:
    """The path of Node; with the packages of `tests/npm` in place."""
    found = shutil.which("node")
    assert found, "node is not installed: run `make setup-dev`"
    assert (NPM_DIR / "node_modules").is_dir(), "npm packages are missing: run `make setup-dev`"
    return found
