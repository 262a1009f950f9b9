"""Datagrams: what we send, and what becomes of anything that strangers send."""

from contextlib import suppress
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.mainline import bencode
from appliance.mainline.items import ImmutableItem, Item, MutableItem
from appliance.mainline.krpc import (
    VERSION,
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
    Request,
    Response,
    UnknownMethod,
    decode,
    encode,
)
from appliance.mainline.node_ids import Address, Contact

ID = bytes(range(20))
OTHER_ID = bytes(range(20, 40))
KEY = bytes([7] * 32)
SIGNATURE = bytes([9] * 64)

_Kind = TypeVar("_Kind", Query, Response, Failure)


def read(kind: type[_Kind], datagram: bytes) -> _Kind:
    message = decode(datagram)
    assert isinstance(message, kind)
    return message


def arguments_of(datagram: bytes) -> dict[bytes, bencode.Value]:
    message = bencode.decode(datagram)
    assert isinstance(message, dict)
    arguments = message[b"a"]
    assert isinstance(arguments, dict)
    return arguments


def query_with(name: bytes, **arguments: bencode.Value) -> bytes:
    inner: dict[bytes, bencode.Value] = {key.encode(): arguments[key] for key in arguments}
    return bencode.encode({b"a": {b"id": ID, **inner}, b"q": name, b"t": b"aa", b"y": b"q"})


def response_with(**results: bencode.Value) -> bytes:
    inner: dict[bytes, bencode.Value] = {key.encode(): results[key] for key in results}
    return bencode.encode({b"r": {b"id": ID, **inner}, b"t": b"aa", b"y": b"r"})


def error_with(error: bencode.Value) -> bytes:
    return bencode.encode({b"e": error, b"t": b"aa", b"y": b"e"})


def test_our_version_has_the_four_bytes_that_mainline_asks_for() -> None:
    assert VERSION == b"PB\x00\x01"
    for message in (
        Query(b"aaaa", ID, Ping()),
        Response(b"aaaa", ID),
        Failure(b"aaaa", 203, "Bad token"),
    ):
        assert decode(encode(message)).version == VERSION


def test_a_client_says_so_in_queries_and_a_server_says_nothing() -> None:
    assert b"2:ro" not in encode(Query(b"aaaa", ID, Ping()))
    assert b"2:roi1e" in encode(Query(b"aaaa", ID, Ping(), read_only=True))


@pytest.mark.parametrize("item", [MutableItem.of(KEY, 1, SIGNATURE, b"v"), ImmutableItem.of(b"v")])
def test_a_put_names_its_target_because_mainline_drops_others(item: Item) -> None:
    sent = arguments_of(encode(Query(b"aaaa", ID, Put(b"tok", item))))
    assert sent[b"target"] == item.target


def test_a_response_says_where_the_query_came_from() -> None:
    response = Response(b"aaaa", ID, requester=("203.0.113.9", 6881))
    assert encode(response).startswith(b"d2:ip6:\xcb\x00\x71\x09\x1a\xe1")


def test_contacts_are_told_apart_by_their_family() -> None:
    near = Contact(ID, ("203.0.113.9", 1))
    far = Contact(OTHER_ID, ("2001:db8::9", 2))
    datagram = encode(Response(b"aaaa", ID, contacts=(far, near)))
    assert b"5:nodes26:" in datagram
    assert b"6:nodes638:" in datagram
    assert read(Response, datagram).contacts == (near, far)
    assert b"nodes" not in encode(Response(b"aaaa", ID))


def test_a_value_leaves_exactly_as_its_signer_encoded_it() -> None:
    unsorted = MutableItem(KEY, 3, SIGNATURE, b"d1:bi1e1:ai2ee")
    assert read(Response, encode(Response(b"aaaa", ID, item=unsorted))).item == unsorted
    sent = read(Query, encode(Query(b"aaaa", ID, Put(b"tok", unsorted, target=ID))))
    assert sent.request == Put(b"tok", unsorted, target=ID)


IDS = st.binary(min_size=20, max_size=20)
SEQS = st.integers(bencode.MIN_INTEGER, bencode.MAX_INTEGER)
WANTS = st.sampled_from([(), (4,), (6,), (4, 6)])
TOKENS = st.binary(max_size=24)
HOSTS_V4 = st.ip_addresses(v=4).filter(lambda ip: 0 < ip.packed[0] < 224).map(str)
HOSTS_V6 = st.ip_addresses(v=6, network="2000::/3").map(str)
PORTS = st.integers(1, 65535)
V4: st.SearchStrategy[Address] = st.tuples(HOSTS_V4, PORTS)
V6: st.SearchStrategy[Address] = st.tuples(HOSTS_V6, PORTS)
SALTS = st.binary(max_size=70)
VALUES = st.binary(max_size=1010)


