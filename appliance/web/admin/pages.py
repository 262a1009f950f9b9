"""How the operator's requests are read: pages, JSON members, keys."""

from datetime import UTC, datetime
from typing import Any

from quart import request

from appliance.errors import PubkyError, invalid
from appliance.pubky.keys import PublicKey
from appliance.pubky.timestamp import rfc3339

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000


def page_limit() -> int:
    """The `limit` of a list: 1 to 65535, 1000 at most; raises PubkyError invalid."""
    text = request.args.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise invalid("Invalid limit: a number from 1 to 65535 is needed")
    return min(int(text), LARGEST_LIMIT)


def row_cursor() -> int | None:
    """The `cursor` of a list in row order: the id of the last row seen; raises PubkyError."""
    text = request.args.get("cursor", "")
    if text == "":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("Invalid cursor")
    return int(text)


def moment_or(name: str, default: float) -> float:
    """A time of the query in Unix seconds: RFC 3339, UTC where it names no zone.

    Raises PubkyError invalid.
    """
    text = request.args.get(name, "")
    if text == "":
        return default
    try:
        moment = datetime.fromisoformat(text[:40])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise invalid(f"Invalid {name}: a time like 2026-11-20T18:30:00Z is needed") from None


async def json_object() -> dict[str, Any]:
    """The request's JSON object; raises PubkyError invalid."""
    wish = await request.get_json(force=True, silent=True)
    if not isinstance(wish, dict):
        raise invalid("A JSON object is needed")
    return wish


def text_of(wish: dict[str, Any], name: str, default: str = "") -> str:
    """A text member; raises PubkyError invalid when it is something else."""
    value = wish.get(name, default)
    if not isinstance(value, str):
        raise invalid(f"{name} must be text")
    return value


def seconds_of(wish: dict[str, Any], name: str) -> int | None:
    """A number of seconds, or None; raises PubkyError invalid when it is something else."""
    value = wish.get(name)
    if not (value is None or type(value) is int):
        raise invalid(f"{name} must be a whole number of seconds")
    return value


def key_of(text: str, complaint: str = "Invalid public key") -> str:
    """The canonical text of a key; raises PubkyError invalid."""
    try:
        return PublicKey.parse(text).z32
    except PubkyError:
        raise invalid(complaint) from None


def time_of(us: int | None) -> str | None:
    """A moment as JSON has it, or null."""
    return None if us is None else rfc3339(us)
