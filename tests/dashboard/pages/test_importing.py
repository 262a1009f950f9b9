"""Importing an archive through the pages of a real node: look first, then decide."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.pubky.keys import Keypair
from appliance.pubky.manifest_signatures import ManifestStatement
from dashboard.archive.signature import Signature, to_text
from tests.dashboard.people import OWN_FORM, Browser, Owner, Page, browser_at, connect, put_file
from tests.dashboard.people import sign_up as join
from tests.support.appliance import (
    Appliance,
    Person,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.archives import entry_of, foreign_archive, write_archive
from tests.support.operator import operator_of

FILES = {"/pub/new": b"new", "/pub/same": b"same", "/priv/other": b"theirs"}


@pytest.fixture
async def stored(alice: Person) -> None:
    await put_file(alice, "/pub/same", b"same")
    await put_file(alice, "/priv/other", b"mine")


def bytes_of(archive: Path) -> bytes:
    return archive.read_bytes()


def staged(appliance: Appliance) -> list[Path]:
    """The uploads that the dashboard keeps."""
    return list(appliance.data_dir.glob("*-jobs/*.zip"))


async def upload(home: Browser, archive: Path) -> httpx.Response:
    files = {"archive": ("a.zip", bytes_of(archive), "application/zip")}
    return await home.http.post("/import", files=files, headers=OWN_FORM)


async def finished(home: Browser, answer: httpx.Response, within_s: float = 20) -> dict[str, Any]:
    """The job that an answer leads to, once it is over."""
    assert answer.status_code == 303, answer.text
    async with asyncio.timeout(within_s):
        while True:
            job: dict[str, Any] = (await home.get(f"/json{answer.headers['Location']}")).json()
            if job["job"]["state"] != "running":
                return job
            await asyncio.sleep(0.01)


def fates(job: dict[str, Any]) -> dict[str, list[str]]:
    return {
        group["name"]: [sample["path"] for sample in group["samples"]]
        for group in job["job"]["groups"]
    }


async def read(alice: Person, path: str) -> bytes | None:
    answer = await alice.get(path)
    return answer.content if answer.status_code == 200 else None


async def test_what_was_exported_comes_back_elsewhere(
    home: Browser, alice: Person, owner: Owner, http: httpx.AsyncClient, tmp_path: Path, origin: str
) -> None:
    await put_file(alice, "/pub/pubky.app/é", b"1" * 300_000)
    await put_file(alice, "/priv/x/y.json", b"{}")
    answer = await home.post("/export/private", {"part": "everything", "rename": "1"})
    (tmp_path / "a.zip").write_bytes(answer.content)
    bob = await join(http, (await owner.admin.create_invite("Bob", None)).code, "bob")
    async with browser_at(origin) as other:
        await other.sign_in(bob)
        await connect(other, bob, "change")
        check = await finished(other, await upload(other, tmp_path / "a.zip"))
        assert fates(check) == {"new": ["/pub/pubky.app/é", "/priv/x/y.json"]}
        act = await other.post(f"/import/{check['job']['id']}", {"choice": "keep"})
        assert set(fates(await finished(other, act))["stored"]) == {
            "/pub/pubky.app/é",
            "/priv/x/y.json",
        }
    assert await read(bob, "/pub/pubky.app/%C3%A9") == b"1" * 300_000
    assert await read(bob, "/priv/x/y.json") == b"{}"


@pytest.mark.usefixtures("stored")
async def test_looking_changes_nothing(home: Browser, alice: Person, tmp_path: Path) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    assert fates(check) == {
        "new": ["/pub/new"],
        "same": ["/pub/same"],
        "conflicting": ["/priv/other"],
    }
    assert check["can_import"]
    assert await read(alice, "/pub/new") is None
    assert await read(alice, "/priv/other") == b"mine"
    page = Page(await home.get(f"/import/{check['job']['id']}"))
    assert "1 new file" in page.text
    assert "1 file of the archive differs" in page.text
    assert f"/import/{check['job']['id']}" in Page(await home.get("/import")).links


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("choice", "other", "fate"), [("keep", b"mine", "kept"), ("replace", b"theirs", "replaced")]
)
async def test_what_differs_stays_or_goes_as_chosen(
    home: Browser, alice: Person, tmp_path: Path, choice: str, other: bytes, fate: str
) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    page = f"/import/{check['job']['id']}"
    done = await finished(home, await home.post(page, {"choice": choice}))
    assert fates(done) == {
        "stored": ["/pub/new"],
        "same": ["/pub/same"],
        fate: ["/priv/other"],
    }
    assert await read(alice, "/pub/new") == b"new"
    assert await read(alice, "/priv/other") == other
    trashed = Page(await home.get("/own/trash")).text
    assert ("/priv/other" in trashed) == (choice == "replace")
    assert (await home.get(page)).status_code == 404, "an archive is imported once"


@pytest.mark.usefixtures("stored")
async def test_nothing_is_imported_if_wished(home: Browser, alice: Person, tmp_path: Path) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    answer = await home.post(f"/import/{check['job']['id']}", {"choice": "skip"})
    assert answer.headers["Location"] == "/import?done=archive-dropped"
    assert await read(alice, "/pub/new") is None
    assert "Waiting for your decision" not in (await home.get("/import")).text


async def test_files_that_do_not_belong_here_are_named_and_left_out(
    home: Browser, tmp_path: Path
) -> None:
    archive = foreign_archive(tmp_path / "a.zip", {"pub/a": b"1", "x/y": b"2", "pub//b": b"3"})
    check = await finished(home, await upload(home, archive))
    assert fates(check) == {"invalid": ["x/y", "pub//b"], "new": ["/pub/a"]}
    listed = [entry_of("/pub/a", b"other bytes")]
    archive = write_archive(tmp_path / "b.zip", {"/pub/a": b"1", "/pub/c": b""}, listed)
    check = await finished(home, await upload(home, archive))
    assert fates(check) == {"invalid": ["/pub/a"], "new": ["/pub/c"]}
    done = await finished(
        home, await home.post(f"/import/{check['job']['id']}", {"choice": "replace"})
    )
    assert fates(done) == {"refused": ["/pub/a"], "stored": ["/pub/c"]}


async def test_an_archive_that_leads_elsewhere_is_refused_whole(
    home: Browser, appliance: Appliance, tmp_path: Path
) -> None:
    archive = foreign_archive(tmp_path / "a.zip", {"pub/a": b"1", "../../x": b"2"})
    check = await finished(home, await upload(home, archive))
    assert check["job"]["state"] == "failed"
    assert "leads out of it" in check["job"]["message"]
    assert not check["can_import"]
    assert staged(appliance) == []


async def test_an_upload_lies_where_only_the_node_reads_it(
    home: Browser, appliance: Appliance, tmp_path: Path
) -> None:
    first = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    (kept,) = staged(appliance)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    await finished(home, await upload(home, write_archive(tmp_path / "b.zip", FILES)))
    assert len(staged(appliance)) == 1
    assert (await home.get(f"/import/{first['job']['id']}")).status_code == 404


async def test_a_form_without_an_archive_says_so(home: Browser) -> None:
    answer = await home.post("/import")
    assert "No archive was chosen." in Page(answer).text
    two = [("archive", ("a.zip", b"1")), ("archive", ("b.zip", b"2"))]
    answer = await home.http.post("/import", files=two, headers=OWN_FORM)
    assert "Choose one archive" in Page(answer).text


async def test_more_than_the_quota_holds_is_announced_and_then_refused(
    home: Browser, alice: Person, tmp_path: Path, appliance: Appliance
) -> None:
    async with operator_of(appliance) as operator:
        wish = {"storage_quota_mb": 1, "rate_read": None, "rate_write": None}
        await operator.http.patch(f"/users/{alice.z32}/quota", json=wish)
    large = {"/pub/a": bytes(600_000), "/pub/b": bytes(600_000)}
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", large)))
    assert fates(check)["over quota"] == ["/pub/b"]
    act = await home.post(f"/import/{check['job']['id']}", {"choice": "keep"})
    done = await finished(home, act)
    assert done["job"]["state"] == "failed"
    assert "no room" in done["job"]["message"]
    assert "the next file needs 600,256" in done["job"]["message"]
    assert await read(alice, "/pub/a") == bytes(600_000)


def told(job: dict[str, Any]) -> dict[str, Any]:
    """The lines of a receipt."""
    return {fact["name"]: fact["value"] for fact in job["job"]["facts"]}


async def test_room_that_an_app_takes_meanwhile_is_noticed(
    home: Browser, alice: Person, tmp_path: Path, appliance: Appliance
) -> None:
    archive = write_archive(tmp_path / "a.zip", {"/pub/a": bytes(600_000)})
    check = await finished(home, await upload(home, archive))
    assert "over quota" not in fates(check)
    async with operator_of(appliance) as operator:
        await operator.http.patch(f"/users/{alice.z32}/quota", json={"storage_quota_mb": 1})
    await put_file(alice, "/pub/app", bytes(500_000))
    act = await home.post(f"/import/{check['job']['id']}", {"choice": "keep"})
    done = await finished(home, act)
    assert done["job"]["state"] == "failed"
    assert "bytes of your quota are left" in done["job"]["message"]


async def test_the_way_back_is_in_the_receipt(home: Browser, tmp_path: Path) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    page = f"/import/{check['job']['id']}"
    assert "can be put back from there for 30 days" in Page(await home.get(page)).text
    done = await finished(home, await home.post(page, {"choice": "replace"}))
    assert told(done)["Undo"] == "What is replaced can be put back from the trash for 30 days."


async def test_the_receipt_says_which_node_signed_an_archive(
    home: Browser, alice: Person, tmp_path: Path
) -> None:
    await put_file(alice, "/pub/a", b"1")
    answer = await home.post("/export/public", {"part": "public"})
    (tmp_path / "own.zip").write_bytes(answer.content)
    other, at_us = keypair_of("another node"), 1_700_000_000_000_000

    def signed(signer: Keypair, manifest_hash: str) -> bytes:
        said = ManifestStatement(alice.keypair.public_key, bytes.fromhex(manifest_hash), at_us)
        key, text = other.public_key.z32, said.sign(signer).hex()
        return to_text(Signature(key, alice.z32, manifest_hash, at_us, text))

    def made(name: str, sign: Callable[[str], bytes] | None = None) -> Path:
        return write_archive(tmp_path / name, FILES, sign=sign)

    for archive, verdict in (
        (tmp_path / "own.zip", f"of this node, for the files of {alice.z32}"),
        (made("b.zip"), "none, so nothing says where it comes from"),
        (made("c.zip", partial(signed, other)), f"of the node {other.public_key.z32}, for"),
        (made("d.zip", partial(signed, keypair_of("mallory"))), "forged: the node"),
        (made("e.zip", lambda _: signed(other, "00" * 32)), "it was made for another manifest"),
        (made("f.zip", lambda _: b"nonsense"), "none that counts: It is not JSON."),
    ):
        check = await finished(home, await upload(home, archive))
        assert verdict in told(check)["Signature"]


async def test_the_limits_are_said_before_anything_is_sent(home: Browser) -> None:
    assert "and 200,000 files. Files lie" in Page(await home.get("/import")).text


async def test_files_that_the_node_would_refuse_are_named_by_the_dry_run(tmp_path: Path) -> None:
    config = config_on_free_ports(max_upload_mb=1)
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(running_appliance(tmp_path, config))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=node.client_url))
        home = await stack.enter_async_context(browser_at(node.dashboard_url))
        alice = Person(keypair_of("alice"), http)
        await alice.sign_up()
        await home.sign_in(alice)
        await connect(home, alice, "change")
        assert "200,000 files, each of 1.0 MB at most." in Page(await home.get("/import")).text
        files = {"/pub/large": bytes(1024 * 1024 + 1), "/pub/fits": bytes(1024 * 1024)}
        check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", files)))
        assert fates(check) == {"invalid": ["pub/large"], "new": ["/pub/fits"]}


async def test_who_may_only_read_is_told_before_and_stopped_after(
    browser: Browser, alice: Person, tmp_path: Path
) -> None:
    await browser.sign_in(alice)
    await connect(browser, alice, "read")
    assert "may only read" in (await browser.get("/import")).text
    check = await finished(browser, await upload(browser, write_archive(tmp_path / "a.zip", FILES)))
    done = await finished(
        browser, await browser.post(f"/import/{check['job']['id']}", {"choice": "keep"})
    )
    assert done["job"]["state"] == "failed"
    assert "may not write" in done["job"]["message"]


async def test_a_choice_that_is_none_is_refused(home: Browser, tmp_path: Path) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    answer = await home.post(f"/import/{check['job']['id']}", {"choice": "all"})
    assert answer.status_code == 400


async def test_nobody_sees_or_uses_what_somebody_else_uploaded(
    home: Browser, owner: Owner, http: httpx.AsyncClient, tmp_path: Path, origin: str
) -> None:
    check = await finished(home, await upload(home, write_archive(tmp_path / "a.zip", FILES)))
    name = check["job"]["id"]
    bob = await join(http, (await owner.admin.create_invite("Bob", None)).code, "bob")
    async with browser_at(origin) as other:
        await other.sign_in(bob)
        await connect(other, bob, "change")
        for page in (f"/jobs/{name}", f"/json/jobs/{name}", f"/import/{name}"):
            assert (await other.get(page)).status_code == 404
        for act in (f"/jobs/{name}/cancel", f"/import/{name}"):
            assert (await other.post(act, {"choice": "keep"})).status_code == 404
        assert (await other.get("/json/jobs")).json()["jobs"] == []
