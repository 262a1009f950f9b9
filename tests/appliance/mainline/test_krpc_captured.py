"""Datagrams that BEP 5 shows, and those that three implementations really sent."""

from dataclasses import replace
from typing import TypeVar

import pytest

from appliance.mainline import bencode
from appliance.mainline.items import ImmutableItem, MutableItem
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
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("pkarr")
QUERIES = entries(VECTORS, "krpc_queries")
EXCHANGES = entries(VECTORS, "krpc_exchanges")
ANSWERED = [entry for entry in EXCHANGES if entry["response"]]

_Kind = TypeVar("_Kind", Query, Response, Failure)


def read(kind: type[_Kind], datagram: bytes) -> _Kind:
    message = decode(datagram)
    assert isinstance(message, kind)
    return message


def captured(entry: Entry, key: str = "datagram") -> bytes:
    return bytes.fromhex(entry[key])


def arguments_of(datagram: bytes) -> dict[bytes, bencode.Value]:
    message = bencode.decode(datagram)
    assert isinstance(message, dict)
    arguments = message[b"a"]
    assert isinstance(arguments, dict)
    return arguments


def peers_of(entry: Entry) -> str:
    return f"{entry['peer']} {entry.get('method') or entry['step']}"


@pytest.mark.parametrize("entry", QUERIES, ids=map(peers_of, QUERIES))
def test_a_captured_query_is_understood(entry: Entry) -> None:
    query = read(Query, captured(entry))
    kinds = {"ping": Ping, "find_node": FindNode, "get_peers": GetPeers, "get": Get, "put": Put}
    assert isinstance(query.request, kinds[entry["method"]])
    assert query.sender_id == arguments_of(captured(entry))[b"id"]
    assert query.read_only == (b"2:roi1e" in captured(entry))


PUTS = [entry for entry in QUERIES if entry.get("signature") == "verified"]


@pytest.mark.parametrize("entry", PUTS, ids=map(peers_of, PUTS))
def test_the_item_of_a_captured_put_verifies(entry: Entry) -> None:
    request = read(Query, captured(entry)).request
    assert isinstance(request, Put)
    assert isinstance(request.item, MutableItem)
    assert request.item.verify()
    assert request.target in (None, request.item.target)


@pytest.mark.parametrize("entry", QUERIES, ids=map(peers_of, QUERIES))
def test_a_captured_query_is_written_again_as_it_was(entry: Entry) -> None:
    datagram = captured(entry)
    query = read(Query, datagram)
    again = encode(query)
    if isinstance(query.request, Put) and query.request.target is None:
        assert arguments_of(again).pop(b"target") == query.request.item.target
    elif query.version is None:
        assert again.replace(b"1:v4:" + VERSION, b"") == datagram
    else:
        assert again == datagram


OUR_SHAPE = [entry for entry in EXCHANGES if entry["step"] != "put without target"]
OUR_SHAPE = [entry for entry in OUR_SHAPE if read(Query, captured(entry, "request")).version]


@pytest.mark.parametrize("entry", OUR_SHAPE, ids=map(peers_of, OUR_SHAPE))
def test_a_probe_that_the_others_answered_is_what_we_would_send(entry: Entry) -> None:
    request = captured(entry, "request")
    query = read(Query, request)
    if isinstance(query.request, MalformedRequest):
        assert entry["step"] in ("put without token", "get without target")
    else:
        assert encode(query) == request


@pytest.mark.parametrize("entry", ANSWERED, ids=map(peers_of, ANSWERED))
def test_a_captured_answer_is_understood(entry: Entry) -> None:
    query = read(Query, captured(entry, "request"))
    raw = captured(entry, "response")
    answer = decode(raw)
    assert isinstance(answer, Response | Failure)
    assert answer.transaction_id == query.transaction_id
    assert (answer.requester is not None) == (b"2:ip6:" in raw)
    assert isinstance(answer, Failure) == raw.endswith(b"1:y1:ee")


@pytest.mark.parametrize("entry", ANSWERED, ids=map(peers_of, ANSWERED))
def test_a_captured_answer_survives_our_writing(entry: Entry) -> None:
    answer = decode(captured(entry, "response"))
    assert replace(decode(encode(answer)), version=answer.version) == answer


