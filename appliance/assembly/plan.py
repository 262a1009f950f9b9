"""What a node is built from, and what it gives to the pages."""

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import Clock, system_clock
from appliance.config import Config, Dashboard
from appliance.homeserver.admin_access import AdminAccess
from appliance.pubky.keys import Keypair
from appliance.web.asgi import ASGIApp


class StartError(Exception):
    """The node cannot start; the message is one line for the person who started it."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What the dashboard is given: where the two APIs are, and a token for the operator's.

    `trusted_proxies` may say where a visitor comes from.
    """

    origin: str
    client_url: str
    pkarr_relay_url: str | None
    admin_url: str
    admin_token: str
    data_dir: Path
    settings: Dashboard
    trusted_proxies: tuple[str, ...]


Pages = Callable[[Doors], AbstractAsyncContextManager[ASGIApp]]
"""Makes the dashboard's app and runs it for the length of a block."""


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Everything that a node is built from.

    `durable` False leaves flushing to the system, for nodes that end with the process.
    `dashboard` makes the pages; only the command line knows both packages. `inherited` sockets were
    opened by a service manager and are used where a part wants their address.
    """

    data_dir: Path
    config: Config
    keypair: Keypair
    access: AdminAccess
    dashboard: Pages | None = None
    durable: bool = True
    fast_lane: bool = True
    clock: Clock = system_clock
    inherited: tuple[socket.socket, ...] = ()
