"""A real node on ports of its own, and people who sign up on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from appliance.assembly import Node, NodePlan, running_node
from appliance.cli.node import pages
from appliance.clock import Clock, system_clock
from appliance.config import (
    Admin,
    Config,
    Dashboard,
    DefaultQuotas,
    Dht,
    Drive,
    General,
    Metrics,
    RateLimit,
    Relays,
    Run,
    SocketAddress,
    Storage,
)
from appliance.data_folder import DASHBOARD_FILE
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.keys import Keypair

ADMIN_PASSWORD = "the operator's password"
ANY_PORT = SocketAddress("127.0.0.1", 0)


def config_on_free_ports(
    *,
    signup_mode: str = "open",
    trash_days: int = 30,
    max_upload_mb: int = 0,
    rate_limits: tuple[RateLimit, ...] = (),
    default_quotas: DefaultQuotas | None = None,
    default_quota_mb: int | None = None,
    min_free_mb: int | None = 0,
) -> Config:
    """A configuration whose every listener takes a free port, and without limits."""
    return Config(
        general=General(signup_mode=signup_mode),  # type: ignore[arg-type] # the test's word
        drive=Drive(
            icann_listen_socket=ANY_PORT,
            pubky_listen_socket=ANY_PORT,
            max_upload_mb=max_upload_mb,
            rate_limits=rate_limits,
        ),
        default_quotas=default_quotas or DefaultQuotas(),
        storage=Storage(
            trash_days=trash_days, default_quota_mb=default_quota_mb, min_free_mb=min_free_mb
        ),
        admin=Admin(listen_socket=ANY_PORT),
        metrics=Metrics(listen_socket=ANY_PORT),
        dashboard=Dashboard(listen_socket=ANY_PORT),
        dht=Dht(listen_socket=ANY_PORT, ipv6_listen_socket=SocketAddress("::1", 0)),
        relays=Relays(
            pkarr_listen_socket=ANY_PORT, http_listen_socket=ANY_PORT, requests_per_second=0
        ),
        run=replace(Run(), grace_s=1),
    )


@dataclass(frozen=True, slots=True)
class Appliance:
    """A running node and how to reach it."""

    node: Node
    data_dir: Path
    admin_password: str = ADMIN_PASSWORD

    @property
    def client_url(self) -> str:
        """Base URL of the client API."""
        return self.node.client_url

    @property
    def admin_url(self) -> str:
        """Base URL of the operator's API."""
        return self.node.admin_url or ""

    @property
    def metrics_url(self) -> str:
        """Base URL of the metrics listener."""
        return self.node.metrics_url or ""

    @property
    def dashboard_url(self) -> str:
        """Base URL of the pages."""
        return self.node.dashboard_url or ""

    @property
    def admin_token(self) -> str:
        """The token that the pages use at the operator's API."""
        return self.node.admin_token

    @property
    def dashboard_store(self) -> Path:
        """The dashboard's own sign-ins."""
        return self.data_dir / DASHBOARD_FILE

    @property
    def homeserver(self) -> str:
        """The node's key."""
        return self.node.keypair.public_key.z32


@asynccontextmanager
async def running_appliance(
    data_dir: Path,
    config: Config | None = None,
    *,
    fast_lane: bool = True,
    durable: bool = False,
    clock: Clock = system_clock,
) -> AsyncIterator[Appliance]:
    """Run a node in this process."""
    plan = NodePlan(
        data_dir=data_dir,
        config=config or config_on_free_ports(),
        keypair=Keypair.from_seed(bytes(31) + b"\x01"),
        access=AdminAccess(password_hash(ADMIN_PASSWORD)),
        dashboard=pages,
        durable=durable,
        fast_lane=fast_lane,
        clock=clock,
    )
    async with running_node(plan) as node:
        yield Appliance(node, data_dir)


_last_token_us = 0


def auth_token(keypair: Keypair, capabilities: str = "/:rw") -> bytes:
    """A fresh sign-in token; its time strictly grows, as every client's does."""
    global _last_token_us  # noqa: PLW0603 - one clock for all people of a test run
    _last_token_us = max(_last_token_us + 1, system_clock())
    return sign_auth_token(keypair, capabilities, _last_token_us)


@dataclass(slots=True)
class Person:
    """Somebody with a key, talking to one node as a browser client does."""

    keypair: Keypair
    http: httpx.AsyncClient
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def z32(self) -> str:
        """Their public key."""
        return self.keypair.public_key.z32

    async def sign_up(
        self, *, token: str | None = None, capabilities: str = "/:rw"
    ) -> httpx.Response:
        """POST /signup; keeps the cookie."""
        params = {} if token is None else {"signup_token": token}
        response = await self.http.post(
            "/signup", params=params, content=auth_token(self.keypair, capabilities)
        )
        self._keep_cookie(response)
        return response

    async def sign_in(self, *, capabilities: str = "/:rw") -> httpx.Response:
        """POST /session; keeps the cookie."""
        response = await self.http.post("/session", content=auth_token(self.keypair, capabilities))
        self._keep_cookie(response)
        return response

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in client sends with a legacy request."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"pubky-host": self.z32} | ({"cookie": cookie} if cookie else {})

    async def put(self, path: str, content: bytes | str = b"", **headers: str) -> httpx.Response:
        """PUT a file of their own."""
        return await self.http.put(path, content=content, headers=self.headers | headers)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """GET something of their own."""
        return await self.http.get(path, headers=self.headers | headers)

    async def delete(self, path: str) -> httpx.Response:
        """DELETE a file of their own."""
        return await self.http.delete(path, headers=self.headers)

    def _keep_cookie(self, response: httpx.Response) -> None:
        cookie = response.headers.get("set-cookie")
        if cookie:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]


def keypair_of(name: str) -> Keypair:
    """The same key for the same name, in every run."""
    return Keypair.from_seed(name.encode().ljust(32, b"."))
