"""People's text in pieces that a page can show: plain runs, links, mentions, hashtags.

No HTML here. Only four schemes ever become links; everything else stays text. The patterns are the
official client's, so a post reads here as it reads there.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from dashboard.kinds.addresses import Address, parse_address
from dashboard.kinds.ids import is_key
from dashboard.kinds.wire import urls

_LINK_SCHEMES = {"http", "https", "pubky", "mailto"}
# What ends a link besides white space: quotes, angle brackets, and what a page cannot show.
_END = '\\s<>"\x00-\x20\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff'
_UNSAFE = re.compile(f"[{_END}]")
_TOKEN = re.compile(
    rf"(?<![\w/])(?P<link>(?i:https?://|pubky://|mailto:)[^{_END}]+)"
    r"|(?<!\S)(?P<mention>(?:pk:|pubky)[a-z0-9]{52})"
    r"|(?<!\S)(?P<hashtag>#[a-zA-Z0-9]+(?:[-_][a-zA-Z0-9]+)*)"
)
_TRAILING = ".,;:!?'*_~"
_CLOSING = {")": "(", "]": "[", "}": "{"}

# Letters and marks that show nothing, beside the categories below.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Plain:
    """Text without a meaning of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A bare address. `host` is what a page shows beside it; "" for `mailto:`."""

    text: str
    href: str
    host: str
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody's key."""

    text: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Hashtag:
    """A word after `#`; `label` is the tag it names."""

    text: str
    label: str


Segment: TypeAlias = Plain | Link | Mention | Hashtag


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A character that can deceive in a name, and where it stands."""

    index: int
    character: str
    what: str


def split(text: str) -> tuple[Segment, ...]:
    """The segments of a text, in order; their texts together are the text."""
    found: list[Segment] = []
    done = 0
    for match in _TOKEN.finditer(text):
        segment = _segment(match)
        if segment is None:
            continue
        if match.start() > done:
            found.append(Plain(text[done : match.start()]))
        found.append(segment)
        done = match.start() + len(segment.text)
    if done < len(text):
        found.append(Plain(text[done:]))
    return tuple(found)


def href(uri: str) -> str | None:
    """The address as a link may carry it, or None if it must stay text.

    Only http, https, pubky and mailto; nothing with white space or invisible characters.
    """
    url = None if _UNSAFE.search(uri) else urls.parse(uri)
    if url is None or url.scheme not in _LINK_SCHEMES:
        return None
    return uri if url.host or (url.scheme == "mailto" and len(uri) > len("mailto:")) else None


def host(uri: str) -> str:
    """The host that a browser goes to, without user names; "" where there is none."""
    url = urls.parse(uri)
    return (url.host or "") if url else ""


def one_line(text: str, most: int = 80) -> str:
    """The first line with something on it, cut to `most` characters."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def suspicious(text: str) -> tuple[Suspicion, ...]:
    """The characters of a name that show nothing or turn the direction of writing.

    A joiner between two characters beyond Latin shapes them (emoji, Persian, Hindi) and is none.
    """
    return tuple(
        Suspicion(index, character, what)
        for index, character in enumerate(text)
        if (what := _suspicion(text, index, character))
    )


def _suspicion(text: str, index: int, character: str) -> str | None:
    if character in _TURNING:
        return "changes the direction of writing"
    if character in _JOINERS and 0 < index < len(text) - 1:
        return (
            None if _is_shaped(text[index - 1]) and _is_shaped(text[index + 1]) else "is invisible"
        )
    category = unicodedata.category(character)
    if category == "Cc":
        return "is a control character"
    if category in {"Cf", "Zl", "Zp"} or character in _BLANK:
        return "is invisible"
    return "is no character" if category in {"Cs", "Cn", "Co"} else None


def _is_shaped(character: str) -> bool:
    return character > "\u024f" and unicodedata.category(character) not in {"Cf", "Zs", "Po"}


def _segment(match: re.Match[str]) -> Segment | None:
    text = match.group()
    if match["link"]:
        text = _without_trailing(text)
        link = href(text)
        return Link(text, link, host(link), parse_address(link)) if link else None
    if match["mention"]:
        public_key = text[3:] if text.startswith("pk:") else text[5:]
        return Mention(text, public_key) if is_key(public_key) else None
    return Hashtag(text, text[1:].lower())


def _without_trailing(text: str) -> str:
    """Cut the punctuation that belongs to the sentence, and brackets opened outside the link."""
    open_brackets = {opening: text.count(opening) for opening in _CLOSING.values()}
    closed = {closing: text.count(closing) for closing in _CLOSING}
    end = len(text)
    while end:
        last = text[end - 1]
        opening = _CLOSING.get(last)
        if opening is not None and closed[last] > open_brackets[opening]:
            closed[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return text[:end]