def answer_to(peer: str, step: str) -> Message:
    found = [entry for entry in ANSWERED if entry["peer"].startswith(peer)]
    return decode(captured(next(entry for entry in found if entry["step"] == step), "response"))


@pytest.mark.parametrize("peer", ["mainline", "libtorrent", "bittorrent-dht"])
def test_a_captured_hit_gives_a_token_and_a_verified_item(peer: str) -> None:
    hit = answer_to(peer, "get")
    assert isinstance(hit, Response)
    assert isinstance(hit.item, MutableItem)
    assert hit.item.verify()
    assert hit.item.value == b"one"
    assert hit.token
    assert hit.seq is None


@pytest.mark.parametrize("peer", ["mainline", "libtorrent"])
def test_a_captured_short_answer_gives_the_seq_alone(peer: str) -> None:
    short = answer_to(peer, "get with seq = stored")
    assert isinstance(short, Response)
    assert (short.item, short.seq) == (None, 1700000000000000)


@pytest.mark.parametrize(
    ("peer", "step", "code", "text"),
    [
        ("mainline", "put with a wrong token", 203, "Bad token"),
        ("mainline", "put lower seq", 302, "Sequence number less than current."),
        ("libtorrent", "put with wrong cas", 301, "CAS mismatch"),
        ("libtorrent", "get without target", 203, "missing 'target' key"),
        ("bittorrent-dht", "put v of 1001 bytes", 205, "data payload too large"),
    ],
)
def test_a_captured_error_is_a_failure_with_or_without_results(
    peer: str, step: str, code: int, text: str
) -> None:
    failure = answer_to(peer, step)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.text) == (code, text)


SENDER = b"abcdefghij0123456789"
TARGET = b"mnopqrstuvwxyz123456"


@pytest.mark.parametrize(
    ("request_", "datagram"),
    [
        (Ping(), b"e1:q4:ping"),
        (FindNode(TARGET), b"6:target20:mnopqrstuvwxyz123456e1:q9:find_node"),
        (
            FindNode(TARGET, (4, 6)),
            b"6:target20:mnopqrstuvwxyz1234564:wantl2:n42:n6ee1:q9:find_node",
        ),
        (GetPeers(TARGET), b"9:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers"),
        (
            AnnouncePeer(TARGET, 6881, True, b"aoeusnth"),
            b"12:implied_porti1e9:info_hash20:%b4:porti6881e5:token8:aoeusnthe1:q13:announce_peer"
            % TARGET,
        ),
        (UnknownMethod(b"vote"), b"e1:q4:vote"),
    ],
)
def test_a_query_has_the_form_that_bep_5_and_bep_32_show(
    request_: Request, datagram: bytes
) -> None:
    published = b"d1:ad2:id20:" + SENDER + datagram + b"1:t2:aa1:y1:qe"
    assert decode(published) == Query(b"aa", SENDER, request_)
    ours = encode(Query(b"aa", SENDER, request_))
    assert ours.replace(b"1:v4:" + VERSION, b"") == published


def test_peers_have_the_form_that_bep_5_shows() -> None:
    peers = ((".".join(map(str, b"axje")), 0x2E75), (".".join(map(str, b"idht")), 0x6E6D))
    published = (
        b"d1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee"
        b"1:t2:aa1:y1:re"
    )
    response = Response(b"aa", SENDER, token=b"aoeusnth", peers=peers)
    assert decode(published) == response
    assert encode(response).replace(b"1:v4:" + VERSION, b"") == published


def test_an_error_has_the_form_that_bep_5_shows() -> None:
    published = b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee"
    failure = Failure(b"aa", 201, "A Generic Error Ocurred")
    assert decode(published) == failure
    assert encode(failure).replace(b"1:v4:" + VERSION, b"") == published


def test_a_cas_stands_before_the_id_and_only_with_a_key() -> None:
    item = MutableItem.of(bytes(32), 1, bytes(64), b"v")
    sent = encode(Query(b"aa", SENDER, Put(b"tok", item, cas=-3)))
    assert sent.startswith(b"d1:ad3:casi-3e2:id20:")
    unkeyed = encode(Query(b"aa", SENDER, Put(b"tok", ImmutableItem.of(b"v"), cas=-3)))
    assert b"3:cas" not in unkeyed
