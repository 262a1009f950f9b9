"""The people who signed up here, and what they store."""

from typing import Any

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.metadata import signup_tokens, users
from appliance.metadata.store import Tx
from appliance.metadata.users import UserWithSessions
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import key_of, page_limit, row_cursor, time_of
from appliance.web.admin.services import AdminServices

READ, WRITE = "users:read", "users:write"
LONGEST_PART = 60
_KEY_LENGTH = 52


def routes(services: AdminServices) -> Blueprint:
    """`/users` and what can be read under it."""
    blueprint = Blueprint("users", __name__)
    metadata = services.node.metadata
    moderation = services.moderation
    clock = services.node.clock

    @blueprint.get("/users")
    async def index() -> Response:
        limit = page_limit()
        text = request.args.get("cursor", "")
        cursor = key_of(text, "Invalid cursor") if text else None
        found, total = await metadata.read(_page, cursor, limit, clock())
        items = [user_json(row) for row in found[:limit]]
        return jsonify(
            {
                "items": items,
                "next_cursor": items[-1]["pubkey"] if len(found) > limit else None,
                "total": total,
            }
        )

    @blueprint.get("/users/search")
    async def search() -> Response:
        order = request.args.get("order", "newest")
        if order not in users.ORDERS:
            raise invalid(f"Invalid order: one of {', '.join(users.ORDERS)} is needed")
        state = request.args.get("state", "all")
        if state not in users.STATES:
            raise invalid(f"Invalid state: one of {', '.join(users.STATES)} is needed")
        part = request.args.get("key", "").strip().lower()[:LONGEST_PART]
        if len(part) > _KEY_LENGTH:
            part = part.removeprefix("pubky")
        found, total = await metadata.read(
            users.search, part, state, order, page_limit(), row_cursor() or 0, clock()
        )
        return jsonify({"items": [user_json(row) for row in found], "total": total})

    @blueprint.get("/users/disabled")
    async def disabled() -> Response:
        limit = page_limit()
        text = request.args.get("cursor", "")
        cursor = key_of(text, "Invalid cursor") if text else ""
        keys = await metadata.read(users.page_disabled, cursor, limit + 1)
        return jsonify(
            {
                "items": [{"pubkey": key} for key in keys[:limit]],
                "next_cursor": keys[limit - 1] if len(keys) > limit else None,
            }
        )

    @blueprint.get("/users/<pubkey>")
    async def show(pubkey: str) -> Response:
        key = key_of(pubkey)
        found = await metadata.read(users.find_with_sessions, key, clock())
        if found is None:
            raise PubkyError("not_found", "Not Found")
        invite = await metadata.read(signup_tokens.find_used_by, key)
        # Without its code, as everything that may be told with `users:read` alone.
        told = None if invite is None else {"id": invite.id, "note": invite.note}
        return jsonify(user_json(found) | {"invite": told})

    @blueprint.get("/users/<pubkey>/usage")
    async def usage(pubkey: str) -> Response:
        folders = await moderation.usage(key_of(pubkey))
        return jsonify(
            {
                "folders": [
                    {"path": path, "entries": entries, "bytes": size}
                    for path, entries, size in folders
                ]
            }
        )

    return blueprint


def _page(
    tx: Tx, cursor: str | None, limit: int, now_us: int
) -> tuple[list[UserWithSessions], int]:
    """One more than the page, so that the caller knows whether there is a next one."""
    before = users.find(tx, cursor) if cursor else None
    if cursor and before is None:
        raise invalid("Invalid cursor")
    rows = users.page(tx, before.id if before else None, limit + 1, now_us)
    return rows, users.totals(tx).users


def user_json(row: UserWithSessions) -> dict[str, Any]:
    """One user as the operator sees them."""
    user = row.user
    active = [us for us in (user.last_write_us, row.last_used_us) if us is not None]
    return {
        "pubkey": user.public_key,
        "created_at": rfc3339(user.created_us),
        "disabled": user.disabled,
        "suspended": user.suspended,
        "used_bytes": user.used_bytes,
        "entries": user.entry_count,
        "last_write_at": time_of(user.last_write_us),
        "last_active_at": time_of(max(active, default=None)),
        "sessions": row.sessions,
    }
