"""`make demo` as a person starts it: it fills, prints links that open, and leaves nothing."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.dashboard.people import OWN_FORM
from tests.sample_life import people
from tests.sample_life.__main__ import wish_of
from tests.support.node_process import environment

READY = "Stop it with Ctrl-C"
# Bounds that end a test that hangs, and judge no speed.
ENDED_WITHIN_S = 60


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo in a process of its own, whose temporary files go into `folder`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sample_life", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | {"TMPDIR": str(folder)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def printed_until_ready(process: subprocess.Popen[str]) -> str:
    """What it says up to its last line."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("All keys of the demo"):
            return said
    assert process.stderr is not None
    pytest.fail(f"the demo ended: {said}{process.stderr.read()}")


@pytest.mark.system
def test_the_demo_prints_links_that_open_and_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path, "--tenant", "bo", "--tenant", "cy", "--dashboard-port", "0") as process:
        said = printed_until_ready(process)
        assert READY in said
        assert list(tmp_path.iterdir())
        (operator,) = re.findall(r"Sign in +(http\S+)", said)
        links = dict(re.findall(r"As (\w+) +(http\S+)", said))
        assert list(links) == ["Bo", "Cy"]
        origin = operator.partition("/login/")[0]

        with httpx.Client() as browser:
            assert browser.post(operator, headers=OWN_FORM).status_code == 303
            users = browser.get(origin + "/users")
        assert people.key("bo")[:8] in users.text

        with httpx.Client() as browser:
            assert browser.get(links["Bo"]).status_code == 200
            connected = browser.get(origin + "/connect")
        assert connected.status_code == 200
        assert "Everything" in connected.text

        for guess in ("/as/bo", "/as/bo/", "/as/bo/1"):
            assert "set-cookie" not in httpx.get(origin + guess).headers

        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=ENDED_WITHIN_S)
    assert (process.returncode, errors) == (0, "")
    assert "nothing of it is left" in rest
    assert list(tmp_path.iterdir()) == []


@pytest.mark.system
def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with demo(tmp_path, "--tenant", "cy", "--dashboard-port", port) as process:
            _, errors = process.communicate(timeout=ENDED_WITHIN_S)
    assert process.returncode == 2
    (line,) = errors.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert list(tmp_path.iterdir()) == []


def test_everybody_but_flood_is_shown_unless_told_otherwise() -> None:
    assert list(wish_of([]).names) == ["ada", "bo", "cy", "dee", "mallory"]


def test_the_wish_may_be_for_some_or_all() -> None:
    assert list(wish_of(["--tenant", "dee", "--flood"]).names) == ["dee", "flood"]
    assert list(wish_of(["--all"]).names) == list(people.NAMES)
    assert wish_of(["--all"]).with_largest


def test_a_port_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        wish_of(["--dashboard-port", "70000"])
    assert "65535" in capsys.readouterr().err
