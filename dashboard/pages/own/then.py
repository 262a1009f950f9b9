"""The visitor's files as they were at a time, and putting a file or a whole folder back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.answers import require_success
from dashboard.doors.own_past import Differences, PastFile, PastFolder, PastName
from dashboard.doors.storage import DOOR, ObjectFacts
from dashboard.jobs.job import Job
from dashboard.jobs.jobs import TooManyJobsError
from dashboard.jobs.restoring import restore
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import (
    Own,
    Pages,
    asked_moment,
    asked_page,
    asked_window,
    find_own,
    own_path,
    to_connect,
)
from dashboard.parts import Parts
from dashboard.preview.look import Preview, preview
from dashboard.raw import open_past
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
SECTION = "files"
_LAST_OF_SECOND = 999_999


@dataclass(frozen=True, slots=True)
class Then:
    """The time that is looked at (UTC); the end of a second is spelt as that second."""

    at: datetime

    @property
    def field(self) -> str:
        """As the field of a form has it."""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S")

    @property
    def text(self) -> str:
        """As addresses have it."""
        fraction = "" if self.at.microsecond == _LAST_OF_SECOND else f".{self.at.microsecond:06}"
        return self.field + fraction

    def address(self, path: OwnPath, family: str = "then") -> str:
        """The address of a page about a path at this time."""
        return f"/own/{family}{path.quoted}?{urlencode({'at': self.text})}"


@dataclass(frozen=True, slots=True)
class Tree:
    """One of the two trees as it was."""

    path: OwnPath
    found: PastFolder


@dataclass(frozen=True, slots=True)
class ThenTopPage:
    """Both trees as they were."""

    then: Then
    kept_since: datetime
    trees: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class ThenFolderPage:
    """One page of a folder as it was."""

    path: OwnPath
    then: Then
    rows: tuple[PastName, ...]
    pages: Pages
    file_count: int
    byte_count: int
    lost: tuple[OwnPath, ...]
    lost_count: int
    kept_since: datetime
    may_change: bool


@dataclass(frozen=True, slots=True)
class ThenFilePage:
    """A file as it was; `is_there` tells whether something lies at its path now."""

    path: OwnPath
    then: Then
    file: PastFile
    facts: ObjectFacts
    preview: Preview
    is_there: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class ThenMissingPage:
    """Nothing that is kept lay at a path; `was_there` tells whether something did."""

    path: OwnPath
    then: Then
    was_there: bool


@dataclass(frozen=True, slots=True)
class ThenBackPage:
    """What putting a folder back would do."""

    path: OwnPath
    then: Then
    differences: Differences
    lost_count: int
    may_change: bool
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages and the acts."""

    @table.add("/own/then", audience="tenant")
    async def top() -> ResponseReturnValue:
        own = await find_own(parts)
        return to_connect() if own is None else await _top(parts, own)

    @table.add("/own/then/<path:rest>", audience="tenant")
    async def show(rest: str) -> ResponseReturnValue:
        path, own = own_path(rest), await find_own(parts)
        if own is None:
            return to_connect()
        return await (_folder if path.is_folder else _file)(parts, own, path)

    @table.add("/own/then-back/<path:rest>", audience="tenant")
    async def confirm(rest: str) -> ResponseReturnValue:
        path, own = own_path(rest), await find_own(parts)
        return to_connect() if own is None else await _confirm(parts, own, path)

    @table.add("/own/then-back/<path:rest>", audience="tenant", methods=_POST)
    async def act(rest: str) -> ResponseReturnValue:
        path, own = own_path(rest), await find_own(parts)
        if own is None:
            return to_connect()
        then = _asked(parts)
        if not path.is_folder:
            return await _put_file_back(own, path, then)
        is_exact = (await request.form).get("later") == "delete"
        try:
            job = parts.jobs.begin("restore", own.public_key, signed_in().id)
        except TooManyJobsError as error:
            return await _confirm(parts, own, path, str(error))

        async def work(job: Job) -> None:
            await restore(job, own.door, path, then.at, is_exact=is_exact)

        parts.jobs.run(job, work)
        return redirect(f"/jobs/{job.id}", 303)


