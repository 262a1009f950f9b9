"""The WebDAV share under real clients: rclone and cadaver."""

import asyncio
import hashlib
import shutil
from pathlib import Path

import pytest

from tests.support.appliance import Appliance, Person
from tests.support.operator import operator_of

pytestmark = pytest.mark.system


def program(name: str) -> str:
    """Where a program is; the tests need it."""
    path = shutil.which(name)
    assert path is not None, f"{name} is missing: make test-peers"
    return path


async def run(*command: str, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """Run a program to its end; its output, which must be a success."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=env,
    )
    async with asyncio.timeout(120):
        output, _ = await process.communicate(stdin.encode())
    text = output.decode(errors="replace")
    assert process.returncode == 0, text
    return text


@pytest.fixture
async def rclone(appliance: Appliance, tmp_path: Path) -> list[str]:
    """The command line of rclone with a remote `node:`."""
    binary = program("rclone")
    obscured = (await run(binary, "obscure", appliance.admin_password)).strip()
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[node]\ntype = webdav\nurl = {appliance.admin_url}/dav\nvendor = other\n"
        f"user = admin\npass = {obscured}\n"
    )
    return [binary, "--config", str(config), "--retries", "1"]


def tree_of(folder: Path) -> dict[str, str]:
    """Every file below a folder, with the hash of what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_rclone_copies_a_tree_there_and_back(
    rclone: list[str], alice: Person, tmp_path: Path
) -> None:
    """Odd names, an empty file and one of 5 MiB; what comes back is what went."""
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a b+c%20.txt").write_text("odd")
    (source / "deep" / "ümläut.md").write_text("# hello")
    (source / "deep" / "er" / "empty").touch()
    (source / "large.bin").write_bytes(bytes(range(256)) * 20480)
    remote = f"node:{alice.z32}/pub/site"
    await run(*rclone, "copy", str(source), remote)
    assert (await alice.get("/pub/site/deep/%C3%BCml%C3%A4ut.md")).text == "# hello"
    back = tmp_path / "back"
    await run(*rclone, "copy", remote, str(back))
    assert tree_of(back) == tree_of(source)
    assert "0 differences found" in await run(*rclone, "check", str(source), remote)


async def test_rclone_syncs_moves_and_deletes_with_events(
    appliance: Appliance, rclone: list[str], alice: Person, tmp_path: Path
) -> None:
    """What is gone at the source goes, with a DEL event; a server-side move is a DEL and a PUT."""
    for name in ("one", "two"):
        await alice.put(f"/pub/site/{name}", name)
    base = f"node:{alice.z32}/pub"
    await run(*rclone, "moveto", f"{base}/site/one", f"{base}/site/uno")
    source = tmp_path / "source"
    source.mkdir()
    (source / "uno").write_text("one")
    await run(*rclone, "sync", str(source), f"{base}/site")
    assert (await alice.get("/pub/")).text == f"pubky://{alice.z32}/pub/site/uno"
    async with operator_of(appliance) as operator:
        items = (await operator.get("/events"))["items"]
    kinds = [(item["kind"], item["path"].rpartition("/")[2]) for item in items]
    assert ("DEL", "one") in kinds
    assert ("DEL", "two") in kinds
    assert ("PUT", "uno") in kinds


async def test_rclone_lists_a_folder_of_two_thousand_files(
    rclone: list[str], alice: Person
) -> None:
    """The listing is sent in pages and arrives whole."""
    for start in range(0, 2000, 50):
        numbers = range(start, start + 50)
        await asyncio.gather(*(alice.put(f"/pub/many/{number:04}") for number in numbers))
    listing = await run(*rclone, "lsf", f"node:{alice.z32}/pub/many")
    assert listing.split() == [f"{number:04}" for number in range(2000)]


async def test_cadaver_makes_a_folder_puts_moves_reads_and_deletes(
    appliance: Appliance, alice: Person, tmp_path: Path
) -> None:
    """A session of the classic client, which probes with OPTIONS and locks what it edits."""
    (tmp_path / ".netrc").write_text(
        f'machine 127.0.0.1 login admin password "{appliance.admin_password}"\n'
    )
    (tmp_path / ".netrc").chmod(0o600)
    local = tmp_path / "hello.txt"
    local.write_text("hello")
    script = "\n".join(
        [
            "mkcol box",
            "cd box",
            f"put {local} hello.txt",
            "ls",
            "copy hello.txt again.txt",
            "move hello.txt moved.txt",
            f"get moved.txt {tmp_path / 'back.txt'}",
            "delete again.txt",
            "quit",
            "",
        ]
    )
    url = f"{appliance.admin_url}/dav/{alice.z32}/pub/"
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    output = await run(program("cadaver"), url, stdin=script, env=env)
    assert "hello.txt" in output
    assert (tmp_path / "back.txt").read_text() == "hello"
    assert (await alice.get("/pub/")).text == f"pubky://{alice.z32}/pub/box/moved.txt"
