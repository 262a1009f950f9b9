"""The published npm client, unmodified, does everything it can against our testnet in Node."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.npm_tests import INVITED, NPM_DIR, OPEN, declared_tests, node
from tests.support.testnet_process import running_testnet_process

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("well_known_ports")]

# A bound on a run that hangs; it judges no speed.
WITHIN_S = 180
_PASSED = re.compile(r"^\s*ok \d+ - (.+)$", re.MULTILINE)


def test_the_client_works_where_everyone_may_sign_up(tmp_path: Path) -> None:
    with running_testnet_process(tmp_path):
        assert _passed_in_node(OPEN) == declared_tests(OPEN)


def test_the_client_works_where_an_invite_is_needed(tmp_path: Path) -> None:
    with running_testnet_process(tmp_path, "--token-required"):
        assert _passed_in_node(INVITED) == declared_tests(INVITED)


def _passed_in_node(files: Sequence[Path]) -> list[str]:
    """The names of the tests that passed, sorted; fails with Node's report when one did not."""
    paths = [str(file.relative_to(NPM_DIR)) for file in files]
    ended = subprocess.run(
        [node(), "--import=./web_crypto.mjs", "--test", "--test-reporter=tap", *paths],
        cwd=NPM_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    # Older releases of Node report each file as a test around its tests.
    around = {*paths, *map(str, files)}
    return sorted(name for name in _PASSED.findall(ended.stdout) if name not in around)
