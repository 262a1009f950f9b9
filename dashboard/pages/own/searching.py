"""Finding one's own files by words, narrowed by app, type, month and size."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from quart import abort, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath, own_address
from dashboard.doors.own_facts import Facet, Hit
from dashboard.kinds.paths import classify
from dashboard.kinds.registry import KINDS
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import asked_choice, asked_number, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

LIMIT = 50
MOST_FACETS = 12
LONGEST_QUERY = 300
_OPERATOR = re.compile(r"(app|type|before|after):(\S+)|size([<>])(\d+)(k|m|g)?b?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3}
_SIZES = ((0, "under 10 kB"), (10_000, "10 kB to 1 MB"), (1_000_000, "over 1 MB"))


@dataclass(frozen=True, slots=True)
class Wish:
    """A query taken apart. Times are dates as people write them: 2026-11 or 2026-11-20."""

    words: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A hit, what it is, and where its page is."""

    hit: Hit
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to narrow the hits, and how many it would leave."""

    word: str
    count: int
    address: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What was asked and found; `behind` is how many changes the index has not read yet."""

    query: str
    problems: tuple[str, ...]
    results: tuple[Result, ...]
    facets: tuple[tuple[str, tuple[Choice, ...]], ...]
    behind: int
    sort: str
    next: str | None
    is_asked: bool
    people: tuple[str, ...] = ()


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the search."""

    @table.add("/search", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        query = request.args.get("q", "").strip()
        if len(query) > LONGEST_QUERY:
            abort(400, f"A search has at most {LONGEST_QUERY} characters.")
        sort = asked_choice("sort", ("best", "newest"), "best")
        offset = asked_number("offset", 0, 100_000)
        wish = understood(query)
        page = SearchPage(query, wish.problems, (), (), 0, sort, None, bool(query))
        if query and not wish.problems:
            asked = {**wish.filters, "q": wish.words, "sort": sort}
            found = await own.door.own.search({**asked, "limit": LIMIT + 1, "offset": offset})
            more = f"/search?{urlencode({'q': query, 'sort': sort, 'offset': offset + LIMIT})}"
            page = replace(
                page,
                results=tuple(_result(hit) for hit in found.items[:LIMIT]),
                facets=facets_of(query, found.facets),
                behind=found.behind,
                next=more if len(found.items) > LIMIT else None,
            )
        return await render("own/search.html", await frame(parts, "search"), page)


def understood(query: str) -> Wish:
    """Take `app:`, `type:`, `before:`, `after:` and `size>` out of a query; the rest are words."""
    filters: dict[str, str] = {}
    problems: list[str] = []
    for match in _OPERATOR.finditer(query):
        problem = _take(match, filters)
        if problem is not None:
            problems.append(problem)
    words = " ".join(_OPERATOR.sub(" ", query).split())
    if not words and filters and not problems:
        return Wish("", filters)
    return Wish(words, filters, tuple(problems))


def _take(match: re.Match[str], filters: dict[str, str]) -> str | None:
    """Note one operator; what is wrong with it, as a sentence."""
    if match[3]:
        count = int(match[4][:12]) * _UNITS[(match[5] or "").lower()]
        filters["min_bytes" if match[3] == ">" else "max_bytes"] = str(count)
        return None
    name, value = match[1].lower(), match[2]
    if name == "type":
        filters["type"] = value
    elif name == "app":
        text = value if value.startswith("/") else f"/pub/{value}"
        try:
            filters["folder"] = OwnPath.parse(text).as_folder.text
        except AddressError as error:
            return f"“app:{value}”: {error}"
    else:
        moment = _date(value)
        if moment is None:
            return f"“{name}:{value}” is no date; write 2026-11 or 2026-11-20."
        filters[f"{name}_us"] = str(int(moment.timestamp() * 1_000_000))
    return None


def _date(text: str) -> datetime | None:
    for pattern in ("%Y-%m-%d", "%Y-%m", "%Y"):
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _result(hit: Hit) -> Result:
    kind = classify(hit.path.text).kind
    noun = KINDS[kind].singular if kind is not None else hit.content_type
    return Result(hit, noun, own_address(hit.path))


def facets_of(query: str, facets: tuple[Facet, ...]) -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """The ways to narrow what was found, the fullest first."""

    def choices(counted: Counter[str], operator: str) -> tuple[Choice, ...]:
        return tuple(
            Choice(word, count, f"/search?{urlencode({'q': f'{query} {operator}{word}'})}")
            for word, count in counted.most_common(MOST_FACETS)
        )

    apps = Counter("/".join(facet.path.text.split("/")[:3]) for facet in facets)
    types = Counter(facet.content_type for facet in facets)
    months = Counter(facet.month for facet in facets)
    sizes = Counter(_size_word(facet.byte_count) for facet in facets)
    by_size = tuple(
        Choice(word, sizes[word], f"/search?{urlencode({'q': f'{query} {operator}'})}")
        for (_, word), operator in zip(
            _SIZES, ("size<10kb", "size>10kb size<1mb", "size>1mb"), strict=True
        )
        if sizes[word]
    )
    return (
        ("App", choices(apps, "app:")),
        ("Type", choices(types, "type:")),
        ("Changed since", choices(months, "after:")),
        ("Size", by_size),
    )


def _size_word(count: int) -> str:
    return next(word for least, word in reversed(_SIZES) if count >= least)
