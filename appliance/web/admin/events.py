"""The newest changes, for the operator's first page; public paths only."""

from quart import Blueprint, Response, jsonify

from appliance.metadata import events
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import page_limit
from appliance.web.admin.services import AdminServices

READ, WRITE = "events:read", "events:read"


def routes(services: AdminServices) -> Blueprint:
    """`GET /events`."""
    blueprint = Blueprint("admin_events", __name__)

    @blueprint.get("/events")
    async def newest() -> Response:
        found = await services.node.metadata.read(events.newest_public, page_limit())
        return jsonify(
            {
                "items": [
                    {
                        "id": event.id,
                        "kind": event.kind,
                        "path": f"pubky://{event.user}{event.path}",
                        "at": rfc3339(event.created_us),
                    }
                    for event in found
                ]
            }
        )

    return blueprint
