"""`GET /signup_tokens/{token}`: is this invite still good (client API 15)."""

from quart import Blueprint, Response, jsonify

from appliance.pubky.timestamp import rfc3339
from appliance.web.services import Services


def routes(services: Services) -> Blueprint:
    """The one route."""
    blueprint = Blueprint("signup_tokens", __name__)

    # One segment of the undecoded path, so `%2F` belongs to the token.
    @blueprint.get("/signup_tokens/<path:token>")
    async def status(token: str) -> Response:
        found = await services.signup.invite_status(token)
        usable = found.state(services.clock()) == "unused"
        response = jsonify(
            {"status": "valid" if usable else "used", "created_at": rfc3339(found.created_us)}
        )
        response.headers["cache-control"] = "no-store"
        return response

    return blueprint
