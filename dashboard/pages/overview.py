"""The node's card: what needs attention first, then figures, then the latest public changes."""

from dataclasses import dataclass
from typing import Literal

from quart.typing import ResponseReturnValue

from dashboard.doors.admin import Event, Node
from dashboard.doors.answers import DoorError
from dashboard.doors.network import Network
from dashboard.errors import wording_of
from dashboard.page_context import frame, render
from dashboard.pages.setup import Step, open_steps
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_EVENTS = 8
# A full disk stops every write; below a twentieth there is little time left to act.
_ALARMING, _LOW = 0.05, 0.15
# A packet that fewer DHT nodes hold is lost when a few people turn their computers off.
_FEW_NODES = 5

Level = Literal["alarm", "warning", "notice"]


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that needs the owner, with the page where to act."""

    level: Level
    text: str
    href: str | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """The whole front page. `network` and `events` are None when the door did not give them."""

    node: Node
    uptime_s: float
    disk_used: float
    matters: tuple[Matter, ...]
    events: tuple[Event, ...] | None
    events_error: str | None
    network: Network | None
    network_error: str | None
    first_steps: tuple[Step, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the front page and its JSON twin."""

    @table.add("/")
    async def index() -> ResponseReturnValue:
        around = await frame(parts, "overview")
        if around.node is None:
            raise around.node_error or DoorError("The admin API", "It was not asked.")
        events, events_error = None, None
        try:
            events = await parts.admin.events(_EVENTS)
        except DoorError as error:
            events_error = wording_of(error)  # the card says so; the rest of the page stands
        network, network_error = None, None
        try:
            network = await parts.admin.network()
        except DoorError as error:
            network_error = wording_of(error)
        node = around.node
        first_steps = await open_steps(parts, node)
        content = OverviewPage(
            node=node,
            uptime_s=around.now_s - node.started_at.timestamp(),
            disk_used=1 - _share(node.disk_free_bytes, node.disk_total_bytes),
            # A step of the checklist says so when there is one.
            matters=matters(node, has_owner=bool(first_steps) or not await parts.owners.has_none())
            + (network_matters(network) if network else ()),
            events=events,
            events_error=events_error,
            network=network,
            network_error=network_error,
            first_steps=first_steps,
        )
        return await render("overview/index.html", around, content)


def matters(node: Node, *, has_owner: bool = True) -> tuple[Matter, ...]:
    """What an owner should know now, the most urgent first."""
    found: list[Matter] = []
    if not has_owner:
        text = "Nobody's key runs this node yet. Link yours, and sign in with your phone."
        found.append(Matter("notice", text, "/setup", "Link my key"))
    free = _share(node.disk_free_bytes, node.disk_total_bytes)
    if free < _LOW:
        level: Level = "alarm" if free < _ALARMING else "warning"
        found.append(Matter(level, f"The disk is nearly full: {free:.0%} is free."))
    if node.signup_mode == "open":
        found.append(Matter("warning", "Anyone can sign up on this node without an invite."))
    if node.signup_mode != "open" and node.unused_invites == 0:
        text = (
            "Nobody lives here yet. Make an invite and scan it with your phone."
            if node.users == 0
            else "There is no unused invite, so nobody new can join."
        )
        found.append(Matter("notice", text, "/invites", "Make an invite"))
    if node.disabled_users:
        verb = "user is" if node.disabled_users == 1 else "users are"
        found.append(
            Matter("notice", f"{node.disabled_users} {verb} disabled.", "/users", "Show users")
        )
    return tuple(found)


def network_matters(network: Network) -> tuple[Matter, ...]:
    """What an owner should know of being found. No alarm: what looks gone may be our own outage."""
    found: list[Matter] = []
    few = network.held_by_nodes is not None and network.held_by_nodes < _FEW_NODES
    if network.state == "unreachable":
        found.append(Matter("warning", "Nobody could be reached yet to tell where this node is."))
    elif network.state == "old":
        found.append(
            Matter("warning", "For hours nobody could be reached to tell where this node is.")
        )
    elif network.state == "published" and few:
        text = f"Only {network.held_by_nodes} others hold the record of where this node is."
        found.append(Matter("notice", text))
    if network.state == "published" and network.is_as_configured is False:
        found.append(Matter("notice", "The published record is older than the settings."))
    if network.pubky_tls == "failed":
        found.append(
            Matter("warning", "Native apps cannot connect: PubkyTLS failed its test at the start.")
        )
    return tuple(found)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
