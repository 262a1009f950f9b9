"""The storage routes: plain ASGI on the undecoded path, with bodies that stream both ways.

Quart cannot hold this contract: it takes bodies into memory, merges slashes, answers OPTIONS by
itself and ends slow uploads. The order of the checks is the contract's (client API 7, 8, 9, 11).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator

from appliance.blobs.store import BlobReader
from appliance.errors import PubkyError, invalid
from appliance.homeserver.authorize import check_read, check_write
from appliance.homeserver.sessions import ActiveSession
from appliance.metadata.entries import Entry
from appliance.pubky.keys import PublicKey
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.asgi import Headers, Message, Receive, Scope, Send, header, send_answer
from appliance.web.credentials import find_session
from appliance.web.http_cache import (
    VARY_LEGACY,
    file_headers,
    is_not_modified,
    range_applies,
    validator_headers,
)
from appliance.web.listing import InvalidBooleanError, ListingQuery, listing_json, listing_text
from appliance.web.ranges import ByteRange, Multipart, parse_ranges
from appliance.web.services import Services
from appliance.web.storage_metrics import count_storage_request
from appliance.web.tenant import Address

METHODS = "DELETE,GET,HEAD,PUT"
# A client that sends nothing for this long has gone; its half upload must not stay for ever.
LONGEST_STALL_S = 120.0

_NO_STORE = (b"cache-control", b"no-store")


async def storage_app(
    services: Services, address: Address, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request to a storage path; the address is resolved already."""
    request = _Request(services, address, scope, receive, send)
    if address.is_private:
        request.send = _with_private_policy(send, address)
    method: str = scope["method"]
    if method not in METHODS.split(","):
        await send_method_not_allowed(request.send, METHODS)
        return
    session = await find_session(services.sessions, scope, address.tenant)
    count_storage_request(services.counters, scope, address, session)
    try:
        match method:
            case "PUT":
                await request.put(session)
            case "DELETE":
                await request.delete(session)
            case "HEAD":
                await request.head(session)
            case _:
                await request.get(session)
    except InvalidBooleanError as error:
        await send_answer(request.send, 400, [], error.message.encode(), head=False)
    except PubkyError as error:
        await send_refusal(request.send, error, head=method == "HEAD", extra=[])


def _with_private_policy(send: Send, address: Address) -> Send:
    """Private answers are never stored, and refused ones carry no validators."""
    vary = b"Authorization, Cookie"
    if not address.path_addressed:
        vary = b"pubky-host, " + vary

    async def send_private(message: Message) -> None:
        if message["type"] == "http.response.start":
            dropped = {b"cache-control", b"vary"}
            if message["status"] >= 400:
                dropped |= {b"etag", b"last-modified"}
            kept = [(name, value) for name, value in message["headers"] if name not in dropped]
            message["headers"] = [*kept, _NO_STORE, (b"vary", vary)]
        await send(message)

    return send_private


