"""The client API as any visitor sees it: public listings and public bytes, without a session."""

from collections.abc import Mapping

import httpx

from dashboard.addresses import PublicPath
from dashboard.doors.answers import client_of
from dashboard.doors.storage import Listing, ObjectFacts, Storage


class ClientDoor:
    """Every question the dashboard asks as a visitor. All raise `DoorError`."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = client_of(base_url, transport)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def find_folder(
        self, public_key: str, folder: PublicPath, limit: int, cursor: str | None = None
    ) -> Listing | None:
        """One page of a folder, or None when it is empty or absent: the two are the same."""
        return await self._of(public_key).find_folder(folder, limit, cursor)

    async def find_object(self, public_key: str, path: PublicPath) -> ObjectFacts | None:
        """The facts about an object, or None."""
        return await self._of(public_key).find_object(path)

    async def read(self, public_key: str, path: PublicPath, max_bytes: int) -> bytes:
        """At most `max_bytes` from the start of an object that is not empty."""
        return await self._of(public_key).read(path, max_bytes)

    async def open_stream(
        self, method: str, public_key: str, path: PublicPath, headers: Mapping[str, str]
    ) -> httpx.Response:
        """The open answer for an object, whatever its status; the caller closes it."""
        return await self._of(public_key).open_stream(method, path, headers)

    def _of(self, public_key: str) -> Storage:
        return Storage(self._http, public_key)
