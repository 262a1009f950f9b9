"""What was replaced or deleted and can still be had, and putting it back."""

from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import own_address
from dashboard.doors.answers import require_success
from dashboard.doors.own_facts import OldVersion
from dashboard.doors.storage import DOOR
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import (
    Pages,
    asked_page,
    asked_window,
    find_own,
    own_path,
    to_connect,
)
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class TrashPage:
    """Some old versions, the latest first, and what all of them take."""

    items: tuple[OldVersion, ...]
    pages: Pages
    count: int
    byte_count: int
    may_change: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the trash."""

    @table.add("/own/trash", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        usage = await own.door.own.usage()
        limit, offset = asked_window()
        content = TrashPage(
            await own.door.own.trash(limit, offset),
            asked_page("/own/trash", usage.trash_count),
            usage.trash_count,
            usage.trash_bytes,
            own.may_change,
        )
        return await render("own/trash.html", await frame(parts, "files"), content)

    @table.add("/own/restore/<version_id>/<path:rest>", audience="tenant", methods=_POST)
    async def restore(version_id: str, rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        versions, _ = await own.door.own.versions(path)
        version = next((each for each in versions if each.id == version_id), None)
        if version is None:
            abort(404, "This old version is not kept any more.")
        answer = await own.door.own.open_old(version.id)
        try:
            if answer.is_error:
                await answer.aread()
                require_success(DOOR, answer)
            await own.door.put(path, answer.aiter_raw(), version.content_type)
        finally:
            await answer.aclose()
        back = "/own/trash" if request.args.get("from") == "trash" else own_address(path)
        return redirect(f"{back}?done=restored", 303)
