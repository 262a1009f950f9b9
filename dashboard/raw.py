"""The one inert way user bytes leave this origin: streamed, sandboxed, never page or script."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType

import httpx
from quart import Response, abort, request
from quart.typing import ResponseReturnValue
from quart.wrappers.response import ResponseBody

from dashboard.addresses import (
    AddressError,
    PublicPath,
    StoredPath,
    parse_public_key,
)
from dashboard.doors.answers import DoorError, require_success
from dashboard.doors.own_past import PastFile
from dashboard.doors.storage import DOOR
from dashboard.pages.own.asking import Own, asked_moment, find_own, own_path, to_connect
from dashboard.parts import Parts
from dashboard.preview.media_types import OPAQUE, SVG, content_disposition, is_inline, served_type
from dashboard.routes import RouteTable

_ASKED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
_ANSWERED = ("ETag", "Last-Modified", "Content-Length", "Accept-Ranges", "Content-Range")
_PASSED_ON = frozenset({200, 206, 304, 416})


class DoorBody(ResponseBody):
    """The bytes of an open door answer, passed on piece by piece and closed in every outcome."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aenter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_raw()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._answer.aclose()


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the raw route."""

    @table.add("/raw/<public_key>/<path:rest>", policy="raw", cache="revalidate")
    async def raw(public_key: str, rest: str) -> Response:
        try:
            key, path = parse_public_key(public_key), PublicPath.parse("/" + rest)
        except AddressError as error:
            abort(404, str(error))
        return await pass_on(partial(parts.client.open_stream, public_key=key, path=path), path)

    @table.add("/own/raw/<path:rest>", audience="tenant", policy="raw")
    async def own_raw(rest: str) -> ResponseReturnValue:
        path, own = own_path(rest), await find_own(parts)
        if own is None:
            return to_connect()
        return await pass_on(partial(own.door.open_stream, path=path), path)

    @table.add("/own/then/raw/<path:rest>", audience="tenant", policy="raw")
    async def own_raw_of_then(rest: str) -> ResponseReturnValue:
        path, own = own_path(rest), await find_own(parts)
        if own is None:
            return to_connect()
        at = asked_moment("at", datetime.fromtimestamp(parts.now_s(), UTC))
        found = await own.door.own.past.file(path, at)
        if found is None:
            abort(404, "Nothing that is kept lay at this path then.")
        return await pass_on(partial(open_past, own, found), path)


async def open_past(
    own: Own, found: PastFile, method: str = "GET", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """The open answer with the bytes of a file as it was. Raises `DoorError`."""
    if found.version is None:
        return await own.door.open_stream(method, found.path, headers or {})
    answer = await own.door.own.open_old(found.version)
    if answer.is_success:
        # Old bytes come without their type.
        answer.headers["Content-Type"] = found.content_type
    return answer


async def pass_on(
    open_stream: Callable[..., Awaitable[httpx.Response]], path: StoredPath
) -> Response:
    """The answer with an object's bytes, made inert. Raises `DoorError`."""
    if path.is_folder:
        abort(404, "A folder has no bytes of its own.")
    asked = {name: request.headers[name] for name in _ASKED if name in request.headers}
    method = "HEAD" if request.method == "HEAD" else "GET"
    answer = await open_stream(method=method, headers=asked)
    if answer.status_code not in _PASSED_ON:
        await _refuse(answer)
    response = Response(DoorBody(answer), answer.status_code)
    _describe(response, answer, path.name)
    response.timeout = None  # a film takes longer to send than Quart's default minute
    return response


async def _refuse(answer: httpx.Response) -> None:
    try:
        if answer.status_code == 404:
            abort(404, "There is no object at this path.")
        await answer.aread()
        require_success(DOOR, answer)
        raise DoorError(DOOR, "It answered in a way we do not know.", answer.status_code)
    finally:
        await answer.aclose()


def _describe(response: Response, answer: httpx.Response, name: str) -> None:
    for header in _ANSWERED:
        if header in answer.headers:
            response.headers[header] = answer.headers[header]
    stated = answer.headers.get("Content-Type", OPAQUE)
    fetch_dest = request.headers.get("Sec-Fetch-Dest")
    response.headers["Content-Type"] = served_type(stated)
    response.headers["Content-Disposition"] = content_disposition(
        "inline" if is_inline(stated, fetch_dest) else "attachment", name
    )
    if served_type(stated) == SVG:
        response.headers["Vary"] = "Sec-Fetch-Dest"
