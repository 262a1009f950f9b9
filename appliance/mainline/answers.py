"""What a node answers to strangers: nodes it knows, items and peers it keeps (BEP 5, 32, 44)."""

from collections import Counter
from collections.abc import Callable

from appliance.mainline.item_store import ItemStore, Refusal
from appliance.mainline.items import ImmutableItem, MutableItem
from appliance.mainline.krpc import (
    AnnouncePeer,
    Failure,
    FindNode,
    Get,
    GetPeers,
    MalformedRequest,
    Message,
    Ping,
    Put,
    Query,
    Response,
    UnknownMethod,
)
from appliance.mainline.messages import PROTOCOL_ERROR, UNKNOWN_METHOD
from appliance.mainline.node_ids import Address, Contact, is_ipv6
from appliance.mainline.peer_store import PeerStore
from appliance.mainline.write_tokens import WriteTokens

# An answer must fit into one packet of the network, and be no great gift to whoever forges senders.
MAX_ANSWER_BYTES = 1400
# Everything in an answer but nodes, peers, the item and the echo of the transaction id.
FRAME_BYTES = 150
# What a mutable item needs besides its value.
SIGNED_BYTES = 145
PEERS = 30

Nearest = Callable[[bytes, tuple[int, ...]], tuple[Contact, ...]]


class Answers:
    """The stores of one node and the rules by which strangers use them."""

    __slots__ = ("_counters", "_nearest", "_tokens", "items", "peers")

    def __init__(
        self, nearest: Nearest, secrets: Callable[[int], bytes], counters: Counter[str]
    ) -> None:
        self._nearest = nearest
        self._tokens = WriteTokens(secrets)
        self._counters = counters
        self.items = ItemStore()
        self.peers = PeerStore()

    def answer(self, query: Query, own_id: bytes, source: Address, now: float) -> Message:
        """The one answer to a query; never raises."""
        request, tid = query.request, query.transaction_id
        answer: Message
        match request:
            case Ping():
                answer = Response(tid, own_id, requester=source)
            case FindNode(target=target, want=want):
                near = _as_fit(self._nearest(target, want), len(tid))
                answer = Response(tid, own_id, contacts=near, requester=source)
            case GetPeers():
                answer = self._get_peers(request, tid, own_id, source, now)
            case Get():
                answer = self._get(request, tid, own_id, source, now)
            case AnnouncePeer() | Put():
                answer = self._keep(request, tid, own_id, source, now)
            case MalformedRequest(text=text):
                answer = Failure(tid, PROTOCOL_ERROR, text, source)
            case UnknownMethod():
                answer = Failure(tid, UNKNOWN_METHOD, "Method Unknown", source)
        return answer

    def _get_peers(
        self, request: GetPeers, tid: bytes, own_id: bytes, source: Address, now: float
    ) -> Response:
        peers = self.peers.peers(request.info_hash, now, PEERS)
        taken = len(tid) + sum(21 if is_ipv6(host) else 8 for host, _ in peers)
        return Response(
            tid,
            own_id,
            contacts=_as_fit(self._nearest(request.info_hash, request.want), taken),
            token=self._tokens.issue(source[0], now),
            peers=peers,
            requester=source,
        )

    def _get(
        self, request: Get, tid: bytes, own_id: bytes, source: Address, now: float
    ) -> Response:
        item = self.items.get(request.target)
        seq = None
        is_known = (
            isinstance(item, MutableItem) and request.seq is not None and item.seq <= request.seq
        )
        if isinstance(item, MutableItem) and is_known:
            seq, item = item.seq, None
        taken = len(tid) + (0 if item is None else SIGNED_BYTES + len(item.encoded))
        return Response(
            tid,
            own_id,
            contacts=_as_fit(self._nearest(request.target, request.want), taken),
            token=self._tokens.issue(source[0], now),
            item=item,
            seq=seq,
            requester=source,
        )

    def _keep(
        self, request: AnnouncePeer | Put, tid: bytes, own_id: bytes, source: Address, now: float
    ) -> Message:
        if not self._tokens.is_valid(request.token, source[0], now):
            self._counters["refused_puts_203"] += 1
            return Failure(tid, PROTOCOL_ERROR, "Bad token", source)
        if isinstance(request, AnnouncePeer):
            port = source[1] if request.implied_port else request.port
            self.peers.announce(request.info_hash, (source[0], port), now)
            return Response(tid, own_id, requester=source)
        cas = None if isinstance(request.item, ImmutableItem) else request.cas
        try:
            self.items.put(request.item, cas, request.target)
        except Refusal as refusal:
            self._counters[f"refused_puts_{refusal.code}"] += 1
            return Failure(tid, refusal.code, refusal.text, source)
        self._counters["stored_puts"] += 1
        return Response(tid, own_id, requester=source)


def _as_fit(contacts: tuple[Contact, ...], taken: int) -> tuple[Contact, ...]:
    """So many of these nodes, the first ones, as there is room for beside `taken` bytes."""
    room = MAX_ANSWER_BYTES - FRAME_BYTES - taken
    for place, contact in enumerate(contacts):
        room -= 38 if is_ipv6(contact.address[0]) else 26
        if room < 0:
            return contacts[:place]
    return contacts
