"""What every page needs, asked once per request: who looks, and the node's card for the frame."""

from dataclasses import Field, dataclass, fields, replace
from typing import Any, ClassVar, Protocol

from quart import g, render_template, request

from dashboard.doors.admin import Node
from dashboard.doors.answers import DoorError
from dashboard.parts import Parts
from dashboard.sign_in import SignIn

# One-line results after a redirect. Only these texts can appear, whatever the query says.
RESULTS = {
    "disabled": "Disabled. This user can no longer write.",
    "enabled": "Enabled. This user can write again.",
    "created": "Invite created.",
    "revoked": "Revoked. This invite no longer works.",
    "ended": "That sign-in has ended.",
}


class Content(Protocol):
    """A frozen dataclass: exactly the names its template uses."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame around a page. `node` is None when signed out or when the admin door is shut."""

    sign_in: SignIn | None
    node: Node | None
    node_error: DoorError | None
    now_s: float
    section: str
    result: str | None


def current_sign_in() -> SignIn | None:
    """Who sent this request; the application's guard has looked it up."""
    return g.get("sign_in")  # type: ignore[no-any-return]  # quart types `g` loosely


async def frame(parts: Parts, section: str) -> Frame:
    """Ask for the frame's data. A shut admin door is noted, not raised: other parts may work."""
    empty = frame_without_node(parts, section)
    if empty.sign_in is None:
        return empty
    try:
        return replace(empty, node=await parts.admin.node())
    except DoorError as error:
        return replace(empty, node_error=error)


def frame_without_node(parts: Parts, section: str = "") -> Frame:
    """The frame of pages that must not ask a door: errors and the way in."""
    return Frame(
        sign_in=current_sign_in(),
        node=None,
        node_error=None,
        now_s=parts.now_s(),
        section=section,
        result=RESULTS.get(request.args.get("done", "")),
    )


async def render(template: str, around: Frame, content: Content) -> str:
    """Fill a template with the frame and the fields of a page's dataclass."""
    shown = {field.name: getattr(content, field.name) for field in fields(content)}
    return await render_template(template, frame=around, **shown)
