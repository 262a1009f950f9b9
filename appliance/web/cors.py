"""Very permissive CORS: every origin is mirrored and may send credentials (client API 18.1).

Wildcards are useless here because the SDK sends `credentials: include`. The `vary` line is a line
of its own: clients read the first `vary` line, which belongs to the route.
"""

from collections.abc import Iterable

from appliance.web.asgi import (
    ASGIApp,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    header,
    send_answer,
)

_CREDENTIALS = (b"access-control-allow-credentials", b"true")
_VARY = (b"vary", b"origin, access-control-request-method, access-control-request-headers")


def cors_headers(origin: bytes | None, expose: bytes) -> Headers:
    """Headers of an answer to anything but OPTIONS; an empty `expose` exposes nothing more."""
    headers: Headers = []
    if origin is not None:
        headers.append((b"access-control-allow-origin", origin))
    headers.append(_CREDENTIALS)
    if expose:
        headers.append((b"access-control-expose-headers", expose))
    headers.append(_VARY)
    return headers


def preflight_headers(request_headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Headers of the answer to OPTIONS, mirroring what the preflight asks for."""
    asked: dict[bytes, bytes] = {}
    for name, value in request_headers:
        asked.setdefault(name.lower(), value)
    headers: Headers = []
    for request_name, answer_name in (
        (b"origin", b"access-control-allow-origin"),
        (b"access-control-request-method", b"access-control-allow-methods"),
        (b"access-control-request-headers", b"access-control-allow-headers"),
    ):
        if request_name in asked:
            headers.append((answer_name, asked[request_name]))
    return [*headers, _CREDENTIALS, _VARY]


def with_cors(app: ASGIApp, expose: bytes) -> ASGIApp:
    """Wrap an HTTP app: OPTIONS is answered 200 for any path, everything else gets the headers."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS":
            await send_answer(send, 200, preflight_headers(scope["headers"]), b"", head=False)
            return
        added = cors_headers(header(scope, b"origin"), expose)

        async def send_with_cors(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await app(scope, receive, send_with_cors)

    return wrapped
