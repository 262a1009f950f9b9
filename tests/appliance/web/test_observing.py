"""What happens around every request: counted and logged whatever becomes of it."""

import asyncio
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appliance.web.admin
from appliance.logs import request_id
from appliance.metrics import RequestFigures
from appliance.web.asgi import ASGIApp, Receive, Scope, Send, send_text
from appliance.web.entry import is_small_route
from appliance.web.observing import (
    admin_route,
    client_route,
    dashboard_route,
    metrics_route,
    with_observing,
)
from tests.support.asgi_client import open_request, request

KEY = b"a" * 52


def observed(app: ASGIApp, figures: RequestFigures) -> ASGIApp:
    """The app as the client API's listener has it."""
    return with_observing(app, "client", client_route, figures)


def counts(figures: RequestFigures) -> dict[tuple[str, str, int], int]:
    """Answers by method, route and class of status."""
    return {key: sum(found.counts) for key, found in figures.durations_s.items()}


async def answer(scope: Scope, _: Receive, send: Send) -> None:
    """An app that works."""
    await send_text(send, 200, "fine", head=scope["method"] == "HEAD")


async def fail(_: Scope, __: Receive, ___: Send) -> None:
    """An app that does not."""
    raise ZeroDivisionError("planted-secret")


async def break_off(_: Scope, __: Receive, send: Send) -> None:
    """An app that fails when its answer has begun."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError("late")


async def wait(_: Scope, receive: Receive, __: Send) -> None:
    """An app that answers nothing until its client leaves."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def test_an_answer_is_counted_by_kind_and_status() -> None:
    figures = RequestFigures()
    await request(observed(answer, figures), "GET", "/pub/a")
    await request(observed(answer, figures), "GET", "/pub/")
    assert counts(figures) == {("GET", "file", 2): 1, ("GET", "directory", 2): 1}
    assert figures.in_flight == 0


async def test_what_nobody_foresaw_is_a_counted_and_logged_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    figures = RequestFigures()
    given_back = await request(observed(fail, figures), "GET", "/pub/a")
    assert (given_back.status, given_back.body) == (500, b"Internal server error")
    assert counts(figures) == {("GET", "file", 5): 1}
    assert any(record.levelno == logging.ERROR for record in caplog.records)


async def test_a_failure_in_the_middle_of_an_answer_is_not_hidden_from_the_server() -> None:
    figures = RequestFigures()
    with pytest.raises(ZeroDivisionError):
        await request(observed(break_off, figures), "GET", "/pub/a")
    assert counts(figures) == {("GET", "file", 2): 1}
    assert figures.in_flight == 0


async def test_a_client_that_leaves_before_an_answer_is_counted_as_such() -> None:
    figures = RequestFigures()
    async with open_request(observed(wait, figures), "GET", "/pub/a") as opened:
        assert figures.in_flight == 1
        await opened.leave()
    assert counts(figures) == {("GET", "file", 0): 1}
    assert figures.in_flight == 0


async def test_a_cancelled_request_is_not_in_flight_any_more() -> None:
    figures = RequestFigures()
    async with open_request(observed(wait, figures), "GET", "/pub/a"):
        assert figures.in_flight == 1
    assert figures.in_flight == 0


async def test_an_event_stream_is_timed_until_its_head() -> None:
    async def stream(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    figures = RequestFigures()
    await request(observed(stream, figures), "GET", "/events-stream")
    ((key, found),) = figures.durations_s.items()
    assert key == ("GET", "event_stream", 2)
    assert found.total < 0.05


async def test_every_request_has_an_id_of_its_own() -> None:
    seen = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(request_id.get())
        await answer(scope, receive, send)

    app = observed(note, RequestFigures())
    for _ in range(3):
        await request(app, "GET", "/")
    assert len(set(seen)) == 3
    assert all(len(one) == 12 for one in seen)


@pytest.mark.parametrize(
    ("raw_path", "route"),
    [
        (b"/", "root"),
        (b"/info", "info"),
        (b"/signup", "signup"),
        (b"/session", "session"),
        (b"/signup_tokens/JZY0-D6MY-ZFNG", "signup_token"),
        (b"/auth/grant/session/abc", "grant"),
        (b"/events/", "events"),
        (b"/events-stream", "event_stream"),
        (b"/pub/a", "file"),
        (b"/priv/a/", "directory"),
        (b"/storage/" + KEY + b"/pub/a", "file"),
        (b"/storage/" + KEY + b"/pub/", "directory"),
        (b"/favicon.ico", "other"),
        (b"", "other"),
    ],
)
def test_the_kinds_of_the_client_api(raw_path: bytes, route: str) -> None:
    assert client_route(raw_path) == route


def test_every_small_route_of_the_client_api_has_a_kind() -> None:
    for raw_path in (b"/", b"/info", b"/signup", b"/session", b"/auth/grant/sessions"):
        assert is_small_route(raw_path)
        assert client_route(raw_path) != "other"


def test_every_route_of_the_operators_api_has_a_kind() -> None:
    folder = Path(appliance.web.admin.__file__ or "").parent
    declared = {
        path
        for file in folder.glob("*.py")
        for path in re.findall(r'blueprint\.\w+\(\s*"(/[^"]*)"', file.read_text(encoding="utf-8"))
    }
    assert len(declared) > 20
    assert {path for path in declared if admin_route(path.encode()) == "other"} == set()


@given(st.binary(max_size=200))
def test_the_kinds_are_few_whatever_is_asked_for(path: bytes) -> None:
    for route in (client_route, admin_route, dashboard_route, metrics_route):
        word = route(b"/" + path)
        assert word.replace("_", "").isalpha()
        assert len(word) <= 24
