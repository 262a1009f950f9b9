"""The peers of torrents: newest first, gone after half an hour, and never too many."""

import pytest

from appliance.mainline import peer_store
from appliance.mainline.node_ids import Address
from appliance.mainline.peer_store import EXPIRY_S, PeerStore


def torrent(number: int) -> bytes:
    return number.to_bytes(20, "big")


def peer(number: int) -> Address:
    return f"203.0.{number >> 8}.{number & 255}", 6881


def test_those_who_announced_last_come_first() -> None:
    store = PeerStore()
    for number in range(3):
        store.announce(torrent(1), peer(number), float(number))
    assert store.peers(torrent(1), 3.0) == (peer(2), peer(1), peer(0))
    store.announce(torrent(1), peer(0), 3.0)
    assert store.peers(torrent(1), 3.0) == (peer(0), peer(2), peer(1))
    assert store.peers(torrent(1), 3.0, limit=2) == (peer(0), peer(2))


def test_torrents_are_kept_apart() -> None:
    store = PeerStore()
    store.announce(torrent(1), peer(1), 0.0)
    store.announce(torrent(2), peer(2), 0.0)
    assert store.peers(torrent(1), 0.0) == (peer(1),)
    assert store.peers(torrent(3), 0.0) == ()


def test_a_peer_is_counted_once_however_often_it_announces() -> None:
    store = PeerStore()
    for now in range(5):
        store.announce(torrent(1), peer(1), float(now))
    assert len(store) == 1


def test_a_peer_is_forgotten_half_an_hour_after_its_last_announcement() -> None:
    store = PeerStore()
    store.announce(torrent(1), peer(1), 0.0)
    store.announce(torrent(1), peer(2), 0.0)
    store.announce(torrent(1), peer(1), 100.0)
    assert store.peers(torrent(1), EXPIRY_S - 1) == (peer(1), peer(2))
    assert store.peers(torrent(1), EXPIRY_S) == (peer(1),)
    assert store.peers(torrent(1), EXPIRY_S + 100) == ()
    assert len(store) == 0


def test_torrents_that_nobody_asks_for_are_forgotten_as_others_announce() -> None:
    store = PeerStore()
    store.announce(torrent(1), peer(1), 0.0)
    store.announce(torrent(2), peer(2), EXPIRY_S)
    assert len(store) == 1


def test_a_torrent_has_500_peers_at_most() -> None:
    store = PeerStore()
    for number in range(501):
        store.announce(torrent(1), peer(number), float(number))
    kept = store.peers(torrent(1), 501.0, limit=1000)
    assert kept == tuple(peer(number) for number in range(500, 0, -1))
    assert len(store) == 500


def test_there_are_2000_torrents_at_most() -> None:
    store = PeerStore()
    for number in range(2001):
        store.announce(torrent(number), peer(1), 0.0)
    assert store.peers(torrent(0), 0.0) == ()
    assert store.peers(torrent(1), 0.0) == (peer(1),)
    assert len(store) == 2000


def test_a_torrent_that_goes_on_is_kept_before_one_that_does_not() -> None:
    store = PeerStore()
    for number in [*range(2000), 0, 2000]:
        store.announce(torrent(number), peer(1), 0.0)
    assert store.peers(torrent(0), 0.0) == (peer(1),)
    assert store.peers(torrent(1), 0.0) == ()


def test_all_torrents_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_store, "MAX_PEERS_IN_ALL", 1000)
    store = PeerStore()
    for number in range(3):
        for member in range(400):
            store.announce(torrent(number), peer(member), 0.0)
    assert len(store) == 800
    assert store.peers(torrent(0), 0.0) == ()
    assert len(store.peers(torrent(2), 0.0, limit=500)) == 400
