"""`GET /metrics` for Prometheus, on a listener of its own, beside the health routes."""

from appliance.homeserver.node_figures import NodeFigures
from appliance.homeserver.readiness import Readiness
from appliance.metrics import CONTENT_TYPE, Counters
from appliance.web.answers import send_method_not_allowed
from appliance.web.asgi import ASGIApp, Receive, Scope, Send, http_only, send_answer, send_text
from appliance.web.health import with_health
from appliance.web.observing import metrics_route, with_observing


def metrics_app(counters: Counters, figures: NodeFigures, readiness: Readiness) -> ASGIApp:
    """Plain ASGI, because it must answer when everything else is busy."""

    async def app(scope: Scope, _: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        if scope["path"] != "/metrics":
            await send_text(send, 404, "Not Found", head=head)
        elif scope["method"] not in ("GET", "HEAD"):
            await send_method_not_allowed(send, "GET,HEAD")
        else:
            await figures.refresh()
            headers = [(b"content-type", CONTENT_TYPE.encode())]
            await send_answer(send, 200, headers, counters.text(), head=head)

    healthy = with_health(app, readiness)
    return http_only(
        with_observing(healthy, "metrics", metrics_route, counters.requests("metrics"))
    )
