"""What the pages of a life share: whose it is, what the query asks for, which tab is open."""

from collections.abc import Callable
from dataclasses import dataclass

from quart import abort, request

from dashboard.addresses import AddressError, OwnPath
from dashboard.kinds.writing import Built, InvalidObjectError
from dashboard.life.reading import Life
from dashboard.life.writing import store
from dashboard.pages.own.asking import Own, Pages, find_own
from dashboard.parts import Parts

POST = frozenset({"POST"})
SECTION = "me"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The visitor's life, and whether the session that they lent may change it."""

    life: Life
    may_change: bool


async def find_visitor(parts: Parts) -> Visitor | None:
    """The visitor, or None while they have not connected their data."""
    own: Own | None = await find_own(parts)
    if own is None:
        return None
    return Visitor(Life(own.public_key, own.door), own.may_change)


def now_us(parts: Parts) -> int:
    """The present in whole milliseconds, as browsers tick, in microseconds."""
    return int(parts.now_s() * 1000) * 1000


def asked_name(name: str) -> str | None:
    """A name of the query that can be one in a folder; ends the request (400) for any other."""
    text = request.args.get(name) or None
    if text is None:
        return None
    try:
        OwnPath.parse(f"/pub/{text}")
    except AddressError:
        abort(400, f"'{name}' cannot be the name of an object.")
    if "/" in text:
        abort(400, f"'{name}' cannot be the name of an object.")
    return text


async def form_text(name: str, most: int = 60_000) -> str:
    """A text of the form, "" where there is none; line breaks as everywhere else."""
    text: str = (await request.form).get(name, "")
    if len(text) > most:
        abort(413, f"'{name}' is longer than {most:,} characters.")
    return text.replace("\r\n", "\n")


def pages_of(path: str, limit: int, offset: int, total: int) -> Pages:
    """The pages of a list whose size is not for choosing: each row of it is read."""
    return Pages(path, limit, offset, total)


async def store_or_refuse(visitor: Visitor, build: Callable[[], Built]) -> None:
    """Store what a small form asks for; ends the request (400) with the reasons if it is invalid.

    Raises `DoorError`.
    """
    try:
        built = build()
    except InvalidObjectError as error:
        abort(400, str(error))
    await store(visitor.life, built)
