"""A node under a service manager: it tells when it is ready and takes over open sockets."""

import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.support.node_process import make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Where the node tells how it is."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


def told(manager: socket.socket, *, but: bytes = b"WATCHDOG=1") -> bytes:
    """The next thing told that is no sign of life."""
    while (state := manager.recv(1000)) == but:
        continue
    return state


def test_the_manager_hears_of_readiness_and_of_the_end(
    tmp_path: Path, manager: socket.socket
) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    with running_process(data_dir, NOTIFY_SOCKET=manager.getsockname()) as node:
        assert told(manager) == b"READY=1"
        assert httpx.get(node.client_url).status_code == 200
        node.stop()
        assert told(manager) == b"STOPPING=1"


def test_the_watchdog_sees_signs_of_life(tmp_path: Path, manager: socket.socket) -> None:
    data_dir = make_data_dir(tmp_path / "node")
    name = str(manager.getsockname())
    with running_process(data_dir, NOTIFY_SOCKET=name, WATCHDOG_USEC="100000"):
        heard = [manager.recv(1000) for _ in range(5)]
    assert heard.count(b"WATCHDOG=1") >= 3


def handing_over(*sockets: socket.socket) -> list[str]:
    """A program that becomes the node, with these sockets as a service manager passes them."""
    numbers = [listening.fileno() for listening in sockets]
    program = (
        "import os, sys\n"
        f"spare = [os.dup(number) for number in {numbers}]\n"
        "for place, number in enumerate(spare, 3):\n"
        "    os.dup2(number, place)\n"
        "    os.set_inheritable(place, True)\n"
        f"os.environ |= {{'LISTEN_PID': str(os.getpid()), 'LISTEN_FDS': '{len(numbers)}'}}\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    return [sys.executable, "-c", program]


def test_who_connects_to_a_passed_socket_that_is_not_served_does_not_wait(tmp_path: Path) -> None:
    """The manager keeps it open; a client that gets no answer would wait there for ever."""
    with (
        socket.create_server(("127.0.0.1", 0)) as served,
        socket.create_server(("127.0.0.1", 0)) as unserved,
    ):
        port = served.getsockname()[1]
        data_dir = make_data_dir(
            tmp_path / "node", drive={"icann_listen_socket": f"127.0.0.1:{port}"}
        )
        passed = (served.fileno(), unserved.fileno())
        wrapper = handing_over(served, unserved)
        with running_process(data_dir, wrapper=wrapper, pass_fds=passed) as node:
            with socket.create_connection(unserved.getsockname(), timeout=5) as client:
                assert client.recv(1) == b""
            assert httpx.get(node.client_url).text == "Pubky Homeserver"


def test_no_connection_is_refused_while_a_node_is_replaced(tmp_path: Path) -> None:
    """The manager's socket outlives the process, so clients wait instead of failing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        data_dir = make_data_dir(
            tmp_path / "node", drive={"icann_listen_socket": f"127.0.0.1:{port}"}
        )
        wrapper = handing_over(listening)
        keep = (listening.fileno(),)
        with running_process(data_dir, wrapper=wrapper, pass_fds=keep) as node:
            assert httpx.get(node.client_url).text == "Pubky Homeserver"
            node.stop()
        with socket.create_connection(("127.0.0.1", port), timeout=5) as early:
            early.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            with running_process(data_dir, wrapper=wrapper, pass_fds=keep):
                early.settimeout(10)
                assert early.recv(100).startswith(b"HTTP/1.1 200")
