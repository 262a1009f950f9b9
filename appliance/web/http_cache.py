"""Validators and cache headers of stored files: one place for the fast lane and the handlers."""

from appliance.metadata.entries import Entry
from appliance.pubky.content_hash import ContentHash
from appliance.pubky.timestamp import US_PER_SECOND, http_date, parse_http_date
from appliance.web.asgi import Headers

REVALIDATE = (b"cache-control", b"private, must-revalidate")
VARY_LEGACY = (b"vary", b"pubky-host")

# A page of one user must not act with the cookies of another user of the same host: it runs in an
# origin of its own. Scripts and forms work, so that web sites kept here stay alive.
_ISOLATED = (
    b"content-security-policy",
    b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads",
)
_ACTIVE_TYPES = frozenset(
    {
        "text/html",
        "application/xhtml+xml",
        "text/xml",
        "application/xml",
        "image/svg+xml",
    }
)
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_ACCEPTS_RANGES = (b"accept-ranges", b"bytes")


def etag_of(entry: Entry) -> str:
    """The strong entity tag: the content's hash in quotes."""
    return ContentHash(entry.content_hash).etag


def validator_headers(entry: Entry, *, legacy: bool) -> Headers:
    """What a 304 carries, and a 200 beside the rest."""
    headers: Headers = [
        (b"etag", etag_of(entry).encode()),
        (b"last-modified", http_date(entry.modified_us).encode()),
        REVALIDATE,
    ]
    return [*headers, VARY_LEGACY] if legacy else headers


def file_headers(entry: Entry, *, legacy: bool) -> Headers:
    """What a 200 or 206 carries, but for its length and range (client API 9.2)."""
    headers = [(b"content-type", entry.content_type.encode()), _ACCEPTS_RANGES, _NO_SNIFFING]
    if entry.content_type in _ACTIVE_TYPES:
        headers.append(_ISOLATED)
    return headers + validator_headers(entry, legacy=legacy)


def is_not_modified(
    entry: Entry, if_none_match: bytes | None, if_modified_since: bytes | None
) -> bool:
    """Whether the client's copy is current (client API 9.1, step 5).

    Tags are compared as exact text, quotes included; a tag header, matching or not, disables the
    date. A date is compared in whole seconds.
    """
    if if_none_match is not None:
        etag = etag_of(entry).encode()
        return any(item.strip() == etag for item in if_none_match.split(b","))
    if if_modified_since is not None:
        since_s = parse_http_date(if_modified_since.decode("latin-1"))
        return since_s is not None and entry.modified_us // US_PER_SECOND <= since_s
    return False


def range_applies(entry: Entry, if_range: bytes | None) -> bool:
    """Whether a Range header counts: no If-Range, or one that names this very content.

    RFC 9110 13.1.5: a date must match exactly, a tag must match strongly.
    """
    if if_range is None:
        return True
    value = if_range.strip()
    return value in (etag_of(entry).encode(), http_date(entry.modified_us).encode())
