"""Who is believed about our address, for how long, and when a change is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from appliance.pkarr import address_watcher
from appliance.pkarr.address_watcher import (
    ECHO_EVERY_S,
    MAP_EVERY_S,
    MOST_SILENCES,
    AddressWatcher,
    Family,
    Watching,
    echoed_address,
    is_public,
    local_address,
)
from tests.support.nat_router import NatRouter, nat_router

ROUTED, ECHOED, VOTED = "8.8.8.8", "9.9.9.9", "1.1.1.1"
VOTED6 = "2606:4700:4700::1111"
BOTH = Watching(ipv4=True, ipv6=True)


class Votes:
    """What the DHT's nodes say; settable."""

    def __init__(self, ipv4: str | None = VOTED, ipv6: str | None = None) -> None:
        self.said: dict[Family, str | None] = {4: ipv4, 6: ipv6}

    def __call__(self, family: Family) -> str | None:
        return self.said[family]


class Poll:
    """What some nodes say when they are asked; settable, and counted."""

    def __init__(self) -> None:
        self.said: str | None = None
        self.rounds = 0

    async def __call__(self, family: Family) -> str | None:
        self.rounds += 1
        return self.said if family == 4 else None


class Watched:
    """A watcher whose clock the test winds, and how often it told of a change."""

    def __init__(self, watching: Watching, votes: Votes) -> None:
        self.changes = 0
        self.now_s = 0.0
        self.poll = Poll()
        self.watcher = AddressWatcher(watching, votes, self.poll, self._changed)

    async def look(self, after_s: float = 0.0) -> tuple[str | None, str | None]:
        """Let time pass and look; what was found."""
        self.now_s += after_s
        await self.watcher.look(self.now_s)
        return self.watcher.ipv4, self.watcher.ipv6

    def _changed(self) -> None:
        self.changes += 1


def behind(router: NatRouter, *tcp_ports: int) -> Watching:
    """What to watch behind this router."""
    return Watching(
        ipv4=True,
        ipv6=False,
        nat_pmp=True,
        ports=tuple(("tcp", port) for port in tcp_ports),
        gateway="127.0.0.1",
        gateway_port=router.port,
    )


