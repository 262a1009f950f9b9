"""The shared ASGI words: bodies, answers, lifespan, and waits that end when the client leaves."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from appliance.web.asgi import (
    Message,
    Receive,
    Scope,
    Send,
    header,
    http_only,
    read_body,
    send_answer,
    send_text,
    settled_before_disconnect,
)
from tests.support.asgi_client import OpenRequest, http_scope, open_request, request

AnswerApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def echo(limit: int) -> AnswerApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive, limit)
        text = "none" if body is None else f"{len(body)}"
        await send_text(send, 200, text, head=scope["method"] == "HEAD")

    return app


def answer(status: int, body: bytes) -> AnswerApp:
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        await send_answer(send, status, [], body, head=scope["method"] == "HEAD")

    return app


def waiter(future: asyncio.Future[None], timeout_s: float, results: list[bool | None]) -> AnswerApp:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        results.append(await settled_before_disconnect(receive, future, timeout_s))
        await send_text(send, 200, "")

    return app


def new_future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


async def test_a_body_in_several_pieces_is_read_whole() -> None:
    async with open_request(echo(6), "PUT", "/", chunks=[b"abc", b"", b"def"]) as opened:
        assert (await opened.answer()).body == b"6"


async def test_a_body_above_the_limit_is_not_read_to_its_end() -> None:
    async with open_request(echo(5), "PUT", "/", chunks=[b"abc", b"def", b"ghi"]) as opened:
        assert (await opened.answer()).body == b"none"
        assert opened.chunks == [b"ghi"]


async def test_a_client_that_leaves_before_its_body_ends_gives_none() -> None:
    async with open_request(echo(5), "PUT", "/", chunks=[]) as opened:
        await opened.leave()
        assert (await opened.answer()).body == b"none"


async def test_an_answer_to_head_has_the_length_but_no_body() -> None:
    answered = await request(answer(200, b"hello"), "HEAD", "/")
    assert (answered.header("content-length"), answered.body) == ("5", b"")


async def test_an_empty_answer_has_length_zero() -> None:
    assert (await request(answer(200, b""), "GET", "/")).header("content-length") == "0"


async def test_an_answer_without_content_has_no_length() -> None:
    assert (await request(answer(204, b""), "PUT", "/")).header("content-length") is None


@pytest.mark.parametrize(("body", "length"), [(b"", None), (b"hello", "5")])
async def test_not_modified_carries_at_most_the_length_of_what_it_stands_for(
    body: bytes, length: str | None
) -> None:
    answered = await request(answer(304, body), "GET", "/")
    assert (answered.header("content-length"), answered.body) == (length, b"")


def test_the_first_of_several_header_lines_is_taken() -> None:
    scope = http_scope("GET", "/", [("X-Name", "one"), ("x-name", "two")])
    assert header(scope, b"x-name") == b"one"
    assert header(scope, b"x-other") is None


async def test_a_future_that_is_done_needs_no_wait() -> None:
    future = new_future()
    future.set_result(None)
    results: list[bool | None] = []
    async with open_request(waiter(future, 0, results), "GET", "/"):
        assert results == [True]


async def test_a_future_that_gets_done_ends_the_wait() -> None:
    future = new_future()
    results: list[bool | None] = []
    async with open_request(waiter(future, 60, results), "GET", "/") as opened:
        assert results == []
        future.set_result(None)
        await opened.run_until_idle()
        assert results == [True]


async def test_a_client_that_leaves_ends_the_wait() -> None:
    results: list[bool | None] = []
    async with open_request(waiter(new_future(), 60, results), "GET", "/") as opened:
        await opened.leave()
        assert results == [None]


async def test_the_wait_ends_when_its_time_is_over() -> None:
    results: list[bool | None] = []
    async with open_request(waiter(new_future(), 0, results), "GET", "/") as opened:
        await opened.answer()
        assert results == [False]


async def test_a_cancelled_request_is_not_taken_for_a_timeout() -> None:
    results: list[bool | None] = []
    future = new_future()
    async with open_request(waiter(future, 60, results), "GET", "/"):
        pass
    future.set_result(None)
    assert results == []


async def test_lifespan_is_acknowledged_until_shutdown() -> None:
    incoming: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await http_only(echo(1))({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_websocket_is_refused() -> None:
    async with OpenRequest(http_only(echo(1)), {"type": "websocket"}, []) as opened:
        assert opened.sent == [{"type": "websocket.close", "code": 1000}]


async def test_http_reaches_the_app() -> None:
    assert (await request(http_only(echo(9)), "PUT", "/", body=b"abc")).body == b"3"
