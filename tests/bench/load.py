"""Clients in a closed loop: each connection sends its next request when the answer has come.

wrk does it when it is installed. The client in Python otherwise is slower than nginx and than the
fast lane; the report marks every figure for which the client had no time left.
"""

import json
import resource
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.bench.figures import BenchError, Run
from tests.bench.machine import processor_seconds
from tests.bench.python_load import Totals, python_load
from tests.bench.request import Request
from tests.bench.servers import Server

WRK_SCRIPT = Path(__file__).with_name("wrk.lua")
RECEIVE_BYTES = 1024 * 1024
MEBIBYTE = 1024 * 1024
# No answer of these servers takes this long; a load that hangs must end.
PATIENCE_S = 30


def requests_per_second(server: Server, request: Request, connections: int, seconds: int) -> Run:
    """Load a server for some seconds; raises BenchError when it refuses or breaks off."""
    if request.fresh:
        # Runs must not meet each other's files: an overwrite is another thing than a new file.
        request = request.under(f"{request.target}{secrets.token_hex(4)}/")
    server_before_s = processor_seconds(server.pids)
    if shutil.which("wrk"):
        totals = _wrk(server, request, connections, seconds)
    else:
        totals = python_load(server.host, server.port, request, connections, seconds)
    server_s = processor_seconds(server.pids) - server_before_s
    if totals.refused or totals.broken:
        raise BenchError(
            f"{server.name}: {request.method} {request.target}: {totals.answers} answers,"
            f" {totals.refused} refusals, {totals.broken} broken connections"
        )
    return Run(
        totals.answers / totals.took_s,
        client_busy=totals.processor_s / totals.took_s,
        server_busy=server_s / totals.took_s,
    )


def mebibytes_per_second(server: Server, request: Request, size: int, seconds: int) -> Run:
    """Take a large body again and again on one connection; raises BenchError unless every answer
    has `size` bytes."""
    server_before_s = processor_seconds(server.pids)
    processor_before_s = time.process_time()
    before_s = time.perf_counter()
    bodies = 0
    with socket.create_connection((server.host, server.port), timeout=PATIENCE_S) as connection:
        while (took_s := time.perf_counter() - before_s) < seconds:
            _download(connection, request, size)
            bodies += 1
    return Run(
        bodies * size / MEBIBYTE / took_s,
        client_busy=(time.process_time() - processor_before_s) / took_s,
        server_busy=(processor_seconds(server.pids) - server_before_s) / took_s,
    )


def _download(connection: socket.socket, request: Request, size: int) -> None:
    connection.sendall(request.to_bytes())
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            raise BenchError(f"{request.target}: no answer")
        head += chunk
    if b"\ncontent-length: %d\r" % size not in head.lower():
        raise BenchError(f"{request.target}: the answer is not {size} bytes long")
    left = size - (len(head) - head.index(b"\r\n\r\n") - 4)
    with memoryview(bytearray(RECEIVE_BYTES)) as buffer:
        while left:
            count = connection.recv_into(buffer, min(left, RECEIVE_BYTES))
            if not count:
                raise BenchError(f"{request.target}: {left} bytes are missing")
            left -= count


def _wrk(server: Server, request: Request, connections: int, seconds: int) -> Totals:
    headers = [word for header in request.headers for word in ("-H", ": ".join(header))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            *(
                "wrk",
                "-t1",
                f"-c{connections}",
                f"-d{seconds}s",
                f"--timeout={PATIENCE_S}s",
                "-s",
                str(WRK_SCRIPT),
                *headers,
            ),
            f"http://{server.host}:{server.port}{request.target}",
            *("--", request.method, str(request.body_bytes), "fresh" if request.fresh else "same"),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"wrk: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    totals = json.loads(done.stdout.splitlines()[-1])
    return Totals(
        answers=totals["requests"],
        refused=totals["refused"],
        broken=totals["broken"],
        took_s=totals["duration_us"] / 1_000_000,
        processor_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )
