"""An operator's look into somebody's files: a reason first, every read noted, the person told."""

from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.admin_access import Operator
from appliance.homeserver.break_glass import BreakGlass
from appliance.metadata.break_glass import Opening
from appliance.metadata.entries import Entry, Folder
from appliance.pubky.paths import StoragePath
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import json_object, key_of, page_limit, text_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import empty_response, request_scope

READ, WRITE = "content:read", "content:read"
_LONGEST_CURSOR = 1000


def routes(services: AdminServices) -> Blueprint:
    """What is below `/users/{key}/break-glass`."""
    blueprint = Blueprint("break_glass", __name__)
    glass = BreakGlass(services.node.metadata, services.node.clock)

    @blueprint.get("/users/<pubkey>/break-glass")
    async def show(pubkey: str) -> Response:
        found = await glass.find_open(key_of(pubkey))
        return jsonify({"opening": None if found is None else _opening_json(found)})

    @blueprint.post("/users/<pubkey>/break-glass")
    async def open_files(pubkey: str) -> Response:
        key, wish = key_of(pubkey), await json_object()
        opening = await glass.open(key, _actor(), text_of(wish, "reason"), text_of(wish, "who"))
        request_scope()["subject"] = f"{key} {opening.reason}"
        return jsonify(_opening_json(opening))

    @blueprint.delete("/users/<pubkey>/break-glass")
    async def close_files(pubkey: str) -> Response:
        await glass.close(key_of(pubkey))
        return empty_response(204, {})

    @blueprint.get("/users/<pubkey>/break-glass/folder")
    async def folder(pubkey: str) -> Response:
        path = request.args.get("path", "/")
        if path != "/" and not _path(path).is_directory:
            raise invalid("path must end in a slash")
        limit, cursor = page_limit(), request.args.get("cursor") or None
        if cursor is not None and len(cursor) > _LONGEST_CURSOR:
            raise invalid("Invalid cursor")
        found = await glass.list(key_of(pubkey), _actor(), path, cursor, limit + 1)
        return jsonify(
            {
                "items": [_item_json(item) for item in found[:limit]],
                "next_cursor": found[limit - 1].path if len(found) > limit else None,
            }
        )

    @blueprint.get("/users/<pubkey>/break-glass/file")
    async def file(pubkey: str) -> Response:
        path = _path(request.args.get("path", ""))
        if path.is_directory:
            raise invalid("path must be a file")
        entry = await glass.find(key_of(pubkey), _actor(), path.text)
        chunks = _chunks(entry)
        try:
            # The first chunk is read before the answer begins: after that nobody can say 404.
            first = await anext(chunks, b"")
        except FileNotFoundError:
            raise PubkyError("not_found", "There is no such file") from None

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for chunk in chunks:
                yield chunk

        headers = {
            "content-length": str(entry.content_length),
            "content-disposition": "attachment",
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        }
        return Response(body(), 200, headers, content_type="application/octet-stream")

    async def _chunks(entry: Entry) -> AsyncIterator[bytes]:
        async with services.node.storage.blobs.open(entry.blob_id) as blob:
            async for chunk in blob.chunks(0, entry.content_length):
                yield chunk

    return blueprint


def _actor() -> str:
    operator = request_scope()["operator"]
    if not isinstance(operator, Operator):
        raise TypeError("these routes are for operators")
    return operator.name


def _path(text: str) -> StoragePath:
    found = StoragePath.parse(text)
    if not (found.is_public or found.is_private):
        raise invalid("The path must begin with /pub/ or /priv/")
    return found


def _opening_json(opening: Opening) -> dict[str, Any]:
    return {
        "id": opening.id,
        "actor": opening.actor,
        "reason": opening.reason,
        "opened_at": rfc3339(opening.opened_us),
        "closes_at": rfc3339(opening.closes_us),
    }


def _item_json(item: Entry | Folder) -> dict[str, Any]:
    if isinstance(item, Folder):
        return {"path": item.path, "kind": "folder"}
    return {
        "path": item.path,
        "kind": "file",
        "bytes": item.content_length,
        "type": item.content_type,
        "modified_at": rfc3339(item.modified_us),
    }
