"""A person's files as they were at a time: folders, files, and what to put back to get there.

Beside the protocol: official clients do not ask for it. Needs a session that may read everything.
"""

from typing import Any

from quart import Blueprint, Response, request

from appliance.errors import PubkyError, invalid
from appliance.metadata.own_past import Difference, PastChild, PastFile
from appliance.pubky.content_hash import ContentHash
from appliance.web.owner_requests import (
    LARGEST_PAGE,
    answer,
    folder,
    moment,
    number,
    number_or_none,
    owner_session,
    path,
)
from appliance.web.services import Services

FURTHEST = 10_000_000


def routes(services: Services) -> Blueprint:
    """`GET /owner/past/folder`, `/owner/past/file` and `/owner/past/differences`."""
    blueprint = Blueprint("own_past", __name__)
    past = services.own_past

    @blueprint.get("/owner/past/folder")
    async def past_folder() -> Response:
        session = await owner_session(services)
        at_us = _asked_time()
        limit, offset = number("limit", 100, LARGEST_PAGE), number("offset", 0, FURTHEST)
        found = await past.folder(session, folder("path"), at_us, limit, offset)
        return answer(
            {
                "at": moment(at_us),
                "kept_since": moment(found.kept_since_us),
                "names": found.name_count,
                "files": found.file_count,
                "bytes": found.total_bytes,
                "items": [_child_json(each) for each in found.children],
                "lost": {"files": found.lost_count, "paths": found.lost},
            }
        )

    @blueprint.get("/owner/past/file")
    async def past_file() -> Response:
        session = await owner_session(services)
        found = await past.file(session, path("path"), _asked_time())
        if found is None:
            raise PubkyError("not_found", "Nothing that is kept lay at this path then")
        return answer(_file_json(found))

    @blueprint.get("/owner/past/differences")
    async def differences() -> Response:
        session = await owner_session(services)
        at_us = _asked_time()
        limit, after = number("limit", 100, LARGEST_PAGE), request.args.get("cursor", "")
        found = await past.differences(session, folder("path"), at_us, after, limit + 1)
        said: dict[str, Any] = {
            "at": moment(at_us),
            "items": [_difference_json(each) for each in found[:limit]],
            "next_cursor": found[limit - 1].path if len(found) > limit else None,
        }
        if not after:
            # Counting looks at everything that changed since: once is enough for many pages.
            old, size, new = await past.difference_totals(session, folder("path"), at_us)
            said |= {"old": {"files": old, "bytes": size}, "new": {"files": new}}
        return answer(said)

    def _asked_time() -> int:
        at_us = number_or_none("at_us")
        if at_us is None:
            raise invalid("at_us is needed: microseconds since 1970")
        return min(at_us, services.clock())

    return blueprint


def _child_json(child: PastChild) -> dict[str, Any]:
    if child.content_hash is not None:
        return _file_json(child) | {"kind": "file", "files": 1}
    return {
        "path": child.path,
        "kind": "folder",
        "files": child.file_count,
        "bytes": child.size,
        "modified_at": moment(child.modified_us),
    }


def _file_json(found: PastFile | PastChild) -> dict[str, Any]:
    return {
        "path": found.path,
        "bytes": found.size,
        "modified_at": moment(found.modified_us),
        "type": found.content_type,
        "content_hash": ContentHash(found.content_hash or b"").base64,
        "version": found.blob_id,
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind,
        "path": difference.path,
        "bytes": difference.size,
        "type": difference.content_type,
        "content_hash": ContentHash(difference.content_hash).base64,
        "version": difference.blob_id,
    }
