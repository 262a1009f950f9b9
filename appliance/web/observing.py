"""What happens around every request of a listener: an id, a duration, a line in the log.

And a 500 for what nobody foresaw, so that it is counted and logged like any other answer.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable

from appliance.logs import request_id
from appliance.metrics import RequestFigures
from appliance.web.access_log import log_request
from appliance.web.answers import INTERNAL_ERROR, send_refusal
from appliance.web.asgi import ASGIApp, Message, Receive, Scope, Send

Route = Callable[[bytes], str]
"""The kind of a raw path, one of a few fixed words: figures must not grow with what is asked."""

EVENT_STREAM = "event_stream"

_SMALL_ROUTES = {
    b"/": "root",
    b"/info": "info",
    b"/signup": "signup",
    b"/session": "session",
    b"/events/": "events",
    b"/events-stream": EVENT_STREAM,
}
_ROUTE_PREFIXES = (
    (b"/signup_tokens/", "signup_token"),
    (b"/auth/grant/", "grant"),
    (b"/owner/", "owner"),
)
_STORED = (b"/pub/", b"/priv/", b"/storage/")
_ADMIN_ROUTES = frozenset(
    {
        "audit",
        "backups",
        "config",
        "dav",
        "entries",
        "events",
        "figures",
        "fleet",
        "generate_signup_token",
        "info",
        "invites",
        "login_attempts",
        "logs",
        "machine",
        "network",
        "node",
        "profiles",
        "sign-manifest",
        "signup_tokens",
        "storage-limits",
        "takedowns",
        "tokens",
        "users",
        "webdav",
    }
)

_log = logging.getLogger(__name__)


def with_observing(app: ASGIApp, listener: str, route: Route, figures: RequestFigures) -> ASGIApp:
    """Wrap an HTTP app; `listener` is `client`, `admin`, `metrics` or `dashboard`."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        request_id.set(secrets.token_hex(6))
        now_s = asyncio.get_running_loop().time
        answer = _Answer(send, now_s)
        begin_s = now_s()
        figures.in_flight += 1
        try:
            await app(scope, receive, answer.send)
        except Exception:
            _log.exception("%s request failed", scope["method"])
            if answer.status:
                raise
            await send_refusal(
                answer.send, INTERNAL_ERROR, head=scope["method"] == "HEAD", extra=[]
            )
        finally:
            figures.in_flight -= 1
            duration_s = now_s() - begin_s
            kind = route(scope["raw_path"])
            # How long somebody listens says nothing about this server.
            observed_s = answer.head_s - begin_s if kind == EVENT_STREAM else duration_s
            figures.observe(scope["method"], kind, answer.status, observed_s)
            log_request(listener, scope, answer.status, duration_s, answer.sent_bytes)

    return wrapped


def client_route(raw_path: bytes) -> str:
    """The kind of a request to the client API."""
    word = _SMALL_ROUTES.get(raw_path)
    if word is not None:
        return word
    if raw_path.startswith(_STORED):
        return "directory" if raw_path.endswith(b"/") else "file"
    return next((word for prefix, word in _ROUTE_PREFIXES if raw_path.startswith(prefix)), "other")


def admin_route(raw_path: bytes) -> str:
    """The kind of a request to the operator's API."""
    if raw_path == b"/events-stream":
        return EVENT_STREAM
    word = raw_path[1:].partition(b"/")[0].decode("ascii", "replace")
    return word if word in _ADMIN_ROUTES else _machine_route(raw_path)


def metrics_route(raw_path: bytes) -> str:
    """The kind of a request to the metrics listener."""
    return "metrics" if raw_path == b"/metrics" else _machine_route(raw_path)


def dashboard_route(raw_path: bytes) -> str:
    """The kind of a request to the pages."""
    word = raw_path[1:].partition(b"/")[0]
    return word.decode() if word in (b"raw", b"static") else "page"


def _machine_route(raw_path: bytes) -> str:
    if raw_path == b"/":
        return "root"
    return "health" if raw_path in (b"/healthz", b"/readyz") else "other"


class _Answer:
    """What was sent so far; `status` 0 and `head_s` of the beginning until the head goes out."""

    __slots__ = ("_now_s", "_send", "head_s", "sent_bytes", "status")

    def __init__(self, send: Send, now_s: Callable[[], float]) -> None:
        self._send = send
        self._now_s = now_s
        self.head_s = now_s()
        self.status = 0
        self.sent_bytes = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.head_s = self._now_s()
        else:
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)
