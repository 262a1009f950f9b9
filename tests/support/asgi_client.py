"""Drives a plain ASGI app: a whole request at once, or one that stays open and can be left."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from appliance.web.asgi import ASGIApp, Message, Scope

RequestHeaders = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer; header names are lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    def header_values(self, name: str) -> list[str]:
        """Every value of a header, line by line."""
        return [value for key, value in self.headers if key == name]


@dataclass(slots=True)
class OpenRequest:
    """A request whose client is still there; use as `async with`."""

    app: ASGIApp
    scope: Scope
    chunks: list[bytes]
    sent: list[Message] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        await self.run_until_idle()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await self.app(self.scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self.chunks:
            chunk = self.chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self.chunks)}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def run_until_idle(self) -> None:
        """Let the app run until it waits; a dozen turns of the loop are plenty for these apps."""
        for _ in range(12):
            await asyncio.sleep(0)

    async def leave(self) -> None:
        """The client closes its connection."""
        self.left.set()
        await self.run_until_idle()

    @property
    def is_answered(self) -> bool:
        return bool(self.sent)

    @property
    def is_finished(self) -> bool:
        return self._task is not None and self._task.done()

    async def answer(self) -> Answer:
        """Wait for the end of the app and check that it spoke ASGI."""
        assert self._task is not None
        await self._task
        start, *bodies = self.sent
        assert start["type"] == "http.response.start"
        assert [body["type"] for body in bodies] == ["http.response.body"] * len(bodies)
        assert not bodies[-1].get("more_body", False)
        headers = [
            (key.decode("latin-1"), value.decode("latin-1")) for key, value in start["headers"]
        ]
        return Answer(start["status"], headers, b"".join(body["body"] for body in bodies))


def http_scope(method: str, target: str, headers: RequestHeaders = ()) -> dict[str, Any]:
    """An HTTP scope as servers build it; `target` is a raw path with an optional query."""
    raw_path, _, query = target.encode("ascii").partition(b"?")
    return {
        "type": "http",
        "method": method,
        "raw_path": raw_path,
        "query_string": query,
        "client": ("127.0.0.1", 50_000),
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in headers],
    }


def open_request(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: RequestHeaders = (),
    chunks: Iterable[bytes] = (b"",),
) -> OpenRequest:
    """A request that has not been answered yet."""
    return OpenRequest(app, http_scope(method, target, headers), list(chunks))


async def request(
    app: ASGIApp, method: str, target: str, *, headers: RequestHeaders = (), body: bytes = b""
) -> Answer:
    """One whole request and its answer."""
    async with open_request(app, method, target, headers=headers, chunks=[body]) as opened:
        return await opened.answer()