@asynccontextmanager
async def page(*answers: bytes) -> AsyncIterator[str]:
    """A page that gives these bodies in turn, the last one for ever; an empty one is a failure."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = left.pop(0) if len(left) > 1 else left[0]
        status = b"200 OK" if body else b"503 Unavailable"
        head = b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        writer.write(head % (status, len(body)) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_what_the_dht_sees_is_told_once() -> None:
    watched = Watched(BOTH, Votes(VOTED, VOTED6))
    assert await watched.look() == (VOTED, VOTED6)
    assert await watched.look() == (VOTED, VOTED6)
    assert watched.changes == 1


async def test_a_change_is_told_at_the_next_look() -> None:
    votes = Votes()
    watched = Watched(replace(BOTH, ipv6=False), votes)
    await watched.look()
    votes.said[4] = ECHOED
    assert await watched.look() == (ECHOED, None)
    assert watched.changes == 2


async def test_nodes_that_are_asked_now_are_believed_before_those_heard_earlier() -> None:
    watched = Watched(replace(BOTH, ipv6=False), Votes())
    await watched.look()
    watched.poll.said = ECHOED
    assert await watched.look() == (ECHOED, None)


async def test_nodes_that_were_asked_are_believed_for_a_while_only() -> None:
    watched = Watched(replace(BOTH, ipv6=False), Votes())
    watched.poll.said = ECHOED
    await watched.look()
    watched.poll.said = None
    seen = [(await watched.look())[0] for _ in range(MOST_SILENCES)]
    assert seen == [ECHOED] * (MOST_SILENCES - 1) + [VOTED]


async def test_nobody_is_asked_while_this_machine_itself_has_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = [VOTED]
    monkeypatch.setattr(address_watcher, "local_address", lambda _family: here[0])
    watched = Watched(replace(BOTH, ipv6=False), Votes())
    for _ in range(3):
        assert await watched.look() == (VOTED, None)
    assert watched.poll.rounds == 1
    here[0] = watched.poll.said = ECHOED
    assert await watched.look() == (ECHOED, None)


async def test_nobody_is_asked_while_the_router_knows() -> None:
    async with nat_router(ROUTED) as router:
        watched = Watched(behind(router), Votes())
        for _ in range(3):
            await watched.look()
        assert watched.poll.rounds == 1


async def test_a_family_that_is_not_watched_stays_unknown() -> None:
    watched = Watched(Watching(ipv4=False, ipv6=True), Votes(VOTED, VOTED6))
    assert await watched.look() == (None, VOTED6)


@pytest.mark.parametrize(
    "private",
    ["10.0.0.7", "192.168.1.7", "100.64.3.4", "127.0.0.1", "255.255.255.255", "224.0.0.1", "?"],
)
def test_an_address_that_others_cannot_reach_is_not_public(private: str) -> None:
    assert not is_public(private, 4)


@pytest.mark.parametrize("private", ["::1", "fe80::1", "fd00::1", "::ffff:8.8.8.8", "ff02::1"])
def test_an_ipv6_address_that_others_cannot_reach_is_not_public(private: str) -> None:
    assert not is_public(private, 6)


def test_an_address_of_the_other_family_is_not_public_in_this_one() -> None:
    assert is_public(VOTED, 4)
    assert is_public(VOTED6, 6)
    assert not is_public(VOTED, 6)
    assert not is_public(VOTED6, 4)


def test_the_local_address_is_found_without_sending_anything() -> None:
    found = local_address(4)
    assert found is None or found.count(".") == 3


async def test_the_router_is_believed_before_everybody_else() -> None:
    async with nat_router(ROUTED) as router, page(ECHOED.encode()) as url:
        watched = Watched(replace(behind(router), echo_url=url), Votes())
        assert await watched.look() == (ROUTED, None)


async def test_a_router_behind_another_one_is_not_believed() -> None:
    async with nat_router("100.64.3.4") as router:
        assert await Watched(behind(router), Votes()).look() == (VOTED, None)


async def test_a_new_address_of_the_router_is_seen_at_the_next_look() -> None:
    async with nat_router(ROUTED) as router:
        watched = Watched(behind(router), Votes())
        await watched.look()
        router.address = ECHOED
        assert await watched.look() == (ECHOED, None)


async def test_a_router_that_falls_silent_is_believed_for_a_while_only() -> None:
    async with nat_router(ROUTED) as router:
        watched = Watched(behind(router), Votes())
        await watched.look()
        router.address = None
        seen = [(await watched.look())[0] for _ in range(MOST_SILENCES)]
        assert seen == [*[ROUTED] * (MOST_SILENCES - 1), VOTED]


async def test_ways_in_are_renewed_now_and_then_and_with_each_new_address() -> None:
    async with nat_router(ROUTED) as router:
        watched = Watched(behind(router, 6287, 6286), Votes())
        await watched.look()
        await watched.look(MAP_EVERY_S - 1)
        assert router.mappings == [("tcp", 6287), ("tcp", 6286)]
        await watched.look(1)
        assert len(router.mappings) == 4
        router.address = ECHOED
        await watched.look()
        assert len(router.mappings) == 6


async def test_the_port_that_the_router_chose_is_told() -> None:
    async with nat_router(ROUTED) as router:
        watched = Watched(behind(router, 6287), Votes())
        assert watched.watcher.external_port("tcp", 6287) == 6287
        router.shift = 1000
        await watched.look()
        assert watched.watcher.external_port("tcp", 6287) == 7287
        router.shift = 2000
        await watched.look(MAP_EVERY_S)
        assert (watched.watcher.external_port("tcp", 6287), watched.changes) == (8287, 2)


async def test_the_operators_page_is_believed_before_the_dht() -> None:
    async with page(ECHOED.encode() + b"\n") as url:
        watched = Watched(Watching(ipv4=True, ipv6=True, echo_url=url), Votes(VOTED, VOTED6))
        assert await watched.look() == (ECHOED, VOTED6)


async def test_the_page_is_asked_less_often_than_we_look() -> None:
    async with page(ECHOED.encode(), ROUTED.encode()) as url:
        watched = Watched(Watching(ipv4=True, ipv6=False, echo_url=url), Votes())
        assert await watched.look() == (ECHOED, None)
        assert await watched.look(ECHO_EVERY_S - 1) == (ECHOED, None)
        assert await watched.look(1) == (ROUTED, None)


async def test_a_page_that_is_gone_is_believed_for_a_while_only() -> None:
    async with page(ECHOED.encode(), b"") as url:
        watched = Watched(Watching(ipv4=True, ipv6=False, echo_url=url), Votes())
        await watched.look()
        seen = [(await watched.look(ECHO_EVERY_S))[0] for _ in range(MOST_SILENCES)]
        assert seen == [*[ECHOED] * (MOST_SILENCES - 1), VOTED]


@pytest.mark.parametrize("body", [b"", b"<html>9.9.9.9</html>", b"9.9.9.9" + b" " * 100, b"\xff"])
async def test_a_page_that_says_anything_else_says_nothing(body: bytes) -> None:
    async with page(body) as url:
        assert await echoed_address(url) is None


async def test_a_page_that_is_not_there_says_nothing() -> None:
    assert await echoed_address("http://127.0.0.1:9/") is None
