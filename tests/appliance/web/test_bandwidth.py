"""Slow bodies: how long they take, whom they slow down, and that nothing waits for a client that
left. The few tests that need real time need two or three seconds of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from appliance.config import Bandwidth as Rate
from appliance.config import DefaultQuotas
from appliance.homeserver.quotas import Quotas, parse_changes
from appliance.homeserver.sessions import ActiveSession
from appliance.web.asgi import Message, Receive, Scope, Send
from appliance.web.bandwidth import Bandwidth
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.asgi_client import http_scope
from tests.support.http_clients import cookieless_client

KIB = 1024


@asynccontextmanager
async def slow_node(
    data_dir: Path, **rates: str
) -> AsyncIterator[tuple[Appliance, httpx.AsyncClient]]:
    """A node with default rates, and a client of it."""
    defaults = DefaultQuotas(**{name: Rate.parse(text) for name, text in rates.items()})  # type: ignore[arg-type] # no bursts here
    config = config_on_free_ports(default_quotas=defaults)
    async with (
        running_appliance(data_dir, config) as appliance,
        cookieless_client(appliance.client_url) as http,
    ):
        yield appliance, http


async def signed_up(name: str, http: httpx.AsyncClient) -> Person:
    """Somebody new."""
    person = Person(keypair_of(name), http)
    assert (await person.sign_up()).status_code == 200
    return person


async def seconds_of_put(person: Person, size: int) -> float:
    """How long an upload takes."""
    begin_s = time.monotonic()
    assert (await person.put("/pub/x", bytes(size))).status_code == 201
    return time.monotonic() - begin_s


async def seconds_of_get(person: Person, size: int) -> float:
    """How long a download takes."""
    begin_s = time.monotonic()
    assert (await person.get("/pub/x")).content == bytes(size)
    return time.monotonic() - begin_s


async def test_per_user_speed_override_throttles_via_admin_api(tmp_path: Path) -> None:
    """Also the reference's test_limit_upload."""
    async with slow_node(tmp_path, rate_write="1mb/s") as (appliance, http):
        alice, bob = await signed_up("alice", http), await signed_up("bob", http)
        await appliance.node.services.quotas.change(
            alice.z32, parse_changes({"rate_write": "1kb/s"})
        )
        slow_s, quick_s = await asyncio.gather(
            seconds_of_put(alice, 3 * KIB), seconds_of_put(bob, 3 * KIB)
        )
        assert slow_s > 2
        assert quick_s < 2


async def test_per_user_read_speed_override_throttles_via_admin_api(tmp_path: Path) -> None:
    async with slow_node(tmp_path, rate_read="1mb/s") as (appliance, http):
        alice, bob = await signed_up("alice", http), await signed_up("bob", http)
        for person in (alice, bob):
            await person.put("/pub/x", bytes(3 * KIB))
        await appliance.node.services.quotas.change(
            alice.z32, parse_changes({"rate_read": "1kb/s"})
        )
        slow_s, quick_s = await asyncio.gather(
            seconds_of_get(alice, 3 * KIB), seconds_of_get(bob, 3 * KIB)
        )
        assert slow_s > 2
        assert quick_s < 2


@pytest.mark.parametrize("writing", [True, False])
async def test_concurrent_write_read(tmp_path: Path, writing: bool) -> None:
    rates = {"rate_write": "1kb/s"} if writing else {"rate_read": "1kb/s"}
    async with slow_node(tmp_path, **rates) as (_, http):
        people = [await signed_up(f"person {number}", http) for number in range(10)]
        if not writing:
            await asyncio.gather(*(person.put("/pub/x", bytes(3 * KIB)) for person in people))
        action = seconds_of_put if writing else seconds_of_get
        times_s = await asyncio.gather(*(action(person, 3 * KIB) for person in people))
        assert min(times_s) > 2
        assert max(times_s) < 5


async def test_throttle_unauthenticated_download(tmp_path: Path) -> None:
    """One address shares its rate: what signing up left, and then 2 KiB a second for both."""
    async with slow_node(tmp_path, unauthenticated_ip_rate_read="2kb/s") as (_, http):
        alice = await signed_up("alice", http)
        await alice.put("/pub/x", bytes(2 * KIB))
        url = f"/storage/{alice.z32}/pub/x"
        begin_s = time.monotonic()
        answers = await asyncio.gather(http.get(url), http.get(url))
        assert time.monotonic() - begin_s > 1.4
        assert [len(answer.content) for answer in answers] == [2 * KIB] * 2


