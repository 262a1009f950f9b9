"""Capabilities: what a session may do, as `scope:actions` (authentication document 4).

Lists are kept as they were signed. Only builders merge and drop entries, with `normalize`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from appliance.errors import PubkyError, invalid
from appliance.pubky.paths import StoragePath


@dataclass(frozen=True, slots=True)
class Capability:
    """One entry: a canonical path and what may be done there."""

    scope: str
    read: bool
    write: bool

    @classmethod
    def parse(cls, text: str) -> Self:
        """One entry; the order of the checks is part of the contract (4.1). Raises `invalid`."""
        scope, colon, actions = text.partition(":")
        if not colon or ":" in actions:
            raise invalid("capability must have format `<scope>:<actions>`")
        if not actions:
            raise invalid("capability must contain at least one action")
        for action in actions:
            if action not in "rw":
                raise invalid(f"invalid capability action `{action}`")
        if "," in scope:
            raise invalid("capability scope must not contain `,`")
        try:
            path = StoragePath.parse(scope)
        except PubkyError as error:
            raise invalid(f"invalid capability scope: {error.message}") from None
        return cls(path.text, "r" in actions, "w" in actions)

    def __str__(self) -> str:
        return f"{self.scope}:{'r' * self.read}{'w' * self.write}"

    def covers(self, path: str, *, write: bool) -> bool:
        """True if this entry allows to read, or with `write` to write, exactly `path`.

        A scope ending in `/` covers itself and all below it; any other scope covers itself only.
        """
        allowed = self.write if write else self.read
        return allowed and self.covers_scope(path)

    def covers_scope(self, path: str) -> bool:
        """The path half of `covers`, without regard to actions."""
        return path == self.scope or (self.scope.endswith("/") and path.startswith(self.scope))


def parse_list(text: str) -> tuple[Capability, ...]:
    """A comma-separated list; the empty text is the empty list.

    The first entry that fails refuses the whole list. Raises `invalid` naming its position from 1.
    """
    if not text:
        return ()
    capabilities: list[Capability] = []
    for position, entry in enumerate(text.split(","), 1):
        try:
            capabilities.append(Capability.parse(entry))
        except PubkyError as error:
            raise invalid(
                f"invalid capability at position {position} (`{entry}`): {error.message}"
            ) from None
    return tuple(capabilities)


def list_text(capabilities: Iterable[Capability]) -> str:
    """The comma-separated form, in the order given."""
    return ",".join(map(str, capabilities))


def normalize(capabilities: Iterable[Capability]) -> tuple[Capability, ...]:
    """Merges equal scopes and drops entries that another covers, in order of first appearance."""
    merged: dict[str, Capability] = {}
    for entry in capabilities:
        earlier = merged.get(entry.scope, entry)
        merged[entry.scope] = Capability(
            entry.scope, earlier.read or entry.read, earlier.write or entry.write
        )
    return tuple(
        entry
        for entry in merged.values()
        if not any(_is_redundant(entry, other) for other in merged.values())
    )


def _is_redundant(entry: Capability, other: Capability) -> bool:
    return (
        other is not entry
        and other.covers_scope(entry.scope)
        and other.read >= entry.read
        and other.write >= entry.write
    )


def is_root(capabilities: Iterable[Capability]) -> bool:
    """True if one entry alone is `/:rw`; `/:r,/:w` is not root (4.4)."""
    return Capability("/", read=True, write=True) in capabilities