def _asked(parts: Parts) -> Then:
    """The time of the query; without one it is a day ago."""
    now = datetime.fromtimestamp(parts.now_s(), UTC)
    return Then(min(asked_moment("at", now - timedelta(days=1)), now))


async def _top(parts: Parts, own: Own) -> ResponseReturnValue:
    then = _asked(parts)
    trees = [
        Tree(path, await own.door.own.past.folder(path, then.at, 1, 0))
        for path in (OwnPath(root) for root in OwnPath.ROOTS)
    ]
    content = ThenTopPage(then, trees[0].found.kept_since, tuple(trees))
    return await render("own/then_top.html", await frame(parts, SECTION), content)


async def _folder(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    then = _asked(parts)
    limit, offset = asked_window()
    found = await own.door.own.past.folder(path, then.at, limit, offset)
    content = ThenFolderPage(
        path=path,
        then=then,
        rows=found.items,
        pages=asked_page(f"/own/then{path.quoted}", found.name_count, at=then.text),
        file_count=found.file_count,
        byte_count=found.byte_count,
        lost=found.lost,
        lost_count=found.lost_count,
        kept_since=found.kept_since,
        may_change=own.may_change,
    )
    return await render("own/then_folder.html", await frame(parts, SECTION), content)


async def _file(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    then = _asked(parts)
    found = await own.door.own.past.file(path, then.at)
    if found is None:
        return await _missing(parts, own, path, then)

    async def read(most: int) -> bytes:
        return await _bytes_of(own, found, most)

    facts = ObjectFacts(
        found.byte_count, found.content_type, f'"{found.content_hash}"', found.modified_at
    )
    content = ThenFilePage(
        path=path,
        then=then,
        file=found,
        facts=facts,
        preview=await preview(read, facts),
        is_there=await own.door.find_object(path) is not None,
        may_change=own.may_change,
    )
    return await render("own/then_file.html", await frame(parts, SECTION), content)


async def _missing(parts: Parts, own: Own, path: OwnPath, then: Then) -> ResponseReturnValue:
    above = path.parent
    lost = (await own.door.own.past.folder(above, then.at, 2000, 0)).lost if above else ()
    content = ThenMissingPage(path, then, path in lost)
    body = await render("own/then_missing.html", await frame(parts, SECTION), content)
    return await make_response(body, 404)


async def _bytes_of(own: Own, found: PastFile, most: int) -> bytes:
    """The first bytes of a file as it was."""
    answer = await open_past(own, found)
    try:
        if answer.is_error:
            await answer.aread()
            require_success(DOOR, answer)
        head = bytearray()
        async for chunk in answer.aiter_raw():
            head += chunk
            if len(head) >= most:
                break
        return bytes(head[:most])
    finally:
        await answer.aclose()


async def _confirm(
    parts: Parts, own: Own, path: OwnPath, problem: str | None = None
) -> ResponseReturnValue:
    if not path.is_folder:
        abort(404, "A file is put back from its own page.")
    then = _asked(parts)
    found = await own.door.own.past.folder(path, then.at, 1, 0)
    content = ThenBackPage(
        path=path,
        then=then,
        differences=await own.door.own.past.count_differences(path, then.at),
        lost_count=found.lost_count,
        may_change=own.may_change,
        problem=problem,
    )
    return await render("own/then_back.html", await frame(parts, SECTION), content)


async def _put_file_back(own: Own, path: OwnPath, then: Then) -> ResponseReturnValue:
    found = await own.door.own.past.file(path, then.at)
    if found is None:
        abort(404, "Nothing that is kept lay at this path then.")
    if found.version is not None:
        answer = await open_past(own, found)
        try:
            if answer.is_error:
                await answer.aread()
                require_success(DOOR, answer)
            await own.door.put(path, answer.aiter_raw(), found.content_type)
        finally:
            await answer.aclose()
    return redirect(f"{own_address(path)}?done=restored", 303)
