"""Can others find the visitor? A chain from key record to index: verdict, evidence, age."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorError
from dashboard.doors.indexer import Listed
from dashboard.doors.network import Attempt, KeyState, Lookup, Network
from dashboard.page_context import frame, render, signed_in
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
HISTORY = 1000
DAYS = 90
# Lookups that are remembered, for as many people.
_MOST_LOOKUPS = 500

T = TypeVar("T")
# `unknown` is what our own check could not find out: never shown as a fault.
Verdict = Literal["good", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain. `at` is when the evidence was seen."""

    name: str
    question: str
    verdict: Verdict
    evidence: str
    at: datetime | None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """What became of a day's attempts to publish the record."""

    day: str
    outcome: Literal["published", "failed", "none"]


@dataclass(frozen=True, slots=True)
class VisibilityPage:
    """The chain, the last look into the network, and the history of publication.

    `indexer` is the host of the index that can be asked, if the operator named one.
    """

    public_key: str
    indexer: str | None
    chain: tuple[Link, ...]
    state: KeyState
    lookup: Lookup | None
    looked_at: datetime | None
    days: tuple[Day, ...]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    at: datetime
    lookup: Lookup


@dataclass(frozen=True, slots=True)
class Asked:
    """What an index said: `listed` None when it knows nobody, `failure` when it said nothing."""

    host: str
    at: datetime
    listed: Listed | None
    failure: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page and the look into the network."""
    looked: OrderedDict[str, _Looked] = OrderedDict()
    asked: OrderedDict[str, Asked] = OrderedDict()
    indexer = parts.indexer

    @table.add("/visibility", audience="tenant")
    async def index() -> ResponseReturnValue:
        around = await frame(parts, "visibility")
        key = signed_in().public_key or ""
        state = await parts.admin.key_state(key, HISTORY)
        network = await parts.admin.network()
        node = await parts.admin.node()
        last = looked.get(key)
        content = VisibilityPage(
            public_key=key,
            indexer=None if indexer is None else indexer.host,
            chain=chain_of(
                node.public_key, state, network, last.lookup if last else None, asked.get(key)
            ),
            state=state,
            lookup=last.lookup if last else None,
            looked_at=last.at if last else None,
            days=days_of(state.history, datetime.fromtimestamp(parts.now_s(), UTC)),
            attempts=state.history[:20],
        )
        return await render("own/visibility.html", around, content)

    @table.add("/visibility/check", audience="tenant", methods=_POST)
    async def check() -> ResponseReturnValue:
        key = signed_in().public_key or ""
        lookup = await parts.admin.look_up(key)
        _remember(looked, key, _Looked(datetime.fromtimestamp(parts.now_s(), UTC), lookup))
        return redirect("/visibility?done=checked", 303)

    @table.add("/visibility/indexer", audience="tenant", methods=_POST)
    async def ask_indexer() -> ResponseReturnValue:
        if indexer is None:
            abort(404, "The operator of this node named no index to ask.")
        key = signed_in().public_key or ""
        listed, failure = None, None
        try:
            listed = await indexer.find(key)
        except DoorError as error:
            failure = error.message
        at = datetime.fromtimestamp(parts.now_s(), UTC)
        _remember(asked, key, Asked(indexer.host, at, listed, failure))
        return redirect("/visibility?done=checked", 303)


def _remember(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST_LOOKUPS:
        kept.popitem(last=False)


def chain_of(
    node_key: str,
    state: KeyState,
    network: Network,
    lookup: Lookup | None,
    asked: Asked | None = None,
) -> tuple[Link, ...]:
    """The links in their order; the first that is bad explains those behind it."""
    return (
        _key_record(state, network, lookup),
        _points_here(node_key, state, lookup),
        _node_record(network),
        _reachable(network),
        _indexed(asked),
    )


def _key_record(state: KeyState, network: Network, lookup: Lookup | None) -> Link:
    name, question = "Your record", "Can anybody look your key up?"
    if network.state == "private":
        said = "This node stays on this machine, so nothing is published."
        return Link(name, question, "unknown", said, None)
    if lookup is not None and lookup.was_asked and not lookup.responded_nodes:
        said = "Nobody in the network answered us, so this says nothing about your record."
        return Link(name, question, "unknown", said, None)
    packet = (lookup.packet if lookup else None) or state.packet
    if packet is None:
        said = "No record of your key was seen by this node."
        remedy = "Open your key in Ring and let it publish; the node keeps it alive from then on."
        return Link(name, question, "bad" if lookup else "unknown", said, None, remedy)
    held = (
        f" {state.held_by_nodes} others held it at the last count."
        if state.held_by_nodes is not None
        else ""
    )
    at = state.last_success.at if state.last_success else state.last_seen_at
    return Link(name, question, "good", f"There is a signed record of your key.{held}", at)


def _points_here(node_key: str, state: KeyState, lookup: Lookup | None) -> Link:
    name, question = "Points here", "Does your record name this node?"
    packet = (lookup.packet if lookup else None) or state.packet
    if packet is None:
        return Link(name, question, "unknown", "Without a record there is nothing to see.", None)
    if packet.homeserver == node_key:
        return Link(name, question, "good", "It names this node.", packet.signed_at)
    said = (
        f"It names another homeserver: {packet.homeserver}."
        if packet.homeserver
        else "It names no homeserver."
    )
    remedy = "Sign in here again with Ring, which publishes where your data is."
    return Link(name, question, "bad", said, packet.signed_at, remedy)


def _node_record(network: Network) -> Link:
    name, question = "The node's record", "Can apps find this node?"
    at = network.last_success.at if network.last_success else None
    match network.state:
        case "published":
            held = network.held_by_nodes
            said = f"It is published{f', held by {held} others' if held is not None else ''}."
            return Link(name, question, "good", said, at)
        case "private":
            return Link(name, question, "unknown", "This node stays on this machine.", None)
        case "old" | "unreachable":
            # Our own outage looks the same from here.
            said = "It could not be renewed for hours: the network did not answer us."
            return Link(name, question, "unknown", said, at)
        case _:
            return Link(name, question, "unknown", "It is being published just now.", at)


def _reachable(network: Network) -> Link:
    name, question = "Reachable", "Do apps get through to it?"
    where = network.domain or network.ipv4 or network.ipv6
    if network.pubky_tls == "failed":
        said = "Native apps cannot connect: the node's own test of PubkyTLS failed."
        return Link(name, question, "bad", said, None, "Whoever runs the node sees why in its log.")
    said = "A node cannot look at itself from outside."
    remedy = f"Open {where} from another network, say with your phone." if where else None
    return Link(name, question, "unknown", said, None, remedy)


def _indexed(asked: Asked | None) -> Link:
    name, question = "Indexed", "Do apps list you?"
    if asked is None:
        said = "Apps find people through indexes of others. Asking one tells it about you."
        remedy = "Sign in to the app of your choice and look for your name there."
        return Link(name, question, "unknown", said, None, remedy)
    if asked.failure is not None:
        said = f"{asked.host} could not be asked: {asked.failure} This says nothing about you."
        return Link(name, question, "unknown", said, asked.at)
    if asked.listed is None or asked.listed.is_deleted:
        knows = "does not know your key" if asked.listed is None else "takes your profile for gone"
        remedy = "Store a profile, or sign in to an app that uses this index: it takes you up then."
        return Link(name, question, "bad", f"{asked.host} {knows}.", asked.at, remedy)
    day = f"{asked.listed.indexed_at:%Y-%m-%d}"
    said = f"{asked.host} knows you; it took up your profile on {day}."
    return Link(name, question, "good", said, asked.at)


def days_of(history: tuple[Attempt, ...], now: datetime) -> tuple[Day, ...]:
    """The last 90 days, oldest first."""
    outcomes: dict[str, Literal["published", "failed"]] = {}
    for attempt in history:
        day = attempt.at.strftime("%Y-%m-%d")
        is_good = attempt.outcome == "published"
        if is_good or day not in outcomes:
            outcomes[day] = "published" if is_good else "failed"
    days = [(now - timedelta(days=ago)).strftime("%Y-%m-%d") for ago in range(DAYS - 1, -1, -1)]
    return tuple(Day(day, outcomes.get(day, "none")) for day in days)
