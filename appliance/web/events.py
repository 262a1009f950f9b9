"""`GET /events/` and `GET /events-stream`: the log of changes, page by page or as it grows.

Plain ASGI on the raw path. The order of the checks and every text is the contract's (client API
12 and 13).
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Self

from appliance.errors import PubkyError, invalid
from appliance.homeserver.authorize import check_read
from appliance.homeserver.event_stream import EventStream, Subscription
from appliance.homeserver.sessions import ActiveSession
from appliance.homeserver.subscriptions import resolve_cursor, resolve_users
from appliance.metadata import credentials, events
from appliance.metadata.events import EventRow
from appliance.metadata.store import Tx
from appliance.pubky.events import feed_line
from appliance.pubky.keys import PublicKey
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.asgi import Receive, Scope, Send, send_answer
from appliance.web.credentials import find_cookie_session, find_grant_session
from appliance.web.event_streaming import CACHE_POLICY, Credential, send_stream
from appliance.web.listing import InvalidBooleanError, ListingQuery, query_pairs
from appliance.web.services import Services

FEED = b"/events/"
STREAM = b"/events-stream"
METHODS = ("GET", "HEAD")
MOST_USERS = 50

_U16 = 65535
_EVERYTHING_PUBLIC = StoragePath("/pub/")


async def events_app(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request to one of the two routes."""
    head = scope["method"] == "HEAD"
    is_stream = scope["raw_path"] == STREAM
    if scope["method"] not in METHODS:
        await send_method_not_allowed(send, ",".join(METHODS))
        return
    try:
        if is_stream:
            await _send_stream(services, scope, receive, send)
        else:
            await _send_feed(services, scope, send)
    except InvalidBooleanError as error:
        await send_answer(send, 400, [], error.message.encode(), head=head)
    except PubkyError as error:
        await send_refusal(send, error, head=head, extra=CACHE_POLICY if is_stream else [])


async def _send_feed(services: Services, scope: Scope, send: Send) -> None:
    query = ListingQuery.parse(scope["query_string"])
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    rows = await services.metadata.read(_public_page, query.cursor or "0", query.limit)
    services.counters.events.feed_queries_ms.observe((loop.time() - begin_s) * 1000)
    lines = [feed_line(row.kind, row.user, row.path) for row in rows]
    if rows:
        lines.append(f"cursor: {rows[-1].id}")
    headers = [(b"content-type", b"text/plain")]
    await send_answer(send, 200, headers, "\n".join(lines).encode(), head=scope["method"] == "HEAD")


def _public_page(tx: Tx, cursor: str, limit: int) -> list[EventRow]:
    return events.public_after(tx, resolve_cursor(tx, cursor), limit)


async def _send_stream(services: Services, scope: Scope, receive: Receive, send: Send) -> None:
    query = StreamQuery.parse(scope["query_string"])
    session = None
    if query.is_private:
        # The endpoint has no tenant, so the one user says which cookie counts, and a bearer, good
        # or not, lets none count (client API 13.5).
        session = await (
            find_grant_session(services, scope)
            if _presents_bearer(scope)
            else find_cookie_session(services, scope, query.only_user)
        )
    for path in query.paths:
        check_read(path, query.only_user, session)
    with ExitStack() as stack:
        credential = None
        if session is not None:
            credential = await _watched(services, session, stack)
        users = await services.metadata.read(resolve_users, query.users)
        subscription = Subscription(
            users,
            PathFilter.of(query.paths),
            limit=query.limit,
            live=query.live,
            reverse=query.reverse,
        )
        await send_stream(
            EventStream(
                services.feed,
                services.metadata,
                subscription,
                services.counters.events.stream_queries_ms.observe,
            ),
            services.counters.events,
            receive,
            send,
            credential=credential,
            headers=CACHE_POLICY,
            head=scope["method"] == "HEAD",
        )


def _presents_bearer(scope: Scope) -> bool:
    return any(
        name.lower() == b"authorization" and value.startswith(b"Bearer ")
        for name, value in scope["headers"]
    )


async def _watched(services: Services, session: ActiveSession, stack: ExitStack) -> Credential:
    """Begin to watch for the session's end, and look once more: it may have ended just before."""
    name = session.credential
    revoked = stack.enter_context(services.revocations.watch(name))
    credential = Credential(revoked, partial(_is_open, services, name))
    if not await credential.is_open():
        raise PubkyError("unauthenticated", "Unauthorized")
    return credential


async def _is_open(services: Services, name: str) -> bool:
    return await services.metadata.peek(credentials.is_open, name, services.clock())


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """What a stream asks for; cursors are text until their turn in the order of checks."""

    users: tuple[tuple[PublicKey, str | None], ...]
    paths: tuple[StoragePath, ...]
    limit: int | None
    live: bool
    reverse: bool

    @classmethod
    def parse(cls, query_string: bytes) -> Self:
        """Read the query; raises PubkyError invalid (client API 13.2, rows 1 to 7)."""
        pairs = query_pairs(query_string)
        limit = None
        for name, value in pairs:
            if name == "limit":
                limit = parse_stream_limit(value)
        last = dict(pairs)
        live, reverse = (last.get(name) in ("true", "1") for name in ("live", "reverse"))
        if live and reverse:
            raise invalid("Cannot use live mode with reverse ordering")
        users = tuple(_user(value) for name, value in pairs if name == "user" and value)
        if not users:
            raise invalid("user parameter is required")
        if len(users) > MOST_USERS:
            raise invalid(f"Too many users. Maximum allowed: {MOST_USERS}")
        paths = tuple(parse_filter(value) for name, value in pairs if name == "path" and value)
        return cls(users, paths or (_EVERYTHING_PUBLIC,), limit, live, reverse)

    @property
    def is_private(self) -> bool:
        """Whether a session is needed."""
        return any(path.is_private for path in self.paths)

    @property
    def only_user(self) -> PublicKey | None:
        """The user, if there is exactly one value."""
        return self.users[0][0] if len(self.users) == 1 else None


def parse_stream_limit(text: str) -> int:
    """A 16-bit number of events, at least 1; raises PubkyError invalid."""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise invalid(f"Invalid limit: {text}")
    significant = digits.lstrip("0")
    # The length first: Python refuses to convert thousands of digits.
    if len(significant) > 5 or int(significant or "0") > _U16:
        raise invalid(f"Invalid limit: {text}")
    if not significant:
        raise invalid("limit must be at least 1")
    return int(significant)


def parse_filter(text: str) -> StoragePath:
    """A path to filter by, with or without its leading slash; raises PubkyError invalid."""
    absolute = text if text.startswith("/") else "/" + text
    try:
        return StoragePath.normalize(absolute)
    except PubkyError as error:
        raise invalid(f"Invalid path: {absolute}") from error


def _user(value: str) -> tuple[PublicKey, str | None]:
    key, colon, cursor = value.partition(":")
    try:
        return PublicKey.parse(key), cursor if colon else None
    except PubkyError:
        raise invalid(f"Invalid public key: {key}") from None
