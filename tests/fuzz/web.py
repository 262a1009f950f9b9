"""What HTTP brings before anything is looked up: heads, addresses, queries, headers, XML."""

import ipaddress
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree

import h11

from appliance.errors import PubkyError
from appliance.web.client_address import client_address, peer_is_trusted_proxy
from appliance.web.dav.multistatus import (
    FOOTER,
    HEADER,
    MOST_PROPERTIES,
    Shown,
    Wanted,
    parse_propfind,
    parse_proppatch,
    refused_patch,
    response,
)
from appliance.web.dav.resources import href, parse_location
from appliance.web.events import StreamQuery
from appliance.web.fast_lane import LONGEST_PATH, parse_plain_request
from appliance.web.listing import LARGEST_LIMIT, ListingQuery
from appliance.web.ranges import MOST_RANGES, Multipart, parse_ranges
from appliance.web.tenant import Address, resolve_address
from tests.fuzz.target import KEYPAIR, Target, text_of

KEY = KEYPAIR.public_key.z32.encode()
PROXIES = ("127.0.0.0/8", "10.0.0.0/8", "fd00::/8")
SIZE = 1000


def feed_fast_lane(data: bytes) -> None:
    """What the fast lane takes for a plain request, the slow way takes for the same one."""
    request = parse_plain_request(data)
    if request is None:
        return
    slow = h11.Connection(h11.SERVER)
    slow.receive_data(data)
    event = slow.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (request.method, request.raw_path)
    assert dict(event.headers) == request.headers
    assert len(event.headers) == len(request.headers)
    assert isinstance(slow.next_event(), h11.EndOfMessage)
    assert slow.trailing_data == (b"", False)
    assert len(request.raw_path) <= LONGEST_PATH
    with suppress(PubkyError):
        address = resolve_address(_scope(request.raw_path, list(request.headers.items())))
        assert not address.is_private
        # Nothing had to be repaired.
        assert request.raw_path.endswith(address.storage_path().text.encode())


def feed_address(data: bytes) -> None:
    """Whose data a request is about: in the path, in the header, or in the query."""
    raw_path, _, rest = data.partition(b" ")
    query, _, host = rest.partition(b" ")
    with suppress(PubkyError):
        address = resolve_address(_scope(raw_path, [(b"host", host)], query))
        _look_at(address)
    with suppress(PubkyError):
        location = parse_location(raw_path)
        if location is not None:
            assert location.directory.is_directory
            path = location.directory.text
            again = parse_location(href(location.owner, path).encode())
            assert again is not None
            assert again.directory == location.directory
            assert not location.file.is_directory


def _look_at(address: Address) -> None:
    is_private = address.is_private
    with suppress(PubkyError):
        path = address.storage_path()
        # A path that is judged to be public must not turn out to be private later.
        assert is_private or not path.is_private
        assert address.file_path() == path


def feed_query(data: bytes) -> None:
    """Queries of listings and of event streams."""
    with suppress(PubkyError):
        listing = ListingQuery.parse(data)
        assert 0 <= listing.limit <= LARGEST_LIMIT
        listing.cursor_path()
    with suppress(PubkyError):
        stream = StreamQuery.parse(data)
        assert 1 <= len(stream.users) <= 50
        assert stream.paths
        assert stream.limit is None or 1 <= stream.limit <= 65535
        assert not (stream.live and stream.reverse)
        assert stream.is_private == any(path.text.startswith("/priv/") for path in stream.paths)


def feed_ranges(data: bytes) -> None:
    """No range lies outside of the file, and all together are no more than it."""
    ranges = parse_ranges(data, SIZE)
    if ranges is None:
        return
    assert len(ranges) <= MOST_RANGES
    assert all(0 <= found.start < found.stop <= SIZE for found in ranges)
    assert sum(found.length for found in ranges) <= SIZE
    parts = Multipart.of(ranges, SIZE, "text/plain", "edge")
    assert parts.length <= SIZE + 200 * (len(ranges) + 1)


