"""What people ask about all that is theirs: totals, search, history, credentials."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import httpx

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, Members, door_errors, require_success
from dashboard.doors.gathered import Gathered
from dashboard.doors.looks import Announcement, read_announcement
from dashboard.doors.own_facts import (
    Breakdown,
    Change,
    Child,
    Credential,
    Facet,
    FlatPage,
    FolderPage,
    FolderSum,
    Found,
    Hit,
    OldVersion,
    Orphan,
    SmallObject,
    Sum,
    Twin,
    Usage,
)
from dashboard.doors.own_past import PastDoor
from dashboard.doors.storage import DOOR

Sorting = Literal["name", "size", "modified"]
Query = Mapping[str, str | int]


class OwnDoor:
    """Questions with one person's session. Every method raises `DoorError`."""

    def __init__(self, http: httpx.AsyncClient, session: Mapping[str, str]) -> None:
        self._http = http
        self._session = dict(session)
        self.past = PastDoor(http, session)
        self._objects = Gathered(self._many_objects)
        self._pointing = Gathered(self._many_pointing)

    async def usage(self) -> Usage:
        """Totals, quota, apps and the largest folders."""
        said = await self._ask("usage", {})
        trash = said.members("trash")
        return Usage(
            file_count=said.number("files"),
            byte_count=said.number("bytes"),
            charged_bytes=said.number("charged_bytes"),
            quota_bytes=said.number_or_none("quota_bytes"),
            apps=tuple(map(_folder, said.items("apps"))),
            folders=tuple(
                _folder(each)
                for each in said.items("folders")
                if each.text("path").startswith(OwnPath.ROOTS)
            ),
            trash_count=trash.number("versions"),
            trash_bytes=trash.number("bytes"),
        )

    async def breakdown(self, *, may_be_old: bool = False) -> Breakdown:
        """Looks at every file, so it takes its time with many of them, or may be of before."""
        said = await self._ask("breakdown", {"age": "any" if may_be_old else "current"})
        return Breakdown(
            types=tuple(map(_sum, said.items("types"))),
            months=tuple(map(_sum, said.items("months"))),
            largest=tuple(map(_child, said.items("largest"))),
            twins=tuple(
                Twin(_path(each.text("path")), each.number("copies"), each.number("bytes"))
                for each in said.items("twins")
            ),
            counted_at=said.moment("counted_at"),
            is_current=said.flag("is_current"),
        )

    async def folder(
        self,
        folder: OwnPath,
        limit: int,
        offset: int = 0,
        sort: Sorting = "name",
        *,
        descending: bool = False,
        name_part: str = "",
    ) -> FolderPage:
        """A page of a folder, sorted over the whole of it."""
        query: dict[str, str | int] = {
            "path": folder.text,
            "limit": limit,
            "offset": offset,
            "sort": sort,
            "order": "desc" if descending else "asc",
            "name": name_part,
        }
        said = await self._ask("folder", query)
        totals = said.members_or_none("totals")
        return FolderPage(
            items=tuple(map(_child, said.items())),
            name_count=said.number("names"),
            file_count=totals.number("files") if totals else 0,
            byte_count=totals.number("bytes") if totals else 0,
        )

    async def below(self, folder: OwnPath, query: Query) -> FlatPage:
        """Files at any depth below a folder; `query` as the API has it."""
        said = await self._ask("files", {**query, "path": folder.text})
        totals = said.members_or_none("totals")
        return FlatPage(
            items=tuple(map(_child, said.items())),
            wanted_count=said.number("wanted"),
            file_count=totals.number("files") if totals else 0,
            byte_count=totals.number("bytes") if totals else 0,
            next_cursor=said.text_or_none("next_cursor"),
        )

    async def delete_below(self, folder: OwnPath) -> tuple[int, bool]:
        """Delete some files below a folder; how many, and whether more are left."""
        async with door_errors(DOOR):
            response = await self._http.delete(
                "/owner/folder", params={"path": folder.text}, headers=self._session
            )
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return said.number("deleted"), said.flag("more")

    async def search(self, query: Query) -> Found:
        """Files that hold all words of `q`, narrowed as the API knows it."""
        said = await self._ask("search", query)
        return Found(
            items=tuple(map(_hit, said.items())),
            facets=tuple(
                Facet(
                    _path(each.text("path")),
                    each.text("type"),
                    each.text("month"),
                    each.number("bytes"),
                )
                for each in said.items("facets")
            ),
            behind=max(said.number("newest_event") - said.number("indexed_event"), 0),
        )

    async def pointing_to(self, address: str, limit: int = 100) -> tuple[OwnPath, ...]:
        """Own objects that hold this address."""
        said = await self._ask("references", {"target": address, "limit": limit})
        return tuple(_path(each.text("path")) for each in said.items())

    async def small_object(self, path: OwnPath) -> SmallObject:
        """The bytes of a small object. Who asks in the same turn shares one request."""
        return await self._objects.ask(path.text)

    async def pointing_to_together(self, address: str) -> tuple[OwnPath, ...]:
        """As `pointing_to`, in one request with whoever asks in the same turn."""
        return await self._pointing.ask(address)

    async def _many_objects(self, paths: list[str]) -> list[SmallObject]:
        said = await self._post("objects", {"paths": paths})
        return [
            SmallObject(item.flag("is_there"), item.bytes_or_none("content"))
            for item in said.items()
        ]

    async def _many_pointing(self, targets: list[str]) -> list[tuple[OwnPath, ...]]:
        said = await self._post("references", {"targets": targets})
        return [tuple(_path(text) for text in item.texts("paths")) for item in said.items()]

    async def _post(self, question: str, body: Mapping[str, object]) -> Members:
        async with door_errors(DOOR):
            response = await self._http.post(
                f"/owner/{question}", json=dict(body), headers=self._session
            )
        require_success(DOOR, response)
        return Members.of(DOOR, response)

    async def dangling(self, limit: int) -> tuple[tuple[OwnPath, str], ...]:
        """Own objects that point to own paths where nothing lies, with the address."""
        said = await self._ask("dangling", {"limit": limit})
        return tuple((_path(each.text("path")), each.text("target")) for each in said.items())

    async def unreferenced(self, folder: OwnPath, limit: int) -> tuple[Orphan, ...]:
        """Files below a folder that no own object points to, largest first."""
        said = await self._ask("unreferenced", {"folder": folder.text, "limit": limit})
        return tuple(
            Orphan(_path(each.text("path")), each.number("bytes"), each.moment("modified_at"))
            for each in said.items()
        )

    async def index_progress(self) -> tuple[int, int]:
        """How many changes the index has not read yet, and how many files it knows."""
        said = await self._ask("index", {})
        behind = max(said.number("newest_event") - said.number("indexed_event"), 0)
        return behind, said.number("documents")

    async def changes(self, query: Query) -> tuple[tuple[Change, ...], str | None]:
        """Changes, newest first, and the cursor of the next page."""
        said = await self._ask("events", query)
        return tuple(map(_change, said.items())), said.text_or_none("next_cursor")

    async def versions(self, path: OwnPath) -> tuple[tuple[OldVersion, ...], tuple[Change, ...]]:
        """The old versions of one path and its changes."""
        said = await self._ask("versions", {"path": path.text})
        return tuple(map(_old, said.items("versions"))), tuple(map(_change, said.items("events")))

    async def trash(self, limit: int, offset: int) -> tuple[OldVersion, ...]:
        """Old versions of everything, the latest first."""
        said = await self._ask("trash", {"limit": limit, "offset": offset})
        return tuple(map(_old, said.items()))

    async def open_old(self, version_id: str) -> httpx.Response:
        """The open answer with old bytes, whatever its status; the caller closes it."""
        address = f"/owner/trash/{quote(version_id, safe='')}"
        request = self._http.build_request("GET", address, headers=self._session)
        async with door_errors(DOOR):
            return await self._http.send(request, stream=True)

    async def announcements(
        self, limit: int, cursor: str | None
    ) -> tuple[tuple[Announcement, ...], str | None]:
        """Looks of operators into one's files, newest first, and the next page's cursor."""
        query: dict[str, str | int] = {"limit": limit}
        if cursor is not None:
            query["cursor"] = cursor
        said = await self._ask("announcements", query)
        return tuple(map(read_announcement, said.items())), said.text_or_none("next_cursor")

    async def credentials(self) -> tuple[Credential, ...]:
        """Everything that opens this account; needs a session for everything (403)."""
        said = await self._ask("access", {})
        return tuple(map(_credential, said.items()))

    async def end_session(self, session_id: int) -> None:
        """End one cookie session; needs a session for everything (403)."""
        async with door_errors(DOOR):
            response = await self._http.delete(
                f"/owner/sessions/{session_id}", headers=self._session
            )
        require_success(DOOR, response)

    async def _ask(self, question: str, query: Query) -> Members:
        async with door_errors(DOOR):
            response = await self._http.get(
                f"/owner/{question}", params=dict(query), headers=self._session
            )
        require_success(DOOR, response)
        return Members.of(DOOR, response)


