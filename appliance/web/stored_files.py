"""Bodies of stored files, in and out: streamed both ways, conditional, in ranges.

Shared by the client API and WebDAV, which differ in who may and in the headers around.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator

from appliance.blobs.store import BlobReader, BlobStore
from appliance.errors import invalid
from appliance.metadata.entries import Entry
from appliance.web.asgi import Headers, Receive, Scope, Send, header, send_answer
from appliance.web.http_cache import is_not_modified, range_applies
from appliance.web.ranges import ByteRange, Multipart, parse_ranges

# A client that sends nothing for this long has gone; its half upload must not stay for ever.
LONGEST_STALL_S = 120.0


async def body_chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The request's body as it arrives; raises PubkyError invalid when it breaks off."""
    more = True
    while more:
        try:
            async with asyncio.timeout(LONGEST_STALL_S):
                message = await receive()
        except TimeoutError:
            raise invalid("Stream broken") from None
        if message["type"] == "http.disconnect":
            raise invalid("Stream broken")
        more = message.get("more_body", False)
        if chunk := message.get("body", b""):
            yield chunk


def declared_bytes(scope: Scope) -> int | None:
    """The body's length if the client says it."""
    value = header(scope, b"content-length")
    return int(value) if value is not None and value.isdigit() else None


async def send_file_head(entry: Entry, headers: Headers, send: Send) -> None:
    """Answer HEAD: what a GET would say, without the bytes."""
    await _send_start(send, 200, headers, entry.content_length)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_file(
    blobs: BlobStore,
    entry: Entry,
    headers: Headers,
    validators: Headers,
    scope: Scope,
    send: Send,
) -> None:
    """Answer GET: 304, 416, the ranges that are asked for, or the whole file.

    `headers` go with bytes, `validators` with the answers that have none.
    """
    if is_not_modified(entry, header(scope, b"if-none-match"), header(scope, b"if-modified-since")):
        await send_answer(send, 304, validators, b"", head=False)
        return
    size = entry.content_length
    ranges = _wanted_ranges(entry, scope)
    if ranges == []:
        unsatisfied = (b"content-range", b"bytes */%d" % size)
        await send_answer(send, 416, [unsatisfied, *validators], b"", head=False)
        return
    # Opened before the headers go out: after that there is no way to say 500.
    async with blobs.open(entry.blob_id) as blob:
        if ranges is None:
            await _send_start(send, 200, headers, size)
            await _send_bytes(send, blob, ByteRange(0, size))
        elif len(ranges) == 1:
            content_range = (b"content-range", ranges[0].content_range(size))
            await _send_start(send, 206, [*headers, content_range], ranges[0].length)
            await _send_bytes(send, blob, ranges[0])
        else:
            await _send_multipart(send, blob, entry, headers, ranges)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _wanted_ranges(entry: Entry, scope: Scope) -> list[ByteRange] | None:
    value = header(scope, b"range")
    if value is None or not range_applies(entry, header(scope, b"if-range")):
        return None
    return parse_ranges(value, entry.content_length)


async def _send_multipart(
    send: Send, blob: BlobReader, entry: Entry, headers: Headers, ranges: list[ByteRange]
) -> None:
    parts = Multipart.of(ranges, entry.content_length, entry.content_type, secrets.token_hex(16))
    content_type = f"multipart/byteranges; boundary={parts.boundary}".encode()
    with_type = [
        (name, content_type if name == b"content-type" else value) for name, value in headers
    ]
    await _send_start(send, 206, with_type, parts.length)
    for part_head, item in zip(parts.heads, ranges, strict=True):
        await send({"type": "http.response.body", "body": part_head, "more_body": True})
        await _send_bytes(send, blob, item)
    await send({"type": "http.response.body", "body": parts.end, "more_body": True})


async def _send_start(send: Send, status: int, headers: Headers, length: int) -> None:
    with_length = [*headers, (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": with_length})


async def _send_bytes(send: Send, blob: BlobReader, item: ByteRange) -> None:
    async for chunk in blob.chunks(item.start, item.stop):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
