"""Very permissive CORS, line by line as in the client API, section 18.1."""

from appliance.web.asgi import Receive, Scope, Send, send_answer
from appliance.web.cors import cors_headers, preflight_headers, with_cors
from tests.support.asgi_client import request

VARY = "origin, access-control-request-method, access-control-request-headers"
ORIGIN = ("Origin", "https://app.example")


async def not_found(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send_answer(send, 404, [(b"vary", b"pubky-host")], b"Not Found", head=False)


APP = with_cors(not_found, b"retry-after")


def test_the_origin_is_mirrored() -> None:
    assert cors_headers(b"https://app.example", b"retry-after") == [
        (b"access-control-allow-origin", b"https://app.example"),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"retry-after"),
        (b"vary", VARY.encode()),
    ]


def test_without_an_origin_credentials_are_still_allowed() -> None:
    assert cors_headers(None, b"") == [
        (b"access-control-allow-credentials", b"true"),
        (b"vary", VARY.encode()),
    ]


def test_a_preflight_gets_back_what_it_asks_for() -> None:
    asked = [
        (b"Origin", b"https://app.example"),
        (b"access-control-request-method", b"PUT"),
        (b"access-control-request-headers", b"pubky-host,content-type"),
    ]
    assert preflight_headers(asked) == [
        (b"access-control-allow-origin", b"https://app.example"),
        (b"access-control-allow-methods", b"PUT"),
        (b"access-control-allow-headers", b"pubky-host,content-type"),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", VARY.encode()),
    ]


def test_a_bare_preflight_allows_nothing_by_name() -> None:
    assert preflight_headers([]) == [
        (b"access-control-allow-credentials", b"true"),
        (b"vary", VARY.encode()),
    ]


async def test_options_is_answered_without_reaching_the_app() -> None:
    answer = await request(APP, "OPTIONS", "/anything/at/all", headers=[ORIGIN])
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", "0")
    assert answer.header("access-control-allow-origin") == "https://app.example"
    assert answer.header("access-control-expose-headers") is None


async def test_errors_get_the_headers_too() -> None:
    answer = await request(APP, "GET", "/", headers=[ORIGIN])
    assert answer.status == 404
    assert answer.header("access-control-allow-origin") == "https://app.example"
    assert answer.header("access-control-expose-headers") == "retry-after"


async def test_the_vary_line_of_the_route_comes_first_on_its_own() -> None:
    answer = await request(APP, "GET", "/")
    assert answer.header_values("vary") == ["pubky-host", VARY]
