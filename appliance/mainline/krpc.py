"""KRPC: one bencoded dictionary in each datagram (BEP 5; discovery 5.1 and 5.3).

Messages are written piece by piece instead of through `bencode.encode`, because a lookup sends
hundreds of them. The values themselves are in `messages.py` and may be imported from here too.
"""

from collections.abc import Callable

from appliance.errors import PubkyError, invalid
from appliance.mainline import bencode
from appliance.mainline.bencode import Value, encode_bytes
from appliance.mainline.items import ImmutableItem, Item, MutableItem
from appliance.mainline.messages import (
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
)
from appliance.mainline.node_ids import (
    ID_BYTES,
    Address,
    Contact,
    compact_address,
    compact_contacts,
    is_ipv6,
    is_reachable,
    read_compact_address,
    read_compact_contacts,
)

__all__ = [
    "MAX_DATAGRAM_BYTES",
    "VERSION",
    "AnnouncePeer",
    "Failure",
    "FindNode",
    "Get",
    "GetPeers",
    "MalformedRequest",
    "Message",
    "Ping",
    "Put",
    "Query",
    "Request",
    "Response",
    "UnknownMethod",
    "decode",
    "encode",
]

MAX_DATAGRAM_BYTES = 2048
MAX_TRANSACTION_BYTES = 32

# mainline drops messages whose version has another length than four.
VERSION = b"PB\x00\x01"

_Dictionary = dict[bytes, Value]


def encode(message: Message) -> bytes:
    """The datagram. `version` is ours unless the message names another one.

    A put names its target even if `Put.target` is None, because mainline drops those that do not.
    Raises `invalid` for an address that is not numeric.
    """
    transaction_id, version = message.transaction_id, message.version or VERSION
    tail = b"1:t%d:%b1:v%d:%b1:y" % (len(transaction_id), transaction_id, len(version), version)
    if isinstance(message, Query):
        method, before_id, arguments = _arguments(message.request)
        return b"d1:ad%b2:id20:%b%be1:q%b%b%b1:qe" % (
            before_id,
            message.sender_id,
            arguments,
            method,
            b"2:roi1e" if message.read_only else b"",
            tail,
        )
    address = message.requester
    requester = b"" if address is None else b"2:ip" + encode_bytes(compact_address(address))
    if isinstance(message, Response):
        return b"d%b1:rd%be%b1:re" % (requester, _results(message), tail)
    text = encode_bytes(message.text.encode())
    return b"d1:eli%de%be%b%b1:ee" % (message.code, text, requester, tail)


def _arguments(request: Request) -> tuple[bytes, bytes, bytes]:
    """The bencoded method, and the arguments that sort before and after `id`."""
    before_id = arguments = b""
    match request:
        case Get(target=target, seq=seq, want=want):
            method = b"3:get"
            known = b"" if seq is None else b"3:seqi%de" % seq
            arguments = known + _target(target) + _want(want)
        case FindNode(target=target, want=want):
            method = b"9:find_node"
            arguments = _target(target) + _want(want)
        case Ping():
            method = b"4:ping"
        case Put(item=item, cas=cas):
            method = b"3:put"
            if cas is not None and isinstance(item, MutableItem):
                before_id = b"3:casi%de" % cas
            arguments = _put_arguments(request)
        case GetPeers(info_hash=info_hash, want=want):
            method = b"9:get_peers"
            arguments = b"9:info_hash" + encode_bytes(info_hash) + _want(want)
        case AnnouncePeer(info_hash=info_hash, port=port, implied_port=implied_port, token=token):
            method = b"13:announce_peer"
            arguments = b"12:implied_porti%de9:info_hash%b4:porti%de5:token%b" % (
                implied_port,
                encode_bytes(info_hash),
                port,
                encode_bytes(token),
            )
        case _:
            method = encode_bytes(request.name)
    return method, before_id, arguments


def _put_arguments(put: Put) -> bytes:
    item = put.item
    target = _target(item.target if put.target is None else put.target)
    token_and_value = b"5:token%b1:v%b" % (encode_bytes(put.token), item.encoded)
    if isinstance(item, ImmutableItem):
        return target + token_and_value
    return b"1:k%b%b3:seqi%de3:sig%b%b%b" % (
        encode_bytes(item.public_key),
        b"4:salt" + encode_bytes(item.salt) if item.salt else b"",
        item.seq,
        encode_bytes(item.signature),
        target,
        token_and_value,
    )


