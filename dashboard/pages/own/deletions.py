"""Deleting files and folders: a page that says what will go, and then the act."""

import asyncio
from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath, own_address
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
MOST_CHOSEN = 2000
# A form with that many paths of the greatest length.
_MAX_FORM_BYTES = 8 * 1024 * 1024
# Some folders take longer than a browser waits; then the rest is told and can be gone on with.
LONGEST_S = 40.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file or a folder, with what goes with it."""

    path: OwnPath
    file_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class DeletePage:
    """What would be deleted."""

    items: tuple[Chosen, ...]
    file_count: int
    byte_count: int
    back: str


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the confirmation and the act."""

    # By POST although it changes nothing: more paths than an address has room for.
    @table.add("/own/delete", audience="tenant", methods=_POST, max_body=_MAX_FORM_BYTES)
    async def confirm() -> ResponseReturnValue:
        paths = await _chosen_paths()
        own = await find_own(parts)
        if own is None:
            return to_connect()
        if not paths:
            return redirect("/files?done=nothing-chosen", 303)
        items = [found for path in paths if (found := await _look(own, path)) is not None]
        content = DeletePage(
            tuple(items),
            sum(item.file_count for item in items),
            sum(item.byte_count for item in items),
            _back(paths),
        )
        return await render("own/delete.html", await frame(parts, "files"), content)

    @table.add("/own/delete/act", audience="tenant", methods=_POST, max_body=_MAX_FORM_BYTES)
    async def act() -> ResponseReturnValue:
        paths = await _chosen_paths()
        own = await find_own(parts)
        if own is None:
            return to_connect()
        is_whole = await _delete(own, paths)
        done = "deleted" if is_whole else "deleted-some"
        return redirect(f"{_back(paths)}?done={done}", 303)


async def _delete(own: Own, paths: tuple[OwnPath, ...]) -> bool:
    """Whether all of it is gone now."""
    now_s = asyncio.get_running_loop().time
    until_s = now_s() + LONGEST_S
    for path in paths:
        more = True
        while more:
            if now_s() > until_s:
                return False
            if path.is_folder:
                _, more = await own.door.own.delete_below(path)
            else:
                await own.door.delete(path)
                more = False
    return True


async def _look(own: Own, path: OwnPath) -> Chosen | None:
    if path.is_folder:
        found = await own.door.own.folder(path, 1)
        return Chosen(path, found.file_count, found.byte_count) if found.file_count else None
    facts = await own.door.find_object(path)
    return Chosen(path, 1, facts.byte_count) if facts else None


async def _chosen_paths() -> tuple[OwnPath, ...]:
    # By default werkzeug takes a thousand parts and half a megabyte of them.
    request.max_form_memory_size = _MAX_FORM_BYTES
    request.max_form_parts = MOST_CHOSEN + 1
    form = await request.form
    folder = form.get("folder", "")
    texts = [*form.getlist("path"), *(folder + name for name in form.getlist("name"))]
    if len(texts) > MOST_CHOSEN:
        abort(400, f"Choose at most {MOST_CHOSEN:,} at once.")
    try:
        return tuple(OwnPath.parse(text) for text in texts)
    except AddressError as error:
        abort(400, str(error))


def _back(paths: tuple[OwnPath, ...]) -> str:
    """The folder of what was chosen, which is one folder for everything that a page lists."""
    parent = paths[0].parent if paths else None
    return "/files" if parent is None else own_address(parent)
