"""The Containerfile, built and run by buildah on a Debian root of the tests' own.

Chroots instead of containers: they work where this machine's control groups keep a runtime from
starting. The network is a namespace that the test makes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.playbooks import PROJECT
from tests.deploy.rootfs import root_filesystem
from tests.support.needs import cannot_run_here

USER_ID = 10001
PROGRAM = b"/opt/pubky/bin/pubky-appliance"
START_S = 120.0


@dataclass(frozen=True, slots=True)
class Engine:
    """buildah with a storage of its own, and a network namespace for what it runs."""

    storage: Path
    namespace: str

    def command(self, *arguments: str) -> list[str]:
        """The words of a command in the namespace."""
        own = [
            "--storage-driver=vfs",
            f"--root={self.storage}/root",
            f"--runroot={self.storage}/run",
        ]
        return ["ip", "netns", "exec", self.namespace, "buildah", *own, *arguments]

    def text(self, *arguments: str) -> str:
        """What a command that must succeed prints."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs, and how to ask it."""

    engine: Engine
    container: str
    data: Path
    log: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container, as `podman exec` would."""
        return subprocess.run(
            self.engine.command(*_run(self.container, self.data), "--", *command),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def pids(self) -> list[int]:
        """The node's process, without those of the engine that watch over it."""
        listed = subprocess.run(
            ["ip", "netns", "pids", self.engine.namespace],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [int(pid) for pid in listed.stdout.split() if _is_node(int(pid))]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The image `pubky-appliance`, built from the files as they are."""
    if os.geteuid() != 0:
        cannot_run_here("building a container as the tests do needs root")
    missing = [tool for tool in ("buildah", "ip", "tar", "mmdebstrap") if not shutil.which(tool)]
    if missing:
        cannot_run_here(f"building a container needs {', '.join(missing)}")
    engine = Engine(tmp_path_factory.mktemp("containers"), f"pc{os.getpid()}")
    subprocess.run(["ip", "netns", "add", engine.namespace], check=True)
    try:
        subprocess.run(["ip", "-n", engine.namespace, "link", "set", "lo", "up"], check=True)
        base = _import_base(engine)
        subprocess.run(
            # Building needs the package sources, so it has this machine's network.
            [*engine.command()[4:], "build", "--isolation=chroot", "--network=host",
             "--format=docker", f"--build-arg=BASE={base}", "--tag=pubky-appliance", "--quiet",
             str(PROJECT)],
            check=True, timeout=600, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        yield engine
    finally:
        subprocess.run(["ip", "netns", "delete", engine.namespace], check=False)
        subprocess.run([*engine.command()[4:], "rm", "--all"], check=False, capture_output=True)
        shutil.rmtree(engine.storage, ignore_errors=True)


@contextmanager
def started(
    engine: Engine, data: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start a container with a volume, and end it as an engine would: by its stop signal."""
    settings = [f"--env={name}={value}" for name, value in (environment or {}).items()]
    container = _new_container(engine)
    data.mkdir(exist_ok=True)
    os.chown(data, USER_ID, USER_ID)
    log = data.parent / f"{container}.log"
    running = Running(engine, container, data, log)
    with log.open("wb") as out:
        process = subprocess.Popen(
            engine.command(*_run(container, data, *settings), "--", "start"),
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield running
        for pid in running.pids():
            os.kill(pid, signal.SIGTERM)
        assert process.wait(timeout=20) == 0, log.read_text()[-2000:]
    finally:
        for pid in running.pids():
            os.kill(pid, signal.SIGKILL)
        process.wait(timeout=20)
        engine.text("rm", container)


def test_the_image_says_who_runs_it_what_it_keeps_and_how_it_is(image: Engine) -> None:
    said = json.loads(image.text("inspect", "--type=image", "localhost/pubky-appliance"))
    settings = said["Docker"]["config"]
    assert settings["User"] == "pubky"
    assert list(settings["Volumes"]) == ["/data"]
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "healthy"]
    assert set(settings["ExposedPorts"]) == {"6286/tcp", "6287/tcp", "6290/tcp", "6881/udp"}


def test_a_container_becomes_healthy_without_root_and_without_telling_secrets(
    image: Engine, tmp_path: Path
) -> None:
    with started(image, tmp_path / "data", {"PUBKY_DOMAIN": "node.test"}) as running:
        _wait_until_healthy(running)
        assert running.pids()
        asked = running.run("pubky-appliance", "init", "--json")
        key = json.loads(asked.stdout)["public_key"]
        served = _curl(image, "http://127.0.0.1:6286/")
        assert served.returncode == 0, served.stderr
        log = running.log.read_text(encoding="utf-8")
    assert "/login/" not in log
    assert not re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", log)
    assert 'icann_domain = "node.test"' in (tmp_path / "data/config.toml").read_text("utf-8")

    # A newer image, say: what matters is in the volume.
    with started(image, tmp_path / "data") as again:
        _wait_until_healthy(again)
        asked = again.run("pubky-appliance", "init", "--json")
        assert json.loads(asked.stdout)["public_key"] == key


def test_a_setting_that_is_wrong_ends_the_first_start_and_makes_nothing(
    image: Engine, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, USER_ID, USER_ID)
    container = _new_container(image)
    done = _start_once(image, container, data, ["--env=PUBKY_PUBLIC_IP=somewhere"])
    image.text("rm", container)
    assert done.returncode != 0
    assert "'somewhere' is not an IP address, auto or none" in done.stderr
    assert list(data.iterdir()) == []


def _run(container: str, data: Path, *options: str) -> list[str]:
    return ["run", "--isolation=chroot", f"--volume={data}:/data", *options, container]


def _new_container(engine: Engine) -> str:
    container = engine.text("from", "localhost/pubky-appliance")
    # This engine lays the image's own, anonymous volume over a named one; others do not.
    engine.text("config", "--volume=/data-", container)
    return container


def _start_once(
    engine: Engine, container: str, data: Path, options: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        engine.command(*_run(container, data, *options), "--", "start"),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _import_base(engine: Engine) -> str:
    """A fresh Debian as an image, as `ARG BASE` takes one."""
    container = engine.text("from", "scratch")
    mounted = Path(engine.text("mount", container))
    root = root_filesystem("trixie")
    subprocess.run(["cp", "--archive", f"{root}/.", str(mounted)], check=True, timeout=120)
    engine.text("umount", container)
    engine.text("commit", "--quiet", container, "localhost/debian-of-the-tests")
    engine.text("rm", container)
    return "localhost/debian-of-the-tests"


def _wait_until_healthy(running: Running) -> None:
    deadline = time.monotonic() + START_S
    while (asked := running.run("healthy")).returncode != 0:
        assert time.monotonic() < deadline, asked.stderr + running.log.read_text("utf-8")
        time.sleep(0.3)


def _curl(engine: Engine, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ip", "netns", "exec", engine.namespace, "curl", "--silent", "--fail", url],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


def _is_node(pid: int) -> bool:
    process = Path(f"/proc/{pid}")
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return process.stat().st_uid == USER_ID and words[1:2] == [PROGRAM] and b"run" in words
    except FileNotFoundError:
        return False
