"""Choosing what to export, seeing how much it is, and downloading it as one ZIP file."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, cast, get_args
from urllib.parse import urlencode

from quart import Response, abort, redirect, request
from quart.typing import ResponseReturnValue
from quart.wrappers.response import ResponseBody

from dashboard.addresses import AddressError, OwnPath
from dashboard.archive.signature import Signature
from dashboard.jobs.exporting import Count, Export, Scope, count
from dashboard.jobs.job import Job
from dashboard.jobs.jobs import Jobs, TooManyJobsError
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.parts import Parts
from dashboard.preview.media_types import content_disposition
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
Part = Literal["everything", "public", "private", "folder"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form says."""

    part: Part
    folder: str
    since: str
    rename: bool
    scope: Scope

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        members = {
            "part": self.part,
            "folder": self.folder,
            "since": self.since,
            "rename": "1" if self.rename else "",
        }
        return urlencode({name: value for name, value in members.items() if value})


@dataclass(frozen=True, slots=True)
class ExportPage:
    """The form; once something was chosen, how much it is and where to get it."""

    choice: Choice | None
    count: Count | None
    action: str
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the form and the download, each once for what is public and once for the rest."""

    @table.add("/export", audience="tenant")
    async def index() -> ResponseReturnValue:
        choice = _asked(request.args) if "part" in request.args else None
        if choice is not None and choice.scope.has_private:
            # There the proof of who it is is asked for, before and not after the form was sent.
            return redirect(f"/export/private?{choice.query}", 303)
        return await _page(parts, choice, "/export/public")

    @table.add("/export/private", audience="tenant", step_up=True)
    async def private() -> ResponseReturnValue:
        choice = _asked(request.args) if "part" in request.args else None
        return await _page(parts, choice, "/export/private")

    @table.add("/export/public", audience="tenant", methods=_POST)
    async def download_public() -> ResponseReturnValue:
        choice = _asked(await request.form)
        if choice.scope.has_private:
            return redirect(f"/export/private?{choice.query}", 303)
        return await _download(parts, choice)

    @table.add("/export/private", audience="tenant", methods=_POST, step_up=True)
    async def download() -> ResponseReturnValue:
        return await _download(parts, _asked(await request.form))


async def _page(parts: Parts, choice: Choice | None, action: str) -> ResponseReturnValue:
    own = await find_own(parts)
    if own is None:
        return to_connect()
    counted = None if choice is None else await count(own.door, choice.scope)
    content = ExportPage(choice, counted, action, None)
    return await render("exporting/index.html", await frame(parts, "export"), content)


async def _download(parts: Parts, choice: Choice) -> ResponseReturnValue:
    own = await find_own(parts)
    if own is None:
        return to_connect()
    expected = await count(own.door, choice.scope)
    try:
        job = parts.jobs.begin("export", own.public_key, signed_in().id)
    except TooManyJobsError as error:
        content = ExportPage(choice, expected, request.path, str(error))
        return await render("exporting/index.html", await frame(parts, "export"), content)
    job.tell("Chosen", _in_words(choice), "text")

    async def sign(manifest_hash: str) -> Signature:
        said = await parts.admin.leaving.sign_manifest(own.public_key, manifest_hash)
        return Signature(said.node, said.owner, said.blake3, said.at_us, said.signature)

    export = Export(job, own.door, choice.scope, parts.now_s, sign)
    response = Response(_ArchiveBody(parts.jobs, job, export.pieces(expected)))
    response.content_type = "application/zip"
    response.headers["Content-Disposition"] = content_disposition("attachment", _name(parts, own))
    response.timeout = None  # as long as the visitor's line takes
    return response


class _ArchiveBody(ResponseBody):
    """An archive on its way; its job ends with it in every outcome."""

    def __init__(self, jobs: Jobs, job: Job, pieces: AsyncGenerator[bytes, None]) -> None:
        self._jobs = jobs
        self._job = job
        self._pieces = self._settled(pieces)

    async def __aenter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._pieces.aclose()

    async def _settled(self, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        with self._jobs.settled(self._job):
            async with aclosing(pieces):
                async for piece in pieces:
                    yield piece
        if self._job.record.state != "done":
            # Ended properly, the browser would take half an archive for a whole one. Another
            # exception would do the same, with a long trace in the log each time.
            raise asyncio.CancelledError


def _name(parts: Parts, own: Own) -> str:
    day = datetime.fromtimestamp(parts.now_s(), UTC).strftime("%Y-%m-%d")
    return f"pubky-{own.public_key[:8]}-{day}.zip"


def _in_words(choice: Choice) -> str:
    words = ", ".join(root.text for root in choice.scope.roots)
    return words if choice.scope.since is None else f"{words}, changed since {choice.since}"


def _asked(said: Mapping[str, str]) -> Choice:
    """The choice that a form or a query names; ends the request (400) for what is none."""
    part = said.get("part", "")
    if part not in get_args(Part):
        abort(400, "Choose what to export.")
    folder = said.get("folder", "").strip() if part == "folder" else ""
    since = said.get("since", "").strip()
    rename = said.get("rename") == "1"
    roots = {
        "everything": ("/pub/", "/priv/"),
        "public": ("/pub/",),
        "private": ("/priv/",),
        "folder": (folder,),
    }[part]
    try:
        paths = tuple(OwnPath.parse(root).as_folder for root in roots)
    except (AddressError, IndexError) as error:
        abort(400, f"This is not a folder: {error}")
    try:
        moment = datetime.fromisoformat(since) if since else None
    except ValueError:
        abort(400, "This is not a date; write it as 2026-05-31.")
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Choice(cast("Part", part), folder, since, rename, Scope(paths, moment, rename))
