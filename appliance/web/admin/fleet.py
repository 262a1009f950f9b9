"""The operator's other nodes, as the playbook that looks after them found them."""

from dataclasses import asdict

from quart import Blueprint, Response, jsonify

from appliance.errors import PubkyError
from appliance.homeserver.fleet_status import read_fleet_status
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:read"


def routes(services: AdminServices) -> Blueprint:
    """`GET /fleet`: `at` and `items`; 404 where no list was put."""
    blueprint = Blueprint("fleet", __name__)

    @blueprint.get("/fleet")
    async def fleet() -> Response:
        found = read_fleet_status(services.data_dir)
        if found is None:
            raise PubkyError("not_found", "No list of a fleet was put on this node")
        items = [
            asdict(node)
            | {"upgraded_at": None if node.upgraded_at is None else node.upgraded_at.isoformat()}
            for node in found.nodes
        ]
        return jsonify({"at": found.at.isoformat(), "items": items})

    return blueprint
