"""What people may learn of their account's past, and of who holds keys to it.

Beside the protocol: official clients do not ask for it. Needs a session that may read everything,
and one for everything where credentials are concerned.
"""

from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Response, request

from appliance.errors import PubkyError, invalid
from appliance.metadata.own_history import Credential, OwnEvent, Retired
from appliance.pubky.content_hash import ContentHash
from appliance.web.on_quart import empty_response
from appliance.web.owner_requests import (
    LARGEST_PAGE,
    answer,
    choice,
    folder,
    moment,
    number,
    number_or_none,
    owner_session,
    path,
)
from appliance.web.services import Services

FURTHEST = 10_000_000
Names = dict[tuple[str, int], str]


def routes(services: Services) -> Blueprint:
    """Changes, old versions and credentials, below `/owner/`."""
    blueprint = Blueprint("own_history", __name__)
    own, past = services.own_data, services.own_past

    @blueprint.get("/owner/events")
    async def events() -> Response:
        session = await owner_session(services)
        limit = number("limit", 100, LARGEST_PAGE)
        found = await past.events(
            session,
            number_or_none("before"),
            limit + 1,
            folder=folder("folder").text,
            kind=choice("kind", ("", "PUT", "DEL"), "") or None,
            writer=_writer(),
        )
        names = await past.names(session)
        return answer(
            {
                "items": [_event_json(each, names) for each in found[:limit]],
                "next_cursor": str(found[limit - 1].id) if len(found) > limit else None,
            }
        )

    @blueprint.get("/owner/versions")
    async def versions() -> Response:
        found = await past.versions(await owner_session(services), path("path"))
        return answer(
            {
                "versions": [_retired_json(each) for each in found.retired],
                "events": [_event_json(each, found.names) for each in found.events],
            }
        )

    @blueprint.get("/owner/trash")
    async def trash() -> Response:
        session = await owner_session(services)
        limit = number("limit", 100, LARGEST_PAGE)
        found = await past.trash(session, limit, number("offset", 0, FURTHEST))
        return answer({"items": [_retired_json(each) for each in found]})

    @blueprint.get("/owner/trash/<blob_id>")
    async def old_bytes(blob_id: str) -> Response:
        found = await past.find_retired(await owner_session(services), blob_id)
        if found is None:
            raise PubkyError("not_found", "There is no such old version")
        try:
            # The first chunk is read before the answer begins: after that nobody can say 404.
            chunks = _chunks(found)
            first = await anext(chunks, b"")
        except FileNotFoundError:
            raise PubkyError("not_found", "There is no such old version") from None

        async def body() -> AsyncIterator[bytes]:
            yield first
            async for chunk in chunks:
                yield chunk

        headers = {
            "content-length": str(found.content_length),
            "content-disposition": "attachment",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        }
        return Response(body(), 200, headers, content_type="application/octet-stream")

    async def _chunks(found: Retired) -> AsyncIterator[bytes]:
        async with services.storage.blobs.open(found.blob_id) as blob:
            async for chunk in blob.chunks(0, found.content_length):
                yield chunk

    @blueprint.get("/owner/access")
    async def access() -> Response:
        found = await own.access(await owner_session(services))
        written = {
            ("session", each.session_id) if each.session_id else ("grant", each.grant_id): each
            for each in found.written
        }

        def credential_json(kind: str, each: Credential) -> dict[str, Any]:
            wrote = written.get((kind, each.id))
            return {
                "kind": kind,
                "id": each.id,
                "grant_id": each.jti,
                "name": each.name,
                "origin": each.origin,
                "key": each.key,
                "capabilities": each.capabilities,
                "created_at": moment(each.created_us),
                "expires_at": moment(each.expires_us),
                "last_used_at": moment(each.last_used_us),
                "changes": wrote.changes if wrote else 0,
                "last_change_at": moment(wrote.last_us) if wrote else None,
                "is_current": (kind, each.id) == found.current,
            }

        return answer(
            {
                "items": [
                    *(credential_json("grant", each) for each in found.grants),
                    *(credential_json("session", each) for each in found.sessions),
                ]
            }
        )

    @blueprint.delete("/owner/sessions/<int:session_id>")
    async def end_session(session_id: int) -> Response:
        await own.end_session(await owner_session(services), session_id)
        return empty_response(204, {})

    return blueprint


def _writer() -> tuple[str, int] | None:
    text = request.args.get("writer", "")
    if text == "":
        return None
    kind, _, row = text.partition(":")
    if kind not in {"session", "grant"} or not (row.isascii() and row.isdigit() and len(row) < 16):
        raise invalid("Invalid writer: session:<number> or grant:<number> is needed")
    return kind, int(row)


def _event_json(event: OwnEvent, names: Names) -> dict[str, Any]:
    writer = None
    if event.session_id is not None:
        writer = ("session", event.session_id)
    elif event.grant_id is not None:
        writer = ("grant", event.grant_id)
    return {
        "id": event.id,
        "kind": event.kind,
        "path": event.path,
        "at": moment(event.created_us),
        "content_hash": ContentHash(event.content_hash).base64 if event.content_hash else None,
        "writer": f"{writer[0]}:{writer[1]}" if writer else "operator",
        "writer_name": names.get(writer, "") if writer else "",
    }


def _retired_json(retired: Retired) -> dict[str, Any]:
    return {
        "id": retired.blob_id,
        "path": retired.path,
        "bytes": retired.content_length,
        "type": retired.content_type,
        "content_hash": ContentHash(retired.content_hash).base64,
        "modified_at": moment(retired.modified_us),
        "retired_at": moment(retired.retired_us),
        "kept_until": moment(retired.delete_after_us),
        "is_replaced": retired.is_replaced,
    }
