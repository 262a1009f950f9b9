"""Exporting one's own files through the pages of a real node."""

import asyncio
import json
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from blake3 import blake3

from appliance.cli.archive import judge
from appliance.pubky.keys import PublicKey
from dashboard.archive.verify import verify
from tests.dashboard.people import OWN_FORM, Browser, Page, connect, make_stale, put_file
from tests.support.appliance import Appliance, Person

FILES = {
    "/pub/pubky.app/profile.json": b'{"name":"Alice"}',
    "/pub/pubky.app/é/photo": b"\x89PNG" + bytes(300_000),
    "/pub/empty": b"",
    "/priv/diary/1": b"secret",
}


@pytest.fixture
async def stored(alice: Person) -> None:
    for path, body in FILES.items():
        await put_file(alice, path, body)


async def export(home: Browser, **form: str) -> httpx.Response:
    public = form["part"] == "public" or form.get("folder", "").startswith("/pub/")
    return await home.post(f"/export/{'public' if public else 'private'}", form)


@pytest.mark.usefixtures("stored")
async def test_everything_comes_out_byte_for_byte(
    home: Browser, appliance: Appliance, tmp_path: Path
) -> None:
    answer = await export(home, part="everything")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="pubky-')
    (tmp_path / "a.zip").write_bytes(answer.content)
    report = verify(tmp_path / "a.zip")
    assert (report.is_good, report.file_count) == (True, 4)
    assert judge(tmp_path / "a.zip", PublicKey.parse(appliance.homeserver)).verdict == "genuine"
    with ZipFile(tmp_path / "a.zip") as archive:
        assert {f"/{name}": archive.read(name) for name in archive.namelist()[:4]} == FILES
        lines = archive.read("MANIFEST.jsonl").splitlines()
        assert {json.loads(line)["path"] for line in lines} == set(FILES)
        assert {json.loads(line)["state"] for line in lines} == {"kept"}
        *changes, end = map(json.loads, archive.read("EVENTS.jsonl").splitlines())
        assert {change["path"] for change in changes} == set(FILES)
        assert end["range"]["changes"] == 4
        assert b"b3sum" in archive.read("README.txt")
        assert b"<h1>Alice</h1>" in archive.read("profile.html")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("form", "names"),
    [
        ({"part": "public"}, ["pub/empty", "pub/pubky.app/profile.json", "pub/pubky.app/é/photo"]),
        ({"part": "private"}, ["priv/diary/1"]),
        ({"part": "folder", "folder": "/pub/pubky.app/é"}, ["pub/pubky.app/é/photo"]),
        ({"part": "folder", "folder": "/pub/nothing/"}, []),
        ({"part": "everything", "since": "2199-01-01"}, []),
        (
            {"part": "folder", "folder": "/pub/pubky.app/", "rename": "1", "since": "2001-01-01"},
            ["pub/pubky.app_/profile.json", "pub/pubky.app_/é/photo"],
        ),
    ],
)
async def test_a_choice_narrows_it(home: Browser, form: dict[str, str], names: list[str]) -> None:
    answer = await export(home, **form)
    with ZipFile(BytesIO(answer.content)) as archive:
        found = [name for name in archive.namelist() if name.startswith(("pub", "priv"))]
        paths = [json.loads(line)["name"] for line in archive.read("MANIFEST.jsonl").splitlines()]
    assert sorted(found) == names
    assert sorted(paths) == names


@pytest.mark.usefixtures("stored")
async def test_the_page_says_how_much_it_is_before_anything_is_sent(home: Browser) -> None:
    page = Page(await home.get("/export?part=public"))
    assert "3 files, 300.0 kB" in page.text
    assert "Private files are in it" not in page.text
    page = Page(await home.get("/export/private?part=everything&since=2001-01-01"))
    assert "4 files, 300.0 kB" in page.text
    assert "Private files are in it" in page.text
    assert "nothing to export" in Page(await home.get("/export?part=folder&folder=/pub/no/")).text


