"""An operator's look into somebody's files: opened with a reason, and told to the person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import httpx

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, Members, door_errors, require_success

DOOR = "The admin API"


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks, why, and until when."""

    actor: str
    reason: str
    opened_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A file or folder of somebody else; folders have no size and no time."""

    path: OwnPath
    byte_count: int | None
    content_type: str | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a person is told of one look: `reads` are the newest of `read_count`, with a path."""

    id: int
    look: Look
    read_count: int
    reads: tuple[tuple[datetime, str], ...]


class LookDoor:
    """Every method raises `DoorError`, and `DoorRefusedError` (403) when no look is open."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def find_open(self, public_key: str) -> Look | None:
        """The look that goes on now."""
        async with door_errors(DOOR):
            response = await self._http.get(_address(public_key))
        require_success(DOOR, response)
        said = Members.of(DOOR, response).members_or_none("opening")
        return None if said is None else read_look(said)

    async def open(self, public_key: str, reason: str, who: str) -> Look:
        """Begin a look. `DoorRefusedError` (400) when the reason is none."""
        async with door_errors(DOOR):
            response = await self._http.post(
                _address(public_key), json={"reason": reason, "who": who}
            )
        require_success(DOOR, response)
        return read_look(Members.of(DOOR, response))

    async def close(self, public_key: str) -> None:
        """End the look."""
        async with door_errors(DOOR):
            response = await self._http.delete(_address(public_key))
        require_success(DOOR, response)

    async def folder(
        self, public_key: str, folder: OwnPath | None, limit: int, cursor: str | None
    ) -> tuple[tuple[Seen, ...], str | None]:
        """What lies directly in a folder (None: the two trees), and the next page's cursor."""
        query: dict[str, str | int] = {"path": folder.text if folder else "/", "limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        async with door_errors(DOOR):
            response = await self._http.get(f"{_address(public_key)}/folder", params=query)
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return tuple(map(_seen, said.items())), said.text_or_none("next_cursor")

    async def open_stream(
        self, public_key: str, path: OwnPath, method: str, headers: Mapping[str, str]
    ) -> httpx.Response:
        """The open answer with a file's bytes, whatever its status; the caller closes it."""
        request = self._http.build_request(
            method,
            f"{_address(public_key)}/file",
            params={"path": path.text},
            headers=dict(headers),
        )
        async with door_errors(DOOR):
            return await self._http.send(request, stream=True)


def read_look(said: Members) -> Look:
    """A look as both APIs tell it."""
    return Look(
        said.text("actor"),
        said.text("reason"),
        said.moment("opened_at"),
        said.moment("closes_at"),
    )


def read_announcement(said: Members) -> Announcement:
    """An announcement of the client API."""
    return Announcement(
        id=said.number("id"),
        look=read_look(said),
        read_count=said.number("read_count"),
        reads=tuple((each.moment("at"), each.text("path")) for each in said.items("reads")),
    )


def _address(public_key: str) -> str:
    return f"/users/{quote(public_key, safe='')}/break-glass"


def _seen(said: Members) -> Seen:
    try:
        path = OwnPath.parse(said.text("path"))
    except ValueError as error:
        raise DoorError(DOOR, "It named a path outside of the two trees.") from error
    return Seen(
        path,
        said.number_or_none("bytes"),
        said.text_or_none("type"),
        said.moment_or_none("modified_at"),
    )