def mutable_items(salts: st.SearchStrategy[bytes]) -> st.SearchStrategy[Item]:
    return st.builds(MutableItem.of, st.binary(max_size=33), SEQS, st.binary(), VALUES, salts)


IMMUTABLE: st.SearchStrategy[Item] = st.builds(ImmutableItem.of, VALUES)
REQUESTS: st.SearchStrategy[Request] = st.one_of(
    st.builds(Ping),
    st.builds(FindNode, IDS, WANTS),
    st.builds(GetPeers, IDS, WANTS),
    st.builds(AnnouncePeer, IDS, PORTS, st.booleans(), TOKENS),
    st.builds(Get, IDS, st.none() | SEQS, WANTS),
    st.builds(Put, TOKENS, mutable_items(SALTS), st.none() | SEQS, IDS),
    st.builds(Put, TOKENS, IMMUTABLE, st.none(), IDS),
    st.builds(UnknownMethod, st.just(b"vote")),
)
TRANSACTIONS = st.binary(max_size=32)
VERSIONS = st.binary(min_size=1, max_size=6)
QUERY_MESSAGES = st.builds(Query, TRANSACTIONS, IDS, REQUESTS, st.booleans(), VERSIONS)
RESPONSES = st.builds(
    Response,
    TRANSACTIONS,
    IDS,
    st.builds(
        lambda near, far: (*near, *far),
        st.lists(st.builds(Contact, IDS, V4), max_size=3),
        st.lists(st.builds(Contact, IDS, V6), max_size=3),
    ),
    st.none() | TOKENS,
    st.lists(V4 | V6, max_size=4).map(tuple),
    st.none() | mutable_items(st.just(b"")) | IMMUTABLE,
    st.none(),
    st.none() | V4 | V6,
    VERSIONS,
)
SHORT_RESPONSES = st.builds(
    Response, TRANSACTIONS, IDS, token=TOKENS, seq=SEQS, version=st.just(VERSION)
)
FAILURES = st.builds(
    Failure,
    TRANSACTIONS,
    SEQS,
    st.text().map(lambda text: "".join(letter for letter in text if letter.isprintable())),
    st.none() | V4,
    VERSIONS,
)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    QUERY_MESSAGES, RESPONSES, SHORT_RESPONSES, FAILURES
)


@given(MESSAGES)
def test_whatever_is_written_is_canonical_and_read_again(message: Message) -> None:
    datagram = encode(message)
    assert decode(datagram) == message
    assert bencode.encode(bencode.decode(datagram)) == datagram


@pytest.mark.parametrize("length", [0, 1, 2, 4, 8, 32])
def test_transaction_ids_of_other_nodes_may_have_another_length(length: int) -> None:
    assert decode(encode(Query(b"t" * length, ID, Ping()))).transaction_id == b"t" * length


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"le",
        b"i1e",
        b"de",
        b"d1:y1:qe",
        b"d1:t2:aa1:y1:qe",
        b"d1:t2:aa1:y1:re",
        b"d1:t2:aa1:y1:ee",
        b"d1:t2:aa1:y1:xe",
        b"d1:t2:aae",
        b"d1:ti1e1:y1:qe",
        b"d1:ade1:q4:ping1:t2:aa1:y1:qe",
        b"d1:ad2:id19:" + bytes(19) + b"e1:q4:ping1:t2:aa1:y1:qe",
        b"d1:ad2:id21:" + bytes(21) + b"e1:q4:ping1:t2:aa1:y1:qe",
        b"d1:ale1:q4:ping1:t2:aa1:y1:qe",
        b"d1:ad2:id20:" + ID + b"e1:qi1e1:t2:aa1:y1:qe",
        b"d1:ad2:id20:" + ID + b"e1:t2:aa1:y1:qe",
        b"d1:ad2:id20:" + ID + b"e1:q4:ping1:t33:" + bytes(33) + b"1:y1:qe",
        b"d1:rd2:id19:" + bytes(19) + b"e1:t2:aa1:y1:re",
        response_with(nodes=bytes(25)),
        response_with(nodes6=bytes(39)),
        response_with(nodes=1),
        response_with(token=1),
        response_with(seq=b"1"),
        response_with(k=KEY, v=b"v"),
        response_with(k=KEY, v=b"v", seq=1),
        response_with(k=KEY, v=b"v", sig=SIGNATURE),
        response_with(k=KEY, v=b"v", seq=1, sig=1),
        response_with(k=1, v=b"v", seq=1, sig=SIGNATURE),
        error_with([]),
        error_with([b"203", b"text"]),
        error_with(203),
    ],
)
def test_what_cannot_even_be_answered_is_refused(datagram: bytes) -> None:
    with pytest.raises(PubkyError) as refusal:
        decode(datagram)
    assert refusal.value.code == "invalid"


