"""A DHT node beside a bare UDP echo: queries answered a second; and an idle node's memory."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from appliance.mainline.krpc import Get, Query, encode
from tests.bench.figures import BenchError, Effort, Measure, Run, Series, interleaved
from tests.bench.machine import Processors, processor_seconds, resident_mib, running_on
from tests.bench.servers import Server, first_line

NODE, ECHO = "DHT node", "bare UDP echo"
IN_FLIGHT = 16
PATIENCE_S = 5.0
QUERY = encode(Query(b"benc", bytes(range(20)), Get(bytes(20))))
NOTES = ("Queries are `get` for a target that nobody has put; answers carry a write token.",)


def measure_dht(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """Queries answered a second by a DHT node and datagrams sent back by an echo; memory."""
    del folder
    with ExitStack() as stack:
        with running_on(processors.servers):
            node = stack.enter_context(_running(NODE, "node"))
            echo = stack.enter_context(_running(ECHO, "echo"))
        memory = tuple(
            Series(server.name, (Run(resident_mib(server.pids)),)) for server in (node, echo)
        )
        stack.enter_context(running_on(processors.client))
        answered = interleaved(
            effort,
            {server.name: partial(_asked, server, effort.seconds) for server in (node, echo)},
        )
    return [
        Measure("dht", "Queries answered", "per second", answered, ((NODE, ECHO),), NOTES),
        Measure(
            "dht-memory",
            "Memory of an idle process",
            "MiB",
            memory,
            ((NODE, ECHO),),
            ("An interpreter with asyncio is most of both.",),
        ),
    ]


@contextmanager
def _running(name: str, subject: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.bench.dht_server", subject]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            port = json.loads(first_line(process))["port"]
            yield Server(name, "127.0.0.1", port, (process.pid,))
        finally:
            process.terminate()


def _asked(server: Server, seconds: int) -> Run:
    """So many queries at once, each answer followed by the next query."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect((server.host, server.port))
        asker.settimeout(PATIENCE_S)
        server_before_s = processor_seconds(server.pids)
        processor_before_s = time.process_time()
        before_s = time.perf_counter()
        for _ in range(IN_FLIGHT):
            asker.send(QUERY)
        answers = 0
        while (took_s := time.perf_counter() - before_s) < seconds:
            try:
                asker.recv(4096)
            except TimeoutError as error:
                raise BenchError(f"{server.name} does not answer") from error
            answers += 1
            asker.send(QUERY)
    return Run(
        answers / took_s,
        client_busy=(time.process_time() - processor_before_s) / took_s,
        server_busy=(processor_seconds(server.pids) - server_before_s) / took_s,
    )
