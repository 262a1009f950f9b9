"""How owners' requests are read: their session, numbers, paths and words of the query."""

from collections.abc import Sequence
from typing import Any

from quart import Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.sessions import ActiveSession
from appliance.pubky.paths import StoragePath
from appliance.pubky.timestamp import rfc3339
from appliance.web.credentials import find_session
from appliance.web.on_quart import request_scope
from appliance.web.services import Services
from appliance.web.tenant import Address

LARGEST_PAGE = 2000
_MOST_DIGITS = 16


async def owner_session(services: Services) -> ActiveSession:
    """The session of who asks; raises PubkyError unauthenticated."""
    address: Address = request_scope()["address"]
    found = await find_session(services, request_scope(), address.tenant)
    if found is None:
        raise PubkyError("unauthenticated", "No authenticated session found")
    return found


def number(name: str, default: int, most: int) -> int:
    """A number of the query, `most` at most; raises PubkyError invalid."""
    found = number_or_none(name)
    return default if found is None else min(found, most)


def number_or_none(name: str) -> int | None:
    """A number of the query, if it is there; raises PubkyError invalid."""
    text = request.args.get(name, "")
    if text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise invalid(f"Invalid {name}: a whole number is needed")
    return int(text)


def path(name: str, default: str | None = None) -> StoragePath:
    """A path of the query; raises PubkyError invalid."""
    text = request.args.get(name, default)
    if text is None:
        raise invalid(f"{name} is needed")
    return StoragePath.parse(text)


def folder(name: str, default: str = "/") -> StoragePath:
    """A folder of the query; raises PubkyError invalid."""
    text = request.args.get(name, default)
    if text == "/":
        return StoragePath("/")
    found = StoragePath.parse(text)
    if not found.is_directory:
        raise invalid(f"{name} must end in a slash")
    return found


def choice(name: str, allowed: Sequence[str], default: str) -> str:
    """One of some words of the query; raises PubkyError invalid."""
    found = request.args.get(name, default)
    if found not in allowed:
        raise invalid(f"Invalid {name}: one of {', '.join(allowed)} is needed")
    return found


def answer(value: dict[str, Any]) -> Response:
    """JSON that nobody may keep: it is the owner's alone."""
    response = jsonify(value)
    response.headers["cache-control"] = "no-store"
    return response


def moment(us: int) -> str:
    """A time as JSON has it."""
    return rfc3339(us)
