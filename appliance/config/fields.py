"""How one setting is declared: its default, the text that explains it, the check of its value."""

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

from appliance.config.values import SocketAddress

Check = Callable[[Any], str | None]


def setting(
    default: Any, doc: str, check: Check | None = None, *, example: str | None = None
) -> Any:
    """A setting; one whose default is None has an `example`, as TOML can write it."""
    metadata = {"doc": doc, "check": check, "example": example}
    if isinstance(default, tuple):
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


def required(doc: str, check: Check | None = None) -> Any:
    """A setting that must be written; only tables of a list have such."""
    return field(default=MISSING, metadata={"doc": doc, "check": check})


def socket(text: str, doc: str) -> Any:
    """A setting that is an address to listen on."""
    return field(default_factory=lambda: SocketAddress.parse(text), metadata={"doc": doc})


def tables(default: tuple[Any, ...], doc: str, reasons: tuple[str, ...]) -> Any:
    """A list of tables; `reasons` say why each of the defaults is there."""
    return field(default_factory=lambda: default, metadata={"doc": doc, "reasons": reasons})
