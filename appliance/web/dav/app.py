"""The WebDAV share: credentials, methods, and how refusals look.

It stands outside the CORS of the operator's API: browsers keep Basic credentials, and a page that
may send them anywhere must not be able to read or change anything here.
"""

import base64
import binascii
import secrets

from appliance.errors import PubkyError
from appliance.homeserver.operators import Operators
from appliance.web.answers import STATUS, send_method_not_allowed
from appliance.web.asgi import (
    TEXT_PLAIN,
    ASGIApp,
    Receive,
    Scope,
    Send,
    header,
    read_body,
    send_answer,
)
from appliance.web.dav import reading, writing
from appliance.web.dav.multistatus import (
    LARGEST_BODY_BYTES,
    lock_discovery,
    parse_proppatch,
    refused_patch,
)
from appliance.web.dav.reading import XML_TYPE
from appliance.web.dav.resources import PREFIX, Location, Tree, parse_location
from appliance.web.dav.writing import DavRefusalError
from appliance.web.services import Services

ALLOWED = "COPY,DELETE,GET,HEAD,LOCK,MKCOL,MOVE,OPTIONS,PROPFIND,PROPPATCH,PUT,UNLOCK"
USER_NAME = "admin"
SCOPE = "content:write"

_ACTS = ("COPY", "DELETE", "MKCOL", "MOVE", "PUT")
_CHALLENGE = (b"www-authenticate", b'Basic realm="Pubky appliance"')


def is_dav(raw_path: bytes) -> bool:
    """Whether a path belongs to the share."""
    prefix = PREFIX.encode()
    return raw_path == prefix or raw_path.startswith(prefix + b"/")


def dav_app(services: Services, operators: Operators) -> ASGIApp:
    """The share as an ASGI app."""
    tree = Tree(services.storage, services.clock)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        if method == "OPTIONS":
            headers = [(b"dav", b"1,2"), (b"allow", ALLOWED.encode()), (b"ms-author-via", b"DAV")]
            await send_answer(send, 200, headers, b"", head=False)
            return
        password = basic_password(header(scope, b"authorization"))
        client = scope.get("client")
        operator = password and await operators.recognise(
            password, client[0] if client else "unknown"
        )
        if not operator or SCOPE not in operator.scopes:
            await send_answer(send, 401, [_CHALLENGE], b"Unauthorized", head=method == "HEAD")
            return
        status = await _answered(services, tree, scope, receive, send)
        if method in _ACTS:
            path = scope["raw_path"].decode("ascii", "replace")
            await operators.note(operator.name, f"dav.{method.lower()}", path, status)

    return app


def basic_password(authorization: bytes | None) -> str | None:
    """The password of a Basic header whose user is `admin`; None for anything else."""
    if authorization is None or not authorization.startswith(b"Basic "):
        return None
    try:
        pair = base64.b64decode(authorization.removeprefix(b"Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = pair.partition(":")
    return password if colon and user == USER_NAME else None


async def _answered(
    services: Services, tree: Tree, scope: Scope, receive: Receive, send: Send
) -> str:
    """Answer, and say how it ended for the audit log."""
    head = scope["method"] == "HEAD"
    try:
        place = parse_location(scope["raw_path"])
        await _dispatch(services, tree, place, scope, receive, send)
    except DavRefusalError as error:
        await send_answer(send, error.status, [TEXT_PLAIN], error.message.encode(), head=head)
        return str(error.status)
    except PubkyError as error:
        status = STATUS[error.code]
        await send_answer(send, status, [TEXT_PLAIN], error.message.encode(), head=head)
        return str(status)
    return "done"


async def _dispatch(
    services: Services,
    tree: Tree,
    place: Location | None,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    method: str = scope["method"]
    match method:
        case "PROPFIND":
            await reading.propfind(services, tree, place, scope, receive, send)
        case "GET" | "HEAD":
            await reading.get(tree, place, scope, send)
        case "PUT" | "DELETE" | "MKCOL" | "COPY" | "MOVE":
            await _write(tree, _below_root(place), scope, receive, send)
        case "PROPPATCH":
            names = parse_proppatch(await _small_body(receive))
            body = refused_patch(scope["raw_path"].decode("ascii", "replace"), names)
            await send_answer(send, 207, [XML_TYPE], body, head=False)
        case "LOCK":
            await _small_body(receive)
            token = f"opaquelocktoken:{secrets.token_hex(16)}"
            body = lock_discovery(scope["raw_path"].decode("ascii", "replace"), token)
            headers = [XML_TYPE, (b"lock-token", f"<{token}>".encode())]
            await send_answer(send, 200, headers, body, head=False)
        case "UNLOCK":
            await send_answer(send, 204, [], b"", head=False)
        case _:
            await send_method_not_allowed(send, ALLOWED)


async def _write(tree: Tree, place: Location, scope: Scope, receive: Receive, send: Send) -> None:
    match scope["method"]:
        case "PUT":
            await writing.put(tree, place, scope, receive, send)
        case "DELETE":
            await writing.delete(tree, place, send)
        case "MKCOL":
            await writing.make_folder(tree, place, scope, send)
        case method:
            await writing.copy_or_move(tree, place, scope, send, move=method == "MOVE")


def _below_root(place: Location | None) -> Location:
    if place is None:
        raise PubkyError("forbidden", "Users are not made or removed here")
    return place


async def _small_body(receive: Receive) -> bytes:
    body = await read_body(receive, LARGEST_BODY_BYTES)
    if body is None:
        raise PubkyError("too_large", "This request body is too large")
    return body
