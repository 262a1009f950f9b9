"""The peers that announced a torrent here (BEP 5): a service to the network whose nodes we use."""

from collections import OrderedDict

from appliance.mainline.node_ids import Address

MAX_INFO_HASHES = 2000
MAX_PEERS = 500
# 2,000 full torrents would be a million peers; this many take 16 MB.
MAX_PEERS_IN_ALL = 65536
EXPIRY_S = 1800.0


class PeerStore:
    """Peers by info-hash, forgotten half an hour after they last announced themselves."""

    __slots__ = ("_count", "_torrents")

    def __init__(self) -> None:
        # Both dictionaries run from the oldest announcement to the newest.
        self._torrents: OrderedDict[bytes, OrderedDict[Address, float]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """Peers kept, those included that are about to expire."""
        return self._count

    def announce(self, info_hash: bytes, peer: Address, now: float) -> None:
        """Remember a peer; over a limit the one that was silent longest is forgotten."""
        peers = self._torrents.setdefault(info_hash, OrderedDict())
        self._torrents.move_to_end(info_hash)
        self._count += peer not in peers
        peers[peer] = now
        peers.move_to_end(peer)
        if len(peers) > MAX_PEERS:
            peers.popitem(last=False)
            self._count -= 1
        while len(self._torrents) > MAX_INFO_HASHES or self._count > MAX_PEERS_IN_ALL:
            self._forget(next(iter(self._torrents)))
        oldest = next(iter(self._torrents))
        self._expire(oldest, now)

    def peers(self, info_hash: bytes, now: float, limit: int = 50) -> tuple[Address, ...]:
        """Those who announced themselves last, newest first."""
        self._expire(info_hash, now)
        peers = self._torrents.get(info_hash)
        if peers is None:
            return ()
        return tuple(peer for peer, _ in zip(reversed(peers), range(limit), strict=False))

    def _expire(self, info_hash: bytes, now: float) -> None:
        peers = self._torrents.get(info_hash, OrderedDict())
        while peers and next(iter(peers.values())) + EXPIRY_S <= now:
            peers.popitem(last=False)
            self._count -= 1
        if not peers:
            self._torrents.pop(info_hash, None)

    def _forget(self, info_hash: bytes) -> None:
        self._count -= len(self._torrents.pop(info_hash))
