"""Our DHT nodes among nodes that we did not write: libtorrent's and npm bittorrent-dht's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from appliance.mainline.items import Item, MutableItem
from appliance.mainline.reports import OURSELVES, NodeOutcome
from appliance.mainline.udp import Dht, running_dht
from tests.support.appliance import keypair_of
from tests.support.bittorrent_dht_node import (
    BittorrentDhtNode,
    RefusedError,
    bittorrent_dht_node,
)
from tests.support.dht import dht_network, dht_settings, item_of
from tests.support.eventually import PATIENCE_S
from tests.support.libtorrent_node import LibtorrentNode, libtorrent_node

pytestmark = pytest.mark.system

ALICE, BOB = keypair_of("alice"), keypair_of("bob")
# Sequence numbers of pkarr are microseconds: beyond 32 bits, which some readers of numbers forget.
SEQ = 1_760_000_000_123_456
# No text in any encoding.
VALUE = bytes(range(256))

Peer = LibtorrentNode | BittorrentDhtNode


@pytest.fixture
async def ours() -> AsyncIterator[list[Dht]]:
    """Three servers that know each other."""
    async with dht_network(3) as nodes:
        yield nodes


@pytest.fixture
async def libtorrent(ours: list[Dht]) -> AsyncIterator[LibtorrentNode]:
    """A node of libtorrent's in the network of ours."""
    async with libtorrent_node(*(dht.addresses[0] for dht in ours)) as peer:
        await met(ours, peer)
        yield peer


@pytest.fixture
async def bittorrent_dht(ours: list[Dht]) -> AsyncIterator[BittorrentDhtNode]:
    """A node of bittorrent-dht's in the network of ours."""
    async with bittorrent_dht_node(*(dht.addresses[0] for dht in ours)) as peer:
        await met(ours, peer)
        yield peer


@pytest.fixture
async def client(peer: Peer) -> AsyncIterator[Dht]:
    """A client of ours that knows nobody but the peer."""
    async with running_dht(dht_settings(mode="client")) as dht:
        await met([dht], peer)
        yield dht


@pytest.fixture(params=["libtorrent", "bittorrent-dht"])
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[Peer]:
    """A node of either kind that knows nobody."""
    if request.param == "libtorrent":
        async with libtorrent_node() as torrent:
            yield torrent
    else:
        async with bittorrent_dht_node() as npm:
            yield npm


async def met(ours: list[Dht], peer: Peer) -> None:
    """Nodes join a table by an answer, so ours ask the peer: again, if a datagram got lost."""
    for dht in ours:
        async with asyncio.timeout(PATIENCE_S):
            while not (await dht.ping(peer.address)).answered:
                pass  # a ping that nobody answers takes its time


def outcome_at(peer: Peer, outcomes: tuple[NodeOutcome, ...]) -> NodeOutcome:
    return next(outcome for outcome in outcomes if outcome.address == peer.address)


# --- A peer keeps what we store ------------------------------------------------------------------


async def test_a_peer_alone_keeps_our_item_for_another_of_us(peer: Peer, client: Dht) -> None:
    item = item_of(ALICE, SEQ, VALUE)
    put = await client.put(item)
    assert put.outcomes == (NodeOutcome(peer.address, "stored"),)
    async with running_dht(dht_settings(mode="client")) as other:
        await met([other], peer)
        assert (await other.get(ALICE.public_key.raw)).item == item


async def test_a_peer_tells_salts_apart(client: Dht) -> None:
    plain, salted = item_of(ALICE, SEQ, b"plain"), item_of(ALICE, SEQ, b"salted", salt=b"salt")
    await client.put(plain)
    await client.put(salted)
    assert (await client.get(ALICE.public_key.raw)).item == plain
    assert (await client.get(ALICE.public_key.raw, salt=b"salt")).item == salted


async def test_a_peer_replaces_our_item_by_a_newer_one(client: Dht) -> None:
    await client.put(item_of(ALICE, SEQ, b"old"))
    newer = item_of(ALICE, SEQ + 1, b"new")
    assert (await client.put(newer, cas=SEQ)).stored_nodes == 1
    assert (await client.get(ALICE.public_key.raw)).item == newer


