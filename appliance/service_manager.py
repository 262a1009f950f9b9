"""What systemd hands over and wants to hear: listening sockets, readiness, signs of life.

The protocols are those of sd_listen_fds(3), sd_notify(3) and sd_watchdog_enabled(3). Without a
service manager everything here does nothing.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FIRST_INHERITED_FD = 3
US_PER_SECOND = 1_000_000


def credentials_folder(environment: Mapping[str, str]) -> Path | None:
    """Where the service manager put the secrets of this process, if it did (systemd.exec(5))."""
    text = environment.get("CREDENTIALS_DIRECTORY")
    return Path(text) if text else None


class ServiceManager:
    """The manager of this process, known by the environment that it gave to the process."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Takes what it needs out of `environment`: children must not speak in our name."""
        self._notify_socket = environment.pop("NOTIFY_SOCKET", "")
        watched = environment.pop("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        interval_us = environment.pop("WATCHDOG_USEC", "")
        self._watchdog_s = (
            int(interval_us) / US_PER_SECOND if watched and interval_us.isdecimal() else None
        )
        inherited = environment.pop("LISTEN_PID", "") == str(os.getpid())
        count = environment.pop("LISTEN_FDS", "")
        environment.pop("LISTEN_FDNAMES", None)
        self._inherited = int(count) if inherited and count.isdecimal() else 0

    def inherited_sockets(self) -> list[socket.socket]:
        """The sockets that were opened for this process; each is taken over once."""
        descriptors = range(FIRST_INHERITED_FD, FIRST_INHERITED_FD + self._inherited)
        self._inherited = 0
        sockets = []
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
            sockets.append(socket.socket(fileno=descriptor))
        return sockets

    def notify(self, *states: str) -> None:
        """Tell `READY=1`, `STOPPING=1`, `STATUS=…`; nobody listening is no reason to fail."""
        if not self._notify_socket:
            return
        # A name that begins with @ lies in the abstract namespace, written with a zero byte.
        name = self._notify_socket
        address = "\0" + name[1:] if name.startswith("@") else name
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            try:
                out.sendto("\n".join(states).encode(), address)
            except OSError:
                return

    async def keep_alive(self) -> None:
        """Show for ever that the event loop still turns, twice as often as the watchdog asks."""
        while self._watchdog_s is not None:
            self.notify("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 2)
