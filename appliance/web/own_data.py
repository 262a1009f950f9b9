"""What people may learn of what they store: totals, folders in any order, search, references.

Beside the protocol: official clients do not ask for it. Needs a session that may read everything.
"""

from dataclasses import asdict
from typing import Any, cast

from quart import Blueprint, Response, request

from appliance.errors import invalid
from appliance.homeserver.own_data import MOST_FOLDERS
from appliance.metadata.folders import FolderTotals
from appliance.metadata.own_files import Child, Sorting
from appliance.metadata.search import FOUND_BEGIN, FOUND_END, Filters, Hit
from appliance.metadata.search import Sorting as HitSorting
from appliance.pubky.content_hash import ContentHash
from appliance.web.owner_requests import (
    LARGEST_PAGE,
    answer,
    choice,
    folder,
    moment,
    number,
    number_or_none,
    owner_session,
)
from appliance.web.services import Services

MOST_HITS = 200
FURTHEST = 10_000_000
# Files that one transaction deletes: others wait for it.
LARGEST_BATCH = 500


def routes(services: Services) -> Blueprint:
    """Everything about what is stored, below `/owner/`."""
    blueprint = Blueprint("own_data", __name__)
    own = services.own_data

    @blueprint.get("/owner/usage")
    async def usage() -> Response:
        found = await own.usage(await owner_session(services))
        return answer(
            {
                "files": found.file_count,
                "bytes": found.stored_bytes,
                "charged_bytes": found.charged_bytes,
                "quota_bytes": found.quota_bytes,
                "apps": [_folder_json(each) for each in found.apps],
                "folders": [_folder_json(each) for each in found.largest_folders[:MOST_FOLDERS]],
                "trash": {"versions": found.trash_count, "bytes": found.trash_bytes},
            }
        )

    @blueprint.get("/owner/breakdown")
    async def breakdown() -> Response:
        may_be_old = choice("age", ("current", "any"), "current") == "any"
        found = await own.breakdown(await owner_session(services), may_be_old=may_be_old)
        return answer(
            {
                "counted_at": moment(found.counted_us),
                "is_current": found.is_current,
                "types": [asdict(each) for each in found.types],
                "months": [asdict(each) for each in found.months],
                "largest": [_child_json(each) for each in found.largest],
                "twins": [
                    {
                        "content_hash": ContentHash(each.content_hash).base64,
                        "copies": each.copies,
                        "bytes": each.size,
                        "path": each.path,
                    }
                    for each in found.twins
                ],
            }
        )

    @blueprint.get("/owner/folder")
    async def one_folder() -> Response:
        found = await own.folder(
            await owner_session(services),
            folder("path"),
            cast("Sorting", choice("sort", ("name", "size", "modified"), "name")),
            number("limit", 100, LARGEST_PAGE),
            number("offset", 0, FURTHEST),
            descending=choice("order", ("asc", "desc"), "asc") == "desc",
            name_part=request.args.get("name", "")[:255],
        )
        return answer(
            {
                "totals": _folder_json(found.totals) if found.totals else None,
                "names": found.name_count,
                "items": [_child_json(each) for each in found.children],
            }
        )

    @blueprint.get("/owner/files")
    async def files_below() -> Response:
        limit = number("limit", 100, LARGEST_PAGE)
        sorting = cast("Sorting", choice("sort", ("name", "size", "modified"), "name"))
        found = await own.below(
            await owner_session(services),
            folder("path"),
            sorting,
            limit + 1,
            _place(),
            descending=choice("order", ("asc", "desc"), "asc") == "desc",
            name_part=request.args.get("name", "")[:255],
        )
        shown = found.files[:limit]
        return answer(
            {
                "totals": _folder_json(found.totals) if found.totals else None,
                "wanted": found.wanted_count,
                "items": [_child_json(each) for each in shown],
                "next_cursor": _cursor(shown[-1], sorting) if len(found.files) > limit else None,
            }
        )

    @blueprint.delete("/owner/folder")
    async def delete_folder() -> Response:
        session = await owner_session(services)
        deleted, more = await own.delete_below(
            session, folder("path"), number("limit", LARGEST_BATCH, LARGEST_BATCH)
        )
        return answer({"deleted": deleted, "more": more})

    @blueprint.get("/owner/search")
    async def search() -> Response:
        found = await own.search(
            await owner_session(services),
            request.args.get("q", "")[:500],
            Filters(
                folder("folder").text,
                number_or_none("after_us"),
                number_or_none("before_us"),
                request.args.get("type", "")[:100],
                number_or_none("min_bytes"),
                number_or_none("max_bytes"),
            ),
            cast("HitSorting", choice("sort", ("best", "newest"), "best")),
            number("limit", 50, MOST_HITS),
            number("offset", 0, FURTHEST),
        )
        return answer(
            {
                "items": [_hit_json(each) for each in found.hits],
                "facets": [
                    {"path": path, "type": kind, "month": month, "bytes": size}
                    for path, kind, month, size in found.facets
                ],
                "indexed_event": found.position,
                "newest_event": found.newest,
            }
        )

    @blueprint.get("/owner/references")
    async def references() -> Response:
        session = await owner_session(services)
        target = request.args.get("target", "")
        paths = await own.pointing_to(session, target, number("limit", 100, LARGEST_PAGE))
        return answer({"items": [{"path": path} for path in paths]})

    @blueprint.get("/owner/dangling")
    async def dangling() -> Response:
        session = await owner_session(services)
        found = await own.dangling(session, number("limit", 100, LARGEST_PAGE))
        return answer({"items": [{"path": path, "target": target} for path, target in found]})

    @blueprint.get("/owner/unreferenced")
    async def unreferenced() -> Response:
        session = await owner_session(services)
        found = await own.unreferenced(
            session, folder("folder"), number("limit", 100, LARGEST_PAGE)
        )
        return answer(
            {
                "items": [
                    {"path": path, "bytes": size, "modified_at": moment(us)}
                    for path, size, us in found
                ]
            }
        )

    @blueprint.get("/owner/index")
    async def index() -> Response:
        position, newest, documents = await own.index_progress(await owner_session(services))
        return answer({"indexed_event": position, "newest_event": newest, "documents": documents})

    return blueprint


