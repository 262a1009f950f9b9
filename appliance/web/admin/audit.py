"""What operators did, newest first."""

from quart import Blueprint, Response, jsonify, request

from appliance.metadata import audit
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import page_limit, row_cursor
from appliance.web.admin.services import AdminServices

READ, WRITE = "audit:read", "audit:read"
LONGEST_PART = 200


def routes(services: AdminServices) -> Blueprint:
    """`GET /audit`."""
    blueprint = Blueprint("audit", __name__)

    @blueprint.get("/audit")
    async def index() -> Response:
        limit = page_limit()
        part = request.args.get("contains", "")[:LONGEST_PART]
        rows = await services.node.metadata.read(audit.page, row_cursor(), limit + 1, part)
        return jsonify(
            {
                "items": [
                    {
                        "id": row.id,
                        "at": rfc3339(row.at_us),
                        "actor": row.actor,
                        "action": row.action,
                        "subject": row.subject,
                        "outcome": row.outcome,
                    }
                    for row in rows[:limit]
                ],
                "next_cursor": str(rows[limit - 1].id) if len(rows) > limit else None,
            }
        )

    return blueprint
