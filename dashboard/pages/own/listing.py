"""What listings of files share: their rows, the heads of their columns, and what is asked for."""

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from quart import abort, request

from dashboard.addresses import own_address
from dashboard.doors.own import Sorting
from dashboard.doors.own_facts import Child
from dashboard.kinds.paths import classify
from dashboard.kinds.registry import KINDS
from dashboard.pages.own.asking import asked_choice

SORTINGS = ("name", "size", "modified")
_MOST_NAME = 255
_ARIA = {"asc": "ascending", "desc": "descending"}


@dataclass(frozen=True, slots=True)
class Row:
    """A file or folder; `kind` says what it is, `address` is its page's."""

    item: Child
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head: the address that sorts by it, and the order it has now (ARIA's words)."""

    word: str
    address: str
    order: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """How a listing is to be sorted and filtered."""

    sorting: Sorting
    order: str
    name_part: str

    @property
    def is_descending(self) -> bool:
        """Whether the last comes first."""
        return self.order == "desc"

    @property
    def query(self) -> dict[str, str]:
        """The members of a query that ask for this; empty texts for what is so anyway."""
        is_plain = (self.sorting, self.order) == ("name", "asc")
        return {
            "sort": "" if is_plain else self.sorting,
            "order": "desc" if self.is_descending else "",
            "name": self.name_part,
        }


def asked_listing() -> Listing:
    """What the query asks for; ends the request (400) for what cannot be."""
    sorting = asked_choice("sort", SORTINGS, "name")
    order = asked_choice("order", ("asc", "desc"), "asc")
    name_part = request.args.get("name", "").strip()
    if len(name_part) > _MOST_NAME:
        abort(400, "No name is that long.")
    return Listing(cast("Sorting", sorting), order, name_part)


def row_of(item: Child) -> Row:
    """The row of a file or a folder."""
    return Row(item, _kind(item), own_address(item.path))


def _kind(item: Child) -> str:
    if item.path.is_folder:
        return "Folder"
    kind = classify(item.path.text).kind
    return KINDS[kind].singular if kind is not None else item.content_type or ""


def columns_of(address: str, asked: Listing, first_word: str, **kept: str) -> tuple[Column, ...]:
    """The columns' heads; `kept` are members of the query that all of them keep."""
    words: dict[str, str] = {"name": first_word, "size": "Size", "modified": "Changed"}
    if asked.name_part:
        kept["name"] = asked.name_part
    found = []
    for each, word in words.items():
        is_sorted = each == asked.sorting
        # What is large or new is what people look for first.
        first = "asc" if each == "name" else "desc"
        other = {"asc": "desc", "desc": "asc"}[asked.order] if is_sorted else first
        query = {"sort": each, "order": other} | kept
        aria = _ARIA[asked.order] if is_sorted else None
        found.append(Column(word, f"{address}?{urlencode(query)}", aria))
    return tuple(found)
