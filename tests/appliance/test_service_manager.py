"""Talking to systemd: readiness, signs of life, and sockets that were opened before us."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.service_manager import ServiceManager


@pytest.fixture
def manager_socket(tmp_path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(5)
    return listening


def test_states_reach_the_manager(manager_socket: socket.socket) -> None:
    with manager_socket:
        environment = {"NOTIFY_SOCKET": manager_socket.getsockname()}
        ServiceManager(environment).notify("READY=1", "STATUS=serving")
        assert manager_socket.recv(100) == b"READY=1\nSTATUS=serving"


def test_a_name_in_the_abstract_namespace_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0pubky-appliance-test-notify")
        listening.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": "@pubky-appliance-test-notify"}).notify("STOPPING=1")
        assert listening.recv(100) == b"STOPPING=1"


def test_children_inherit_nothing_of_it() -> None:
    environment = {
        "NOTIFY_SOCKET": "/x",
        "WATCHDOG_USEC": "1",
        "WATCHDOG_PID": "1",
        "LISTEN_PID": "1",
        "LISTEN_FDS": "1",
        "LISTEN_FDNAMES": "web",
        "HOME": "/root",
    }
    ServiceManager(environment)
    assert environment == {"HOME": "/root"}


def test_without_a_manager_nothing_happens() -> None:
    manager = ServiceManager({})
    manager.notify("READY=1")
    assert manager.inherited_sockets() == []


def test_a_manager_that_is_gone_stops_nobody(tmp_path: Path) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).notify("READY=1")


def test_sockets_for_another_process_are_left_alone() -> None:
    environment = {"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1"}
    assert ServiceManager(environment).inherited_sockets() == []


async def test_the_watchdog_hears_from_us_twice_as_often_as_it_asks(
    manager_socket: socket.socket,
) -> None:
    with manager_socket:
        manager = ServiceManager(
            {"NOTIFY_SOCKET": manager_socket.getsockname(), "WATCHDOG_USEC": "20000"}
        )
        manager_socket.setblocking(False)
        async with asyncio.timeout(5):
            alive = asyncio.ensure_future(manager.keep_alive())
            heard = [await asyncio.get_running_loop().sock_recv(manager_socket, 50) for _ in "123"]
            alive.cancel()
        assert heard == [b"WATCHDOG=1"] * 3


async def test_without_a_watchdog_nobody_is_told() -> None:
    await ServiceManager({}).keep_alive()


def test_an_inherited_socket_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        program = (
            "import os\n"
            f"os.dup2({listening.fileno()}, 3)\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            "from appliance.service_manager import ServiceManager\n"
            "(inherited,) = ServiceManager(os.environ).inherited_sockets()\n"
            "print(inherited.getsockname()[1], os.get_inheritable(inherited.fileno()))\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"LISTEN_FDS": "1"},
            pass_fds=[listening.fileno()],
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert answer.stdout.split() == [str(listening.getsockname()[1]), "False"]
