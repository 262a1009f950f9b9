"""The operator's `GET /events-stream`: every event of everybody, private ones too.

Beside Quart, which would hold more for each open stream and end it after a minute.
"""

from appliance.errors import PubkyError, invalid
from appliance.homeserver.event_stream import EventStream, Subscription
from appliance.homeserver.subscriptions import resolve_cursor, resolve_users
from appliance.metadata.store import Tx
from appliance.pubky.keys import PublicKey
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.asgi import Headers, Receive, Scope, Send
from appliance.web.event_streaming import send_stream
from appliance.web.events import METHODS, MOST_USERS, parse_filter, parse_stream_limit
from appliance.web.listing import query_pairs
from appliance.web.services import Services

PATH = b"/events-stream"
READ = "events:read"

_NO_STORE: Headers = [(b"cache-control", b"no-store")]
_EVERYTHING = StoragePath("/")


async def send_every_event(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request whose credentials were checked (operator API 2.9)."""
    head = scope["method"] == "HEAD"
    if scope["method"] not in METHODS:
        await send_method_not_allowed(send, ",".join(METHODS))
        return
    try:
        subscription = await services.metadata.read(_subscription, scope["query_string"])
    except PubkyError as error:
        await send_refusal(send, error, head=head, extra=_NO_STORE)
        return
    stream = EventStream(
        services.feed,
        services.metadata,
        subscription,
        services.counters.events.stream_queries_ms.observe,
    )
    await send_stream(stream, services.counters.events, receive, send, headers=_NO_STORE, head=head)


def _subscription(tx: Tx, query_string: bytes) -> Subscription:
    pairs = query_pairs(query_string)
    last = dict(pairs)
    limit = None
    for name, value in pairs:
        if name == "limit":
            limit = parse_stream_limit(value)
    live, reverse = (last.get(name) in ("true", "1") for name in ("live", "reverse"))
    if live and reverse:
        raise invalid("Cannot use live mode with reverse ordering")
    keys = dict.fromkeys(_key(value) for name, value in pairs if name == "user" and value)
    if len(keys) > MOST_USERS:
        raise invalid(f"Too many users. Maximum allowed: {MOST_USERS}")
    paths = [parse_filter(value) for name, value in pairs if name == "path" and value]
    users = [(key, None) for key in keys]
    return Subscription(
        resolve_users(tx, users, by_operator=True) if users else None,
        PathFilter.of(paths or [_EVERYTHING]),
        cursor=_cursor(tx, last.get("cursor", "")),
        limit=limit,
        live=live,
        reverse=reverse,
    )


def _cursor(tx: Tx, text: str) -> int | None:
    try:
        return resolve_cursor(tx, text) if text else None
    except PubkyError as error:
        raise invalid(f"{error.message}: {text}") from error


def _key(text: str) -> PublicKey:
    try:
        return PublicKey.parse(text)
    except PubkyError:
        raise invalid(f"Invalid public key: {text}") from None
