"""What a client remembers for its owner: settings, and when notifications were last read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.kinds.kind import Kind
from dashboard.kinds.paths import Classified
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import Members
from dashboard.kinds.wire.moments import Moment, moment


@dataclass(frozen=True, slots=True)
class Switch:
    """One setting that is on or off."""

    name: str
    is_on: bool

    @property
    def words(self) -> str:
        """Its name as a person would write it."""
        spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in self.name)
        return spaced.replace("_", " ").strip().capitalize()


@dataclass(frozen=True, slots=True)
class Settings:
    """A client's settings. v0 keeps them where everybody can read them."""

    notifications: tuple[Switch, ...]
    privacy: tuple[Switch, ...]
    language: str | None
    updated: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastRead:
    """Up to when notifications were read."""

    timestamp: int | None
    moment: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)


def _read_settings(members: Members, at: Classified) -> Settings:
    updated = (
        moment(members.whole("updated_at"))
        if at.is_v1
        else moment(members.whole("updatedAt"), "milliseconds")
    )
    return Settings(
        _switches(members, "notifications"),
        _switches(members, "privacy"),
        members.text("language"),
        updated,
        members.rest(),
    )


def _switches(members: Members, section: str) -> tuple[Switch, ...]:
    inner = members.object(section)
    if inner is None:
        return ()
    found = ((name, inner.flag(name)) for name in inner.names())
    return tuple(Switch(name, is_on) for name, is_on in found if is_on is not None)


def _read_last_read(members: Members, at: Classified) -> LastRead:
    timestamp = members.needed_whole("timestamp")
    at_moment = moment(timestamp) if at.is_v1 else moment(timestamp, "milliseconds")
    return LastRead(timestamp, at_moment, members.rest())


SETTINGS = Kind(
    "settings", "Settings", "Settings", _read_settings, lambda *_: "Settings", lambda *_: ()
)
LAST_READ = Kind(
    "last_read",
    "Last read",
    "Last read",
    _read_last_read,
    lambda *_: "When notifications were last read",
    lambda *_: (),
)