def feed_client_address(data: bytes) -> None:
    """Forwarding headers: an address in numbers, and nobody's word but that of trusted proxies."""
    lines = data.split(b"\n")
    headers = [(b"x-forwarded-for", line) for line in lines[1:]] + [(b"x-real-ip", lines[0])]
    for peer in ("127.0.0.1", "203.0.113.7", "::ffff:10.0.0.1"):
        scope = _scope(b"/", headers) | {"client": (peer, 1)}
        found = client_address(scope, PROXIES)
        assert found is not None
        if not peer_is_trusted_proxy(scope, PROXIES):
            assert found == ipaddress.ip_address(peer)


def feed_dav_xml(data: bytes) -> None:
    """Bodies of PROPFIND and PROPPATCH; what we answer with their names in it is XML."""
    shown = Shown(text_of(data[:40]), {"displayname": "", "getetag": "x"})
    with suppress(PubkyError):
        wanted = parse_propfind(data)
        assert wanted.names is None or len(wanted.names) <= MOST_PROPERTIES
        _check_answer(HEADER + response(shown, wanted) + FOOTER, wanted)
    with suppress(PubkyError):
        names = parse_proppatch(data)
        _check_answer(refused_patch("/dav/", names), Wanted(names))
        assert sum(map(len, names)) <= len(data) * 4


def _check_answer(body: bytes, wanted: Wanted) -> None:
    found = {element.tag for element in ElementTree.fromstring(body).iter()}
    assert wanted.only_names or set(wanted.names or ()) <= found


def _scope(
    raw_path: bytes, headers: list[tuple[bytes, bytes]], query: bytes = b""
) -> dict[str, Any]:
    return {"raw_path": raw_path, "query_string": query, "headers": headers, "method": "GET"}


def _heads() -> list[bytes]:
    path = b"/storage/" + KEY + b"/pub/a/b.txt"
    host = b"Host: localhost:6286\r\n"
    return [
        b"GET " + path + b" HTTP/1.1\r\n" + host + b"Accept: */*\r\nConnection: keep-alive\r\n\r\n",
        b"HEAD /pub/a HTTP/1.1\r\n" + host + b"pubky-host: " + KEY + b"\r\n\r\n",
        b"GET /pub/x.y HTTP/1.1\r\n" + host + b'If-None-Match: "a", "b"\r\nOrigin: null\r\n\r\n',
    ]


def _addresses() -> list[bytes]:
    return [
        b"/storage/" + KEY + b"/pub/a%20b/../c  x",
        b"/pub/a pubky-host=" + KEY + b" _pubky." + KEY,
        b"/priv/%2e/a  " + KEY,
        b"/dav/" + KEY + b"/pub/a/b/",
    ]


def _xml() -> list[bytes]:
    names = (
        b'<D:propfind xmlns:D="DAV:"><D:prop>'
        b'<D:displayname/><x:y xmlns:x="u:v"/></D:prop></D:propfind>'
    )
    patch = (
        b'<D:propertyupdate xmlns:D="DAV:">'
        b"<D:set><D:prop><D:a>1</D:a></D:prop></D:set></D:propertyupdate>"
    )
    only = b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><propname/></propfind>'
    return [b"", names, patch, only, names.decode().encode("utf-16")]


TARGETS: dict[str, Target] = {
    "fast-lane": Target(feed_fast_lane, _heads),
    "address": Target(feed_address, _addresses),
    "query": Target(
        feed_query,
        lambda: [
            b"limit=10&cursor=" + KEY + b"/pub/a&reverse=yes&shallow&format=json",
            b"user=" + KEY + b":12&user=" + KEY + b"&path=/pub/a/&path=priv/&limit=5&live=true",
        ],
    ),
    "ranges": Target(feed_ranges, lambda: [b"bytes=0-1,-5", b"bytes=999-", b"Bytes = 1-2 , 4-4"]),
    "client-address": Target(
        feed_client_address,
        lambda: [b"192.0.2.1\n198.51.100.1, 10.0.0.2:80", b"\n[2001:db8::1]:443\n::ffff:10.0.0.1"],
    ),
    "dav-xml": Target(feed_dav_xml, _xml),
}
