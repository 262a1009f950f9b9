"""What nodes say to each other (discovery 5.1): queries, responses and failures as values."""

from dataclasses import dataclass

from appliance.mainline.items import Item
from appliance.mainline.node_ids import Address, Contact

# What error answers say (BEP 5 and 44).
GENERIC_ERROR = 201
PROTOCOL_ERROR = 203
UNKNOWN_METHOD = 204
VALUE_TOO_BIG = 205
INVALID_SIGNATURE = 206
SALT_TOO_BIG = 207
CAS_MISMATCH = 301
SEQ_TOO_LOW = 302
KNOWN_CODES = frozenset({201, 202, 203, 204, 205, 206, 207, 301, 302})


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""


@dataclass(frozen=True, slots=True)
class FindNode:
    """Which nodes are nearest to the target? `want` holds 4 or 6 or both, or nothing (BEP 32)."""

    target: bytes
    want: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GetPeers:
    """Who shares this torrent, and which nodes are nearest to it?"""

    info_hash: bytes
    want: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AnnouncePeer:
    """I share this torrent, at `port`, or where this datagram comes from if `implied_port`."""

    info_hash: bytes
    port: int
    implied_port: bool
    token: bytes


@dataclass(frozen=True, slots=True)
class Get:
    """The item of this target, and the nodes nearest to it; `seq` is the last one known."""

    target: bytes
    seq: int | None = None
    want: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Put:
    """Keep this item. `target` is what the sender named, which BEP 44 does not ask for.

    Nothing here is checked but types: lengths, sizes and the target are the store's to judge.
    """

    token: bytes
    item: Item
    cas: int | None = None
    target: bytes | None = None


@dataclass(frozen=True, slots=True)
class UnknownMethod:
    """A query that we do not know; 204 answers it."""

    name: bytes


@dataclass(frozen=True, slots=True)
class MalformedRequest:
    """A query that we know, with arguments that make no sense; 203 with `text` answers it."""

    name: bytes
    text: str


Request = Ping | FindNode | GetPeers | AnnouncePeer | Get | Put | UnknownMethod | MalformedRequest


@dataclass(frozen=True, slots=True)
class Query:
    """A request of a node. `read_only` (BEP 43): it answers nothing and wants to be in no table."""

    transaction_id: bytes
    sender_id: bytes
    request: Request
    read_only: bool = False
    version: bytes | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a query. What is in it depends on the query alone.

    A mutable `item` has no salt: only whoever asked knows it. `seq` without an item is the short
    answer "nothing newer than what you have". `requester` is where our query seemed to come from.
    """

    transaction_id: bytes
    sender_id: bytes
    contacts: tuple[Contact, ...] = ()
    token: bytes | None = None
    peers: tuple[Address, ...] = ()
    item: Item | None = None
    seq: int | None = None
    requester: Address | None = None
    version: bytes | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A refusal with a code of BEP 5 or BEP 44 and a printable text."""

    transaction_id: bytes
    code: int
    text: str
    requester: Address | None = None
    version: bytes | None = None


Message = Query | Response | Failure