@pytest.mark.parametrize("padding", [0, 1])
def test_a_datagram_has_2048_bytes_at_most(padding: int) -> None:
    bare = len(query_with(b"ping", x=b"x" * 1000))
    datagram = query_with(b"ping", x=b"x" * (1000 + 2048 - bare + padding))
    if padding:
        with pytest.raises(PubkyError, match="too long"):
            decode(datagram)
    else:
        assert read(Query, datagram).request == Ping()


@pytest.mark.parametrize(
    ("name", "arguments", "culprit"),
    [
        ("find_node", {}, "target"),
        ("find_node", {"target": bytes(19)}, "target"),
        ("get_peers", {"info_hash": 5}, "info_hash"),
        ("get", {"seq": 1}, "target"),
        ("get", {"target": ID, "seq": b"1"}, "seq"),
        ("put", {"v": b"v"}, "token"),
        ("put", {"token": b"t"}, "v"),
        ("put", {"token": b"t", "v": b"v", "target": b""}, "target"),
        ("put", {"token": b"t", "v": b"v", "salt": 1}, "salt"),
        ("put", {"token": b"t", "v": b"v", "cas": b"1"}, "cas"),
        ("put", {"token": b"t", "v": b"v", "k": KEY}, "seq"),
        ("put", {"token": b"t", "v": b"v", "k": KEY, "seq": 1}, "sig"),
        ("put", {"token": b"t", "v": b"v", "k": 1, "seq": 1, "sig": SIGNATURE}, "k"),
        ("announce_peer", {"port": 1, "token": b"t"}, "info_hash"),
        ("announce_peer", {"info_hash": ID, "port": 1}, "token"),
        ("announce_peer", {"info_hash": ID, "token": b"t"}, "port"),
        ("announce_peer", {"info_hash": ID, "token": b"t", "port": 0}, "port"),
        ("announce_peer", {"info_hash": ID, "token": b"t", "port": 65536}, "port"),
        ("announce_peer", {"info_hash": ID, "token": b"t", "port": -1}, "port"),
        ("announce_peer", {"info_hash": ID, "token": b"t", "port": 1, "implied_port": b""}, "imp"),
    ],
)
def test_a_known_query_with_bad_arguments_can_be_answered(
    name: str, arguments: dict[str, bencode.Value], culprit: str
) -> None:
    query = read(Query, query_with(name.encode(), **arguments))
    assert isinstance(query.request, MalformedRequest)
    assert query.request.name == name.encode()
    assert query.request.text.startswith(f"missing or malformed: {culprit}")
    assert query.transaction_id == b"aa"


def test_an_unknown_query_is_named() -> None:
    assert read(Query, query_with(b"vote", target=1)).request == UnknownMethod(b"vote")


def test_lengths_in_a_put_are_left_to_the_store() -> None:
    datagram = query_with(
        b"put", token=b"", v=b"x" * 1200, k=b"k", seq=-1, sig=b"s", salt=b"y" * 99
    )
    request = read(Query, datagram).request
    assert request == Put(b"", MutableItem.of(b"k", -1, b"s", b"x" * 1200, b"y" * 99))


@pytest.mark.parametrize(
    ("want", "families"),
    [
        ([b"n4"], (4,)),
        ([b"n6", b"n4", b"n6"], (4, 6)),
        ([b"n6", b"n9", 4], (6,)),
        ([], ()),
        (b"n4", ()),
    ],
)
def test_a_query_says_which_families_it_wants(
    want: bencode.Value, families: tuple[int, ...]
) -> None:
    request = read(Query, query_with(b"find_node", target=ID, want=want)).request
    assert request == FindNode(ID, families)


