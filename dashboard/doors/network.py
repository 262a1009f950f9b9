"""What the admin API says of the network: the node's own packet, single keys, the DHT."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.doors.answers import Members


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to publish a packet. `vantage` is `dht` or a relay's address."""

    at: datetime
    vantage: str
    outcome: str
    stored_nodes: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a packet, as people read it."""

    name: str
    type: str
    content: str


@dataclass(frozen=True, slots=True)
class Packet:
    """What a key's packet says, and the homeserver that it names."""

    signed_at: datetime
    records: tuple[Record, ...]
    homeserver: str | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the network said just now. `was_asked` is False on a node that stays by itself."""

    was_asked: bool
    is_stale: bool
    responded_nodes: int
    packet: Packet | None


@dataclass(frozen=True, slots=True)
class KeyState:
    """One key's packet in the network, newest attempts first."""

    public_key: str
    state: str
    held_by_nodes: int | None
    last_success: Attempt | None
    history: tuple[Attempt, ...]
    packet: Packet | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DhtFigures:
    """This node in the DHT of one address family, 4 or 6."""

    family: int
    mode: str
    nodes_known: int


@dataclass(frozen=True, slots=True)
class Network:
    """The node's place in the network. `is_as_configured` is None before the first packet."""

    state: str
    last_attempt: Attempt | None
    last_success: Attempt | None
    held_by_nodes: int | None
    is_as_configured: bool | None
    ipv4: str | None
    ipv6: str | None
    domain: str | None
    user_outcomes: tuple[tuple[str, int], ...]
    dht: tuple[DhtFigures, ...]
    pubky_tls: str


def read_network(said: Members) -> Network:
    """What the operator's door says of the network; raises `DoorError`."""
    record = said.members("record")
    wanted = record.members("wanted")
    outcomes = said.members("users").members("by_last_outcome")
    return Network(
        state=said.text("state"),
        last_attempt=_attempt_or_none(said, "last_attempt"),
        last_success=_attempt_or_none(said, "last_success"),
        held_by_nodes=said.number_or_none("held_by_nodes"),
        is_as_configured=record.flag_or_none("is_as_configured"),
        ipv4=wanted.text_or_none("ipv4"),
        ipv6=wanted.text_or_none("ipv6"),
        domain=wanted.text_or_none("domain"),
        user_outcomes=tuple((name, outcomes.number(name)) for name in outcomes.names()),
        dht=tuple(
            DhtFigures(item.number("family"), item.text("mode"), item.number("nodes_known"))
            for item in said.items("dht")
        ),
        pubky_tls=said.members("pubky_tls").text("state"),
    )


def read_key_state(said: Members) -> KeyState:
    """What it says of one key; raises `DoorError`."""
    return KeyState(
        public_key=said.text("public_key"),
        state=said.text("state"),
        held_by_nodes=said.number_or_none("held_by_nodes"),
        last_success=_attempt_or_none(said, "last_success"),
        history=tuple(_attempt(item) for item in said.items("history")),
        packet=_packet_or_none(said),
        last_seen_at=said.moment_or_none("last_seen_at"),
    )


def read_lookup(said: Members) -> Lookup:
    """What it says of a question to the network; raises `DoorError`."""
    return Lookup(
        was_asked=said.flag("asked"),
        is_stale=said.flag("is_stale"),
        responded_nodes=said.number("responded_nodes"),
        packet=_packet_or_none(said),
    )


def _packet_or_none(said: Members) -> Packet | None:
    found = said.members_or_none("packet")
    if found is None:
        return None
    records = tuple(
        Record(item.text("name"), item.text("type"), item.text("content"))
        for item in found.items("records")
    )
    return Packet(found.moment("signed_at"), records, said.text_or_none("homeserver"))


def _attempt(said: Members) -> Attempt:
    return Attempt(
        at=said.moment("at"),
        vantage=said.text("vantage"),
        outcome=said.text("outcome"),
        stored_nodes=said.number_or_none("stored_nodes"),
        detail=said.text("detail"),
    )


def _attempt_or_none(said: Members, name: str) -> Attempt | None:
    found = said.members_or_none(name)
    return None if found is None else _attempt(found)
