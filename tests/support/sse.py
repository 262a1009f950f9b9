"""A reader of event streams over a socket of its own, as small as a thousand of them must be."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

# Bounds for tests that would hang otherwise; no test waits for them when all is well.
PATIENCE_S = 10.0

Query = Iterable[tuple[str, Any]]


class NoEventError(Exception):
    """Nothing came in time."""


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One frame as clients read it."""

    kind: str
    url: str
    cursor: int
    content_hash: str | None

    @property
    def path(self) -> str:
        """The storage path."""
        return "/" + self.url.removeprefix("pubky://").partition("/")[2]


def parse_frame(frame: str) -> StreamEvent:
    """Read one frame, strictly: every line at its place."""
    lines = frame.split("\n")
    kind = lines[0].removeprefix("event: ")
    assert lines[0] == f"event: {kind}"
    assert kind in ("PUT", "DEL")
    data = [line.removeprefix("data: ") for line in lines[1:]]
    assert [f"data: {value}" for value in data] == lines[1:]
    assert len(data) == (3 if kind == "PUT" else 2)
    assert data[1].startswith("cursor: ")
    content_hash = None
    if kind == "PUT":
        assert data[2].startswith("content_hash: ")
        content_hash = data[2].removeprefix("content_hash: ")
        assert len(content_hash) == 44
    return StreamEvent(kind, data[0], int(data[1].removeprefix("cursor: ")), content_hash)


def parse_frames(body: str) -> list[StreamEvent]:
    """Every event of a finished stream; comments are left out."""
    assert body == "" or body.endswith("\n\n")
    return [parse_frame(frame) for frame in body.split("\n\n")[:-1] if frame != ":"]


@dataclass(slots=True)
class OpenStream:
    """A stream whose headers have arrived."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    headers: list[tuple[str, str]]
    comments: int = 0
    _text: str = ""
    _ended: bool = False
    _frames: list[str] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    async def next(self, patience_s: float = PATIENCE_S) -> StreamEvent | None:
        """The next event, None at the proper end; raises NoEventError."""
        try:
            async with asyncio.timeout(patience_s):
                while not self._frames and not self._ended:
                    await self._read_chunk()
        except TimeoutError:
            raise NoEventError from None
        return parse_frame(self._frames.pop(0)) if self._frames else None

    async def take(self, count: int) -> list[StreamEvent]:
        """That many events."""
        events = [await self.next() for _ in range(count)]
        return [event for event in events if event is not None]

    async def rest(self) -> list[StreamEvent]:
        """Everything until the proper end."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def _read_chunk(self) -> None:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size)
        assert await self.reader.readexactly(2) == b"\r\n"
        self._ended = size == 0
        *frames, self._text = (self._text + data.decode()).split("\n\n")
        self.comments += frames.count(":")
        self._frames += [frame for frame in frames if frame != ":"]
        assert not (self._ended and self._text)


def stream_target(query: Query) -> str:
    """Path and query as the SDKs write them."""
    return "/events-stream?" + urlencode(list(query), quote_via=quote, safe="")


@asynccontextmanager
async def open_stream(
    base_url: str,
    query: Query,
    headers: Mapping[str, str] | None = None,
    *,
    limit: int = 2**16,
    target: str | None = None,
) -> AsyncIterator[OpenStream]:
    """Open a stream at a node; `limit` bounds what the reader takes before it is asked."""
    url = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=limit)
    try:
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        path = target or stream_target(query)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: {url.netloc}\r\n{lines}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = [line.partition(": ") for line in head[1:] if line]
        yield OpenStream(
            reader,
            writer,
            int(head[0].split(" ")[1]),
            [(name.lower(), value) for name, _, value in fields],
        )
    finally:
        # Closed without ceremony: a reader may leave whenever it likes.
        writer.transport.abort()