async def test_a_peer_that_holds_something_newer_is_a_conflict(client: Dht) -> None:
    await client.put(item_of(ALICE, SEQ, b"new"))
    put = await client.put(item_of(ALICE, SEQ - 1, b"old"))
    assert (put.conflict, put.stored_nodes) == ("outdated", 0)
    assert put.outcomes[0].code == 302


async def test_a_peer_that_holds_something_else_is_a_conflict(client: Dht) -> None:
    await client.put(item_of(ALICE, SEQ, b"one"))
    put = await client.put(item_of(ALICE, SEQ + 2, b"three"), cas=SEQ + 1)
    assert (put.conflict, put.stored_nodes) == ("cas", 0)
    assert put.outcomes[0].code == 301


async def test_a_peer_has_nothing_under_an_unknown_key(client: Dht) -> None:
    report = await client.get(BOB.public_key.raw)
    assert (report.item, report.responded, report.usable) == (None, 1, 1)


async def test_what_we_have_is_not_told_again(client: Dht) -> None:
    """libtorrent does not send it, and of bittorrent-dht, which does, we do not take it."""
    await client.put(item_of(ALICE, SEQ, VALUE))
    report = await client.get(ALICE.public_key.raw, after_seq=SEQ)
    assert (report.item, report.usable) == (None, 1)


async def test_libtorrent_keeps_996_bytes_and_no_more() -> None:
    """It counts the bencoded value; our packets stay below."""
    async with libtorrent_node() as peer, running_dht(dht_settings(mode="client")) as client:
        await met([client], peer)
        assert (await client.put(item_of(ALICE, SEQ, bytes(996)))).stored_nodes == 1
        put = await client.put(item_of(BOB, SEQ, bytes(997)))
        assert (put.outcomes[0].result, put.outcomes[0].code) == ("refused", 205)
        assert put.conflict is None


async def test_bittorrent_dht_keeps_1000_bytes() -> None:
    async with bittorrent_dht_node() as peer, running_dht(dht_settings(mode="client")) as client:
        await met([client], peer)
        item = item_of(ALICE, SEQ, bytes(1000))
        assert (await client.put(item)).stored_nodes == 1
        assert await peer.held(ALICE.public_key.raw) == item


# --- An unchanged item again ---------------------------------------------------------------------


async def test_an_unchanged_item_is_welcome_at_libtorrent_again() -> None:
    async with libtorrent_node() as peer, running_dht(dht_settings(mode="client")) as client:
        await met([client], peer)
        await client.put(item_of(ALICE, SEQ, VALUE))
        assert (await client.put(item_of(ALICE, SEQ, VALUE))).stored_nodes == 1


async def test_bittorrent_dht_refuses_an_unchanged_item_and_among_us_that_is_no_conflict(
    ours: list[Dht], bittorrent_dht: BittorrentDhtNode
) -> None:
    item = item_of(ALICE, SEQ, VALUE)
    assert (await ours[0].put(item)).stored_nodes == 4
    again = await ours[1].put(item)
    assert outcome_at(bittorrent_dht, again.outcomes).code == 302
    assert (again.conflict, again.stored_nodes) == (None, 3)
    assert await bittorrent_dht.held(ALICE.public_key.raw) == item


# --- What we keep, a peer finds ------------------------------------------------------------------


async def test_libtorrent_finds_what_we_store(ours: list[Dht], libtorrent: LibtorrentNode) -> None:
    item = item_of(ALICE, SEQ, VALUE)
    put = await ours[0].put(item)
    assert {outcome.address for outcome in put.outcomes} == {
        OURSELVES,
        libtorrent.address,
        *(dht.addresses[0] for dht in ours[1:]),
    }
    assert put.stored_nodes == 4
    assert await libtorrent.get(ALICE.public_key.raw) == item
    assert await libtorrent.get(BOB.public_key.raw) is None


async def test_bittorrent_dht_finds_what_we_store(
    ours: list[Dht], bittorrent_dht: BittorrentDhtNode
) -> None:
    salted = item_of(ALICE, SEQ, VALUE, salt=b"salt")
    assert (await ours[0].put(salted)).stored_nodes == 4
    assert await bittorrent_dht.get(ALICE.public_key.raw, salt=b"salt") == salted
    assert await bittorrent_dht.get(ALICE.public_key.raw) is None


