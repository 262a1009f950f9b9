"""What is fuzzed: one function of bytes a parser. Only declared refusals may leave a parser, and
what it accepts must stand up to a second look.

Each function raises `AssertionError` or lets a stray exception through when something is wrong.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from appliance.errors import PubkyError
from appliance.mainline import bencode, krpc
from appliance.mainline.item_store import ItemStore, Refusal
from appliance.mainline.items import MutableItem
from appliance.mainline.node import Node
from appliance.mainline.reports import NodeSettings
from appliance.pkarr import nat_pmp
from appliance.pubky.auth_token import AuthToken
from appliance.pubky.capabilities import list_text, parse_list
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.dns_message import parse_message
from appliance.pubky.grants import Grant
from appliance.pubky.jws import Jws, strict_json
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.paths import StoragePath, decode_percent
from appliance.pubky.records import homeserver_of, lenient_key
from appliance.pubky.sessions import parse_cookies
from appliance.pubky.signed_packets import SignedPacket
from appliance.pubky_tls.connection import Connection
from appliance.web.ranges import parse_ranges
from tests.support.vectors import entries, load_vectors

NOW_US = 1_795_000_000_000_000
STRANGER = ("203.0.113.7", 4000)
KEYPAIR = Keypair.from_seed(bytes(range(32)))
# What a machine may have ready to send after one datagram or record of a stranger.
MOST_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A parser, and inputs that it understands to begin with."""

    feed: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def feed_bencode(data: bytes) -> None:
    """What is decoded comes back the same when it is written and read again."""
    with suppress(PubkyError):
        value = bencode.decode(data)
        assert bencode.decode(bencode.encode(value)) == value


def feed_krpc(data: bytes) -> None:
    """A message that was understood is understood again when we write it."""
    with suppress(PubkyError):
        message = krpc.decode(data)
        with suppress(PubkyError):
            krpc.decode(krpc.encode(message))


def feed_dht_node(data: bytes) -> None:
    """Datagrams, each behind its length in two bytes, to a server and its searches."""
    machine = Node(NodeSettings(mode="server", bootstrap=(STRANGER,)), 4, random.Random(1), 0.0)
    machine.get(bytes(20), KEYPAIR.public_key.raw, b"", None, 0.0)
    now = 0.0
    for datagram in _pieces(data):
        now += 0.3
        # Half of the time it pretends to answer our latest question.
        asked = machine.take_datagrams()
        if asked and datagram[:1] > b"\x80":
            transaction_id = asked[-1][0].partition(b"1:t4:")[2][:4]
            datagram = datagram.replace(b"1:t2:tt", b"1:t4:" + transaction_id)  # noqa: PLW2901
        machine.receive(datagram, STRANGER, now)
        machine.tick(now)
        machine.take_events()
    assert sum(len(one) for one, _ in machine.take_datagrams()) <= MOST_ANSWER_BYTES


def feed_item_store(data: bytes) -> None:
    """A put with these fields is kept or refused, and nothing that was not signed is kept."""
    store = ItemStore(4, 4)
    item = MutableItem(
        data[:32], int.from_bytes(data[32:34], "big"), data[34:98], data[98:], data[:1] * 3
    )
    try:
        store.put(item)
    except (Refusal, ValueError):
        # The store trusts its caller that the value is bencoded; the wire checks that.
        return
    assert item.verify()


def feed_dns_message(data: bytes) -> None:
    """The answers of a message, or a refusal."""
    with suppress(PubkyError):
        parse_message(data)


def feed_signed_packet(data: bytes) -> None:
    """A relay's payload under a fixed key, and canonical bytes under any."""
    with suppress(PubkyError):
        packet = SignedPacket.from_relay_payload(KEYPAIR.public_key, data)
        assert packet.relay_payload == data
        homeserver_of(packet)
    with suppress(PubkyError):
        assert SignedPacket.from_bytes(data).to_bytes() == data
    with suppress(PubkyError):
        SignedPacket.from_cache_record(data, NOW_US)


def feed_key(data: bytes) -> None:
    """Texts that may hold a key."""
    text = data.decode("utf-8", "replace")
    for parse in (PublicKey.parse, PublicKey.parse_host, lenient_key):
        with suppress(PubkyError):
            assert PublicKey.parse(parse(text).z32) == parse(text)


def feed_tls_server(data: bytes) -> None:
    """A stranger's records, in pieces."""
    _feed_connection(Connection.of_server(KEYPAIR), data)


def feed_tls_client(data: bytes) -> None:
    """A server that we called and that is none."""
    machine = Connection.of_client(lambda _: True, "name")
    machine.take_outgoing()
    _feed_connection(machine, data)


def feed_tls_dialogue(data: bytes) -> None:
    """A true client whose bytes are changed on the way at the places that `data` names."""
    server = Connection.of_server(KEYPAIR)
    client = Connection.of_client(lambda key: key == KEYPAIR.public_key, "name")
    changes = iter(data)
    for _ in range(4):
        up = _changed(client.take_outgoing(), changes)
        server.receive(up)
        down = _changed(server.take_outgoing(), changes)
        client.receive(down)
    if client.is_established and server.is_established:
        client.send(b"hello")
        heard = server.receive(client.take_outgoing())
        assert heard in (b"hello", b"")


