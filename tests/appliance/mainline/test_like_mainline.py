"""What mainline 7.0.0 was asked, our node is asked over UDP: the same answers, but for a list."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass

from appliance.mainline import bencode
from appliance.mainline.krpc import VERSION
from appliance.mainline.node_ids import Address
from tests.support.dht import dht_network
from tests.support.vectors import entries, load_vectors

EXCHANGES = [
    entry
    for entry in entries(load_vectors("pkarr"), "krpc_exchanges")
    if entry["peer"].startswith("mainline")
]
# What mainline gave as its token stands in the puts of the recording.
ITS_TOKEN = b"5:token4:" + bytes.fromhex("34ff775a")

STORED: bencode.Value = {b"y": b"r", b"r": [b"id"]}
PONG = STORED


def error(code: int, text: bytes) -> bencode.Value:
    return {b"y": b"e", b"e": [code, text]}


@dataclass(frozen=True, slots=True)
class Difference:
    """Where mainline is silent and we are not."""

    ours: bencode.Value
    reason: str


DIFFERENCES = {
    "put without token": Difference(
        error(203, b"missing or malformed: token"),
        "BEP 5 has an error for a query that lacks something; whoever asks learns more by it",
    ),
    "put without target": Difference(
        STORED, "BEP 44 knows no target in a put: libtorrent and bittorrent-dht send none"
    ),
    "unknown method": Difference(error(204, b"Method Unknown"), "BEP 5 answers 204"),
    "get without target": Difference(
        error(203, b"missing or malformed: target"), "as for a put without token"
    ),
    "ping, 1-byte tid": Difference(PONG, "BEP 5 leaves the length of a transaction id open"),
    "ping, 2-byte tid": Difference(PONG, "clients of the 0.6.0 era and most others send two bytes"),
    "ping, 8-byte tid": Difference(PONG, "BEP 5 leaves the length of a transaction id open"),
}


async def test_our_node_answers_as_mainline_does_but_for_the_list() -> None:
    async with talking_to_our_node() as (ask, token):
        for entry in EXCHANGES:
            request = bytes.fromhex(entry["request"])
            ours = content(await ask(request.replace(ITS_TOKEN, token)))
            if entry["step"] in DIFFERENCES:
                assert entry["response"] is None
                assert ours == DIFFERENCES[entry["step"]].ours, entry["step"]
            else:
                assert ours == content(bytes.fromhex(entry["response"])), entry["step"]


async def test_our_node_names_itself_and_the_asker_as_mainline_does() -> None:
    async with talking_to_our_node() as (ask, _):
        for entry in EXCHANGES:
            if entry["response"] is None or "put" in entry["step"]:
                continue
            its = top(bytes.fromhex(entry["response"]))
            ours = top(await ask(bytes.fromhex(entry["request"])))
            # mainline says in each answer that it is not read-only; nobody reads it there.
            assert set(ours) == set(its) - {b"ro"}
            assert ours[b"t"] == its[b"t"]
            assert ours[b"v"] == VERSION


def test_the_list_holds_what_was_recorded_and_nothing_else() -> None:
    silent = {entry["step"] for entry in EXCHANGES if entry["response"] is None}
    assert silent == set(DIFFERENCES)


class Asking:
    """A socket that asks one node; each answer must come from there."""

    def __init__(self, sock: socket.socket, node: Address) -> None:
        self._sock = sock
        self._node = node

    async def __call__(self, request: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(self._sock, request, self._node)
        async with asyncio.timeout(10):
            answer, source = await loop.sock_recvfrom(self._sock, 2048)
        assert source == self._node
        return answer


@asynccontextmanager
async def talking_to_our_node() -> AsyncIterator[tuple[Asking, bytes]]:
    """A node that knows one other, as the recorded one did, and the token it gives us."""
    async with dht_network(2) as nodes:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
            sock.setblocking(False)
            sock.bind(("127.0.0.1", 0))
            ask = Asking(sock, nodes[0].addresses[0])
            get = next(entry for entry in EXCHANGES if entry["step"] == "get, nothing stored")
            results = results_of(await ask(bytes.fromhex(get["request"])))
            yield ask, b"5:token" + bencode.encode(results[b"token"])


def top(datagram: bytes) -> dict[bytes, bencode.Value]:
    message = bencode.decode(datagram)
    assert isinstance(message, dict)
    return message


def results_of(datagram: bytes) -> dict[bytes, bencode.Value]:
    results = top(datagram)[b"r"]
    assert isinstance(results, dict)
    return results


def content(datagram: bytes) -> bencode.Value:
    """What an answer says: its error, or the names of its results and the item in them."""
    message = top(datagram)
    if b"e" in message:
        return {b"y": message[b"y"], b"e": message[b"e"]}
    results = results_of(datagram)
    names: list[bencode.Value] = [*sorted(results)]
    said: dict[bytes, bencode.Value] = {b"y": message[b"y"], b"r": names}
    return said | {key: results[key] for key in (b"k", b"seq", b"sig", b"v") if key in results}
