"""Where a newcomer without a phone makes a key, keeps it, and joins this node with an invite.

All of it happens in their browser with the published client: this server sends the page and hears
of the new key what the network hears.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from quart import abort, g, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.packet_relay import PACKETS
from dashboard.page_context import frame_without_node, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.visitors import Turns, visitor_address

SDK = "pubky.js"
_LOCAL_NAME = "localhost"
_TURNS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class JoinPage:
    """What the newcomer's browser must know. `sdk` None: the published client was not fetched.

    `web_url` is where browsers reach the client API, None on a node without a domain.
    """

    sdk: str | None
    homeserver: str
    node_name: str | None
    web_url: str | None
    relay: str | None
    needs_invite: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""
    turns = Turns(_TURNS_A_MINUTE, 60, parts.now_s)

    @table.add("/join", audience="anyone", policy="new-key")
    async def index() -> ResponseReturnValue:
        forwarded = request.headers.getlist("X-Forwarded-For")
        if not turns.take(
            visitor_address(request.remote_addr or "", forwarded, parts.trusted_proxies)
        ):
            abort(429, "Too many requests.")
        node = await parts.admin.node()
        own_origin = parts.origin.as_asked(request.headers.get("Host", ""))
        here, there = urlsplit(own_origin), urlsplit(node.web_url or "")
        if there.hostname == _LOCAL_NAME and here.hostname != _LOCAL_NAME:
            # Elsewhere the session's cookie would be a third party's, which browsers keep back.
            port = f":{here.port}" if here.port else ""
            return redirect(f"{here.scheme}://{_LOCAL_NAME}{port}/join", 303)
        sdk = parts.files.get(SDK)
        content = JoinPage(
            sdk=sdk.address if sdk is not None else None,
            homeserver=node.public_key,
            node_name=await parts.node_facts.name(),
            web_url=node.web_url,
            relay=f"{own_origin}{PACKETS}" if parts.packets is not None else None,
            needs_invite=node.signup_mode != "open",
        )
        # The browser itself holds the page to these, whatever a script might want.
        g.places = [f"{own_origin}{PACKETS}/", *([node.web_url] if node.web_url else [])]
        # Nobody is signed in here: a form of the frame would be one more way out.
        around = replace(frame_without_node(parts, "join"), sign_in=None, twin=None)
        return await render("join/index.html", around, content)
