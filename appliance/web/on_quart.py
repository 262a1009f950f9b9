"""How this program uses Quart: error answers as the protocol has them, and typed access."""

from typing import cast

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from appliance.errors import PubkyError
from appliance.web.answers import INTERNAL_ERROR, STATUS
from appliance.web.asgi import ASGIApp, Scope

# Client API 1.4: the largest body that is taken whole.
BUFFERED_BODY_BYTES = 2 * 1024 * 1024

TEXT = "text/plain; charset=utf-8"


class RefusedWithStatusError(PubkyError):
    """A refusal of a request's form, with a status that no rule has."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__("invalid", message)
        self.status = status


def bare_app(name: str) -> Quart:
    """A Quart app that answers errors as the protocol does: the bare message, text/plain."""
    app = Quart(name, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BUFFERED_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False

    @app.errorhandler(PubkyError)
    async def refuse(error: PubkyError) -> Response:
        return Response(error.message, STATUS[error.code], error.headers, content_type=TEXT)

    @app.errorhandler(RefusedWithStatusError)
    async def refuse_form(error: RefusedWithStatusError) -> Response:
        return Response(error.message, error.status, content_type=TEXT)

    @app.errorhandler(MethodNotAllowed)
    async def method_not_allowed(error: MethodNotAllowed) -> Response:
        methods = sorted(set(error.valid_methods or ()) - {"OPTIONS"})
        return empty_response(405, {"allow": ",".join(methods)})

    @app.errorhandler(RequestEntityTooLarge)
    async def too_large(_: RequestEntityTooLarge) -> Response:
        return Response(
            "Failed to buffer the request body: length limit exceeded", 413, content_type=TEXT
        )

    @app.errorhandler(HTTPException)
    async def other(error: HTTPException) -> Response:
        return empty_response(error.code or 500, {})

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        app.logger.error("request failed", exc_info=error)
        return Response(INTERNAL_ERROR.message, 500, content_type=TEXT)

    return app


def empty_response(status: int, headers: dict[str, str]) -> Response:
    """An answer without body and without content type."""
    response = Response(b"", status, headers)
    response.headers.pop("content-type", None)
    return response


def as_asgi(app: Quart) -> ASGIApp:
    """The same app under our names for ASGI's types."""
    return cast("ASGIApp", app)


def request_scope() -> Scope:
    """The ASGI scope of the request at hand."""
    return cast("Scope", request.scope)


async def request_body() -> bytes:
    """The whole body; `BUFFERED_BODY_BYTES` at most."""
    return bytes(await request.body)
