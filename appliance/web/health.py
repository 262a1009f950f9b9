"""`/healthz`: the event loop answers. `/readyz`: this node can serve, check by check.

Without a password, on the operator's listener too: probes have none, a part that is not run has no
listener, and the answers are fixed words that say nothing about anybody. Reasons are in the log.
"""

import json

from appliance.homeserver.readiness import Readiness, is_ready
from appliance.web.answers import send_method_not_allowed
from appliance.web.asgi import TEXT_PLAIN, ASGIApp, Receive, Scope, Send, send_answer

HEALTH = b"/healthz"
READY = b"/readyz"

_NO_STORE = (b"cache-control", b"no-store")


def with_health(app: ASGIApp, readiness: Readiness) -> ASGIApp:
    """Wrap an HTTP app: the two paths are answered here, before any credential is looked at."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["raw_path"] not in (HEALTH, READY):
            await app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await send_method_not_allowed(send, "GET,HEAD")
        elif scope["raw_path"] == HEALTH:
            await _answer(scope, send, 200, TEXT_PLAIN, "ok\n")
        else:
            await _send_verdicts(readiness, scope, send)

    return wrapped


async def _send_verdicts(readiness: Readiness, scope: Scope, send: Send) -> None:
    verdicts = await readiness.verdicts()
    ready = is_ready(verdicts)
    text = json.dumps({"ready": ready, "checks": verdicts}) + "\n"
    json_type = (b"content-type", b"application/json")
    await _answer(scope, send, 200 if ready else 503, json_type, text)


async def _answer(
    scope: Scope, send: Send, status: int, content_type: tuple[bytes, bytes], text: str
) -> None:
    headers = [content_type, _NO_STORE]
    await send_answer(send, status, headers, text.encode(), head=scope["method"] == "HEAD")