def _path(text: str) -> OwnPath:
    try:
        return OwnPath.parse(text)
    except ValueError as error:
        raise DoorError(DOOR, "It named a path outside of the two trees.") from error


def _folder(said: Members) -> FolderSum:
    return FolderSum(
        _path(said.text("path")),
        said.number("files"),
        said.number("bytes"),
        said.moment("changed_at"),
    )


def _sum(said: Members) -> Sum:
    return Sum(said.text("name"), said.number("file_count"), said.number("size"))


def _child(said: Members) -> Child:
    return Child(
        _path(said.text("path")),
        said.number("files"),
        said.number("bytes"),
        said.moment("modified_at"),
        said.text_or_none("type"),
        said.text_or_none("content_hash"),
    )


def _hit(said: Members) -> Hit:
    return Hit(
        _path(said.text("path")),
        said.number("bytes"),
        said.text("type"),
        said.moment("modified_at"),
        said.texts("excerpt"),
    )


def _change(said: Members) -> Change:
    return Change(
        said.number("id"),
        said.text("kind"),
        _path(said.text("path")),
        said.moment("at"),
        said.text_or_none("content_hash"),
        said.text("writer"),
        said.text("writer_name"),
    )


def _old(said: Members) -> OldVersion:
    return OldVersion(
        said.text("id"),
        _path(said.text("path")),
        said.number("bytes"),
        said.text("type"),
        said.text("content_hash"),
        said.moment("modified_at"),
        said.moment("retired_at"),
        said.moment("kept_until"),
        said.flag("is_replaced"),
    )


def _credential(said: Members) -> Credential:
    return Credential(
        kind="grant" if said.text("kind") == "grant" else "session",
        id=said.number("id"),
        grant_id=said.text_or_none("grant_id"),
        name=said.text("name"),
        origin=said.text("origin"),
        key=said.text_or_none("key"),
        capabilities=said.text("capabilities"),
        created_at=said.moment("created_at"),
        expires_at=said.moment("expires_at"),
        last_used_at=said.moment("last_used_at"),
        changes=said.number("changes"),
        last_change_at=said.moment_or_none("last_change_at"),
        is_current=said.flag("is_current"),
    )
