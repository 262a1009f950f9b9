"""One line for each request: what changed or failed at info, what was only read at debug.

Paths and queries can carry secrets (an invite, a sign-in link), so what is printed is chosen by
name, and everything else is left out.
"""

import logging

from appliance.web.asgi import Scope
from appliance.web.tenant import STORAGE_PREFIX, Address

LONGEST_ADDRESS = 1000
HIDDEN = "***"

_READS = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND"})
_INVITES = b"/signup_tokens/"
# Their values are numbers, keys and paths. A cursor of the operator's API may be an invite.
_CLIENT_QUERY = frozenset(
    {"cursor", "format", "limit", "live", "path", "pubky-host", "reverse", "shallow", "user"}
)
_ADMIN_QUERY = frozenset({"limit", "live", "path", "reverse", "state", "user"})

_log = logging.getLogger(__name__)


def log_request(
    listener: str, scope: Scope, status: int, duration_s: float, sent_bytes: int
) -> None:
    """Write the line of a request that ended; `status` 0 when the client left before an answer."""
    method: str = scope["method"][:32]
    level = logging.DEBUG if method in _READS and status < 400 else logging.INFO
    if not _log.isEnabledFor(level):
        return
    if listener == "client" and scope["raw_path"] == b"/events/" and status < 400:
        # Indexers poll it every second (client API 18.5).
        return
    uri = _ADDRESSES[listener](scope)
    duration_ms = round(duration_s * 1000, 1)
    _log.log(
        level,
        "%s %s %s %s %.1f ms %d bytes",
        listener,
        method,
        uri,
        status or "left",
        duration_ms,
        sent_bytes,
        extra={
            "fields": {
                "listener": listener,
                "method": method,
                "uri": uri,
                "status": status,
                "ms": duration_ms,
                "bytes": sent_bytes,
            }
        },
    )


def logs_reads() -> bool:
    """Whether the lines of plain reads are wanted; asked before anything is done for them."""
    return _log.isEnabledFor(logging.DEBUG)


def _client_address(scope: Scope) -> str:
    """A request to the client API, with `pubky://` and its owner when there is one."""
    raw_path: bytes = scope["raw_path"]
    prefix = ""
    address: Address | None = scope.get("address")
    if address is not None and address.tenant is not None:
        prefix = f"pubky://{address.tenant.z32}"
        if address.path_addressed:
            raw_path = raw_path[raw_path.index(b"/", len(STORAGE_PREFIX)) :]
    if raw_path.startswith(_INVITES):
        raw_path = _INVITES + HIDDEN.encode()
    return _bounded(prefix + _text(raw_path) + _query(scope, _CLIENT_QUERY))


def _admin_address(scope: Scope) -> str:
    return _bounded(_text(scope["raw_path"]) + _query(scope, _ADMIN_QUERY))


def _first_segment(scope: Scope) -> str:
    """For the pages: the rest may be a sign-in link, or whose files the owner looks at."""
    first, slash, _ = _text(scope["raw_path"])[1:].partition("/")
    return _bounded(f"/{first}{slash}{HIDDEN if slash else ''}")


_ADDRESSES = {
    "admin": _admin_address,
    "client": _client_address,
    "dashboard": _first_segment,
    "metrics": _first_segment,
}


def _query(scope: Scope, shown: frozenset[str]) -> str:
    """The query with its harmless values; a name that nobody declared may itself be a secret."""
    query: bytes = scope["query_string"]
    if not query:
        return ""
    pairs = []
    for pair in _text(query).split("&"):
        name, equals, _ = pair.partition("=")
        if name in shown:
            pairs.append(pair)
        elif name == "signup_token":
            pairs.append(f"{name}{equals}{HIDDEN}")
        else:
            pairs.append(HIDDEN)
    return "?" + "&".join(pairs)


def _text(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace")


def _bounded(text: str) -> str:
    return text if len(text) <= LONGEST_ADDRESS else text[:LONGEST_ADDRESS] + "…"
