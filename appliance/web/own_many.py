"""Many questions of an owner in one: pages about one's own life ask for dozens of small objects.

Beside the protocol: official clients do not ask for it. Needs a session that may read everything.
"""

from base64 import b64encode

from quart import Blueprint, Response, request

from appliance.errors import invalid
from appliance.metadata.entries import Entry
from appliance.web.owner_requests import answer, owner_session
from appliance.web.services import Services

MOST = 200
# Longer objects are left out, and so is what would make the whole answer longer than this.
LONGEST_OBJECT = 64 * 1024
LONGEST_ANSWER = 4 * 1024 * 1024
MOST_POINTING = 100


def routes(services: Services) -> Blueprint:
    """`POST /owner/objects` and `POST /owner/references`; neither changes anything."""
    blueprint = Blueprint("own_many", __name__)
    own = services.own_data

    @blueprint.post("/owner/objects")
    async def objects() -> Response:
        session = await owner_session(services)
        paths = await _texts("paths")
        room = LONGEST_ANSWER
        items = []
        for path, entry in zip(paths, await own.entries(session, paths), strict=True):
            content = None
            if entry is not None and entry.content_length <= min(LONGEST_OBJECT, room):
                content = await _content(entry)
                room -= entry.content_length
            items.append(
                {
                    "path": path,
                    "is_there": entry is not None,
                    "content": None if content is None else b64encode(content).decode("ascii"),
                }
            )
        return answer({"items": items})

    @blueprint.post("/owner/references")
    async def references() -> Response:
        session = await owner_session(services)
        targets = await _texts("targets")
        found = await own.pointing_to_each(session, targets, MOST_POINTING)
        return answer(
            {
                "items": [
                    {"target": target, "paths": paths}
                    for target, paths in zip(targets, found, strict=True)
                ]
            }
        )

    async def _content(entry: Entry) -> bytes | None:
        small = services.storage.blobs.read_small(entry.blob_id, entry.content_length)
        if small is not None:
            return small
        try:
            async with services.storage.blobs.open(entry.blob_id) as blob:
                return b"".join([chunk async for chunk in blob.chunks(0, entry.content_length)])
        except FileNotFoundError:
            return None  # replaced this very moment: whoever asks alone gets the new bytes

    return blueprint


async def _texts(name: str) -> list[str]:
    """A list of texts in the request's JSON object; raises PubkyError invalid."""
    wish = await request.get_json(force=True, silent=True)
    found = wish.get(name) if isinstance(wish, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise invalid(f"A JSON object with a list of texts {name} is needed")
    if len(found) > MOST:
        raise invalid(f"At most {MOST} {name} at once")
    return found
