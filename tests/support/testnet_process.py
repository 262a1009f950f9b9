"""A testnet in a process of its own, on the well-known ports, as app developers start it."""

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.node_process import NodeProcess, command, environment

# The ports are the machine's, so tests take turns, whichever process or run they belong to.
_LOCK = Path(tempfile.gettempdir()) / f"pubky-testnet-ports-{os.getuid()}.lock"


@contextmanager
def running_testnet_process(folder: Path, *arguments: str) -> Iterator[Mapping[str, str]]:
    """A ready testnet for the length of the block: the facts that it printed.

    Waits until no other test has one. It must log no warning and end with exit code 0 when asked.
    `folder` takes its log; `arguments` follow the command, such as "--token-required". Raises
    NotReadyError, with the reason, when it does not start: somebody else has the ports, perhaps.
    """
    with _LOCK.open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with _running(folder / "testnet.log", arguments) as facts:
            yield facts


@contextmanager
def _running(log: Path, arguments: Sequence[str]) -> Iterator[Mapping[str, str]]:
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command("testnet", "--json", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
        )
    testnet = NodeProcess(log.parent, process, log)
    with ExitStack() as stack:
        stack.callback(testnet.kill)  # in case that it does not end when asked
        stack.callback(testnet.stop)
        testnet.wait_until_ready()
        yield testnet.facts
    assert (process.returncode, testnet.log_text()) == (0, "")
