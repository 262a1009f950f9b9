"""The cross-origin guard and the host allowlist, as a table of requests."""

import pytest
from werkzeug.datastructures import Headers

from dashboard.guard import Origin

LOOPBACK = Origin.parse("http://127.0.0.1:6290")
PUBLIC = Origin.parse("https://dash.example.org")


@pytest.mark.parametrize(
    "host", ["127.0.0.1:6290", "localhost:6290", "[::1]:6290", "LOCALHOST:6290"]
)
def test_loopback_names_with_our_port_are_ours(host: str) -> None:
    assert LOOPBACK.accepts_host(host)


@pytest.mark.parametrize(
    "host", ["", "127.0.0.1", "localhost:6286", "evil.example:6290", "127.0.0.1:6290.evil.example"]
)
def test_other_hosts_are_not_ours(host: str) -> None:
    assert not LOOPBACK.accepts_host(host)


@pytest.mark.parametrize("host", ["dash.example.org", "dash.example.org:443"])
def test_the_default_port_may_be_left_out(host: str) -> None:
    assert PUBLIC.accepts_host(host)


@pytest.mark.parametrize(
    "text",
    ["dash.example.org", "ftp://a", "https://", "https://a/b", "https://a?b", "https://u@a"],
)
def test_an_origin_with_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Origin.parse(text)


def test_plain_http_off_loopback_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Origin.parse("http://node.lan:6290")


def test_the_cookie_is_pinned_to_its_host_over_tls() -> None:
    assert (PUBLIC.cookie_name, LOOPBACK.cookie_name) == ("__Host-pkd", "pkd")


@pytest.mark.parametrize(
    ("headers", "has_cookie", "accepted"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True, True),
        ({"Sec-Fetch-Site": "same-site"}, True, False),
        ({"Sec-Fetch-Site": "cross-site"}, True, False),
        ({"Sec-Fetch-Site": "none"}, True, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:6290"}, True, False),
        ({"Origin": "http://127.0.0.1:6290"}, True, True),
        ({"Origin": "http://127.0.0.1:6286"}, True, False),
        ({"Origin": "http://localhost:6290"}, True, False),
        ({"Origin": "https://127.0.0.1:6290"}, True, False),
        ({"Origin": "null"}, True, False),
        ({"Origin": "null"}, False, False),
        ({}, True, False),
        ({}, False, True),
    ],
)
def test_writes_come_from_our_own_pages(
    headers: dict[str, str], has_cookie: bool, accepted: bool
) -> None:
    sent = Headers({"Host": "127.0.0.1:6290", **headers})
    assert LOOPBACK.accepts_write(sent, has_cookie) is accepted
