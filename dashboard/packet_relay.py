"""A pkarr relay for the page that makes keys: a newcomer's browser asks nobody but this node.

The answers are signed by their keys, so passing them on needs no trust; the writes come from our
own pages only.
"""

from quart import Response, abort, request

from dashboard.addresses import AddressError, parse_public_key
from dashboard.doors.packets import MAX_PACKET_BYTES, PacketDoor
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.visitors import Turns, visitor_address

PACKETS = "/relay/packets"
PACKET_TYPE = "application/pkarr.org/relays#payload"
# To join takes five questions and one packet.
TURNS_A_MINUTE = 60


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the relay's two methods."""
    turns = Turns(TURNS_A_MINUTE, 60, parts.now_s)

    def enter(public_key: str) -> tuple[PacketDoor, str]:
        forwarded = request.headers.getlist("X-Forwarded-For")
        address = visitor_address(request.remote_addr or "", forwarded, parts.trusted_proxies)
        if not turns.take(address):
            abort(429, "Too many requests.")
        if parts.packets is None:
            abort(404, "This node runs no pkarr relay.")
        try:
            return parts.packets, parse_public_key(public_key)
        except AddressError as error:
            abort(404, str(error))

    @table.add(f"{PACKETS}/<public_key>", audience="anyone", policy="machine")
    async def find(public_key: str) -> Response:
        door, key = enter(public_key)
        status, body, headers = await door.find(key)
        if status == 404 and key == (await parts.admin.node()).public_key:
            # What a private node tells nobody else, it tells whoever joins it here.
            body = await parts.admin.own_packet() or abort(404, "This node has no address.")
            return Response(body, content_type=PACKET_TYPE)
        return Response(body, status, headers)

    @table.add(
        f"{PACKETS}/<public_key>",
        audience="anyone",
        methods=frozenset({"PUT"}),
        policy="machine",
        max_body=MAX_PACKET_BYTES,
    )
    async def publish(public_key: str) -> Response:
        door, key = enter(public_key)
        packet = bytes(await request.body)
        status, body, headers = await door.publish(key, packet, dict(request.headers))
        return Response(body, status, headers)
