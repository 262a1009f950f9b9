"""The three servers that are compared, each in processes of its own on loopback.

A node as a person starts it, with durable storage; nginx with a configuration of its own; a bare
Quart view under Hypercorn. All of them end with the block that started them.
"""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.figures import BenchError
from tests.bench.machine import Processors, children, free_port, nginx_program, running_on
from tests.support.node_process import make_data_dir, running_process

READY_WITHIN_S = 15.0

NGINX_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /files/ {{ alias {files}/; }}
        location /put/ {{ root {folder}; dav_methods PUT; create_full_put_path on; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A listening server and its processes."""

    name: str
    host: str
    port: int
    pids: tuple[int, ...]

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Servers:
    """All three; nginx and Quart serve `files` under /files/ and take bodies under /put/."""

    node: Server
    nginx: Server
    quart: Server
    data_dir: Path
    files: Path

    @property
    def others(self) -> tuple[Server, Server]:
        """What the node is compared with."""
        return self.nginx, self.quart


@contextmanager
def running_servers(folder: Path, processors: Processors) -> Iterator[Servers]:
    """Run all three in an empty folder for the length of the block."""
    files = folder / "files"
    files.mkdir(parents=True)
    with ExitStack() as stack:
        with running_on(processors.servers):
            data_dir = make_data_dir(folder / "node")
            process = stack.enter_context(running_process(data_dir))
            nginx = stack.enter_context(running_nginx(folder / "nginx", files))
            quart = stack.enter_context(running_quart(files))
        address = urlsplit(process.client_url)
        node = Server("node", address.hostname or "", address.port or 0, (process.pid,))
        with running_on(processors.client):
            yield Servers(node, nginx, quart, data_dir, files)


@contextmanager
def running_nginx(folder: Path, files: Path) -> Iterator[Server]:
    """One nginx worker; raises BenchError when nginx is missing or does not start."""
    program = nginx_program()
    if program is None:
        raise BenchError("nginx is missing. Install it: sudo apt-get install nginx-light")
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    # A worker of root's would give its rights away and could not read a private folder.
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX_CONFIGURATION.format(user=user, folder=folder, files=files, port=port)
    configuration.write_text(text, encoding="utf-8")
    log = str(folder / "nginx.log")
    with _ended_with_block([program, "-e", log, "-c", str(configuration)]) as process:
        workers = _workers(process, port)
        yield Server("nginx", "127.0.0.1", port, (process.pid, *workers))


@contextmanager
def running_quart(files: Path) -> Iterator[Server]:
    """The bare view; raises BenchError when it does not start."""
    command = [sys.executable, "-m", "tests.bench.bare_quart", str(files)]
    with _ended_with_block(command) as process:
        port = json.loads(first_line(process))["port"]
        yield Server("bare Quart", "127.0.0.1", port, (process.pid,))


@contextmanager
def _ended_with_block(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(READY_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """What a process says first; raises BenchError when it says nothing in time."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], READY_WITHIN_S)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise BenchError(f"{process.args!r} did not start")
    return line


def _workers(process: subprocess.Popen[bytes], port: int) -> tuple[int, ...]:
    """Wait until nginx answers and its worker is there: it listens before it has one."""
    deadline_s = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            if workers := children(process.pid):
                return workers
    raise BenchError("nginx did not start")
