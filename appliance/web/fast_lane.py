"""Answers plain public reads before any framework sees them.

It looks at bytes only while a connection is idle, and only at one whole request head of the
plainest kind. It decides nothing of its own: the address, the validators and every header come
from the modules that the slow way uses, and what does not match goes that way untouched. The
parser may refuse, never repair.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import BinaryIO

from appliance.errors import PubkyError
from appliance.logs import request_id
from appliance.metadata import entries
from appliance.metadata.entries import Entry
from appliance.pubky.timestamp import http_date
from appliance.web.access_log import log_request, logs_reads
from appliance.web.asgi import Headers, Scope
from appliance.web.cors import cors_headers
from appliance.web.http_cache import file_headers, is_not_modified, validator_headers
from appliance.web.rate_limits import admits
from appliance.web.services import Services
from appliance.web.storage_metrics import count_storage_request
from appliance.web.tenant import Address, resolve_address

LONGEST_HEAD = 4096
# Longer paths are rare and need the length rules of the slow way.
LONGEST_PATH = 250

# Every byte can match in one way only: a choice in a line would double the work with each line.
_HEAD = re.compile(
    rb"(GET|HEAD) ((?:/storage/[a-z0-9]{52})?/pub/[A-Za-z0-9._~/-]+) HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]{1,64}:[\x20-\x7e]*\r\n){1,48})\r\n"
)
# These change what the answer is, or how the connection goes on.
_NOT_PLAIN = frozenset(
    {
        b"authorization",
        b"connection",
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
)


@dataclass(frozen=True, slots=True)
class PlainRequest:
    """A request that the lane understood whole."""

    method: bytes
    raw_path: bytes
    headers: dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class LaneAnswer:
    """Bytes to write, then `file_bytes` of `file` if there is one."""

    status: int
    head: bytes
    body: bytes = b""
    file: BinaryIO | None = None
    file_bytes: int = 0


def parse_plain_request(data: bytes) -> PlainRequest | None:
    """The request, if `data` is exactly one plain head; None sends it the slow way."""
    if len(data) > LONGEST_HEAD or not data.endswith(b"\r\n\r\n"):
        return None
    match = _HEAD.fullmatch(data)
    if match is None:
        return None
    method, raw_path, lines = match.groups()
    if len(raw_path) > LONGEST_PATH or raw_path.endswith(b"/"):
        return None
    if any(segment in (b"", b".", b"..") for segment in raw_path[1:].split(b"/")):
        return None
    headers: dict[bytes, bytes] = {}
    for line in lines[:-2].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.lower()
        keeps_alive = name == b"connection" and value.strip().lower() == b"keep-alive"
        if (name in _NOT_PLAIN and not keeps_alive) or name in headers:
            return None
        headers[name] = value.strip()
    return PlainRequest(method, raw_path, headers) if b"host" in headers else None


class FastLane:
    """The lane of one client listener."""

    def __init__(self, services: Services, expose: bytes) -> None:
        self._services = services
        self._expose = expose

    async def answer(self, data: bytes, client: tuple[str, int] | None = None) -> LaneAnswer | None:
        """The whole answer to this client, or None when the slow way has to give it."""
        request = parse_plain_request(data)
        if request is None or self._services.bandwidth.limits_strangers:
            return None
        begin_s = asyncio.get_running_loop().time()
        scope: Scope = {
            "raw_path": request.raw_path,
            "query_string": b"",
            "headers": list(request.headers.items()),
            "method": request.method.decode(),
            "client": client,
        }
        try:
            address = resolve_address(scope)
            path = address.storage_path()
        except PubkyError:
            return None
        if address.tenant is None:
            return None
        entry = await self._services.metadata.peek(
            entries.find_of_key, address.tenant.z32, path.text
        )
        if entry is None or not admits(self._services, scope, address):
            return None
        answer = self._answer(request, address, entry)
        if answer is not None:
            self._note(request, scope, address, answer, begin_s)
        return answer

    def _answer(self, request: PlainRequest, address: Address, entry: Entry) -> LaneAnswer | None:
        legacy = not address.path_addressed
        is_head = request.method == b"HEAD"
        if not is_head and is_not_modified(
            entry,
            request.headers.get(b"if-none-match"),
            request.headers.get(b"if-modified-since"),
        ):
            return LaneAnswer(
                304, self._head(304, request, validator_headers(entry, legacy=legacy))
            )
        size = entry.content_length
        headers = file_headers(entry, legacy=legacy)
        headers.append((b"content-length", b"%d" % size))
        head = self._head(200, request, headers)
        if is_head:
            return LaneAnswer(200, head)
        blobs = self._services.storage.blobs
        body = blobs.read_small(entry.blob_id, size)
        if body is not None:
            return LaneAnswer(200, head, body)
        file = blobs.open_file(entry.blob_id)
        return None if file is None else LaneAnswer(200, head, b"", file, size)

    def _note(
        self,
        request: PlainRequest,
        scope: Scope,
        address: Address,
        answer: LaneAnswer,
        begin_s: float,
    ) -> None:
        counters = self._services.counters
        count_storage_request(counters, scope, address, None)
        counters.lane_answers[answer.status] = counters.lane_answers.get(answer.status, 0) + 1
        if logs_reads():
            request_id.set(secrets.token_hex(6))
            scope["method"] = request.method.decode()
            scope["address"] = address
            duration_s = asyncio.get_running_loop().time() - begin_s
            sent_bytes = len(answer.body) + answer.file_bytes
            log_request("client", scope, answer.status, duration_s, sent_bytes)

    def _head(self, status: int, request: PlainRequest, headers: Headers) -> bytes:
        """The same bytes as h11 writes for the slow way: it leaves the reason phrase empty."""
        date = http_date(self._services.clock()).encode()
        lines = headers + cors_headers(request.headers.get(b"origin"), self._expose)
        lines.append((b"date", date))
        fields = b"".join(b"%s: %s\r\n" % line for line in lines)
        return b"HTTP/1.1 %d \r\n%s\r\n" % (status, fields)
