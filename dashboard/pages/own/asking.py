"""What the own pages share: the visitor's door, and what a request asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath
from dashboard.doors.tenant import TenantDoor
from dashboard.page_context import signed_in
from dashboard.pages.connect import live_connection
from dashboard.parts import Parts

SIZES = (100, 500, 2000)
_FURTHEST = 10_000_000
_FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Own:
    """The visitor and their door; `capabilities` are what the lent session may do."""

    public_key: str
    capabilities: str
    door: TenantDoor

    @property
    def may_change(self) -> bool:
        """Whether the session may write at all."""
        return "w" in "".join(entry.rpartition(":")[2] for entry in self.capabilities.split(","))


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in a list of known length a page is, and the addresses of the others.

    `kept` are the members of the query that every link keeps.
    """

    path: str
    limit: int
    offset: int
    total: int
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> str | None:
        """The first page, from any other."""
        return self.at(0) if self.offset else None

    @property
    def previous(self) -> str | None:
        """The page before."""
        return self.at(max(self.offset - self.limit, 0)) if self.offset else None

    @property
    def next(self) -> str | None:
        """The page behind."""
        after = self.offset + self.limit
        return self.at(after) if after < self.total else None

    @property
    def last(self) -> str | None:
        """The last page, from any other."""
        if self.next is None:
            return None
        return self.at((self.total - 1) // self.limit * self.limit)

    @property
    def shown(self) -> str:
        """Which rows are on this page."""
        if self.total == 0:
            return "nothing"
        end = min(self.offset + self.limit, self.total)
        return f"{min(self.offset + 1, self.total):,} to {end:,} of {self.total:,}"

    @property
    def sizes(self) -> tuple[tuple[int, str], ...]:
        """Every page size with the address that shows it from the start."""
        return tuple((size, self._address(0, size)) for size in SIZES)

    def at(self, offset: int) -> str:
        """The address of the page that begins there."""
        return self._address(offset, self.limit)

    def _address(self, offset: int, limit: int) -> str:
        query = [pair for pair in self.kept if pair[1]]
        if limit != SIZES[0]:
            query.append(("limit", str(limit)))
        if offset:
            query.append(("offset", str(offset)))
        return f"{self.path}?{urlencode(query)}" if query else self.path


async def find_own(parts: Parts) -> Own | None:
    """The visitor's door, or None while they have not connected their data."""
    found = await live_connection(parts, signed_in())
    if found is None:
        return None
    door = parts.tenants.of(found.public_key, found.secret)
    return Own(found.public_key, found.capabilities, door)


def to_connect() -> ResponseReturnValue:
    """Where visitors go to lend the dashboard a session."""
    return redirect("/connect", 303)


def own_path(rest: str) -> OwnPath:
    """The path in an address of ours; ends the request (404) when it is none."""
    try:
        return OwnPath.parse("/" + rest)
    except AddressError as error:
        abort(404, str(error))


def asked_choice(name: str, allowed: Sequence[str], default: str) -> str:
    """One of some words of the query; ends the request (400) for others."""
    found = request.args.get(name) or default
    if found not in allowed:
        abort(400, f"'{name}' is one of: {', '.join(word or 'nothing' for word in allowed)}.")
    return found


def asked_number(name: str, default: int, most: int) -> int:
    """A number of the query; ends the request (400) for anything else."""
    text = request.args.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and int(text) <= most):
        abort(400, f"'{name}' is a whole number up to {most:,}.")
    return int(text)


def asked_moment(name: str, default: datetime) -> datetime:
    """A time of the query (UTC); of a whole second or a day its end.

    Ends the request (400) for anything else.
    """
    text = request.args.get(name, "")
    if not text:
        return _end_of_second(default)
    try:
        moment = datetime.fromisoformat(text[:40])
        if len(text) == len("2026-11-20"):
            moment = moment.replace(hour=23, minute=59, second=59)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        abort(400, f"'{name}' is a day or a time, like 2026-11-20 or 2026-11-20T18:30.")
    if moment.year < _FIRST_YEAR:
        abort(400, f"'{name}' is a time before there were nodes.")
    return moment if moment.microsecond else _end_of_second(moment)


def _end_of_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=999_999)


def asked_page(path: str, total: int, **kept: str) -> Pages:
    """The `limit` and `offset` of the query; sizes that we do not offer end the request (400)."""
    limit, offset = asked_window()
    return Pages(path, limit, offset, total, tuple(kept.items()))


def asked_window() -> tuple[int, int]:
    """The `limit` and `offset` of the query."""
    limit = asked_number("limit", SIZES[0], SIZES[-1])
    if limit not in SIZES:
        abort(400, f"Pages have {', '.join(map(str, SIZES))} rows.")
    return limit, asked_number("offset", 0, _FURTHEST)
