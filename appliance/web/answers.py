"""The only table from error code to HTTP status, and how a refusal looks (client API 3)."""

from appliance.errors import ErrorCode, PubkyError
from appliance.web.asgi import TEXT_PLAIN, Headers, Send, send_answer

STATUS: dict[ErrorCode, int] = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "precondition_failed": 412,
    "too_large": 413,
    "over_quota": 507,
    "rate_limited": 429,
    "unavailable": 503,
    "internal": 500,
}

INTERNAL_ERROR = PubkyError("internal", "Internal server error")


async def send_refusal(send: Send, error: PubkyError, *, head: bool, extra: Headers) -> None:
    """Answer with the error's status and its bare message; `extra` headers come last."""
    headers: Headers = [TEXT_PLAIN]
    headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
    await send_answer(send, STATUS[error.code], headers + extra, error.message.encode(), head=head)


async def send_method_not_allowed(send: Send, allowed: str, *, head: bool = False) -> None:
    """405 with an empty body, as the reference answers."""
    await send_answer(send, 405, [(b"allow", allowed.encode())], b"", head=head)
