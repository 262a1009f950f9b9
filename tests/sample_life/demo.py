"""`make demo`: a node on loopback on which everybody has lived, gone when it ends."""

import asyncio
import secrets
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.assembly import StartError
from appliance.config import Config, Pkdns, SocketAddress
from appliance.logs import set_up_logs
from appliance.web.asgi import ASGIApp, Receive, Scope, Send
from tests.sample_life.lived_in import PASSWORD, LivedIn, lived_in_node
from tests.sample_life.lives import LIVES
from tests.sample_life.people import Name
from tests.support.appliance import config_on_free_ports
from tests.support.dht import dht_network

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 6290
DHT_NODES = 3
_LANDING = b"""<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Signing in</title>
<meta http-equiv="refresh" content="0;url=/login"><p><a href="/login">Go on</a></p></html>"""
_CLOSED = b"Nobody is signed in: this person is not let in now, or too many tried at once."


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to see."""

    names: Sequence[Name]
    with_largest: bool
    dashboard_port: int


class SideDoor:
    """Signs visitors in as one of the lives, by an address that only the terminal tells.

    It plays the wallet of that person and hands the session over. It exists in the demo alone: a
    node has no such door, and here everybody's keys are in the source.
    """

    def __init__(self, names: Sequence[Name]) -> None:
        self.lived_in: LivedIn | None = None
        self.paths: Mapping[str, Name] = {
            f"/as/{name}/{secrets.token_urlsafe(16)}": name for name in names if name != "dee"
        }

    def in_front_of(self, pages: ASGIApp) -> ASGIApp:
        """The pages with the door."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            name = self.paths.get(scope.get("path", ""))
            if name is None or self.lived_in is None:
                await pages(scope, receive, send)
            else:
                await self._let_in(self.lived_in, name, send)

        return app

    async def _let_in(self, lived_in: LivedIn, name: Name, send: Send) -> None:
        status, headers, body = 200, [(b"content-type", b"text/html; charset=utf-8")], _LANDING
        try:
            async with lived_in.browser_of(name) as browser:
                for cookie in browser.http.cookies.jar:
                    text = f"{cookie.name}={cookie.value}; Path=/; HttpOnly; SameSite=Strict"
                    headers.append((b"set-cookie", text.encode()))
        except (PermissionError, AssertionError):  # the people of the tests assert what they expect
            status, headers, body = 403, [(b"content-type", b"text/plain")], _CLOSED
        headers.append((b"cache-control", b"no-store"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def run(wish: Wish) -> int:
    """Run the demo until it is interrupted; the exit code."""
    set_up_logs("warning", "text")
    code = 0
    try:
        asyncio.run(_until_interrupted(wish))
    except* StartError as errors:  # the DHT's task groups hand on what ends them in groups
        print(f"The demo cannot start: {_first(errors)}", file=sys.stderr)
        code = 2
    return code


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _until_interrupted(wish: Wish) -> None:
    """Whatever is under way ends in order: the folder goes last."""
    running = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel if running else loop.stop)
    try:
        await _demo(wish)
    except asyncio.CancelledError:
        print("\nThe demo has ended, and nothing of it is left.")


async def _demo(wish: Wish) -> None:
    door = SideDoor(wish.names)
    print(f"Filling a throw-away node with the lives of {', '.join(wish.names)}:", flush=True)
    with tempfile.TemporaryDirectory(prefix="pubky-demo-") as folder:
        async with (
            dht_network(DHT_NODES) as dht,
            lived_in_node(
                Path(folder),
                wish.names,
                config=_config(wish, f"{LOOPBACK}:{dht[0].addresses[0][1]}"),
                with_largest=wish.with_largest,
                say=lambda line: print(f"  {line}", flush=True),
                around_pages=door.in_front_of,
            ) as lived_in,
        ):
            door.lived_in = lived_in
            await _announce(lived_in, door)
            await asyncio.Event().wait()


def _config(wish: Wish, dht_entrance: str) -> Config:
    config = config_on_free_ports(signup_mode="token_required")
    address = SocketAddress(LOOPBACK, wish.dashboard_port)
    return replace(
        config,
        dashboard=replace(config.dashboard, listen_socket=address),
        pkdns=Pkdns(dht_bootstrap_nodes=(dht_entrance,)),
    )


async def _announce(lived_in: LivedIn, door: SideDoor) -> None:
    print("\nThe demo is running; its clock began at 2026-11-20 00:00 UTC. Stop it with Ctrl-C.\n")
    print(f"  Sign in      {await lived_in.login_link()}")
    print("               as the operator, without a key: once, within 15 minutes")
    for path, name in door.paths.items():
        print(f"  As {name.capitalize():<9} {lived_in.origin}{path}")
        print(f"               who {LIVES[name].about}")
    print(f"\n  Client API   {lived_in.node.client_url}")
    print(f"  Admin API    {lived_in.node.admin_url}  (password: {PASSWORD})")
    print("\nAll keys of the demo are in its source: keep nothing of yours here.", flush=True)
