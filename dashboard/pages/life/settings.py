"""What apps remember for the visitor: their settings, and when they last read notifications."""

from dataclasses import dataclass
from datetime import datetime

from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.kinds.settings import LastRead, Settings, Switch
from dashboard.life.counting import TREES
from dashboard.life.reading import Life, Stored, find
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import SECTION, find_visitor
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable


@dataclass(frozen=True, slots=True)
class SettingsCard:
    """The settings of one layout."""

    path: OwnPath
    is_public: bool
    notifications: tuple[Switch, ...]
    privacy: tuple[Switch, ...]
    language: str | None
    updated_at: datetime | None
    other_members: tuple[str, ...]
    problems: tuple[str, ...]
    oddities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LastReadCard:
    """When notifications were read, as one layout says it."""

    path: OwnPath
    is_public: bool
    at: datetime | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Both, in both layouts."""

    settings: tuple[SettingsCard, ...]
    last_read: tuple[LastReadCard, ...]


_SETTINGS = tuple(OwnPath(f"{TREES[tree].text}settings.json") for tree in ("v0", "private"))
_LAST_READ = (
    OwnPath(f"{TREES['v0'].text}last_read"),
    OwnPath(f"{TREES['private'].text}last_read.json"),
)


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/me/settings", audience="tenant")
    async def index() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        settings = [_settings(stored) for stored in await _found(visitor.life, _SETTINGS)]
        last_read = [_last_read(stored) for stored in await _found(visitor.life, _LAST_READ)]
        content = SettingsPage(tuple(settings), tuple(last_read))
        return await render("life/settings.html", await frame(parts, SECTION), content)


async def _found(life: Life, paths: tuple[OwnPath, ...]) -> list[Stored]:
    found = [await find(life, path) for path in paths]
    return [stored for stored in found if stored is not None]


def _settings(stored: Stored) -> SettingsCard:
    value, parsed = stored.parsed.value, stored.parsed
    if not isinstance(value, Settings):
        value = Settings((), (), None, None)
    return SettingsCard(
        path=stored.path,
        is_public=parsed.at.is_public,
        notifications=value.notifications,
        privacy=value.privacy,
        language=value.language,
        updated_at=value.updated.at if value.updated is not None else None,
        other_members=tuple(value.rest)[:50],
        problems=parsed.problems,
        oddities=parsed.oddities,
    )


def _last_read(stored: Stored) -> LastReadCard:
    value = stored.parsed.value
    found = value.moment if isinstance(value, LastRead) else None
    return LastReadCard(
        stored.path,
        stored.parsed.at.is_public,
        found.at if found is not None else None,
        stored.parsed.problems,
    )
