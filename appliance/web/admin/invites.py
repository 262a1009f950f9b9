"""Invites with what an operator wants to know: note, state, link, who used it."""

from dataclasses import dataclass
from typing import Any, cast

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.quotas import Quota
from appliance.metadata import quotas, signup_tokens
from appliance.metadata.quotas import QuotaColumns
from appliance.metadata.signup_tokens import SignupToken, TokenState
from appliance.metadata.store import Tx
from appliance.pubky.signup_tokens import direct_signup_link
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import (
    json_object,
    page_limit,
    row_cursor,
    seconds_of,
    text_of,
    time_of,
)
from appliance.web.admin.quotas import understood
from appliance.web.admin.services import AdminServices

READ, WRITE = "invites:read", "invites:write"

_STATES = ("unused", "used", "revoked", "expired")


@dataclass(frozen=True, slots=True)
class Invited:
    """An invite, and what whoever uses it gets."""

    token: SignupToken
    quota: QuotaColumns


def routes(services: AdminServices) -> Blueprint:
    """`/invites` and what is under it; rows are named by id, so that no URL holds a code."""
    blueprint = Blueprint("admin_invites", __name__)
    node = services.node

    @blueprint.get("/invites")
    async def index() -> Response:
        limit = page_limit()
        rows, total = await node.metadata.read(
            _page, _state(), row_cursor(), limit + 1, node.clock()
        )
        return jsonify(
            {
                "items": [_as_json(row) for row in rows[:limit]],
                "next_cursor": str(rows[limit - 1].token.id) if len(rows) > limit else None,
                "total": total,
            }
        )

    @blueprint.post("/invites")
    async def create() -> tuple[Response, int]:
        wish = await json_object()
        note = None if wish.get("note") is None else text_of(wish, "note")
        quota = understood(Quota.parse, wish.get("quota") or {})
        expires_in_s = seconds_of(wish, "expires_in_s")
        made = await node.signup.create_invite(note or None, expires_in_s, quota)
        return jsonify(_as_json(Invited(made, quota.to_columns()))), 201

    @blueprint.get("/invites/<int:invite_id>")
    async def show(invite_id: int) -> Response:
        found = await node.metadata.read(_find, invite_id)
        if found is None:
            raise PubkyError("not_found", "Not Found")
        return jsonify(_as_json(found))

    @blueprint.post("/invites/<int:invite_id>/revoke")
    async def revoke(invite_id: int) -> Response:
        await node.signup.revoke_invite(invite_id)
        return await show(invite_id)

    def _as_json(invited: Invited) -> dict[str, Any]:
        row = invited.token
        return {
            "id": row.id,
            "code": row.token,
            "link": direct_signup_link(node.public_key, row.token),
            "state": row.state(node.clock()),
            "note": row.note,
            "quota": Quota.from_columns(invited.quota).to_json(),
            "used_by": row.used_by,
            "created_at": rfc3339(row.created_us),
            "used_at": time_of(row.used_us),
            "expires_at": time_of(row.expires_us),
            "revoked_at": time_of(row.revoked_us),
        }

    return blueprint


def _page(
    tx: Tx, state: TokenState | None, before_id: int | None, limit: int, now_us: int
) -> tuple[list[Invited], int]:
    rows = signup_tokens.page_newest_first(tx, state, before_id, limit, now_us)
    return [_with_quota(tx, row) for row in rows], signup_tokens.count(tx, state, now_us)


def _find(tx: Tx, invite_id: int) -> Invited | None:
    row = signup_tokens.find_by_id(tx, invite_id)
    return None if row is None else _with_quota(tx, row)


def _with_quota(tx: Tx, row: SignupToken) -> Invited:
    return Invited(row, quotas.find_of_token(tx, row.token) or QuotaColumns())


def _state() -> TokenState | None:
    text = request.args.get("state", "all")
    if text == "all":
        return None
    if text not in _STATES:
        raise invalid(f"Invalid state: one of all, {', '.join(_STATES)} is needed")
    return cast("TokenState", text)
