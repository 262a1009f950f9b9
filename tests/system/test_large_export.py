"""Archives larger than memory and than ZIP's 32 bits, through a whole node that stays small.

The exported bytes are holes in a file, so that the disk of the machine does not matter.
"""

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from shutil import which
from typing import IO

import httpx
import pytest
from blake3 import blake3

from dashboard.archive.reading import Archive
from dashboard.archive.verify import verify
from dashboard.archive.writing import ArchiveWriter
from tests.dashboard.pages.test_importing import fates, finished
from tests.dashboard.people import OWN_FORM, browser_at, connect, put_file
from tests.support.appliance import Person, keypair_of
from tests.support.archives import NOON
from tests.support.needs import cannot_run_here
from tests.support.node_process import make_data_dir, running_process

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

MEBIBYTE = 1024 * 1024
HUGE_BYTES = 12 * 1024 * MEBIBYTE
LARGEST_RESIDENT_BYTES = 200 * MEBIBYTE


def hash_of_zeros(count: int) -> bytes:
    """The BLAKE3 hash of that many zeros."""
    piece, found = bytes(16 * MEBIBYTE), blake3(max_threads=blake3.AUTO)
    for _ in range(count // len(piece)):
        found.update(piece)
    return found.digest()


def blow_up(data_dir: Path, path: str, size: int) -> None:
    """Let a stored object be that many zeros, without storing them."""
    with closing(sqlite3.connect(data_dir / "metadata.sqlite3")) as store, store:
        ((blob_id,),) = store.execute("SELECT blob_id FROM entries WHERE path = ?", (path,))
        store.execute(
            "UPDATE entries SET content_length = ?, content_hash = ? WHERE path = ?",
            (size, hash_of_zeros(size), path),
        )
    (blob,) = data_dir.rglob(blob_id)
    os.truncate(blob, size)


async def download(browser: httpx.AsyncClient, target: Path) -> None:
    """An export of everything public into a file with holes."""
    with target.open("wb") as out:
        async with browser.stream(
            "POST", "/export/public", data={"part": "public"}, headers=OWN_FORM
        ) as answer:
            assert answer.status_code == 200
            async for chunk in answer.aiter_raw():
                if chunk.count(0) == len(chunk):
                    out.seek(len(chunk), os.SEEK_CUR)
                else:
                    out.write(chunk)
        out.truncate()


def said_by_unzip(target: Path) -> str:
    """What a program that is not ours says of an archive."""
    return subprocess.run(
        ["unzip", "-tq", target], capture_output=True, check=False, text=True
    ).stdout


async def test_twelve_gibibytes_leave_a_small_node_whole(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    target = big_folder / "export.zip"
    with running_process(make_data_dir(big_folder / "node")) as node:
        client.base_url = httpx.URL(node.client_url)
        alice = Person(keypair_of("alice"), client)
        assert (await alice.sign_up()).status_code == 200
        await put_file(alice, "/pub/huge", b"\0")
        await put_file(alice, "/pub/small", b"behind it")
        blow_up(node.data_dir, "/pub/huge", HUGE_BYTES)
        async with browser_at(str(node.facts["dashboard_url"])) as browser:
            assert (await browser.sign_in(alice)).status_code == 303
            await connect(browser, alice, "read")
            await download(browser.http, target)
            job = (await browser.get("/json/jobs")).json()["jobs"][0]
            assert job["state"] == "done"
            assert node.peak_rss_bytes < LARGEST_RESIDENT_BYTES
        assert node.stop() == 0
    if which("unzip") is None:
        cannot_run_here("unzip is not installed")
    report, said = await asyncio.gather(
        asyncio.to_thread(verify, target), asyncio.to_thread(said_by_unzip, target)
    )
    assert (report.is_good, report.byte_count) == (True, HUGE_BYTES + len(b"behind it"))
    assert "No errors detected" in said
    with Archive.open(target) as archive:
        assert [entry.byte_count for entry in archive.entries] == [HUGE_BYTES, 9]


async def test_an_archive_of_a_gibibyte_goes_in_and_leaves_the_node_small(
    big_folder: Path, client: httpx.AsyncClient
) -> None:
    source = big_folder / "import.zip"
    await asyncio.to_thread(write_large, source, 1024 * MEBIBYTE)
    with running_process(make_data_dir(big_folder / "node")) as node:
        client.base_url = httpx.URL(node.client_url)
        alice = Person(keypair_of("alice"), client)
        assert (await alice.sign_up()).status_code == 200
        async with browser_at(str(node.facts["dashboard_url"])) as browser:
            assert (await browser.sign_in(alice)).status_code == 303
            await connect(browser, alice, "change")
            browser.http.timeout = httpx.Timeout(120)
            with open_for_sending(source) as file:
                files = {"archive": ("a.zip", file, "application/zip")}
                answer = await browser.http.post("/import", files=files, headers=OWN_FORM)
            check = await finished(browser, answer, within_s=120)
            assert fates(check) == {"new": ["/pub/large"]}
            act = await browser.post(f"/import/{check['job']['id']}", {"choice": "keep"})
            done = await finished(browser, act, within_s=120)
            assert fates(done) == {"stored": ["/pub/large"]}
            assert node.peak_rss_bytes < LARGEST_RESIDENT_BYTES
        assert node.stop() == 0


def open_for_sending(path: Path) -> IO[bytes]:
    return path.open("rb")


def write_large(target: Path, size: int) -> None:
    """An archive of ours with one large file."""
    writer = ArchiveWriter()
    with target.open("wb") as out:
        writer.begin("pub/large", size, "video/mp4", NOON)
        for _ in range(size // MEBIBYTE):
            writer.write(bytes(MEBIBYTE))
            out.write(writer.take())
        writer.end()
        writer.finish()
        out.write(writer.take())
    writer.close()