class _Request:
    """One request to a storage path."""

    def __init__(
        self, services: Services, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.services = services
        self.address = address
        self.scope = scope
        self.receive = receive
        self.send = send

    def tenant(self) -> PublicKey:
        """The addressed owner; raises PubkyError invalid."""
        if self.address.tenant is None:
            raise invalid("Missing request tenant")
        return self.address.tenant

    async def put(self, session: ActiveSession | None) -> None:
        """Create or overwrite a file."""
        session = _required(session)
        tenant = self.tenant()
        path = self.address.file_path()
        check_write(path, tenant, session)
        await self.services.storage.write(
            tenant, path, session.author, self._declared_bytes(), self._body()
        )
        await send_answer(self.send, 201, [], b"", head=False)

    async def delete(self, session: ActiveSession | None) -> None:
        """Delete a file."""
        session = _required(session)
        tenant = self.tenant()
        path = self.address.file_path()
        check_write(path, tenant, session)
        await self.services.storage.delete(tenant, path, session.author)
        await send_answer(self.send, 204, [], b"", head=False)

    async def head(self, session: ActiveSession | None) -> None:
        """The headers of a file; never conditional, never a range, never a directory."""
        tenant = self.tenant()
        path = self.address.storage_path()
        check_read(path, tenant, session)
        entry = None if path.is_directory else await self.services.storage.find(tenant, path)
        if entry is None:
            raise PubkyError("not_found", "Not Found")
        await self._send_head(200, self._file_headers(entry), entry.content_length)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def get(self, session: ActiveSession | None) -> None:
        """A file, or the listing of a directory."""
        tenant = self.tenant()
        path = self.address.storage_path()
        query = ListingQuery.parse(self.scope["query_string"])
        check_read(path, tenant, session)
        if path.is_directory:
            await self._send_listing(tenant, query)
            return
        entry = await self.services.storage.find(tenant, path)
        if entry is None:
            raise PubkyError("not_found", "Not Found")
        legacy = not self.address.path_addressed
        if is_not_modified(
            entry,
            header(self.scope, b"if-none-match"),
            header(self.scope, b"if-modified-since"),
        ):
            headers = validator_headers(entry, legacy=legacy)
            await send_answer(self.send, 304, headers, b"", head=False)
            return
        await self._send_file(entry)

    async def _send_listing(self, tenant: PublicKey, query: ListingQuery) -> None:
        directory = self.address.storage_path()
        storage = self.services.storage
        if not await storage.directory_exists(tenant, directory):
            raise PubkyError("not_found", "Directory Not Found")
        items = await storage.list(
            tenant,
            directory,
            query.cursor_path(),
            query.limit,
            reverse=query.reverse,
            shallow=query.shallow,
        )
        headers: Headers = [] if self.address.path_addressed else [VARY_LEGACY]
        if query.as_json:
            body = listing_json(items, query.limit, tenant)
            headers.insert(0, (b"content-type", b"application/json"))
        else:
            body = listing_text(tenant, items)
            headers.insert(0, (b"content-type", b"text/plain"))
        await send_answer(self.send, 200, headers, body, head=False)

    async def _send_file(self, entry: Entry) -> None:
        size = entry.content_length
        ranges = self._ranges(entry)
        if ranges == []:
            headers = [
                (b"content-range", b"bytes */%d" % size),
                *validator_headers(entry, legacy=not self.address.path_addressed),
            ]
            await send_answer(self.send, 416, headers, b"", head=False)
            return
        # Opened before the headers go out: after that there is no way to say 500.
        async with self.services.storage.blobs.open(entry.blob_id) as blob:
            if ranges is None:
                await self._send_head(200, self._file_headers(entry), size)
                await self._send_bytes(blob, ByteRange(0, size))
            elif len(ranges) == 1:
                headers = self._file_headers(entry)
                headers.append((b"content-range", ranges[0].content_range(size)))
                await self._send_head(206, headers, ranges[0].length)
                await self._send_bytes(blob, ranges[0])
            else:
                await self._send_multipart(blob, entry, ranges)
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_multipart(
        self, blob: BlobReader, entry: Entry, ranges: list[ByteRange]
    ) -> None:
        parts = Multipart.of(
            ranges, entry.content_length, entry.content_type, secrets.token_hex(16)
        )
        content_type = f"multipart/byteranges; boundary={parts.boundary}".encode()
        headers = [
            (name, content_type if name == b"content-type" else value)
            for name, value in self._file_headers(entry)
        ]
        await self._send_head(206, headers, parts.length)
        for part_head, item in zip(parts.heads, ranges, strict=True):
            await self.send({"type": "http.response.body", "body": part_head, "more_body": True})
            await self._send_bytes(blob, item)
        await self.send({"type": "http.response.body", "body": parts.end, "more_body": True})

    def _ranges(self, entry: Entry) -> list[ByteRange] | None:
        value = header(self.scope, b"range")
        if value is None or not range_applies(entry, header(self.scope, b"if-range")):
            return None
        return parse_ranges(value, entry.content_length)

    def _file_headers(self, entry: Entry) -> Headers:
        return file_headers(entry, legacy=not self.address.path_addressed)

    async def _send_head(self, status: int, headers: Headers, length: int) -> None:
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"content-length", str(length).encode())],
            }
        )

    async def _send_bytes(self, blob: BlobReader, item: ByteRange) -> None:
        async for chunk in blob.chunks(item.start, item.stop):
            await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    def _declared_bytes(self) -> int | None:
        value = header(self.scope, b"content-length")
        return int(value) if value is not None and value.isdigit() else None

    async def _body(self) -> AsyncIterator[bytes]:
        """The request's body as it arrives; raises PubkyError invalid when it breaks off."""
        more = True
        while more:
            try:
                async with asyncio.timeout(LONGEST_STALL_S):
                    message = await self.receive()
            except TimeoutError:
                raise invalid("Stream broken") from None
            if message["type"] == "http.disconnect":
                raise invalid("Stream broken")
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk


def _required(session: ActiveSession | None) -> ActiveSession:
    if session is None:
        raise PubkyError("unauthenticated", "No authenticated session found")
    return session
