"""What publishing says and does while this node is cut off, and what one odd packet does to all."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from appliance.background import NotYetError
from appliance.mainline.krpc import decode, encode
from appliance.mainline.messages import Put, Query, Response
from appliance.mainline.udp import Dht, running_dht
from appliance.metadata import publications, users
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.pkarr import republisher
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.packet_cache import PacketCache
from appliance.pkarr.publishing import Publishing
from appliance.pkarr.republisher import Republisher
from appliance.pkarr.resolver import Resolver
from appliance.pubky.keys import Keypair
from tests.support.appliance import keypair_of
from tests.support.dht import dht_network, dht_settings
from tests.support.pkarr import packet_of_user, small_packet
from tests.support.settable_clock import START_US, SettableClock

NODE = keypair_of("homeserver")
ALICE, BOB, CAROL = (keypair_of(name) for name in ("alice", "bob", "carol"))
BEYOND_THE_DHT = 2**63


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    """Rows with three users."""
    opened = await open_sqlite(tmp_path / "test.sqlite3", durable=False)
    for user in (ALICE, BOB, CAROL):
        await opened.write(users.create, user.public_key.z32, START_US)
    yield opened
    await opened.close()


class Miser(asyncio.DatagramProtocol):
    """A node that answers every question, and keeps nothing that it is given."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = decode(data)
        if isinstance(query, Query) and not isinstance(query.request, Put):
            answer = Response(query.transaction_id, bytes(20), (), token=b"token")
            self._transport.sendto(encode(answer), addr)


class Home:
    """The republisher of a node, with an empty cache."""

    def __init__(self, metadata: SqliteMetadata, dht: Dht | None) -> None:
        clock = SettableClock()
        self.metadata = metadata
        self.kept = KeptPackets(metadata, NODE.public_key)
        self.publishing = Publishing(dht, (), metadata, clock)
        resolver = Resolver(PacketCache(clock, 100), dht, (), clock, self.kept.find)
        self.republisher = Republisher(
            NODE.public_key, metadata, resolver, self.publishing, self.kept, clock
        )

    async def knows(self, user: Keypair, timestamp_us: int = START_US) -> None:
        """Keep a packet by which this user points here."""
        await self.kept.keep(packet_of_user(user, NODE.public_key, timestamp_us), START_US)

    async def last_word(self, user: Keypair) -> tuple[str, str]:
        """Outcome and detail of the last attempt."""
        (last,) = await self.metadata.read(publications.newest, user.public_key.z32, 1)
        return last.outcome, last.detail


def at_once_or_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pause before a second attempt be longer than any test."""
    monkeypatch.setattr(republisher, "FIRST_PAUSE_S", 3600.0)


async def test_a_packet_that_the_dht_cannot_take_does_not_end_the_round_of_all(
    metadata: SqliteMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once_or_never(monkeypatch)
    async with dht_network(3) as nodes:
        home = Home(metadata, nodes[0])
        await home.knows(ALICE, BEYOND_THE_DHT)
        await home.knows(BOB)
        await home.knows(CAROL)
        await home.republisher.republish_all()
        assert home.republisher.outcomes == {"invalid": 1, "published": 2}
        assert (await home.last_word(ALICE))[0] == "invalid"


async def test_while_cut_off_nobody_is_missing(metadata: SqliteMetadata) -> None:
    async with running_dht(dht_settings(mode="client")) as lost:
        home = Home(metadata, lost)
        assert await home.republisher.republish(ALICE.public_key) == "failed"
        assert await home.last_word(ALICE) == ("failed", "no DHT node answered")


async def test_a_round_that_reaches_nobody_is_tried_again_soon(
    metadata: SqliteMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once_or_never(monkeypatch)
    async with running_dht(dht_settings(mode="client")) as lost:
        home = Home(metadata, lost)
        await home.knows(ALICE)
        with pytest.raises(NotYetError):
            await home.republisher.republish_all()
        assert (home.republisher.round.done, home.republisher.round.failed) == (3, 3)


async def test_a_round_that_reaches_somebody_is_over(metadata: SqliteMetadata) -> None:
    async with dht_network(3) as nodes:
        home = Home(metadata, nodes[0])
        await home.knows(ALICE)
        await home.republisher.republish_all()
        assert home.republisher.outcomes == {"published": 1, "missing": 2}


async def test_a_round_without_users_is_over(tmp_path: Path) -> None:
    empty = await open_sqlite(tmp_path / "empty.sqlite3", durable=False)
    await Home(empty, None).republisher.republish_all()
    await empty.close()


async def test_without_a_dht_an_attempt_fails_in_words(metadata: SqliteMetadata) -> None:
    home = Home(metadata, None)
    await home.knows(ALICE)
    assert await home.republisher.republish(ALICE.public_key) == "failed"
    assert await home.last_word(ALICE) == ("failed", "this node is not in the DHT")


async def test_a_copy_that_only_this_node_has_is_not_published(metadata: SqliteMetadata) -> None:
    async with running_dht(dht_settings()) as alone:
        attempt = await Home(metadata, alone).publishing.publish(
            small_packet(ALICE, 5), on_relays=False
        )
        (part,) = attempt.parts
        assert (part.outcome, part.detail) == ("failed", "no DHT node answered")
        assert not attempt.is_published


async def test_a_node_that_answers_and_stores_nothing_is_no_publication(
    metadata: SqliteMetadata,
) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Miser, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    settings = replace(dht_settings(timeout_s=0.1), bootstrap=(f"127.0.0.1:{port}",))
    async with running_dht(settings) as dht:
        attempt = await Home(metadata, dht).publishing.publish(
            small_packet(ALICE, 5), on_relays=False
        )
    transport.close()
    (part,) = attempt.parts
    assert (part.outcome, part.detail) == ("failed", "no DHT node stored it")
