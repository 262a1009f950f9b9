"""The example in README.md is run as it stands there."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.npm_tests import NPM_DIR, node
from tests.support.testnet_process import running_testnet_process

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("well_known_ports")]

README = Path(__file__).parent.parent.parent / "README.md"
_EXAMPLE = re.compile(r"^```js\n(// quick-example\.mjs\n.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_quick_example_does_what_the_readme_says(tmp_path: Path) -> None:
    (example,) = _EXAMPLE.findall(README.read_text(encoding="utf-8"))
    with running_testnet_process(tmp_path):
        # By standard input: there the packages are looked up from the working directory.
        ended = subprocess.run(
            [node(), "--input-type=module", "-"],
            input=example,
            cwd=NPM_DIR,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "{ hello: 'world' }\n"
