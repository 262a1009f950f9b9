"""The root and `/info`: what this server is and can do (client API 15)."""

from quart import Blueprint, Response

from appliance.web.services import Services

# A feature is listed only when it works; clients change their requests by it.
FEATURES = ("path-addressed-storage",)


def routes(_: Services) -> Blueprint:
    """`GET /` and `GET /info`."""
    blueprint = Blueprint("info", __name__)

    @blueprint.get("/")
    async def root() -> Response:
        return Response("Pubky Homeserver", content_type="text/plain; charset=utf-8")

    @blueprint.get("/info")
    async def info() -> Response:
        features = ",".join(f'"{feature}"' for feature in FEATURES)
        return Response(
            f'{{"features":[{features}]}}',
            content_type="application/json",
            headers={"cache-control": "no-store"},
        )

    return blueprint
