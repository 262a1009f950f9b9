"""PubkyTLS beside the TLS of Python's `ssl`: new connections, and a large body."""

import ctypes
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.bench.figures import BenchError, Effort, Measure, Run, interleaved
from tests.bench.load import MEBIBYTE
from tests.bench.machine import Processors, processor_seconds, running_on
from tests.bench.servers import Server, first_line
from tests.bench.tls_server import KEYPAIR, LARGE_BYTES, SMALL_ANSWER
from tests.support import openssl_rpk
from tests.support.openssl_rpk import OpenSslClient

PUBKY, STANDARD = "PubkyTLS", "Python's ssl"
SUITE = "TLS_CHACHA20_POLY1305_SHA256"
BUFFER_BYTES = 256 * 1024
NOTES = (
    "One OpenSSL client, one suite (ChaCha20-Poly1305), Ed25519 on both sides, the same asyncio.",
)


def measure_pubky_tls(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """PubkyTLS and Python's ssl with one client: new connections a second, MiB a second."""
    if not openssl_rpk.is_available():
        raise BenchError("the TLS client is missing. Install it: pip install psycopg-binary")
    folder.mkdir(parents=True)
    _make_certificate(folder)
    with ExitStack() as stack:
        with running_on(processors.servers):
            subjects = {
                PUBKY: (stack.enter_context(_running(PUBKY)), KEYPAIR.public_key.raw),
                STANDARD: (stack.enter_context(_running(STANDARD, str(folder))), None),
            }
        stack.enter_context(running_on(processors.client))
        connections, bodies = (
            interleaved(
                effort,
                {
                    name: partial(_timed, server, partial(visit, server.port, key), effort.seconds)
                    for name, (server, key) in subjects.items()
                },
            )
            for visit in (_visit, _download)
        )
    return [
        Measure(
            "pubky-tls",
            "New connections with one small GET each, one after the other",
            "per second",
            connections,
            ((PUBKY, STANDARD),),
            NOTES,
        ),
        Measure(
            "pubky-tls-large",
            f"GET of {LARGE_BYTES // MEBIBYTE} MiB inside of TLS",
            "MiB/s",
            bodies,
            ((PUBKY, STANDARD),),
            NOTES,
        ),
    ]


def _make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-keyout", str(folder / "key.pem")]
    try:
        subprocess.run(
            [*command, "-out", str(folder / "certificate.pem")], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"openssl made no certificate: {error}") from error


@contextmanager
def _running(name: str, *arguments: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "tests.bench.tls_server", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            port = json.loads(first_line(process))["port"]
            yield Server(name, "127.0.0.1", port, (process.pid,))
        finally:
            process.terminate()


def _timed(server: Server, visit: Callable[[], float], seconds: int) -> Run:
    server_before_s = processor_seconds(server.pids)
    processor_before_s = time.process_time()
    before_s = time.perf_counter()
    done = 0.0
    while (took_s := time.perf_counter() - before_s) < seconds:
        done += visit()
    return Run(
        done / took_s,
        client_busy=(time.process_time() - processor_before_s) / took_s,
        server_busy=(processor_seconds(server.pids) - server_before_s) / took_s,
    )


def _visit(port: int, key: bytes | None) -> float:
    with OpenSslClient(port, key, "localhost", SUITE) as client:
        client.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        if client.read_exactly(len(SMALL_ANSWER)) != SMALL_ANSWER:
            raise BenchError("a wrong answer inside of TLS")
        client.say_goodbye()
    return 1


def _download(port: int, key: bytes | None) -> float:
    buffer = ctypes.create_string_buffer(BUFFER_BYTES)
    with OpenSslClient(port, key, "localhost", SUITE) as client:
        client.write(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n")
        left = LARGE_BYTES
        # The head is a few dozen bytes more, which do not matter here.
        while left > 0:
            count = client.read_into(buffer)
            if not count:
                raise BenchError("a body inside of TLS was cut off")
            left -= count
    return LARGE_BYTES / MEBIBYTE