async def test_user_rate_override_unlimited_bypass(tmp_path: Path) -> None:
    async with slow_node(tmp_path, rate_write="1kb/h", rate_read="1kb/h") as (appliance, http):
        alice = await signed_up("alice", http)
        await appliance.node.services.quotas.change(
            alice.z32, parse_changes({"rate_write": "unlimited", "rate_read": "unlimited"})
        )
        assert await seconds_of_put(alice, 100 * KIB) < 2
        assert await seconds_of_get(alice, 100 * KIB) < 2


async def test_a_burst_passes_at_once(tmp_path: Path) -> None:
    async with slow_node(tmp_path) as (appliance, http):
        alice = await signed_up("alice", http)
        changes = parse_changes({"rate_write": "1kb/h", "rate_write_burst": 100})
        await appliance.node.services.quotas.change(alice.z32, changes)
        assert await seconds_of_put(alice, 80 * KIB) < 2


async def test_a_small_route_is_slowed_down_too(tmp_path: Path) -> None:
    async with slow_node(tmp_path, unauthenticated_ip_rate_read="2kb/s") as (_, http):
        begin_s = time.monotonic()
        answers = await asyncio.gather(*(http.get("/") for _ in range(4)))
        assert time.monotonic() - begin_s > 0.9
        assert {answer.text for answer in answers} == {"Pubky Homeserver"}


async def test_an_unlimited_request_is_passed_on_untouched() -> None:
    bandwidth = Bandwidth(Quotas(None, None, DefaultQuotas()), ())  # type: ignore[arg-type] # not asked
    passed: list[object] = []

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        passed.extend((receive, send))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return

    scope = http_scope("GET", "/")
    await bandwidth.run(app, None, scope, receive, send)
    assert passed == [receive, send]


class Wire:
    """Both ends of one request of a stranger to an app behind a rate."""

    def __init__(self, rate: str) -> None:
        defaults = DefaultQuotas(unauthenticated_ip_rate_read=Rate.parse(rate))
        self.bandwidth = Bandwidth(Quotas(None, None, defaults), ())  # type: ignore[arg-type] # not asked
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def run(self, app: "App", method: str = "GET", **headers: str) -> None:
        """The whole request."""
        scope = http_scope(method, "/", headers.items()) | {"client": ("192.0.2.1", 1)}
        session: ActiveSession | None = None
        await self.bandwidth.run(app, session, scope, self.incoming.get, self._send)


class App:
    """Answers with so many bytes after reading the whole body; keeps what it read."""

    def __init__(self, size: int, *, reads: bool = False) -> None:
        self.size = size
        self.reads = reads
        self.read: list[Message] = []

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        while self.reads and (not self.read or self.read[-1]["more_body"]):
            self.read.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(self.size), "more_body": False})


async def test_a_large_part_goes_out_in_pieces_and_ends_once() -> None:
    wire = Wire("1mb/s")
    await wire.run(App(600 * KIB))
    bodies = wire.sent[1:]
    assert max(len(body["body"]) for body in bodies) == 256 * KIB
    assert b"".join(body["body"] for body in bodies) == bytes(600 * KIB)
    assert [body["more_body"] for body in bodies] == [True] * 3 + [False]


async def test_a_request_body_arrives_whole_and_ends_once() -> None:
    wire, app = Wire("4gb/s"), App(1, reads=True)
    wire.incoming.put_nowait({"type": "http.request", "body": bytes(600 * KIB), "more_body": True})
    wire.incoming.put_nowait({"type": "http.request", "body": b"end", "more_body": True})
    wire.incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await wire.run(app, "PUT", **{"transfer-encoding": "chunked"})
    assert b"".join(message["body"] for message in app.read) == bytes(600 * KIB) + b"end"
    assert [message["more_body"] for message in app.read] == [True] * (len(app.read) - 1) + [False]


async def test_nothing_waits_for_a_client_that_left() -> None:
    wire = Wire("1kb/d")
    wire.incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    wire.incoming.put_nowait({"type": "http.disconnect"})
    async with asyncio.timeout(5):
        await wire.run(App(10 * KIB))
    assert len(wire.sent) == 2


async def test_empty_and_small_answers_do_not_wait() -> None:
    wire = Wire("1kb/d")
    async with asyncio.timeout(5):
        await wire.run(App(0))
        await wire.run(App(KIB))
