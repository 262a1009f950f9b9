"""The DHT: bencode, KRPC, the store, and a whole node that strangers talk to."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache

from appliance.errors import PubkyError
from appliance.mainline import bencode, krpc
from appliance.mainline.answers import MAX_ANSWER_BYTES
from appliance.mainline.item_store import ItemStore, Refusal
from appliance.mainline.items import ImmutableItem, MutableItem, signable
from appliance.mainline.krpc import (
    Failure,
    Get,
    MalformedRequest,
    Message,
    Put,
    Query,
    Response,
)
from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address
from appliance.mainline.reports import ItemFound, NodeSettings
from tests.fuzz.target import KEYPAIR, OTHER_KEYPAIR, Step, Target, as_steps, steps
from tests.support.vectors import entries, load_vectors

STRANGERS: tuple[Address, ...] = (
    ("203.0.113.7", 4000),
    ("203.0.113.7", 4001),
    ("198.51.100.9", 6881),
    ("10.1.2.3", 6881),
    ("2001:db8::1", 6881),
)
# What an input writes where the transaction id or the write token of the machine shall stand.
TRANSACTION = b"TTTT"
TOKEN = b"TOKENTOK"
# A put carries a stranger's own token and an item beside the frame; all else is an answer.
MAX_SENT_BYTES = krpc.MAX_DATAGRAM_BYTES + 1400
STEPS_TO_THE_END = 64


def feed_bencode(data: bytes) -> None:
    """A value has one spelling but for the order of its keys."""
    with suppress(PubkyError):
        value = bencode.decode(data)
        written = bencode.encode(value)
        assert len(written) == len(data)
        assert bencode.decode(written) == value
        exact = bencode.decode(data, exact=b"v")
        inner = exact.get(b"a") if isinstance(exact, dict) else None
        if isinstance(inner, dict) and b"v" in inner:
            raw = inner[b"v"]
            assert isinstance(raw, bytes)
            assert raw in data
            bencode.decode(raw)


def feed_krpc(data: bytes) -> None:
    """A message is the same when we have written it and read it again."""
    with suppress(PubkyError):
        message = krpc.decode(data)
        written = krpc.encode(message)
        if not isinstance(message, Query) or not isinstance(message.request, MalformedRequest):
            assert len(written) > krpc.MAX_DATAGRAM_BYTES or krpc.decode(written) == _sent(message)
        _look_at_item(message)


def _sent(message: Message) -> Message:
    """The message as the other side sees it: with a version, and a put with its target."""
    message = replace(message, version=message.version or krpc.VERSION)
    if isinstance(message, Query) and isinstance(message.request, Put):
        request = message.request
        # What cannot be changed has no use for what it is compared with.
        cas = request.cas if isinstance(request.item, MutableItem) else None
        target = request.item.target if request.target is None else request.target
        message = replace(message, request=replace(request, cas=cas, target=target))
    return message


def _look_at_item(message: Message) -> None:
    item = message.item if isinstance(message, Response) else None
    if isinstance(message, Query) and isinstance(message.request, Put):
        item = message.request.item
    if item is not None:
        assert len(item.target) == 20
        assert item.size <= len(item.encoded)
        if isinstance(item, MutableItem):
            item.verify()


def feed_item_store(data: bytes) -> None:
    """Puts of signed and forged items: nothing unsigned is kept, nothing kept gets older."""
    store = ItemStore(3, 3)
    newest: dict[bytes, int] = {}
    for step in steps(data):
        content = step.content
        seq, cas = int.from_bytes(content[:2], "big"), content[2:3]
        item = _item(step, seq)
        place = item.target
        before = store.get(place)
        try:
            store.put(item, cas[0] if step.kind & 8 and cas else None, place)
        except Refusal:
            assert store.get(place) == before
            continue
        assert store.get(place) == item
        assert item.size <= 1000
        if isinstance(item, MutableItem):
            assert item.verify()
            assert before is None or newest[place] <= seq
            newest[place] = seq
        assert store.mutable_count <= 3
        assert store.immutable_count <= 3


def _item(step: Step, seq: int) -> MutableItem | ImmutableItem:
    keypair = OTHER_KEYPAIR if step.kind & 1 else KEYPAIR
    salt, value = step.content[3:4] * (step.kind >> 6) * 30, step.content[4:]
    if step.kind & 2:
        return ImmutableItem.of(value)
    encoded = bencode.encode_bytes(value)
    signature = value[-64:] if step.kind & 4 else keypair.sign(signable(seq, encoded, salt))
    return MutableItem(keypair.public_key.raw, seq, signature, encoded, salt)


class _Dialogue:
    """One machine in server mode, what it has asked, and what it owes an answer to."""

    def __init__(self) -> None:
        settings = NodeSettings(mode="server", bootstrap=STRANGERS[:1])
        self.machine = Node(settings, 4, random.Random(1), 0.0)
        self.now = 0.0
        self.questions: list[tuple[bytes, Address]] = []
        self.token = bytes(8)
        self.waiting: set[int] = set()
        self.told: Counter[int] = Counter()

    def take(self, step: Step) -> None:
        """What the kind says: a datagram, an answer, a signed put, a question of ours, or time."""
        self.now += (0.01, 0.2, 2.5, 400.0)[step.kind >> 3 & 3]
        content = step.content.replace(TOKEN, self.token)
        source = STRANGERS[(step.kind >> 5) % len(STRANGERS)]
        match step.kind & 7:
            case 0 | 1 | 2 | 3:
                self._hear(content, source)
            case 4 | 5:
                if self.questions:
                    place = (-1 - (step.kind >> 5)) % len(self.questions)
                    question, asked = self.questions.pop(place)
                    self._hear(content.replace(TRANSACTION, question), asked)
            case 6:
                self._hear(self._put(content), source)
            case _:
                self._ask(content)
        self.settle()

    def settle(self) -> None:
        """Let time do its work, and look at all that comes out."""
        self.machine.tick(self.now)
        for datagram, address in self.machine.take_datagrams():
            assert len(datagram) <= MAX_SENT_BYTES
            assert address[0] != STRANGERS[-1][0]
            if len(datagram) <= krpc.MAX_DATAGRAM_BYTES:
                self._note(krpc.decode(datagram), len(datagram), address)
        for event in self.machine.take_events():
            if not isinstance(event, ItemFound):
                self.told[event.number] += 1
        assert len(self.questions) <= 4096
        assert self.machine.wake_at > self.now

    def _hear(self, datagram: bytes, source: Address) -> None:
        self.machine.receive(datagram, source, self.now)

    def _note(self, message: Message, size: int, address: Address) -> None:
        if isinstance(message, Query):
            self.questions.append((message.transaction_id, address))
            return
        assert size <= MAX_ANSWER_BYTES
        if isinstance(message, Response) and message.token is not None:
            self.token = message.token

    def _put(self, content: bytes) -> bytes:
        seq = int.from_bytes(content[:1], "big")
        put = Put(self.token, _signed(seq, content[2:]), content[1] if content[1:2] else None)
        return krpc.encode(Query(b"tt", bytes(20), put))

    def _ask(self, content: bytes) -> None:
        machine, now = self.machine, self.now
        key = KEYPAIR.public_key.raw
        target = MutableItem.target_of(key)
        if len(self.waiting) > 40:
            return
        match content[:1]:
            case b"" | b"0":
                number = machine.get(target, key, b"", None, now)
            case b"1":
                number = machine.put(_signed(content[1] if content[1:] else 0, b"x"), None, now)
            case b"2":
                number = machine.find_node(target, now)
            case b"3":
                number = machine.get_peers(target, now)
            case _:
                number = machine.ping(STRANGERS[content[0] % 4], now)
        self.waiting.add(number)

    def finish(self) -> None:
        """Everybody is silent from now on: each of our questions ends, and ends once."""
        for _ in range(STEPS_TO_THE_END):
            if self.waiting <= self.told.keys():
                break
            self.now += 2.5
            self.settle()
        assert all(self.told[number] == 1 for number in self.waiting)
        stats = self.machine.stats()
        assert stats.table_size <= 160 * 20
        assert stats.mutable_items <= 1000
        assert stats.immutable_items <= 1000
        assert len(stats.counters) < 60


def feed_dht_node(data: bytes) -> None:
    """A node in server mode never raises, answers in few bytes, and ends its searches."""
    dialogue = _Dialogue()
    dialogue.settle()
    for step in steps(data):
        dialogue.take(step)
    dialogue.finish()


@lru_cache
def _signed(seq: int, value: bytes) -> MutableItem:
    encoded = bencode.encode_bytes(value)
    signature = KEYPAIR.sign(signable(seq, encoded))
    return MutableItem(KEYPAIR.public_key.raw, seq, signature, encoded)


@lru_cache
def datagrams() -> list[bytes]:
    """What other implementations say to each other."""
    vectors = load_vectors("pkarr")
    found = [bytes.fromhex(entry["datagram"]) for entry in entries(vectors, "krpc_queries")]
    for entry in entries(vectors, "krpc_exchanges"):
        found += [bytes.fromhex(text) for text in (entry["request"], entry["response"]) if text]
    return found


def _node_seeds() -> list[bytes]:
    nodes = bytes(range(20)) + bytes((198, 51, 100, 9, 26, 225))
    requester = STRANGERS[0]
    answers = [
        krpc.encode(Response(TRANSACTION, bytes(range(20)), (), TOKEN, requester=requester)),
        krpc.encode(
            Response(TRANSACTION, bytes(range(20)), (), TOKEN, item=_signed(7, b"newer than both"))
        ),
        krpc.encode(Failure(TRANSACTION, 301, "CAS mismatched", requester)),
        b"d1:rd2:id20:%b5:nodes26:%b5:token8:%be1:t4:%b1:y1:re"
        % (bytes(range(20)), nodes, TOKEN, TRANSACTION),
    ]
    questions = [(7, b"0"), (7, b"1\5"), (7, b"2"), (7, b"3"), (7, b"4")]
    dialogues = [
        as_steps(
            *((4, answer) for answer in answers), question, *((4, answer) for answer in answers)
        )
        for question in questions
    ]
    get = krpc.encode(Query(b"tt", bytes(20), Get(MutableItem.target_of(KEYPAIR.public_key.raw))))
    dialogues.append(as_steps((0, get), (6, b"\1\1value"), (6, b"\2\1value"), (0, get), (27, get)))
    dialogues += [as_steps((0, datagram)) for datagram in datagrams()]
    return dialogues


TARGETS: dict[str, Target] = {
    "bencode": Target(feed_bencode, datagrams),
    "krpc": Target(feed_krpc, datagrams),
    "item-store": Target(
        feed_item_store,
        lambda: [
            as_steps((0, b"\0\1\0\0value"), (0, b"\0\2\0\0value"), (8, b"\0\3\2\0value")),
            as_steps((2, b"\0\0\0\0value"), (4, b"\0\1\0\0" + bytes(70)), (64, b"\0\1\0svalue")),
        ],
    ),
    "dht-node": Target(feed_dht_node, _node_seeds),
}
