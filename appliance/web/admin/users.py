"""The people who signed up here."""

from typing import Any

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.metadata import users
from appliance.metadata.store import Tx
from appliance.metadata.users import UserWithSessions
from appliance.pubky.keys import PublicKey
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import page_limit
from appliance.web.admin.services import AdminServices


def routes(services: AdminServices) -> Blueprint:
    """`/users` and what is under it."""
    blueprint = Blueprint("admin_users", __name__)
    metadata = services.node.metadata
    clock = services.node.clock

    @blueprint.get("/users")
    async def index() -> Response:
        limit = page_limit()
        text = request.args.get("cursor", "")
        cursor = _key(text, "Invalid cursor") if text else None
        found, total = await metadata.read(_page, cursor, limit, clock())
        items = [_as_json(row) for row in found[:limit]]
        return jsonify(
            {
                "items": items,
                "next_cursor": items[-1]["pubkey"] if len(found) > limit else None,
                "total": total,
            }
        )

    @blueprint.get("/users/<pubkey>")
    async def show(pubkey: str) -> Response:
        key = _key(pubkey, "Invalid public key")
        found = await metadata.read(users.find_with_sessions, key, clock())
        if found is None:
            raise PubkyError("not_found", "Not Found")
        return jsonify(_as_json(found))

    @blueprint.post("/users/<pubkey>/disable")
    async def disable(pubkey: str) -> Response:
        return await _set_disabled(pubkey, disabled=True)

    @blueprint.post("/users/<pubkey>/enable")
    async def enable(pubkey: str) -> Response:
        return await _set_disabled(pubkey, disabled=False)

    async def _set_disabled(pubkey: str, *, disabled: bool) -> Response:
        key = _key(pubkey, "Invalid public key")
        if not await metadata.write(users.set_disabled, key, disabled=disabled):
            raise PubkyError("not_found", "Not Found")
        return Response("Ok", content_type="text/plain; charset=utf-8")

    return blueprint


def _key(text: str, complaint: str) -> str:
    """The canonical text of a key; raises PubkyError invalid."""
    try:
        return PublicKey.parse(text).z32
    except PubkyError:
        raise invalid(complaint) from None


def _page(
    tx: Tx, cursor: str | None, limit: int, now_us: int
) -> tuple[list[UserWithSessions], int]:
    """One more than the page, so that the caller knows whether there is a next one."""
    before = users.find(tx, cursor) if cursor else None
    if cursor and before is None:
        raise invalid("Invalid cursor")
    rows = users.page(tx, before.id if before else None, limit + 1, now_us)
    return rows, users.totals(tx).users


def _as_json(row: UserWithSessions) -> dict[str, Any]:
    user = row.user
    return {
        "pubkey": user.public_key,
        "created_at": rfc3339(user.created_us),
        "disabled": user.disabled,
        "used_bytes": user.used_bytes,
        "entries": user.entry_count,
        "last_write_at": rfc3339(user.last_write_us) if user.last_write_us else None,
        "sessions": row.sessions,
    }
