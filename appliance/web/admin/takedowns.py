"""Paths that were taken down, and how they come back."""

from quart import Blueprint, Response, jsonify

from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import page_limit, row_cursor, time_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import empty_response

READ, WRITE = "users:read", "content:write"


def routes(services: AdminServices) -> Blueprint:
    """`/takedowns`; a take-down is made at the user's own route."""
    blueprint = Blueprint("takedowns", __name__)
    moderation = services.moderation

    @blueprint.get("/takedowns")
    async def index() -> Response:
        limit = page_limit()
        rows = await moderation.takedowns(row_cursor(), limit + 1)
        return jsonify(
            {
                "items": [
                    {
                        "id": row.id,
                        "pubkey": row.user,
                        "path": row.path,
                        "reason": row.reason,
                        "created_at": rfc3339(row.created_us),
                        "lifted_at": time_of(row.lifted_us),
                    }
                    for row in rows[:limit]
                ],
                "next_cursor": str(rows[limit - 1].id) if len(rows) > limit else None,
            }
        )

    @blueprint.post("/takedowns/<int:takedown_id>/lift")
    async def lift(takedown_id: int) -> Response:
        await moderation.lift(takedown_id)
        return empty_response(204, {})

    return blueprint
