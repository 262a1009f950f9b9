"""Every page's JSON twin: what a page knows, without its words, under `/json` + the page's address.

A prefix and not an ending, because people's own files may end in `.json` themselves.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date

PREFIX = "/json"
# A field of a page's dataclass that is for the page's eyes only: field(metadata=PAGE_ONLY).
PAGE_ONLY = {"page_only": True}


def address_of(page: str) -> str:
    """The twin's address of a page's address, which begins with a slash."""
    return PREFIX + page


def page_of(twin: str) -> str:
    """The page's address of its own or its twin's address."""
    return twin.removeprefix(PREFIX) if is_twin(twin) else twin


def is_twin(address: str) -> bool:
    """Whether an address is a twin's and not a page's."""
    return address.startswith(PREFIX + "/")


def write(content: object) -> str:
    """A page's dataclass as JSON text. Raises `TypeError` for what JSON has no word for."""
    return json.dumps(content, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    """What `json` does not know itself, one level deep."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, AbstractSet):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: getattr(value, field.name)
            for field in fields(value)
            if not field.metadata.get("page_only")
        }
    raise TypeError(f"{type(value).__name__} has no JSON form")