def _target(target: bytes) -> bytes:
    return b"6:target" + encode_bytes(target)


def _want(want: tuple[int, ...]) -> bytes:
    return b"4:wantl%be" % b"".join([b"2:n%d" % family for family in want]) if want else b""


def _results(response: Response) -> bytes:
    parts = [b"2:id20:", response.sender_id]
    item = response.item
    mutable = item if isinstance(item, MutableItem) else None
    if mutable is not None:
        parts += b"1:k", encode_bytes(mutable.public_key)
    if response.contacts:
        nodes6 = [contact for contact in response.contacts if is_ipv6(contact.address[0])]
        nodes = [contact for contact in response.contacts if not is_ipv6(contact.address[0])]
        if nodes:
            parts += b"5:nodes", encode_bytes(compact_contacts(nodes))
        if nodes6:
            parts += b"6:nodes6", encode_bytes(compact_contacts(nodes6))
    if mutable is not None:
        parts += b"3:seqi%de3:sig" % mutable.seq, encode_bytes(mutable.signature)
    elif response.seq is not None:
        parts.append(b"3:seqi%de" % response.seq)
    if response.token is not None:
        parts += b"5:token", encode_bytes(response.token)
    if item is not None:
        parts += b"1:v", item.encoded
    if response.peers:
        peers = [encode_bytes(compact_address(peer)) for peer in response.peers]
        parts += b"6:valuesl", *peers, b"e"
    return b"".join(parts)


def decode(datagram: bytes) -> Message:
    """What a stranger sent. Raises `invalid` for what cannot even be answered.

    A query whose arguments make no sense becomes a `MalformedRequest`, because BEP 5 has an answer
    for it. Keys that we do not know are passed over, as are unusable addresses in lists.
    """
    if len(datagram) > MAX_DATAGRAM_BYTES:
        raise invalid("datagram: too long")
    message = bencode.decode(datagram, exact=b"v")
    if not isinstance(message, dict):
        raise invalid("datagram: not a dictionary")
    transaction_id = _bytes(message, b"t")
    if len(transaction_id) > MAX_TRANSACTION_BYTES:
        raise invalid("datagram: the transaction id is too long")
    version = message.get(b"v")
    if not isinstance(version, bytes):
        version = None
    kind = message.get(b"y")
    if kind == b"q":
        arguments = _dictionary(message, b"a")
        return Query(
            transaction_id,
            _bytes(arguments, b"id", ID_BYTES),
            _request(_bytes(message, b"q"), arguments),
            message.get(b"ro") == 1,
            version,
        )
    if kind == b"r":
        return _response(transaction_id, message, version)
    if kind == b"e":
        code, text = _error(message)
        return Failure(transaction_id, code, text, _requester(message), version)
    raise invalid("datagram: neither query nor response nor error")


def _request(name: bytes, arguments: _Dictionary) -> Request:
    reader = _READERS.get(name)
    if reader is None:
        return UnknownMethod(name)
    try:
        return reader(arguments)
    except PubkyError as error:
        return MalformedRequest(name, error.message)


def _ping(_arguments: _Dictionary) -> Ping:
    return Ping()


def _find_node(arguments: _Dictionary) -> FindNode:
    return FindNode(_bytes(arguments, b"target", ID_BYTES), _families(arguments))


def _get_peers(arguments: _Dictionary) -> GetPeers:
    return GetPeers(_bytes(arguments, b"info_hash", ID_BYTES), _families(arguments))


def _get(arguments: _Dictionary) -> Get:
    target = _bytes(arguments, b"target", ID_BYTES)
    return Get(target, _optional_integer(arguments, b"seq"), _families(arguments))


def _families(arguments: _Dictionary) -> tuple[int, ...]:
    want = arguments.get(b"want")
    if not isinstance(want, list):
        return ()
    return tuple(family for family, name in ((4, b"n4"), (6, b"n6")) if name in want)


