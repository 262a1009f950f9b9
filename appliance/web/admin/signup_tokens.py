"""The official routes for invites (operator API 2.5), as existing tools call them."""

from datetime import UTC, datetime
from typing import Literal, cast

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.quotas import Quota
from appliance.metadata import signup_tokens
from appliance.pubky.signup_tokens import parse_signup_token
from appliance.web.admin.pages import page_limit
from appliance.web.admin.quotas import json_body, understood
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import TEXT

READ, WRITE = "invites:read", "invites:write"

_STATES = ("all", "used", "unused")


def routes(services: AdminServices) -> Blueprint:
    """`/generate_signup_token` and `GET /signup_tokens`."""
    blueprint = Blueprint("admin_signup_tokens", __name__)
    node = services.node

    @blueprint.get("/generate_signup_token")
    async def generate() -> Response:
        made = await node.signup.create_invite(None, None)
        return Response(made.token, content_type=TEXT)

    @blueprint.post("/generate_signup_token")
    async def generate_with_quota() -> Response:
        quota = understood(Quota.parse, await json_body())
        made = await node.signup.create_invite(None, None, quota)
        return Response(made.token, content_type=TEXT)

    @blueprint.get("/signup_tokens")
    async def index() -> Response:
        limit = page_limit()
        state = request.args.get("state", "all")
        if state not in _STATES:
            raise invalid("Invalid state: one of all, used, unused is needed")
        rows = await node.metadata.read(
            signup_tokens.page_by_text,
            cast("Literal['all', 'used', 'unused']", state),
            _cursor(),
            limit + 1,
        )
        items = [
            {
                "token": row.token,
                "created_at": _zoneless(row.created_us),
                "used_at": _zoneless(row.used_us) if row.used_us is not None else None,
                "used_by": row.used_by,
            }
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return jsonify({"items": items, "next_cursor": items[-1]["token"] if more else None})

    return blueprint


def _cursor() -> str:
    text = request.args.get("cursor")
    if text is None:
        return ""
    try:
        return parse_signup_token(text)
    except PubkyError:
        raise invalid("Invalid cursor") from None


def _zoneless(us: int) -> str:
    """UTC without saying so, fraction only when there is one, as the reference prints it."""
    at = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    return at.replace(tzinfo=None).isoformat()
