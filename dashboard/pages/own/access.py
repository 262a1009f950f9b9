"""Who can get at the visitor's data: apps and sign-ins in plain words, and ending them."""

import unicodedata
from collections import Counter
from dataclasses import dataclass

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.capabilities import Capability, Right, parse_list, right_to
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.own_facts import Credential
from dashboard.kinds.paths import V0
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
# What v0 keeps where everybody reads it, although many would not expect that.
_SENSITIVE = (
    (f"{V0}mutes/", "whom you muted"),
    (f"{V0}bookmarks/", "what you bookmarked"),
    (f"{V0}settings.json", "your settings"),
    (f"{V0}last_read", "when you last read your notifications"),
)
_LOOKS_LIKE = str.maketrans("0135$@lI", "oiesSaii")


@dataclass(frozen=True, slots=True)
class Holder:
    """An app or a browser that can get in; `is_lookalike` of another one with more."""

    credential: Credential
    name: str
    capabilities: tuple[Capability, ...]
    is_everything: bool
    reaches_private: bool
    is_lookalike: bool


@dataclass(frozen=True, slots=True)
class Exposed:
    """Something sensitive that everybody can read."""

    path: OwnPath
    what: str
    file_count: int


@dataclass(frozen=True, slots=True)
class AccessPage:
    """Everybody who can get in."""

    holders: tuple[Holder, ...]
    exposed: tuple[Exposed, ...]


@dataclass(frozen=True, slots=True)
class MapRow:
    """A folder and what each holder may do there."""

    path: OwnPath
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class AccessMapPage:
    """Folders against holders."""

    holders: tuple[Holder, ...]
    rows: tuple[MapRow, ...]


@dataclass(frozen=True, slots=True)
class RightsPage:
    """The lent session may not see this: which one could."""

    what: str


@dataclass(frozen=True, slots=True)
class RevokePage:
    """What would end."""

    holders: tuple[Holder, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages about access."""
    _add_pages(table, parts)
    _add_acts(table, parts)


def _add_pages(table: RouteTable, parts: Parts) -> None:
    @table.add("/access", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        holders = await _holders(own)
        if holders is None:
            return await _too_little(parts)
        content = AccessPage(holders, await _exposed(own))
        return await render("own/access.html", await frame(parts, "access"), content)

    @table.add("/access/map", audience="tenant")
    async def shown_as_map() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        holders = await _holders(own)
        if holders is None:
            return await _too_little(parts)
        apps = (await own.door.own.usage()).apps
        rows = tuple(
            MapRow(app.path, tuple(right_to(each.capabilities, app.path.text) for each in holders))
            for app in apps
        )
        content = AccessMapPage(holders, rows)
        return await render("own/access_map.html", await frame(parts, "access"), content)


def _add_acts(table: RouteTable, parts: Parts) -> None:
    @table.add("/access/<kind>/<int:session_id>/end", audience="tenant", methods=_POST)
    async def end(kind: str, session_id: int) -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        holders = await _holders(own)
        found = next(
            (
                each.credential
                for each in holders or ()
                if (each.credential.kind, each.credential.id) == (kind, session_id)
            ),
            None,
        )
        if found is None:
            abort(404, "Nobody holds this access any more.")
        await _end(own, found)
        return redirect("/access?done=access-ended", 303)

    @table.add("/access/end-others", audience="tenant", step_up=True)
    async def confirm_end_others() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        holders = await _holders(own)
        if holders is None:
            return await _too_little(parts)
        content = RevokePage(tuple(each for each in holders if not each.credential.is_current))
        return await render("own/access_end.html", await frame(parts, "access"), content)

    @table.add("/access/end-others", audience="tenant", step_up=True, methods=_POST)
    async def end_others() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        for each in await _holders(own) or ():
            if not each.credential.is_current:
                await _end(own, each.credential)
        return redirect("/access?done=access-ended-others", 303)


async def _end(own: Own, credential: Credential) -> None:
    if credential.grant_id is not None:
        await own.door.revoke_grant(credential.grant_id)
    else:
        await own.door.own.end_session(credential.id)


async def _holders(own: Own) -> tuple[Holder, ...] | None:
    """Everybody who can get in; None when the lent session may not know."""
    try:
        credentials = await own.door.own.credentials()
    except DoorRefusedError as error:
        if error.status == 403:
            return None
        raise
    return holders_of(credentials)


def holders_of(credentials: tuple[Credential, ...]) -> tuple[Holder, ...]:
    """The credentials in words; names that could be taken for one another are marked."""
    names = Counter(
        (skeleton(name), name) for name in {each.name for each in credentials if each.grant_id}
    )
    looks = Counter(look for look, _ in names)
    found = []
    for each in credentials:
        capabilities = parse_list(each.capabilities)
        found.append(
            Holder(
                credential=each,
                name=each.name or each.origin or "Somebody who did not say their name",
                capabilities=capabilities,
                is_everything=any(entry.reach == "everything" for entry in capabilities),
                reaches_private=any(
                    entry.reach in {"everything", "private"} for entry in capabilities
                ),
                is_lookalike=each.grant_id is not None and looks[skeleton(each.name)] > 1,
            )
        )
    return tuple(found)


def skeleton(name: str) -> str:
    """A name without what makes lookalikes differ: case, accents, similar letters, marks."""
    plain = unicodedata.normalize("NFKD", name).casefold().translate(_LOOKS_LIKE)
    latin = "".join(_LATIN.get(character, character) for character in plain)
    return "".join(character for character in latin if character.isalnum()).replace("rn", "m")


# Letters of other scripts that look like Latin ones in most fonts.
_LATIN = dict(zip("аеорсухіѕјԁɡһκνοτυρ", "aeopcyxisjdghkvotup", strict=True))


async def _exposed(own: Own) -> tuple[Exposed, ...]:
    found = []
    for text, what in _SENSITIVE:
        path = OwnPath(text)
        if path.is_folder:
            count = (await own.door.own.folder(path, 1)).file_count
        else:
            count = 1 if await own.door.find_object(path) is not None else 0
        if count:
            found.append(Exposed(path, what, count))
    return tuple(found)


async def _too_little(parts: Parts) -> ResponseReturnValue:
    content = RightsPage("who can get at your data")
    return await render("own/rights.html", await frame(parts, "access"), content)