# --- What a peer stores, we keep and find --------------------------------------------------------


async def test_we_keep_what_libtorrent_stores_and_the_next_version_of_it(
    ours: list[Dht], libtorrent: LibtorrentNode
) -> None:
    for seq, value in ((1, b"one"), (2, VALUE)):
        assert await libtorrent.put(BOB, value) == 4
        for dht in ours:
            assert dht.stats()[0].mutable_items == 1
            assert said((await dht.get(BOB.public_key.raw)).item) == (seq, value)


async def test_libtorrent_follows_a_sequence_number_of_ours(
    ours: list[Dht], libtorrent: LibtorrentNode
) -> None:
    await ours[0].put(item_of(BOB, SEQ, b"ours"))
    await libtorrent.put(BOB, b"its own")
    assert said((await ours[2].get(BOB.public_key.raw)).item) == (SEQ + 1, b"its own")
    assert (await ours[1].put(item_of(BOB, SEQ, b"ours"))).conflict == "outdated"


async def test_we_keep_what_bittorrent_dht_stores(
    ours: list[Dht], bittorrent_dht: BittorrentDhtNode
) -> None:
    item = item_of(BOB, SEQ, VALUE, salt=b"salt")
    # It sends its item to others only.
    assert await bittorrent_dht.put(item) == 3
    for dht in ours:
        assert dht.stats()[0].mutable_items == 1
        assert (await dht.get(BOB.public_key.raw, salt=b"salt")).item == item


async def test_we_refuse_bittorrent_dht_in_words_that_it_understands(
    ours: list[Dht], bittorrent_dht: BittorrentDhtNode
) -> None:
    await ours[0].put(item_of(BOB, SEQ, b"new"))
    with pytest.raises(RefusedError) as lower:
        await bittorrent_dht.put(item_of(BOB, SEQ - 1, b"old"))
    assert lower.value.code == 302
    with pytest.raises(RefusedError) as other:
        await bittorrent_dht.put(item_of(BOB, SEQ + 2, b"three"), cas=SEQ + 1)
    assert other.value.code == 301
    with pytest.raises(RefusedError):
        await bittorrent_dht.put(forged(item_of(BOB, SEQ + 3, b"forged")))
    assert ours[0].stats()[0].counters["refused_puts_206"] == 1


def said(item: Item | None) -> tuple[int, bytes | None]:
    assert isinstance(item, MutableItem)
    return item.seq, item.value


def forged(item: MutableItem) -> MutableItem:
    assert item.value is not None
    return MutableItem.of(item.public_key, item.seq, bytes(64), item.value)


# --- All together --------------------------------------------------------------------------------


async def test_in_a_mixed_network_everybody_finds_what_anybody_stored(ours: list[Dht]) -> None:
    async with AsyncExitStack() as stack:
        entrances = [dht.addresses[0] for dht in ours]
        torrents, npms = [], []
        for _ in range(2):
            torrents.append(await stack.enter_async_context(libtorrent_node(*entrances)))
            npms.append(await stack.enter_async_context(bittorrent_dht_node(*entrances)))
        peers: list[Peer] = [*torrents, *npms]
        for peer in peers:
            await met(ours, peer)
        carol = keypair_of("carol")
        of_ours, of_npm = item_of(ALICE, SEQ, VALUE), item_of(BOB, SEQ, VALUE)

        put = await ours[0].put(of_ours)
        assert (put.stored_nodes, put.responded) == (7, 6)
        assert await npms[0].put(of_npm) >= 3
        assert await torrents[0].put(carol, VALUE) >= 3

        for dht in ours:
            assert (await dht.get(ALICE.public_key.raw)).item == of_ours
            assert (await dht.get(BOB.public_key.raw)).item == of_npm
            of_torrent = (await dht.get(carol.public_key.raw)).item
            assert said(of_torrent) == (1, VALUE)
            for peer in peers:
                assert await peer.get(ALICE.public_key.raw) == of_ours
                assert await peer.get(BOB.public_key.raw) == of_npm
                assert await peer.get(carol.public_key.raw) == of_torrent
