"""A testnet in a process of its own, on the well-known ports, as app developers start it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.node_process import NodeProcess, command, environment


@contextmanager
def running_testnet_process(folder: Path, *arguments: str) -> Iterator[Mapping[str, str]]:
    """A ready testnet for the length of the block: the facts that it printed.

    It must have logged no warning and must end with exit code 0. `folder` takes its log;
    `arguments` follow the command, such as "--token-required". Raises NotReadyError, with the
    reason, when it does not start: another testnet has the ports, for instance.
    """
    log = folder / "testnet.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command("testnet", "--json", *arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
        )
    testnet = NodeProcess(folder, process, log)
    try:
        testnet.wait_until_ready()
        yield testnet.facts
    except BaseException:
        testnet.stop()
        raise
    code = testnet.stop()
    assert (code, testnet.log_text()) == (0, "")
