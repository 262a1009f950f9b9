"""Where phones leave their answer to a sign-in link: one channel for each scan, for posting only.

Anybody may post, from any web page and without cookies. Whether it is an answer is for the node to
say; whoever posts nonsense hears the same as a wallet, as at any relay.
"""

from quart import Response, abort, request
from quart.typing import ResponseReturnValue

from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.scanning import INBOX
from dashboard.visitors import visitor_address

MAX_BODY_BYTES = 16 * 1024
# A wallet posts once, or a few times when the network is bad.
TURNS_A_MINUTE = 60


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the inbox."""

    @table.add(
        f"{INBOX}/<channel_id>",
        audience="anyone",
        methods=frozenset({"POST"}),
        policy="machine",
        cross_origin=True,
    )
    async def deliver(channel_id: str) -> ResponseReturnValue:
        forwarded = request.headers.getlist("X-Forwarded-For")
        address = visitor_address(request.remote_addr or "", forwarded, parts.trusted_proxies)
        if not parts.deliveries.take(address):
            abort(429, "Too many requests.")
        # The node is not asked about channels that nobody waits in.
        if not parts.scanning.scans.waits_in(channel_id):
            abort(404, "Nobody waits here.")
        body = bytes(await request.body)
        if len(body) > MAX_BODY_BYTES:
            abort(413, f"A body has at most {MAX_BODY_BYTES} bytes.")
        if not await parts.logins.deliver(channel_id, body):
            abort(404, "Nobody waits here.")
        return Response("", 200)

    @table.add(
        f"{INBOX}/<channel_id>",
        audience="anyone",
        methods=frozenset({"OPTIONS"}),
        policy="machine",
        cross_origin=True,
    )
    async def preflight(channel_id: str) -> ResponseReturnValue:  # noqa: ARG001 - the route's part
        return Response("", 204)
