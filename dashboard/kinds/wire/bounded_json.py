"""JSON of strangers, read within limits and written back without losing a digit.

A number that Python would spell differently keeps its digits as a `Number`, so that an edit leaves
what it does not understand as it was. Recursion is bounded, because the depth is checked first.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
# Python refuses to convert very long runs of digits, and 64-bit values have at most 20.
_MAX_INT_DIGITS = 40
_MAX_REPEATED = 20

# Possessive, so that a string without an end costs one pass and not one pass a quote.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    digits: str


Value: TypeAlias = "bool | int | str | Number | Sequence[Value] | Mapping[str, Value] | None"


class UnreadableJsonError(ValueError):
    """The bytes are not JSON within the limits; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A value and what was odd about its spelling. `repeated` are names that one object has twice;
    their last value counts, as everywhere."""

    value: Value
    repeated: tuple[str, ...] = ()
    has_bom: bool = False
    has_lone_surrogate: bool = False


def parse(raw: bytes) -> Document:
    """Read a whole document. Raises `UnreadableJsonError` and nothing else."""
    if len(raw) > MAX_BYTES:
        raise UnreadableJsonError("It is longer than 1 MiB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableJsonError(f"Byte {error.start} is not UTF-8.") from error
    if is_deeper_than(text, MAX_DEPTH):
        raise UnreadableJsonError(f"It is nested deeper than {MAX_DEPTH} levels.")
    repeated: dict[str, None] = {}

    def members(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
        found = dict(pairs)
        if len(found) < len(pairs) and len(repeated) < _MAX_REPEATED:
            names = [name for name, _ in pairs]
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    repeated[name] = None
                seen.add(name)
        return found

    try:
        value: Value = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=_whole,
            parse_float=Number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        raise UnreadableJsonError(
            f"It is not JSON: line {error.lineno}, column {error.colno}: {error.msg}."
        ) from error
    return Document(
        value,
        tuple(repeated)[:_MAX_REPEATED],
        raw.startswith(_BOM),
        any(_SURROGATE.search(text) for text in _texts(value)),
    )


def write(value: Value) -> bytes:
    """Compact JSON, spelled as `JSON.stringify` and serde spell it."""
    return "".join(_written(value)).encode()


def shown(text: str) -> str:
    """Text that can be encoded: half characters become U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def is_deeper_than(text: str, most: int) -> bool:
    """Whether brackets nest deeper than so many levels: asked before parsing, which recurses."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        bracket = match.group()
        if bracket in "[{":
            depth += 1
            if depth > most:
                return True
        elif bracket in "]}":
            depth -= 1
    return False


def _whole(digits: str) -> int | Number:
    return Number(digits) if len(digits) > _MAX_INT_DIGITS or digits == "-0" else int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableJsonError(f"{name} is not JSON.")


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _written(value: Value) -> Iterator[str]:
    if value is None:
        yield "null"
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, int):
        yield str(value)
    elif isinstance(value, Number):
        yield value.digits
    elif isinstance(value, str):
        yield _quoted(value)
    elif isinstance(value, Mapping):
        for index, (name, inner) in enumerate(value.items()):
            yield ("," if index else "{") + _quoted(name) + ":"
            yield from _written(inner)
        yield "}" if value else "{}"
    else:
        for index, inner in enumerate(value):
            yield "," if index else "["
            yield from _written(inner)
        yield "]" if value else "[]"


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