@pytest.mark.usefixtures("stored")
async def test_the_receipt_has_the_hash_of_the_archive(home: Browser) -> None:
    answer = await export(home, part="everything")
    jobs = (await home.get("/json/jobs")).json()["jobs"]
    facts = {fact["name"]: fact["value"] for fact in jobs[0]["facts"]}
    assert jobs[0]["state"] == "done"
    assert facts["BLAKE3 of the archive"] == blake3(answer.content).hexdigest()
    assert facts["Size of the archive"] == len(answer.content)
    assert facts["Files"] == 4
    shown = Page(await home.get(f"/jobs/{jobs[0]['id']}"))
    assert facts["BLAKE3 of the archive"] in shown.text
    assert "refresh" not in shown.text.lower()


@pytest.mark.usefixtures("stored")
async def test_private_files_need_a_fresh_proof(home: Browser, appliance: Appliance) -> None:
    make_stale(appliance)
    for answer in (
        await home.post("/export/private", {"part": "private"}),
        await home.get("/export/private?part=private"),
    ):
        assert answer.headers["Location"].startswith("/confirm?back=%2Fexport%2Fprivate")
    answer = await home.get("/export?part=private")
    assert answer.headers["Location"] == "/export/private?part=private"
    answer = await home.post("/export/public", {"part": "private"})
    assert answer.headers["Location"] == "/export/private?part=private"
    assert (await export(home, part="public")).status_code == 200


@pytest.mark.parametrize(
    "query", ["part=all", "part=folder", "part=folder&folder=/etc", "part=public&since=yesterday"]
)
async def test_a_choice_that_is_none_is_refused(home: Browser, query: str) -> None:
    assert (await home.get(f"/export?{query}")).status_code == 400


async def test_without_a_connection_the_way_leads_to_it(browser: Browser, alice: Person) -> None:
    await browser.sign_in(alice)
    for answer in (await browser.get("/export"), await export(browser, part="public")):
        assert answer.headers["Location"] == "/connect"


async def test_who_may_only_read_can_still_take_everything_along(
    browser: Browser, alice: Person
) -> None:
    await put_file(alice, "/priv/a", b"1")
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    answer = await export(browser, part="everything")
    with ZipFile(BytesIO(answer.content)) as archive:
        assert archive.read("priv/a") == b"1"


async def newest(home: Browser) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = (await home.get("/json/jobs")).json()["jobs"]
    return jobs[0]


async def wait_until_over(home: Browser) -> str:
    """The state in which the newest job ends."""
    async with asyncio.timeout(10):
        while (state := str((await newest(home))["state"])) == "running":  # noqa: ASYNC110 - a page cannot set an event
            await asyncio.sleep(0.01)
    return state


async def test_a_download_waits_for_its_reader_and_ends_with_them(
    home: Browser, alice: Person
) -> None:
    for number in range(6):
        await put_file(alice, f"/pub/{number}", bytes(8_000_000))
    async with home.http.stream(
        "POST", "/export/public", data={"part": "public"}, headers=OWN_FORM
    ) as answer:
        assert answer.status_code == 200
        chunks = answer.aiter_raw()
        await anext(chunks)
        second = Page(await export(home, part="public"))
        assert "Another export of yours is still running." in second.text
        assert "Running" in (await home.get("/jobs")).text
        sent = (await newest(home))["steps"][0]["byte_count"]
        assert 0 < sent < 48_000_000, "nobody has read that much"
    assert await wait_until_over(home) == "interrupted"
    assert (await export(home, part="public")).status_code == 200


async def test_a_stopped_download_does_not_look_like_a_whole_one(
    home: Browser, alice: Person
) -> None:
    for number in range(6):
        await put_file(alice, f"/pub/{number}", bytes(8_000_000))
    with pytest.raises(httpx.RemoteProtocolError):
        await _stop_after_the_first_piece(home)
    assert await wait_until_over(home) == "cancelled"


async def _stop_after_the_first_piece(home: Browser) -> None:
    async with home.http.stream(
        "POST", "/export/public", data={"part": "public"}, headers=OWN_FORM
    ) as answer:
        chunks = answer.aiter_raw()
        await anext(chunks)
        page = f"/jobs/{(await newest(home))['id']}"
        assert (await home.get(page)).headers["Refresh"] == "5"
        assert "Refresh" not in (await home.get(f"{page}?calm")).headers
        stopped = await home.post(f"{page}/cancel")
        assert stopped.headers["Location"] == f"{page}?done=job-stopping"
        async for _ in chunks:
            pass
