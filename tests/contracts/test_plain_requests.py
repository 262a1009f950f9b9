"""The lane's parser takes only what every strict parser reads in the same way."""

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.web.fast_lane import LONGEST_HEAD, PlainRequest, parse_plain_request

KEY = b"8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo"
PLAIN = b"GET /pub/app/a.txt HTTP/1.1\r\nHost: _pubky." + KEY + b"\r\nOrigin: https://x\r\n\r\n"
SEGMENT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-")
# What changes the answer or the connection; none of these may pass.
DELICATE = {
    b"authorization",
    b"content-length",
    b"cookie",
    b"expect",
    b"if-match",
    b"if-range",
    b"if-unmodified-since",
    b"range",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}

segments = st.sampled_from(
    [b"a", b"a.txt", b"", b".", b"..", b"%41", b"b~_-", b"\xc3", b"a b", b"?"]
)
paths = st.builds(
    lambda root, rest: root + b"/".join(rest),
    st.sampled_from(
        [b"/pub/", b"/priv/", b"/", b"/storage/" + KEY + b"/pub/", b"pub/", b"http://x/"]
    ),
    st.lists(segments, min_size=1, max_size=4),
)
names = st.sampled_from(
    [
        b"host",
        b"Host",
        b"Origin",
        b"cookie",
        b"Range",
        b"x",
        b"connection",
        b"Transfer-Encoding",
        b"content-length",
        b"",
        b"a b",
        b"if-none-match",
    ]
)
values = st.one_of(
    st.sampled_from([b"x", b"", b"keep-alive", b"close", b"1", b" padded ", b"\xff", b"a\r\n b"]),
    st.binary(max_size=10),
)
lines = st.builds(
    lambda name, colon, value, end: name + colon + value + end,
    names,
    st.sampled_from([b": ", b":", b" : ", b""]),
    values,
    st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]),
)
requests = st.builds(
    lambda method, path, version, headers, end: (
        method + b" " + path + b" " + version + b"\r\n" + b"".join(headers) + end
    ),
    st.sampled_from([b"GET", b"HEAD", b"PUT", b"get", b""]),
    paths,
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"http/1.1", b""]),
    st.lists(lines, max_size=4).map(lambda some: [b"Host: x\r\n", *some]),
    st.sampled_from([b"\r\n", b"\r\n", b"", b"\r\n\r\n", b"\r\nbody", b"\n"]),
)
mutations = st.builds(
    lambda where, what, how_much: PLAIN[:where] + what + PLAIN[where + how_much :],
    st.integers(0, len(PLAIN)),
    st.binary(max_size=3),
    st.integers(0, 3),
)


def as_h11_reads_it(data: bytes) -> tuple[h11.Request, bytes]:
    """The request by an independent strict parser, and what is left after it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    return event, connection.trailing_data[0]


def check(data: bytes, plain: PlainRequest) -> None:
    """Everything that the lane relies on, looked at once more by other means."""
    event, rest = as_h11_reads_it(data)
    assert rest == b""
    assert len(data) <= LONGEST_HEAD
    assert event.http_version == b"1.1"
    assert event.method == plain.method
    assert event.method in (b"GET", b"HEAD")
    assert event.target == plain.raw_path
    path = event.target
    if path.startswith(b"/storage/"):
        assert path[9 : 9 + 53].endswith(b"/")
        path = path[9 + 52 :]
    root, *rest_of_path = path[1:].split(b"/")
    assert root == b"pub"
    assert rest_of_path
    for segment in rest_of_path:
        assert segment not in (b"", b".", b"..")
        assert set(segment) <= SEGMENT
    assert dict(event.headers) == plain.headers
    assert len(event.headers) == len(plain.headers)
    assert b"host" in plain.headers
    assert not DELICATE & plain.headers.keys()
    assert plain.headers.get(b"connection", b"keep-alive").lower() == b"keep-alive"


@settings(max_examples=400)
@given(st.one_of(requests, mutations, st.binary(max_size=200)))
def test_what_the_lane_takes_is_a_plain_request(data: bytes) -> None:
    plain = parse_plain_request(data)
    if plain is not None:
        check(data, plain)


def test_an_ordinary_request_is_taken() -> None:
    plain = parse_plain_request(PLAIN)
    assert plain is not None
    check(PLAIN, plain)
    assert plain.raw_path == b"/pub/app/a.txt"
    assert plain.headers[b"origin"] == b"https://x"


def test_half_a_request_and_two_requests_are_not_taken() -> None:
    for end in range(len(PLAIN)):
        assert parse_plain_request(PLAIN[:end]) is None
    assert parse_plain_request(PLAIN + PLAIN) is None
    assert parse_plain_request(PLAIN + b"x") is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize("last", [b"x: \t\r\n", b"x: \xff\r\n", b"x_y: 1\r\n", b""])
def test_a_request_that_almost_fits_is_refused_at_once(last: bytes) -> None:
    """An expression that may match a line in two ways takes for ever on these."""
    head = b"GET /pub/a HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 48
    assert parse_plain_request(head + last + b"\r\n") is None
    segments = b"/a" * 120
    assert parse_plain_request(b"GET /pub" + segments + b"? HTTP/1.1\r\nhost: x\r\n\r\n") is None