def _cursor(last: Child, sorting: Sorting) -> str:
    """A place in a sorted list: the number it is sorted by, and the path."""
    sorted_by = {"name": 0, "size": last.size, "modified": last.modified_us}
    return f"{sorted_by[sorting]}:{last.path}"


def _place() -> tuple[int, str] | None:
    text = request.args.get("cursor", "")
    if text == "":
        return None
    sorted_by, _, path = text.partition(":")
    if not (sorted_by.isascii() and sorted_by.isdigit() and len(sorted_by) < 19 and path):
        raise invalid("Invalid cursor")
    return int(sorted_by), path


def _folder_json(totals: FolderTotals) -> dict[str, Any]:
    return {
        "path": totals.path,
        "files": totals.file_count,
        "bytes": totals.total_bytes,
        "changed_at": moment(totals.changed_us),
    }


def _child_json(child: Child) -> dict[str, Any]:
    said: dict[str, Any] = {
        "path": child.path,
        "kind": "folder" if child.content_hash is None else "file",
        "files": child.file_count,
        "bytes": child.size,
        "modified_at": moment(child.modified_us),
    }
    if child.content_hash is not None:
        said["type"] = child.content_type
        said["content_hash"] = ContentHash(child.content_hash).base64
    return said


def _hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "path": hit.path,
        "bytes": hit.content_length,
        "type": hit.content_type,
        "modified_at": moment(hit.modified_us),
        # Pieces of text; every second one, from the second on, is what was found.
        "excerpt": hit.excerpt.replace(FOUND_END, FOUND_BEGIN).split(FOUND_BEGIN),
    }
