"""A running node on which everybody has lived, at the present of the story, and ways to sign in."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import httpx

from appliance.assembly import Doors, Node, NodePlan, Pages, running_node
from appliance.clock import system_clock
from appliance.config import Config
from appliance.data_folder import DASHBOARD_FILE
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.capabilities import list_text
from appliance.pubky.deep_links import DeepLink
from appliance.web.asgi import ASGIApp
from dashboard.app import DashboardSettings, create_app
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, browser_at
from tests.sample_life import people
from tests.sample_life.acts import END_US
from tests.sample_life.filling import Say, fill, opened_place
from tests.sample_life.people import EVERYBODY_QUICK, Name
from tests.support.appliance import config_on_free_ports
from tests.support.wallet import NONCE_BYTES, channel_id, channel_url, seal

PASSWORD = secrets.token_urlsafe(12)
"""The operator's, at the operator's API: another one in every run."""

AroundPages = Callable[[ASGIApp], ASGIApp]
"""Something that stands in front of the pages."""


@dataclass(frozen=True, slots=True)
class StoryClock:
    """Shows the end of the story when it is made, and goes on from there."""

    begun_us: int = field(default_factory=system_clock)

    def __call__(self) -> int:
        return END_US + system_clock() - self.begun_us

    def seconds(self) -> float:
        """The same in seconds, as the pages want it."""
        return self() / 1e6


@dataclass(frozen=True, slots=True)
class LivedIn:
    """The running node and its time."""

    node: Node
    data_dir: Path
    clock: StoryClock

    @property
    def origin(self) -> str:
        """Where the pages are."""
        return self.node.dashboard_url or ""

    async def login_link(self) -> str:
        """A link that signs the operator in once."""
        store = self.data_dir / DASHBOARD_FILE
        return await create_login_link(store, self.origin, now_s=self.clock.seconds)

    @asynccontextmanager
    async def browser_of(self, name: Name) -> AsyncIterator[Browser]:
        """A browser in which this person is signed in, with their own data connected.

        Raises PermissionError when the pages do not let them in.
        """
        async with browser_at(self.origin) as browser:
            await self._approve(await browser.begin_sign_in(), name, browser.http)
            answer = await browser.get("/login/wait")
            if answer.status_code != 303:
                raise PermissionError(f"{name} is not let in")
            await browser.post("/connect", {"rights": "everything"})
            await self._approve(await browser.shown_link(), name, browser.http)
            connected = await browser.get("/scan")
            if connected.status_code != 303:
                raise PermissionError(f"the data of {name} cannot be connected")
            yield browser

    async def _approve(self, link: str, name: Name, http: httpx.AsyncClient) -> None:
        """Do what a person's wallet does, at the time of the story."""
        asked = DeepLink.parse(link)
        if asked.relay is None or asked.secret is None:
            raise ValueError("the link names no way to answer it")
        token = sign_auth_token(people.keypair(name), list_text(asked.capabilities), self.clock())
        address = channel_url(asked.relay, channel_id(asked.secret))
        sealed = seal(token, asked.secret, secrets.token_bytes(NONCE_BYTES))
        (await http.post(address, content=sealed)).raise_for_status()


@asynccontextmanager
async def lived_in_node(
    data_dir: Path,
    names: Sequence[Name] = EVERYBODY_QUICK,
    *,
    config: Config | None = None,
    with_largest: bool = False,
    say: Say = lambda _line: None,
    around_pages: AroundPages = lambda pages: pages,
) -> AsyncIterator[LivedIn]:
    """Fill a new data folder and run a node on it for the length of the block.

    Ada runs the node. The listeners have free ports unless `config` says otherwise. Raises
    StartError.
    """
    homeserver = people.keypair("node")
    async with opened_place(data_dir, homeserver.public_key.z32) as place:
        await fill(place, names, with_largest=with_largest, say=say)
    clock = StoryClock()
    plan = NodePlan(
        data_dir=data_dir,
        config=with_ada_as_operator(config or config_on_free_ports(signup_mode="token_required")),
        keypair=homeserver,
        access=AdminAccess(password_hash(PASSWORD)),
        dashboard=_pages(clock, around_pages),
        durable=False,
        clock=clock,
    )
    async with running_node(plan) as node:
        yield LivedIn(node, data_dir, clock)


def with_ada_as_operator(config: Config) -> Config:
    """The same configuration, with Ada's key as the one that runs the node."""
    return replace(config, dashboard=replace(config.dashboard, operators=(people.key("ada"),)))


def _pages(clock: StoryClock, around_pages: AroundPages) -> Pages:
    @asynccontextmanager
    async def pages(doors: Doors) -> AsyncIterator[ASGIApp]:
        settings = DashboardSettings(
            origin=doors.origin,
            client_url=doors.client_url,
            admin_url=doors.admin_url,
            admin_token=doors.admin_token,
            store_path=doors.data_dir / DASHBOARD_FILE,
            operators=doors.settings.operators,
        )
        app = create_app(settings, now_s=clock.seconds)
        await app.startup()
        try:
            yield around_pages(cast("ASGIApp", app))
        finally:
            await app.shutdown()

    return pages
