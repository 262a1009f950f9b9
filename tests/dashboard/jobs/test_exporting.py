"""Exports from a node on which things go wrong meanwhile: nothing is left out in silence."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import httpx
import pytest
from blake3 import blake3

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.tenant import TenantDoors
from dashboard.jobs.exporting import Count, Export, Scope, count
from dashboard.jobs.job import Job, JobCancelledError
from dashboard.jobs.jobs import Jobs

KEY = "8" * 52
PUBLIC = Scope((OwnPath("/pub/"),))


def in_base64(body: bytes) -> str:
    return b64encode(blake3(body).digest()).decode()


@dataclass
class Pieces(httpx.AsyncByteStream):
    """A body that may break off in the middle."""

    body: bytes
    breaks_after: int | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.breaks_after is None:
            yield self.body
            return
        yield self.body[: self.breaks_after]
        raise httpx.ReadError("gone")


@dataclass
class FlawedNode:
    """A node with these files in `/pub/`; `now` holds what lies there since the listing."""

    listed: dict[str, bytes]
    now: dict[str, bytes | None] = field(default_factory=dict)
    wrong: dict[str, bytes] = field(default_factory=dict)
    breaks: dict[str, list[int]] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/owner/events":
            return httpx.Response(200, json={"items": [], "next_cursor": None})
        path = unquote(request.url.path).removeprefix(f"/storage/{KEY}")
        if path == "/pub/":
            return httpx.Response(200, json={"items": [*map(self._item, self.listed)]})
        return self._object(path, request)

    def _item(self, path: str) -> dict[str, Any]:
        return {
            "kind": "file",
            "path": path,
            "bytes": len(self.listed[path]),
            "type": "text/plain",
            "modified_at": "2026-05-01T12:00:00Z",
            "content_hash": in_base64(self.listed[path]),
        }

    def _object(self, path: str, request: httpx.Request) -> httpx.Response:
        asked = request.headers.get("Range", "")
        self.asked.append((path, asked))
        if path in self.status:
            return httpx.Response(self.status[path], text="Not today.")
        body = self.now.get(path, self.listed[path])
        if body is None:
            return httpx.Response(404)
        start = int(asked[6:-1]) if asked else 0
        headers = {"ETag": f'"{in_base64(body)}"', "Content-Type": "text/plain"}
        sent = self.wrong.get(path, body)[start:]
        headers["Content-Length"] = str(len(sent))
        breaks = self.breaks.get(path, [])
        stream = Pieces(sent, breaks.pop(0) if breaks else None)
        return httpx.Response(206 if asked else 200, headers=headers, stream=stream)


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs.open(tmp_path / "jobs", lambda: 1e9, print)


async def exported(
    node: FlawedNode, jobs: Jobs, scope: Scope = PUBLIC
) -> tuple[dict[str, dict[str, Any]], dict[str, bytes], Job]:
    """The manifest by paths, the files by their names, and the job."""
    doors = TenantDoors("http://node", httpx.MockTransport(node))
    job = jobs.begin("export", "alice", 1)
    made = b""
    export = Export(job, doors.of(KEY, "secret"), scope, lambda: 1e9)
    async for piece in export.pieces(Count(len(node.listed), 0)):
        made += piece
    await doors.close()
    with ZipFile(BytesIO(made)) as archive:
        assert archive.testzip() is None
        lines = map(json.loads, archive.read("MANIFEST.jsonl").splitlines())
        files = {name: archive.read(name) for name in archive.namelist() if name[:4] == "pub/"}
    return {line["path"]: line for line in lines}, files, job


async def test_files_that_change_or_go_meanwhile_are_written_down(jobs: Jobs) -> None:
    node = FlawedNode(
        {"/pub/a": b"old", "/pub/b": b"gone soon", "/pub/c": b"stays"},
        now={"/pub/a": b"newer", "/pub/b": None},
    )
    manifest, files, job = await exported(node, jobs)
    assert {path: line["state"] for path, line in manifest.items()} == {
        "/pub/a": "changed",
        "/pub/b": "vanished",
        "/pub/c": "kept",
    }
    assert files == {"pub/a": b"newer", "pub/c": b"stays"}
    assert manifest["/pub/a"]["blake3"] == blake3(b"newer").hexdigest()
    assert job.record.group("vanished").samples[0].path == "/pub/b"
    assert job.record.group("kept").files == 0


async def test_bytes_that_are_not_what_the_node_says_are_damaged(jobs: Jobs) -> None:
    node = FlawedNode({"/pub/a": b"right"}, wrong={"/pub/a": b"wrong"})
    manifest, files, _ = await exported(node, jobs)
    assert manifest["/pub/a"]["state"] == "damaged"
    assert files == {"pub/a": b"wrong"}


async def test_a_broken_answer_is_taken_up_where_it_broke_off(jobs: Jobs) -> None:
    node = FlawedNode({"/pub/a": b"0123456789"}, breaks={"/pub/a": [4, 3]})
    manifest, files, _ = await exported(node, jobs)
    assert manifest["/pub/a"]["state"] == "kept"
    assert files == {"pub/a": b"0123456789"}
    assert node.asked == [("/pub/a", ""), ("/pub/a", "bytes=4-"), ("/pub/a", "bytes=7-")]


async def test_an_answer_that_breaks_too_often_is_incomplete_and_the_rest_goes_on(
    jobs: Jobs,
) -> None:
    node = FlawedNode({"/pub/a": b"0123456789", "/pub/b": b"fine"}, breaks={"/pub/a": [1, 1, 1, 1]})
    manifest, files, job = await exported(node, jobs)
    assert manifest["/pub/a"]["state"] == "incomplete"
    assert (files["pub/a"], files["pub/b"]) == (b"012", b"fine")
    assert any("/pub/a" in line.text for line in job.record.log)


@pytest.mark.parametrize("status", [410, 429, 500, 503])
async def test_a_refused_file_is_written_down(jobs: Jobs, status: int) -> None:
    node = FlawedNode({"/pub/a": b"x", "/pub/b": b"y"}, status={"/pub/a": status})
    manifest, files, _ = await exported(node, jobs)
    assert manifest["/pub/a"]["state"] == "incomplete"
    assert files == {"pub/b": b"y"}


@pytest.mark.parametrize("status", [401, 403])
async def test_an_ended_session_ends_the_export(jobs: Jobs, status: int) -> None:
    node = FlawedNode({"/pub/a": b"x"}, status={"/pub/a": status})
    with pytest.raises(DoorRefusedError):
        await exported(node, jobs)


async def test_stopping_it_ends_the_bytes(jobs: Jobs) -> None:
    doors = TenantDoors("http://node", httpx.MockTransport(FlawedNode({"/pub/a": b"x" * 10})))
    job = jobs.begin("export", "alice", 1)
    jobs.cancel(job.id, "alice")
    pieces = Export(job, doors.of(KEY, "secret"), PUBLIC, lambda: 1e9).pieces(Count(1, 10))
    with pytest.raises(JobCancelledError):
        await anext(pieces)
    await doors.close()


async def test_counting_with_a_date_gives_up_in_time_and_says_so() -> None:
    node = FlawedNode({f"/pub/{number}": b"12345" for number in range(20)})
    doors = TenantDoors("http://node", httpx.MockTransport(node))
    from_2001 = Scope(PUBLIC.roots, since=datetime(2001, 1, 1, tzinfo=UTC))
    door = doors.of(KEY, "secret")
    assert await count(door, from_2001) == Count(20, 100)
    assert await count(door, from_2001, most=7) == Count(7, 35, is_least=True)
    assert await count(door, Scope(PUBLIC.roots, since=datetime(2027, 1, 1, tzinfo=UTC))) == Count(
        0, 0
    )
    await doors.close()
