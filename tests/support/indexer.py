"""An aggregator of many homeservers, written against the public API alone, as a third party would.

It learns of users from `GET /events/`, follows each user on `GET /events-stream`, fetches every
file that changed, and keeps cursors and contents on disk, so that it can be killed at any time.
Run it as a program: `python -m tests.support.indexer FOLDER URL...`.
"""

import asyncio
import base64
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
from blake3 import blake3

POLL_S = 0.1
_URL = re.compile(r"(PUT|DEL) pubky://([a-z0-9]{52})(/.*)")

# Homeserver, user, path.
Place = tuple[str, str, str]


@dataclass(slots=True)
class Index:
    """What is known: cursors and the contents of files, as one journal on disk.

    Each line is whole or was never written: a torn last line is dropped when it is read again.
    """

    file: Path
    feed_cursors: dict[str, int] = field(default_factory=dict)
    user_cursors: dict[tuple[str, str], int] = field(default_factory=dict)
    contents: dict[Place, str] = field(default_factory=dict)

    def read(self) -> int:
        """Take in every whole line of the journal; returns how many bytes they are."""
        text = self.file.read_bytes() if self.file.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._take(json.loads(line))
        return len(whole)

    def load(self) -> None:
        """Read the journal and cut off a torn line, to go on writing."""
        length = self.read()
        if self.file.exists():
            os.truncate(self.file, length)

    def note(self, **entry: str | int | None) -> None:
        """Remember something, first on disk."""
        with self.file.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry) + "\n")
        self._take(entry)

    def _take(self, entry: dict[str, str | int | None]) -> None:
        server, user = str(entry["server"]), str(entry["user"])
        if entry["user"] is None:
            self.feed_cursors[server] = int(entry["cursor"] or 0)
            return
        self.user_cursors[server, user] = int(entry["cursor"] or 0)
        if entry["path"] is not None:
            place = (server, user, str(entry["path"]))
            if entry["hash"] is None:
                self.contents.pop(place, None)
            else:
                self.contents[place] = str(entry["hash"])


@dataclass(slots=True)
class Indexer:
    """Follows some homeservers until it is stopped."""

    index: Index
    http: httpx.AsyncClient
    group: asyncio.TaskGroup
    followed: set[tuple[str, str]] = field(default_factory=set)

    async def poll(self, server: str) -> None:
        """Learn of users from the public feed, page by page."""
        for known_server, user in list(self.index.user_cursors):
            if known_server == server:
                self._follow(server, user)
        while True:
            cursor = self.index.feed_cursors.get(server, 0)
            try:
                page = await self.http.get(
                    f"{server}/events/", params={"cursor": cursor, "limit": 50}
                )
                page.raise_for_status()
            except httpx.HTTPError:
                await asyncio.sleep(POLL_S)
                continue
            lines = page.text.split("\n") if page.text else []
            for line in lines[:-1]:
                match = _URL.fullmatch(line)
                assert match is not None, line
                self._follow(server, match[2])
            if lines:
                name, _, value = lines[-1].partition(": ")
                assert name == "cursor"
                assert int(value) > cursor
                self.index.note(server=server, user=None, cursor=int(value))
            else:
                await asyncio.sleep(POLL_S)

    def _follow(self, server: str, user: str) -> None:
        if (server, user) not in self.followed:
            self.followed.add((server, user))
            if (server, user) not in self.index.user_cursors:
                self.index.note(server=server, user=user, cursor=0, path=None, hash=None)
            self.group.create_task(self._follow_for_ever(server, user))

    async def _follow_for_ever(self, server: str, user: str) -> None:
        while True:
            try:
                await self._follow_once(server, user)
            except httpx.HTTPError:
                await asyncio.sleep(POLL_S)

    async def _follow_once(self, server: str, user: str) -> None:
        cursor = self.index.user_cursors[server, user]
        params = {"user": f"{user}:{cursor}", "live": "true"}
        async with self.http.stream("GET", f"{server}/events-stream", params=params) as stream:
            stream.raise_for_status()
            frame: list[str] = []
            async for line in stream.aiter_lines():
                if line:
                    frame.append(line)
                elif frame and frame[0].startswith("event: "):
                    await self._take(server, user, frame)
                    frame = []

    async def _take(self, server: str, user: str, frame: list[str]) -> None:
        kind = frame[0].removeprefix("event: ")
        data = [line.removeprefix("data: ") for line in frame[1:]]
        path = data[0].removeprefix(f"pubky://{user}")
        cursor = int(data[1].removeprefix("cursor: "))
        assert cursor > self.index.user_cursors[server, user]
        found = None
        if kind == "PUT":
            found = await self._fetch(server, user, path)
        self.index.note(server=server, user=user, cursor=cursor, path=path, hash=found)

    async def _fetch(self, server: str, user: str, path: str) -> str | None:
        """The hash of what is there now: a later event may have changed it, and will come."""
        file = await self.http.get(f"{server}/storage/{user}{quote(path, safe='/')}")
        if file.status_code == 404:
            return None
        file.raise_for_status()
        digest = base64.b64encode(blake3(file.content).digest()).decode()
        assert file.headers["etag"] == f'"{digest}"'
        return digest


async def _run(folder: Path, servers: Sequence[str]) -> None:
    index = Index(folder / "index.jsonl")
    index.load()
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(10, read=40), limits=limits) as http,
        asyncio.TaskGroup() as group,
    ):
        indexer = Indexer(index, http, group)
        for server in servers:
            group.create_task(indexer.poll(server))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), sys.argv[2:]))
