"""HTTP by hand: what is sent goes out byte for byte, and an answer is kept as it came."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

# A bound for answers that never come; no test waits that long when all is well.
PATIENCE_S = 15.0

Lines = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RawResponse:
    """One answer; header names are lower case and in the order of the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    status_line: str = ""

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)

    def header_values(self, name: str) -> list[str]:
        """Every value of a header, line by line."""
        return [value for key, value in self.headers if key == name]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def brief(self) -> tuple[int, str]:
        """Status and body, for comparing with a table."""
        return self.status, self.text


@dataclass(frozen=True, slots=True)
class RawConnection:
    """One TCP connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Write and wait until the system has taken it."""
        self.writer.write(data)
        await self.writer.drain()

    async def response(self, *, to_head: bool = False) -> RawResponse:
        """The next answer; `to_head` when it answers HEAD."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status_line, *lines = head[:-4].decode("latin-1").split("\r\n")
            headers = []
            for line in lines:
                name, _, value = line.partition(":")
                headers.append((name.lower(), value.strip()))
            status = int(status_line.split(" ")[1])
            found = RawResponse(status, headers, b"", status_line)
            if to_head or status in {204, 304} or status < 200:
                return found
            return replace(found, body=await self._body(found))

    async def _body(self, head: RawResponse) -> bytes:
        length = head.header("content-length")
        if length is not None:
            return await self.reader.readexactly(int(length))
        if head.header("transfer-encoding") != "chunked":
            return await self.reader.read()
        body = b""
        while size := int(await self.reader.readline(), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readline()
        return body

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()


@asynccontextmanager
async def raw_connection(url: str, *, limit: int = 2**20) -> AsyncIterator[RawConnection]:
    """Connect to the host and port of a URL."""
    address = urlsplit(url)
    assert address.hostname is not None
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=limit)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.close()
        # A server that refused may have reset the connection by now.
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def request_bytes(
    method: str, target: str | bytes, headers: Lines = (), body: bytes = b"", *, host: str = "any"
) -> bytes:
    """A request as written; a length is added when there is a body and nothing says otherwise."""
    raw_target = target if isinstance(target, bytes) else target.encode("ascii")
    lines = [("host", host), *headers]
    names = {name.lower() for name, _ in lines}
    if body and not names & {"content-length", "transfer-encoding"}:
        lines.append(("content-length", str(len(body))))
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("latin-1")
    return method.encode() + b" " + raw_target + b" HTTP/1.1\r\n" + fields + b"\r\n" + body


async def ask(
    url: str,
    method: str,
    target: str | bytes,
    headers: Lines = (),
    body: bytes = b"",
    *,
    host: str = "any",
) -> RawResponse:
    """One request on a connection of its own."""
    async with raw_connection(url) as connection:
        await connection.send(request_bytes(method, target, headers, body, host=host))
        return await connection.response(to_head=method == "HEAD")


def chunked(*chunks: bytes) -> bytes:
    """A whole body in chunked coding."""
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return b"".join(parts) + b"0\r\n\r\n"