def test_an_implied_port_may_come_without_one() -> None:
    datagram = query_with(b"announce_peer", info_hash=ID, token=b"t", implied_port=1)
    assert read(Query, datagram).request == AnnouncePeer(ID, 0, True, b"t")


@pytest.mark.parametrize(
    ("read_only", "expected"), [(b"2:roi1e", True), (b"2:roi0e", False), (b"2:ro1:1", False)]
)
def test_read_only_is_the_number_one(read_only: bytes, expected: bool) -> None:
    datagram = b"d1:ad2:id20:" + ID + b"e1:q4:ping" + read_only + b"1:t2:aa1:y1:qe"
    assert read(Query, datagram).read_only is expected


def test_keys_that_nobody_agreed_on_are_passed_over() -> None:
    datagram = b"d1:ad1:xi1e2:id20:" + ID + b"e1:q4:ping1:t2:aa1:vi1e1:y1:q1:zlee"
    assert decode(datagram) == Query(b"aa", ID, Ping())


def test_unusable_peers_are_left_out() -> None:
    values: bencode.Value = [
        bytes([203, 0, 113, 9, 0, 1]),
        bytes([203, 0, 113, 9, 0, 0]),
        bytes([255, 255, 255, 255, 0, 1]),
        bytes(7),
        7,
    ]
    assert read(Response, response_with(values=values)).peers == (("203.0.113.9", 1),)
    assert read(Response, response_with(values=b"")).peers == ()


@pytest.mark.parametrize("ip", [b"", bytes(4), bytes(16), 7, []])
def test_an_address_of_ours_without_port_says_nothing(ip: bencode.Value) -> None:
    datagram = bencode.encode({b"ip": ip, b"r": {b"id": ID}, b"t": b"aa", b"y": b"r"})
    assert read(Response, datagram).requester is None


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ([203, b"Bad token"], "Bad token"),
        ([203], ""),
        ([203, 7], ""),
        ([203, b"a", b"b"], "a"),
        ([203, b"two\nlines\x1b[2J\xff"], "two?lines?[2J\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_the_text_of_an_error_cannot_write_lines_of_a_log(error: bencode.Value, text: str) -> None:
    failure = read(Failure, error_with(error))
    assert (failure.code, failure.text) == (203, text)


KEYS = [b"id", b"target", b"info_hash", b"token", b"v", b"k", b"seq", b"sig", b"salt", b"cas"]
KEYS += [b"nodes", b"nodes6", b"values", b"want", b"port", b"implied_port"]
SCALARS: st.SearchStrategy[bencode.Value] = st.one_of(
    st.sampled_from([ID, KEY, SIGNATURE, bytes(26), bytes(38), b"", 0, 1]),
    SEQS,
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"n4", b"n6", bytes(6), 203])),
)
HOLDERS = st.one_of(SCALARS, st.dictionaries(st.sampled_from(KEYS), SCALARS))
FIRST_KEYS: dict[bytes, st.SearchStrategy[bencode.Value]] = {
    b"t": st.binary(max_size=4),
    b"y": st.sampled_from([b"q", b"r", b"e"]),
}
LATER_KEYS: dict[bytes, st.SearchStrategy[bencode.Value]] = {
    b"q": st.sampled_from([b"ping", b"find_node", b"get_peers", b"announce_peer"])
    | st.sampled_from([b"get", b"put", b"vote", 1]),
    b"a": HOLDERS,
    b"r": HOLDERS,
    b"e": SCALARS,
    b"ip": SCALARS,
    b"ro": SCALARS,
    b"v": SCALARS,
}
KRPC_LIKE = st.fixed_dictionaries(FIRST_KEYS, optional=LATER_KEYS).map(
    lambda message: bencode.encode(message)  # noqa: PLW0108 # the name alone has no type that fits
)
MUTATED = st.builds(
    lambda datagram, at, byte: (
        datagram[: at % len(datagram)] + byte + datagram[at % len(datagram) :]
    ),
    MESSAGES.map(encode),
    st.integers(0),
    st.binary(max_size=2),
)


@given(st.one_of(st.binary(max_size=300), KRPC_LIKE, MUTATED))
def test_any_bytes_give_a_message_that_can_be_written_or_a_refusal(datagram: bytes) -> None:
    with suppress(PubkyError):
        message = decode(datagram)
        encode(message)
