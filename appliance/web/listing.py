"""Directory listings: the query they take and the two forms they have (client API 11)."""

import json
from dataclasses import dataclass
from urllib.parse import parse_qsl

from appliance.errors import PubkyError, invalid
from appliance.metadata.entries import Entry, Folder
from appliance.pubky.content_hash import ContentHash
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import EntryPath
from appliance.pubky.timestamp import rfc3339

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000
_U16 = 65535


class InvalidBooleanError(PubkyError):
    """A boolean that cannot be read; its answer has no content type."""

    def __init__(self) -> None:
        super().__init__("invalid", "Invalid boolean parameter")


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """What a listing asks for; the cursor is text until its turn in the order of checks."""

    limit: int
    cursor: str
    reverse: bool
    shallow: bool
    as_json: bool

    @classmethod
    def parse(cls, query_string: bytes) -> "ListingQuery":
        """Read the query; raises InvalidBooleanError. Unknown keys are ignored."""
        query = parse_query(query_string)
        return cls(
            limit=parse_limit(query.get("limit", "")),
            cursor=query.get("cursor", ""),
            reverse=_boolean(query, "reverse"),
            shallow=_boolean(query, "shallow"),
            as_json=query.get("format") == "json",
        )

    def cursor_path(self) -> str | None:
        """The path of the cursor, without its owner; raises PubkyError invalid."""
        if self.cursor == "":
            return None
        try:
            return EntryPath.parse_cursor(self.cursor).path.text
        except PubkyError:
            raise invalid("Invalid cursor") from None


def parse_query(query_string: bytes) -> dict[str, str]:
    """A form-encoded query; the last of a name wins, bytes that are not UTF-8 are replaced."""
    return dict(query_pairs(query_string))


def query_pairs(query_string: bytes) -> list[tuple[str, str]]:
    """As `parse_query`, with every pair in its order."""
    return parse_qsl(
        query_string.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace"
    )


def parse_limit(text: str) -> int:
    """The number of items: silently the default when it is no 16-bit number, 1000 at most."""
    if not (text.isascii() and text.isdigit()):
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    # The length first: Python refuses to convert thousands of digits.
    if len(digits) > 5 or int(digits or "0") > _U16:
        return DEFAULT_LIMIT
    return min(int(digits or "0"), LARGEST_LIMIT)


def listing_text(owner: PublicKey, items: list[Entry | Folder]) -> bytes:
    """One address a line, decoded paths, no newline at the end."""
    prefix = f"pubky://{owner.z32}"
    return "\n".join(prefix + item.path for item in items).encode()


def listing_json(items: list[Entry | Folder], limit: int, owner: PublicKey) -> bytes:
    """Our own form with the facts of each file, for pages and tools.

    `next_cursor` is set when the page is full; the page after it may be empty.
    """
    full = bool(items) and len(items) == limit
    next_cursor = f"{owner.z32}{items[-1].path}" if full else None
    return json.dumps(
        {"items": [_fact(item) for item in items], "next_cursor": next_cursor},
        ensure_ascii=False,
    ).encode()


def _fact(item: Entry | Folder) -> dict[str, str | int]:
    name = item.path.rstrip("/").rpartition("/")[2]
    if isinstance(item, Folder):
        return {"kind": "folder", "name": name, "path": item.path}
    return {
        "kind": "file",
        "name": name,
        "path": item.path,
        "bytes": item.content_length,
        "type": item.content_type,
        "modified_at": rfc3339(item.modified_us),
        "content_hash": ContentHash(item.content_hash).base64,
    }


def _boolean(query: dict[str, str], name: str) -> bool:
    value = query.get(name)
    if value is None:
        return False
    match value.lower():
        case "true" | "yes" | "1" | "":
            return True
        case "false" | "no" | "0":
            return False
        case _:
            raise InvalidBooleanError