def _put(arguments: _Dictionary) -> Put:
    token = _bytes(arguments, b"token")
    target = _bytes(arguments, b"target", ID_BYTES) if b"target" in arguments else None
    salt = _bytes(arguments, b"salt") if b"salt" in arguments else b""
    item = _item(arguments, salt)
    if item is None:
        raise invalid("missing or malformed: v")
    return Put(token, item, _optional_integer(arguments, b"cas"), target)


def _item(holder: _Dictionary, salt: bytes) -> Item | None:
    """The item in the arguments of a put or in a response to a get: mutable if it has a key."""
    if b"v" not in holder:
        return None
    encoded = _bytes(holder, b"v")
    if b"k" not in holder:
        return ImmutableItem(encoded)
    seq = _optional_integer(holder, b"seq")
    if seq is None:
        raise invalid("missing or malformed: seq")
    return MutableItem(_bytes(holder, b"k"), seq, _bytes(holder, b"sig"), encoded, salt)


def _announce_peer(arguments: _Dictionary) -> AnnouncePeer:
    implied_port = _optional_integer(arguments, b"implied_port") not in (None, 0)
    port = _optional_integer(arguments, b"port") or 0
    if not 0 <= port <= 65535 or (port == 0 and not implied_port):
        raise invalid("missing or malformed: port")
    info_hash = _bytes(arguments, b"info_hash", ID_BYTES)
    return AnnouncePeer(info_hash, port, implied_port, _bytes(arguments, b"token"))


_READERS: dict[bytes, Callable[[_Dictionary], Request]] = {
    b"ping": _ping,
    b"find_node": _find_node,
    b"get_peers": _get_peers,
    b"announce_peer": _announce_peer,
    b"get": _get,
    b"put": _put,
}


def _response(transaction_id: bytes, message: _Dictionary, version: bytes | None) -> Response:
    results = _dictionary(message, b"r")
    contacts: tuple[Contact, ...] = ()
    if b"nodes" in results:
        contacts = tuple(read_compact_contacts(_bytes(results, b"nodes"), 26))
    if b"nodes6" in results:
        contacts += tuple(read_compact_contacts(_bytes(results, b"nodes6"), 38))
    item = _item(results, b"")
    return Response(
        transaction_id,
        _bytes(results, b"id", ID_BYTES),
        contacts,
        _bytes(results, b"token") if b"token" in results else None,
        _peers(results),
        item,
        _optional_integer(results, b"seq") if item is None else None,
        _requester(message),
        version,
    )


def _peers(results: _Dictionary) -> tuple[Address, ...]:
    values = results.get(b"values")
    if not isinstance(values, list):
        return ()
    return tuple(
        read_compact_address(value)
        for value in values
        if isinstance(value, bytes) and len(value) in (6, 18) and is_reachable(value)
    )


def _requester(message: _Dictionary) -> Address | None:
    """BEP 42's `ip`. Some nodes leave the port out; then it says too little to be of use."""
    compact = message.get(b"ip")
    if not isinstance(compact, bytes) or len(compact) not in (6, 18):
        return None
    return read_compact_address(compact)


def _error(message: _Dictionary) -> tuple[int, str]:
    error = message.get(b"e")
    if not isinstance(error, list) or not error or not isinstance(error[0], int):
        raise invalid("datagram: an error without a code")
    text = error[1] if len(error) > 1 else b""
    if not isinstance(text, bytes):
        text = b""
    # It may end up in a log: a stranger must not write lines of his own there.
    decoded = text.decode("utf-8", "replace")
    return error[0], "".join(letter if letter.isprintable() else "?" for letter in decoded)


def _dictionary(message: _Dictionary, key: bytes) -> _Dictionary:
    value = message.get(key)
    if not isinstance(value, dict):
        raise _missing(key)
    return value


def _bytes(holder: _Dictionary, key: bytes, length: int | None = None) -> bytes:
    value = holder.get(key)
    if not isinstance(value, bytes) or (length is not None and len(value) != length):
        raise _missing(key)
    return value


def _optional_integer(holder: _Dictionary, key: bytes) -> int | None:
    value = holder.get(key)
    if value is not None and not isinstance(value, int):
        raise _missing(key)
    return value


def _missing(key: bytes) -> PubkyError:
    return invalid(f"missing or malformed: {key.decode()}")
