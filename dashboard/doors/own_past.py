"""What people ask about how their files once were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import httpx

from dashboard.addresses import OwnPath
from dashboard.doors.answers import (
    DoorError,
    DoorRefusedError,
    Members,
    door_errors,
    require_success,
)
from dashboard.doors.storage import DOOR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PastFile:
    """A file as it was; without a `version` its bytes are what lies there now."""

    path: OwnPath
    byte_count: int
    modified_at: datetime
    content_type: str
    content_hash: str
    version: str | None


@dataclass(frozen=True, slots=True)
class PastName:
    """A name in a folder as it was; a folder with all that was below it, and without a `file`."""

    path: OwnPath
    file_count: int
    byte_count: int
    modified_at: datetime
    file: PastFile | None


@dataclass(frozen=True, slots=True)
class PastFolder:
    """Some of a folder's names as they were, how many there were, and the totals of all below.

    `lost` are some of the `lost_count` files that lay there and whose bytes are gone.
    """

    items: tuple[PastName, ...]
    name_count: int
    file_count: int
    byte_count: int
    lost: tuple[OwnPath, ...]
    lost_count: int
    kept_since: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """What is not as it was: an `old` version to put back, or a `new` file that was not there."""

    kind: Literal["old", "new"]
    path: OwnPath
    byte_count: int
    content_type: str
    version: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """How much is different below a folder; counted with the first page only."""

    old_files: int
    old_bytes: int
    new_files: int


class PastDoor:
    """Questions with one person's session. Every method raises `DoorError`."""

    def __init__(self, http: httpx.AsyncClient, session: Mapping[str, str]) -> None:
        self._http = http
        self._session = dict(session)

    async def folder(self, folder: OwnPath, at: datetime, limit: int, offset: int) -> PastFolder:
        """One page of a folder, by name, as it was."""
        said = await self._ask("folder", folder, at, limit=limit, offset=offset)
        lost = said.members("lost")
        return PastFolder(
            items=tuple(map(_name, said.items())),
            name_count=said.number("names"),
            file_count=said.number("files"),
            byte_count=said.number("bytes"),
            lost=tuple(map(_path, lost.texts("paths"))),
            lost_count=lost.number("files"),
            kept_since=said.moment("kept_since"),
        )

    async def file(self, path: OwnPath, at: datetime) -> PastFile | None:
        """What lay at a path, or None where nothing lay that is kept."""
        try:
            return _file(await self._ask("file", path, at))
        except DoorRefusedError as error:
            if error.status == 404:
                return None
            raise

    async def count_differences(self, folder: OwnPath, at: datetime) -> Differences:
        """How much is different now from then below a folder."""
        said = await self._ask("differences", folder, at, limit=1)
        old, new = said.members("old"), said.members("new")
        return Differences(old.number("files"), old.number("bytes"), new.number("files"))

    async def differences(
        self, folder: OwnPath, at: datetime, limit: int, cursor: str
    ) -> tuple[tuple[Difference, ...], str | None]:
        """What is different, in path order, and the cursor of the next page."""
        said = await self._ask("differences", folder, at, limit=limit, cursor=cursor)
        return tuple(map(_difference, said.items())), said.text_or_none("next_cursor")

    async def _ask(self, question: str, path: OwnPath, at: datetime, **query: str | int) -> Members:
        at_us = int((at - _EPOCH).total_seconds()) * 1_000_000 + at.microsecond
        async with door_errors(DOOR):
            response = await self._http.get(
                f"/owner/past/{question}",
                params={"path": path.text, "at_us": at_us, **query},
                headers=self._session,
            )
        require_success(DOOR, response)
        return Members.of(DOOR, response)


def _path(text: str) -> OwnPath:
    try:
        return OwnPath.parse(text)
    except ValueError as error:
        raise DoorError(DOOR, "It named a path outside of the two trees.") from error


def _name(said: Members) -> PastName:
    path = _path(said.text("path"))
    return PastName(
        path,
        said.number("files"),
        said.number("bytes"),
        said.moment("modified_at"),
        None if path.is_folder else _file(said),
    )


def _file(said: Members) -> PastFile:
    return PastFile(
        _path(said.text("path")),
        said.number("bytes"),
        said.moment("modified_at"),
        said.text("type"),
        said.text("content_hash"),
        said.text_or_none("version"),
    )


def _difference(said: Members) -> Difference:
    return Difference(
        "old" if said.text("kind") == "old" else "new",
        _path(said.text("path")),
        said.number("bytes"),
        said.text("type"),
        said.text_or_none("version"),
    )