def feed_auth_token(data: bytes) -> None:
    """The token of the cookie flow."""
    with suppress(PubkyError):
        AuthToken.verify(data, NOW_US)


def feed_jws(data: bytes) -> None:
    """Grants and their JSON."""
    with suppress(PubkyError):
        strict_json(data)
    with suppress(PubkyError):
        jws = Jws.parse(data.decode("utf-8", "replace"))
        Grant.verify(jws, NOW_US // 1_000_000)


def feed_capabilities(data: bytes) -> None:
    """Lists of capabilities: what is printed is read the same."""
    with suppress(PubkyError):
        found = parse_list(data.decode("utf-8", "replace"))
        assert parse_list(list_text(found)) == found


def feed_paths(data: bytes) -> None:
    """Paths, percent-decoded and normal."""
    with suppress(PubkyError):
        path = StoragePath.normalize(decode_percent(data))
        assert StoragePath.normalize(path.text) == path
        assert ".." not in path.text.split("/")


def feed_headers(data: bytes) -> None:
    """Ranges and cookies; of a file of 1000 bytes no range lies outside."""
    with suppress(PubkyError):
        for found in parse_ranges(data, 1000) or []:
            assert 0 < found.length <= 1000
    parse_cookies([data.decode("latin-1")])


def feed_deep_link(data: bytes) -> None:
    """Links that apps show and wallets read."""
    with suppress(PubkyError):
        DeepLink.parse(data.decode("utf-8", "replace"))


def feed_nat_pmp(data: bytes) -> None:
    """A router's answers, and the kernel's table of routes in somebody else's words."""
    with suppress(PubkyError):
        nat_pmp.read_address(data)
    with suppress(PubkyError):
        nat_pmp.read_mapping(data, "tcp")


def _pieces(data: bytes) -> Iterator[bytes]:
    while len(data) > 2:
        length = int.from_bytes(data[:2], "big") % 2049
        yield data[2 : 2 + length]
        data = data[2 + length :]


def _feed_connection(machine: Connection, data: bytes) -> None:
    for piece in _pieces(data):
        machine.receive(piece)
        assert len(machine.take_outgoing()) <= MOST_ANSWER_BYTES
    assert not machine.is_established


def _changed(data: bytes, changes: Iterator[int]) -> bytes:
    changed = bytearray(data)
    for place in changes:
        if place == 0 or not changed:
            break
        changed[place * 7 % len(changed)] ^= next(changes, 1)
    return bytes(changed)


@lru_cache
def _datagrams() -> list[bytes]:
    vectors = load_vectors("pkarr")
    found = [bytes.fromhex(entry["datagram"]) for entry in entries(vectors, "krpc_queries")]
    for entry in entries(vectors, "krpc_exchanges"):
        found += [bytes.fromhex(text) for text in (entry["request"], entry["response"]) if text]
    return found


def _with_lengths(pieces: list[bytes]) -> list[bytes]:
    return [len(piece).to_bytes(2, "big") + piece for piece in pieces]


def _packets() -> list[bytes]:
    vectors = load_vectors("pkarr")
    return [bytes.fromhex(entry["canonical"]) for entry in entries(vectors, "signed_packets")]


def _tls_seeds() -> list[bytes]:
    client = Connection.of_client(lambda _: True, "name")
    server = Connection.of_server(KEYPAIR)
    hello = client.take_outgoing()
    server.receive(hello)
    return _with_lengths([hello[:2048], server.take_outgoing()[:2048]])


TARGETS: dict[str, Target] = {
    "bencode": Target(feed_bencode, _datagrams),
    "krpc": Target(feed_krpc, _datagrams),
    "dht-node": Target(feed_dht_node, lambda: _with_lengths(_datagrams())),
    "item-store": Target(feed_item_store, _packets),
    "dns-message": Target(feed_dns_message, lambda: [raw[104:] for raw in _packets()]),
    "signed-packet": Target(feed_signed_packet, _packets),
    "key": Target(feed_key, lambda: [KEYPAIR.public_key.z32.encode(), b"pk:" + b"y" * 52]),
    "tls-server": Target(feed_tls_server, _tls_seeds),
    "tls-client": Target(feed_tls_client, _tls_seeds),
    "tls-dialogue": Target(feed_tls_dialogue, lambda: [b"\0" * 8, b"\5\1\0\0"]),
    "auth-token": Target(feed_auth_token, lambda: [bytes(64) + b"PUBKY:AUTH" + bytes(60)]),
    "jws": Target(feed_jws, lambda: [b'{"a": [1, "x"]}', b"eyJhbGciOiJFZERTQSJ9.e30.AA"]),
    "capabilities": Target(feed_capabilities, lambda: [b"/pub/a/:rw,/priv/:r", b"/:rw"]),
    "paths": Target(feed_paths, lambda: [b"/pub/a/../b", b"/pub/%2e%2e/x", b"/priv//a"]),
    "headers": Target(feed_headers, lambda: [b"bytes=0-1,-5", b"bytes=999-", b"a=b; c=d"]),
    "deep-link": Target(feed_deep_link, lambda: [b"pubkyauth://signin?caps=/pub/:r&relay=x"]),
    "nat-pmp": Target(feed_nat_pmp, lambda: [bytes([0, 128]) + bytes(10)]),
}
