"""Stored files as the client API shows them: what both of its doors ask and get."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from dashboard.addresses import StoredPath
from dashboard.doors.answers import DoorError, Members, door_errors, require_success

DOOR = "The client API"
# A compressed answer would break ranges and lengths.
PLAIN = {"Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class File:
    """A file in a listing."""

    path: StoredPath
    byte_count: int
    content_type: str
    modified_at: datetime
    content_hash: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in a listing; it exists only by the files below it."""

    path: StoredPath


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a folder, and where the next begins."""

    items: tuple[File | Folder, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What the headers of an object say."""

    byte_count: int
    content_type: str
    etag: str
    modified_at: datetime | None

    @property
    def blake3_hex(self) -> str | None:
        """The BLAKE3 hash as `b3sum` prints it; the ETag holds it in base64 (client API 9)."""
        try:
            digest = b64decode(self.etag.strip('"'), validate=True)
        except ValueError:
            return None
        return digest.hex() if len(digest) == 32 else None


class Storage:
    """The files of one person, asked with these headers. Every method raises `DoorError`."""

    def __init__(
        self, http: httpx.AsyncClient, public_key: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._http = http
        self._key = public_key
        self._headers = PLAIN | dict(headers or {})

    async def find_folder(
        self,
        folder: StoredPath,
        limit: int,
        cursor: str | None = None,
        *,
        reverse: bool = False,
    ) -> Listing | None:
        """One page of a folder, or None when it is empty or absent: the two are the same.

        In reverse the last name comes first, and a cursor leads to the names before it.
        """
        query: dict[str, str | int] = {"format": "json", "shallow": "true", "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        if reverse:
            query["reverse"] = "true"
        address = self._address(folder)
        async with door_errors(DOOR):
            response = await self._http.get(address, params=query, headers=self._headers)
        if response.status_code == 404:
            return None
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        items = tuple(_item(item, type(folder)) for item in said.items())
        return Listing(items, said.text_or_none("next_cursor"))

    async def find_object(self, path: StoredPath) -> ObjectFacts | None:
        """The facts about an object, or None."""
        async with door_errors(DOOR):
            response = await self._http.head(self._address(path), headers=self._headers)
        if response.status_code == 404:
            return None
        require_success(DOOR, response)
        return facts_of(response.headers)

    async def read(self, path: StoredPath, max_bytes: int) -> bytes:
        """At most `max_bytes` from the start of an object that is not empty."""
        async with door_errors(DOOR):
            wanted = {"Range": f"bytes=0-{max_bytes - 1}"}
            response = await self.open_stream("GET", path, wanted)
            try:
                if response.is_error:
                    await response.aread()
                    require_success(DOOR, response)
                head = bytearray()
                async for chunk in response.aiter_raw():
                    head += chunk
                    if len(head) >= max_bytes:
                        break  # a server that ignored the range must not fill the memory
                return bytes(head[:max_bytes])
            finally:
                await response.aclose()

    async def open_stream(
        self, method: str, path: StoredPath, headers: Mapping[str, str]
    ) -> httpx.Response:
        """The open answer for an object, whatever its status; the caller closes it."""
        request = self._http.build_request(
            method, self._address(path), headers=self._headers | dict(headers)
        )
        async with door_errors(DOOR):
            return await self._http.send(request, stream=True)

    def _address(self, path: StoredPath) -> str:
        return f"/storage/{self._key}{path.quoted}"


def _item(said: Members, kind_of_path: type[StoredPath]) -> File | Folder:
    try:
        path = kind_of_path.parse(said.text("path"))
    except ValueError as error:
        raise DoorError(DOOR, "It listed a path outside of the tree.") from error
    kind = said.text("kind")
    if kind == "folder":
        return Folder(path)
    if kind == "file":
        return File(
            path=path,
            byte_count=said.number("bytes"),
            content_type=said.text("type"),
            modified_at=said.moment("modified_at"),
            content_hash=said.text("content_hash"),
        )
    raise DoorError(DOOR, f"It listed a '{kind}'.")


def facts_of(headers: httpx.Headers) -> ObjectFacts:
    """What the headers of an answer say of an object. Raises `DoorError`."""
    length = headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise DoorError(DOOR, "It did not say how long the object is.")
    return ObjectFacts(
        byte_count=int(length),
        content_type=headers.get("content-type", "application/octet-stream"),
        etag=headers.get("etag", ""),
        modified_at=_http_date(headers.get("last-modified")),
    )


def _http_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None  # a date is a courtesy; the page can do without
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
