"""The error state of a page: exclusive, in plain words, with a request id and never a traceback."""

import logging
from dataclasses import dataclass

from quart import Quart, Response, g, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.page_context import frame_without_node, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable

logger = logging.getLogger("dashboard")

_TITLES = {
    400: "This request was not understood",
    401: "Sign in first",
    403: "Refused",
    404: "Nothing here",
    405: "Not this way",
    409: "It has changed meanwhile",
    410: "This link no longer works",
    411: "Too vague",
    413: "Too large",
    416: "No such part",
    421: "Wrong address",
    429: "Too often",
    500: "Something went wrong here",
    502: "The node does not answer",
}


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What an error page says. `retry` is an address to try again, if trying is harmless."""

    status: int
    title: str
    message: str
    detail: str | None
    retry: str | None
    request_id: str


def register(app: Quart, table: RouteTable, parts: Parts) -> None:
    """Answer every exception of a request with a page, or with JSON where machines ask."""

    async def answer(status: int, message: str, detail: str | None = None) -> Response:
        declared = table.find(request.endpoint)
        if declared is not None and declared.policy == "machine":
            response = await make_response(jsonify(error=message, detail=detail), status)
        else:
            is_harmless = status >= 500 and request.method in {"GET", "HEAD"}
            content = ErrorPage(
                status=status,
                title=_TITLES.get(status, "This did not work"),
                message=message,
                detail=detail,
                retry=request.full_path.rstrip("?") if is_harmless else None,
                request_id=g.get("request_id", "-"),
            )
            body = await render("error.html", frame_without_node(parts), content)
            response = await make_response(body, status)
        if not isinstance(response, Response):
            raise TypeError("Quart made something else than a response")
        return response

    @app.errorhandler(HTTPException)
    async def refused(error: HTTPException) -> Response:
        return await answer(error.code or 500, error.description or error.name)

    @app.errorhandler(DoorError)
    async def door_shut(error: DoorError) -> Response:
        said = "refused" if isinstance(error, DoorRefusedError) else "did not give a usable answer"
        logger.warning("request %s: %s", g.get("request_id", "-"), error)
        return await answer(502, f"{error.door} of this node {said}.", wording_of(error))

    @app.errorhandler(Exception)
    async def broken(error: Exception) -> Response:
        # The address is left out of the log: it can hold a sign-in token.
        logger.error(
            "request %s to %s failed",
            g.get("request_id", "-"),
            request.endpoint,
            exc_info=(type(error), error, error.__traceback__),
        )
        return await answer(500, "The dashboard made a mistake. Nothing was shown by halves.")


def wording_of(error: DoorError) -> str:
    """A door's own words, with its status if it gave one."""
    return error.message if error.status is None else f"{error.message} (status {error.status})"
