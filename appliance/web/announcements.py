"""What people are told of looks into their files by whoever runs the node."""

from quart import Blueprint, Response

from appliance.web.owner_requests import answer, moment, number, number_or_none, owner_session
from appliance.web.services import Services

LARGEST_PAGE = 100


def routes(services: Services) -> Blueprint:
    """`GET /owner/announcements`: why, until when, and the newest of what was read."""
    blueprint = Blueprint("announcements", __name__)

    @blueprint.get("/owner/announcements")
    async def index() -> Response:
        session = await owner_session(services)
        limit = number("limit", 20, LARGEST_PAGE)
        found = await services.own_data.announcements(session, number_or_none("cursor"), limit + 1)
        return answer(
            {
                "items": [
                    {
                        "id": each.opening.id,
                        "actor": each.opening.actor,
                        "reason": each.opening.reason,
                        "opened_at": moment(each.opening.opened_us),
                        "closes_at": moment(each.opening.closes_us),
                        "read_count": each.read_count,
                        "reads": [
                            {"at": moment(read.at_us), "path": read.path} for read in each.reads
                        ],
                    }
                    for each in found[:limit]
                ],
                "next_cursor": str(found[limit - 1].opening.id) if len(found) > limit else None,
            }
        )

    return blueprint
