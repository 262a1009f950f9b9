"""What every page needs, asked once per request: who looks, and the node's card for the frame."""

from dataclasses import Field, dataclass, fields, replace
from typing import Any, ClassVar, Protocol
from urllib.parse import quote, urlencode

from quart import g, render_template, request

from dashboard import json_twin
from dashboard.addresses import keys_in
from dashboard.doors.admin import Node
from dashboard.doors.answers import DoorError
from dashboard.parts import Parts
from dashboard.sign_in import Roles, SignIn

# One-line results after a redirect. Only these texts can appear, whatever the query says.
RESULTS = {
    "disabled": "Disabled. This user can no longer write.",
    "enabled": "Enabled. This user can write again.",
    "limits-set": "Kept. It holds from the next request on.",
    "created": "Invite created.",
    "created-several": "Invites created. Print this page, or send them one by one.",
    "revoked": "Revoked. This invite no longer works.",
    "ended": "That sign-in has ended.",
    "ended-others": "Every other sign-in of yours has ended.",
    "named": "That is its name from now on.",
    "published": "Published. Whoever knows this node's key finds it.",
    "unpublished": "Nobody could be reached. The node tries again by itself.",
    "set-up": "The steps are no longer shown. They stay here.",
    "claimed": "This node is yours. From now on you can sign in with your phone.",
    "released": "That key no longer runs this node.",
    "connected": "Connected. The dashboard can look after your data until you sign out.",
    "restored": "Put back. What lay there before is in the trash.",
    "deleted": "Deleted. For a while it can be put back from the trash.",
    "deleted-some": "Deleted in part: it takes long. Delete once more to go on.",
    "nothing-chosen": "Nothing was chosen.",
    "uploaded": "Stored.",
    "edited": "Stored. What it was before is among its earlier versions.",
    "posted": "Posted.",
    "saved": "Stored.",
    "followed": "You follow this person now.",
    "muted": "Muted.",
    "tagged": "Tagged.",
    "bookmarked": "Bookmarked.",
    "kept-feed": "Kept.",
    "access-ended": "Ended. It can no longer get in.",
    "access-ended-others": "Ended. Nobody but this dashboard can get in now.",
    "settings-kept": "Kept. It is what runs already.",
    "settings-restart": "Kept. Restart the node to take it up.",
    "checked": "Looked again just now.",
    "job-stopping": "It stops at the next piece.",
    "archive-dropped": "Thrown away. Nothing was changed.",
    "arrived": "Approved. The dashboard can copy your files there now.",
    "place-forgotten": "Ended. The dashboard no longer gets in at the other homeserver.",
    "frozen": "Your account here only reads from now on. The operator can undo it.",
    "look-closed": "Closed. Nobody can look into these files now.",
    "disconnected": "Disconnected. The dashboard can no longer open your data.",
}


class Content(Protocol):
    """A frozen dataclass: exactly the names its template uses."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame around a page. `node` is None when signed out or when the admin door is shut."""

    sign_in: SignIn | None
    roles: Roles | None
    node: Node | None
    node_error: DoorError | None
    now_s: float
    section: str
    result: str | None
    twin: str | None
    node_name: str | None = None

    @property
    def is_operator(self) -> bool:
        """Whether the visitor runs this node. Unknown on pages that are open to anyone."""
        return self.roles is not None and self.roles.is_operator

    @property
    def is_tenant(self) -> bool:
        """Whether the visitor has an account here. Unknown on pages that are open to anyone."""
        return self.roles is not None and self.roles.is_tenant

    @property
    def home(self) -> str:
        """Where the visitor begins."""
        return "/" if self.roles is None else self.roles.home


def current_sign_in() -> SignIn | None:
    """Who sent this request; the application's guard has looked it up."""
    return g.get("sign_in")  # type: ignore[no-any-return]  # quart types `g` loosely


def signed_in() -> SignIn:
    """As `current_sign_in`, for pages whose audience makes sure that somebody is."""
    sign_in = current_sign_in()
    if sign_in is None:
        raise RuntimeError("this page is open to anyone")
    return sign_in


def current_roles() -> Roles | None:
    """What the visitor is here; None on pages that are open to anyone."""
    return g.get("roles")  # type: ignore[no-any-return]  # quart types `g` loosely


async def frame(parts: Parts, section: str) -> Frame:
    """Ask for the frame's data. A shut admin door is noted, not raised: other parts may work."""
    empty = frame_without_node(parts, section)
    if empty.sign_in is None:
        return empty
    named = replace(empty, node_name=await parts.node_facts.name())
    try:
        return replace(named, node=await parts.admin.node())
    except DoorError as error:
        return replace(named, node_error=error)


def frame_without_node(parts: Parts, section: str = "") -> Frame:
    """The frame of pages that must not ask a door: errors and the way in."""
    return Frame(
        sign_in=current_sign_in(),
        roles=current_roles(),
        node=None,
        node_error=None,
        now_s=parts.now_s(),
        section=section,
        result=RESULTS.get(request.args.get("done", "")),
        twin=_twin(),
    )


def _twin() -> str | None:
    """The address of the JSON twin of the page that is asked for, with what was asked of it."""
    if current_roles() is None or request.method != "GET":
        return None
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != "done"]
    address = json_twin.address_of(quote(request.path))
    return f"{address}?{urlencode(asked)}" if asked else address


async def render_named(parts: Parts, template: str, around: Frame, content: Content) -> str:
    """As `render`; people of this node are called by their names where their keys are shown."""
    if not json_twin.is_twin(request.path):
        keys = keys_in(json_twin.write(content))
        g.names = await parts.names.of(keys)
    return await render(template, around, content)


def name_of(text: str) -> str:
    """The name of the person whose key, or whose address, this is; "" if it is not known."""
    known: dict[str, str] = g.get("names", {})
    return next((known[key] for key in keys_in(text) if key in known), "") if known else ""


async def render(template: str, around: Frame, content: Content) -> str:
    """Fill a template with the frame and the fields of a page's dataclass.

    Under the address of the page's twin it is the dataclass as JSON.
    """
    if json_twin.is_twin(request.path):
        return json_twin.write(content)
    shown = {field.name: getattr(content, field.name) for field in fields(content)}
    return await render_template(template, frame=around, **shown)
