"""JSON as it was written: numbers keep their digits and repeated keys stay.

Limits come before parsing, because a stranger wrote the bytes.
`view` turns any bytes into a tree of frozen nodes for the templates, or a `JsonViewError`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NoReturn

from dashboard.addresses import page_of_pubky_address
from dashboard.kinds.wire.bounded_json import is_deeper_than

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 5000
_MAX_LEAF = 2000

# Microseconds and milliseconds of the years 2009 to 2100: what apps write as times.
_SINCE_S, _UNTIL_S = 1_230_768_000, 4_102_444_800

NodeType = Literal["object", "list", "text", "number", "true or false", "null"]


class JsonViewError(ValueError):
    """The bytes are not JSON, or more than a page should hold; the message says which."""


@dataclass(frozen=True, slots=True)
class JsonNode:
    """One value. `children` belong to objects and lists; `hidden` counts those left out."""

    type: NodeType
    text: str = ""
    hint: str | None = None
    link: str | None = None
    children: "tuple[JsonMember, ...]" = ()
    count: int = 0

    @property
    def hidden(self) -> int:
        """How many children the page leaves out."""
        return self.count - len(self.children)


@dataclass(frozen=True, slots=True)
class JsonMember:
    """A value under its key, or its place in a list."""

    key: str
    node: JsonNode
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Number:
    digits: str


@dataclass(frozen=True, slots=True)
class _Pairs:
    pairs: tuple[tuple[str, object], ...]


def view(body: bytes) -> JsonNode:
    """Parse a whole JSON document. Raises `JsonViewError` and nothing else."""
    if len(body) > MAX_BYTES:
        raise JsonViewError("It is longer than 1 MiB.")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonViewError(f"Byte {error.start} is not UTF-8.") from error
    if is_deeper_than(text, MAX_DEPTH):
        raise JsonViewError(f"It is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = json.loads(
            text,
            object_pairs_hook=lambda pairs: _Pairs(tuple(pairs)),
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise JsonViewError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    return _Tree().node(value)


def _refuse_constant(name: str) -> NoReturn:
    raise JsonViewError(f"{name} is not JSON.")


class _Tree:
    """Builds nodes until the page is full; recursion is bounded by `MAX_DEPTH`."""

    def __init__(self) -> None:
        self._left = MAX_NODES

    def node(self, value: object) -> JsonNode:
        self._left -= 1
        match value:
            case _Pairs(pairs):
                return self._object(pairs)
            case list():
                return self._list(value)
            case str():
                return _text(value)
            case _Number(digits):
                return _number(digits)
            case None:
                return JsonNode("null", "null")
            case _:
                return JsonNode("true or false", "true" if value else "false")

    def _object(self, pairs: tuple[tuple[str, object], ...]) -> JsonNode:
        members: list[JsonMember] = []
        seen: set[str] = set()
        for key, value in pairs:
            if self._left <= 0:
                break
            members.append(JsonMember(key, self.node(value), key in seen))
            seen.add(key)
        return JsonNode("object", children=tuple(members), count=len(pairs))

    def _list(self, values: list[object]) -> JsonNode:
        members: list[JsonMember] = []
        for index, value in enumerate(values):
            if self._left <= 0:
                break
            members.append(JsonMember(str(index), self.node(value)))
        return JsonNode("list", children=tuple(members), count=len(values))


def _text(text: str) -> JsonNode:
    link = page_of_pubky_address(text)
    if len(text) > _MAX_LEAF:
        return JsonNode("text", text[:_MAX_LEAF] + "…", f"{len(text):,} characters", link)
    return JsonNode("text", text, None, link)


def _number(digits: str) -> JsonNode:
    shown = digits if len(digits) <= _MAX_LEAF else digits[:_MAX_LEAF] + "…"
    return JsonNode("number", shown, _time_hint(digits))


def _time_hint(digits: str) -> str | None:
    if not (digits.isdigit() and 13 <= len(digits) <= 16):
        return None
    for per_second in (1_000, 1_000_000):
        seconds = int(digits) // per_second
        if _SINCE_S <= seconds < _UNTIL_S:
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return None
