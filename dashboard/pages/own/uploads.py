"""Uploading files into one of the visitor's folders."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import IO

from quart import abort, redirect, request
from quart.datastructures import FileStorage
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath, own_address
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.own_facts import Usage
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import Own, find_own, own_path, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
# What one form may carry; it waits on the disk until it is whole.
MAX_FORM_BYTES = 2 * 1024 * 1024 * 1024
MOST_FILES = 200
_MOST_NAMESAKES = 1000
_CHUNK = 256 * 1024
COLLISIONS = ("rename", "replace", "keep")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    name: str
    path: OwnPath | None
    byte_count: int
    said: str
    is_stored: bool


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The form, and what became of the last one."""

    folder: OwnPath
    usage: Usage
    outcomes: tuple[Outcome, ...]
    max_bytes: int


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the form and the act."""

    @table.add("/own/upload/<path:rest>", audience="tenant")
    async def form(rest: str) -> ResponseReturnValue:
        folder = own_path(rest).as_folder
        own = await find_own(parts)
        if own is None:
            return to_connect()
        return await _page(parts, own, folder, ())

    @table.add("/own/upload/<path:rest>", audience="tenant", methods=_POST, max_body=MAX_FORM_BYTES)
    async def upload(rest: str) -> ResponseReturnValue:
        folder = own_path(rest).as_folder
        own = await find_own(parts)
        if own is None:
            return to_connect()
        request.body_timeout = None  # films take longer than Quart's default minute
        collision = (await request.form).get("collision", COLLISIONS[0])
        files = [each for each in (await request.files).getlist("file") if each.filename]
        if collision not in COLLISIONS or len(files) > MOST_FILES:
            abort(400, f"Choose at most {MOST_FILES} files, and what to do about names in use.")
        into = (await request.form).get("into", "").strip("/")
        target = _below(folder, into)
        outcomes = [await _store(own, target, each, collision) for each in files]
        if outcomes and all(outcome.is_stored for outcome in outcomes):
            return redirect(f"{own_address(target)}?done=uploaded", 303)
        return await _page(parts, own, folder, tuple(outcomes))


async def _page(
    parts: Parts, own: Own, folder: OwnPath, outcomes: tuple[Outcome, ...]
) -> ResponseReturnValue:
    content = UploadPage(folder, await own.door.own.usage(), outcomes, MAX_FORM_BYTES)
    return await render("own/upload.html", await frame(parts, "files"), content)


def _below(folder: OwnPath, into: str) -> OwnPath:
    try:
        return OwnPath.parse(f"{folder.text}{into}/") if into else folder
    except AddressError as error:
        abort(400, str(error))


async def _store(own: Own, folder: OwnPath, file: FileStorage, collision: str) -> Outcome:
    # Browsers send a bare name; whatever comes before a slash is somebody's disk.
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    size = _size_of(file.stream)
    try:
        path = OwnPath.parse(folder.text + name)
    except AddressError as error:
        return Outcome(name, None, size, str(error), is_stored=False)
    if collision != "replace" and await own.door.find_object(path) is not None:
        if collision == "keep":
            said = "A file of this name is there already; it was kept."
            return Outcome(name, path, size, said, is_stored=False)
        path = await _free_name(own, path)
    try:
        await own.door.put(path, _chunks(file.stream), file.content_type or "")
    except DoorRefusedError as error:
        return Outcome(name, path, size, error.message, is_stored=False)
    return Outcome(name, path, size, "Stored.", is_stored=True)


async def _free_name(own: Own, path: OwnPath) -> OwnPath:
    stem, dot, ending = path.name.rpartition(".")
    if not stem:
        stem, dot, ending = path.name, "", ""
    folder = path.text[: -len(path.name)]
    number, other = 2, path
    while await own.door.find_object(other) is not None:
        if number > _MOST_NAMESAKES:
            abort(409, "There are too many files of this name.")
        other = OwnPath(f"{folder}{stem} {number}{dot}{ending}")
        number += 1
    return other


def _size_of(stream: IO[bytes]) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


async def _chunks(stream: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
