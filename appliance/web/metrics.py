"""`GET /metrics` for Prometheus, on a listener of its own."""

from appliance.metrics import CONTENT_TYPE, Counters
from appliance.web.answers import send_method_not_allowed
from appliance.web.asgi import ASGIApp, Receive, Scope, Send, http_only, send_answer, send_text


def metrics_app(counters: Counters) -> ASGIApp:
    """The one route; plain ASGI, because it must answer when everything else is busy."""

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        if scope["path"] != "/metrics":
            await send_text(send, 404, "Not Found", head=head)
        elif scope["method"] not in ("GET", "HEAD"):
            await send_method_not_allowed(send, "GET,HEAD")
        else:
            headers = [(b"content-type", CONTENT_TYPE.encode())]
            await send_answer(send, 200, headers, counters.text(), head=head)

    return http_only(app)
