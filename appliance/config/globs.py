"""Path globs of rate limits, as the reference's library reads them (client API 17.1).

A `**` stands for whole segments, everything else lives inside one segment. Stars match greedily
and only the last one is ever retried, so no path of a stranger makes matching slow.
"""

import re
from dataclasses import dataclass
from typing import Self

LONGEST_PATTERN = 512
DEEPEST_BRACES = 10
# Alternatives multiply; this is far more than a limit on paths needs.
MOST_ALTERNATIVES = 256

# One segment, or None for `**`.
_Segment = re.Pattern[str] | None

_SPECIAL = re.compile(r"[*?\[\]\\]")


@dataclass(frozen=True, slots=True)
class _Alternative:
    """A pattern without braces; what it begins and ends with sorts most paths out at once."""

    prefix: str
    suffix: str
    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, pattern: str) -> Self:
        texts = _SPECIAL.split(pattern)
        # A `**` in front may stand for nothing at all, not even the slash after it.
        suffix = texts[-1].lstrip("/") if pattern.startswith("**") else texts[-1]
        return cls(texts[0], suffix, _segments(pattern))

    def fits(self, path: str) -> bool:
        """Whether the whole path fits."""
        return (
            path.startswith(self.prefix)
            and path.endswith(self.suffix)
            and _fits(self.segments, path.split("/"))
        )


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern over whole paths."""

    text: str
    _alternatives: tuple[_Alternative, ...]
    _negated: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pattern; raises ValueError with what is wrong."""
        if len(text) > LONGEST_PATTERN:
            raise ValueError(f"is longer than {LONGEST_PATTERN} characters")
        bare = text.lstrip("!")
        alternatives = [_Alternative.parse(expanded) for expanded in _expanded(bare, 0)]
        return cls(text, tuple(alternatives), (len(text) - len(bare)) % 2 == 1)

    def matches(self, path: str) -> bool:
        """Whether the whole path fits."""
        for alternative in self._alternatives:
            if alternative.fits(path):
                return not self._negated
        return self._negated

    def __str__(self) -> str:
        return self.text


def _expanded(pattern: str, depth: int) -> list[str]:
    """The patterns without braces that a pattern stands for."""
    opening = _find(pattern, "{}", 0)
    if opening is None:
        return [pattern]
    if pattern[opening] == "}":
        raise ValueError("has a } without {")
    if depth == DEEPEST_BRACES:
        raise ValueError(f"nests braces more than {DEEPEST_BRACES} deep")
    choices, closing = _choices(pattern, opening)
    rests = _expanded(pattern[closing + 1 :], depth)
    expanded = [
        pattern[:opening] + inner + rest
        for choice in choices
        for inner in _expanded(choice, depth + 1)
        for rest in rests
    ]
    if len(expanded) > MOST_ALTERNATIVES:
        raise ValueError(f"stands for more than {MOST_ALTERNATIVES} patterns")
    return expanded


def _choices(pattern: str, opening: int) -> tuple[list[str], int]:
    """The texts between the commas of one pair of braces, and where it closes."""
    choices, start, depth = [], opening + 1, 0
    at = _find(pattern, "{},", start)
    while at is not None:
        sign = pattern[at]
        if sign == "{":
            depth += 1
        elif depth == 0:
            choices.append(pattern[start:at])
            start = at + 1
            if sign == "}":
                return choices, at
        elif sign == "}":
            depth -= 1
        at = _find(pattern, "{},", at + 1)
    raise ValueError("has a { without }")


def _find(pattern: str, signs: str, start: int) -> int | None:
    """The first of these signs that is neither escaped nor in square brackets."""
    at = start
    while at < len(pattern):
        if pattern[at] in signs:
            return at
        if pattern[at] == "[":
            at = _class_end(pattern, at)
        at += 2 if pattern[at] == "\\" else 1
    return None


def _class_end(pattern: str, opening: int) -> int:
    """Where a pair of square brackets closes; a `]` that comes first stands for itself."""
    at = opening + 1
    if pattern[at : at + 1] in ("!", "^"):
        at += 1
    if pattern[at : at + 1] == "]":
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    if at >= len(pattern):
        raise ValueError("has a [ without ]")
    return at


def _segments(pattern: str) -> tuple[_Segment, ...]:
    texts, start = [], 0
    slash = _find(pattern, "/", 0)
    while slash is not None:
        texts.append(pattern[start:slash])
        start = slash + 1
        slash = _find(pattern, "/", start)
    texts.append(pattern[start:])
    segments: list[_Segment] = []
    for text in texts:
        segment = None if text == "**" else _compiled(text)
        # Two in a row say no more than one.
        if segment is not None or not segments or segments[-1] is not None:
            segments.append(segment)
    return tuple(segments)


def _compiled(text: str) -> re.Pattern[str]:
    """One segment: the shortest run that lets the next literal part fit is always good enough, so
    every star but the last is atomic and cannot be retried."""
    parts, at = [""], 0
    while at < len(text):
        sign = text[at]
        if sign == "*":
            parts.append("")
        elif sign == "?":
            parts[-1] += "."
        elif sign == "[":
            end = _class_end(text, at)
            parts[-1] += _class(text[at + 1 : end])
            at = end
        else:
            if sign == "\\":
                at += 1
                if at == len(text):
                    raise ValueError("ends in a \\ that escapes nothing")
            parts[-1] += re.escape(text[at])
        at += 1
    first, *rest = parts
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1] if part)
    return re.compile(first + middle + (f".*{rest[-1]}" if rest else ""), re.DOTALL)


def _class(text: str) -> str:
    negated = text[0] in "!^"
    at, ranges = int(negated), ""
    while at < len(text):
        first, at = _class_character(text, at)
        last = first
        if text[at : at + 1] == "-" and at + 1 < len(text):
            last, at = _class_character(text, at + 1)
        if first > last:
            raise ValueError(f"has the range {first}-{last} the wrong way round")
        ranges += f"{re.escape(first)}-{re.escape(last)}"
    return f"[{'^' if negated else ''}{ranges}]"


def _class_character(text: str, at: int) -> tuple[str, int]:
    if text[at] == "\\" and at + 1 < len(text):
        at += 1
    return text[at], at + 1


def _fits(pattern: tuple[_Segment, ...], path: list[str]) -> bool:
    """Segment by segment; after a dead end only the last `**` takes one segment more."""
    at = position = 0
    retry: tuple[int, int] | None = None
    while position < len(path):
        segment = pattern[at] if at < len(pattern) else None
        if at < len(pattern) and segment is None:
            if at == len(pattern) - 1:
                return True  # a trailing ** takes the rest, and there is one
            at += 1
            retry = (at, position)
        elif segment is not None and segment.fullmatch(path[position]):
            at += 1
            position += 1
        elif retry is not None:
            at, position = retry[0], retry[1] + 1
            retry = (at, position)
        else:
            return False
    return at == len(pattern)
