"""Debian root filesystems for the test hosts: built once by mmdebstrap, kept outside the project.

The package sources, the list of authorities and apt's settings are those of this machine, so a
mirror behind a company's proxy works here as it does for the machine itself.
"""

import datetime
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

CACHE = Path(tempfile.gettempdir()) / "pubky-deploy"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
AUTHORITIES = Path("etc/ssl/certs/ca-certificates.crt")
APT_SETTINGS = Path("etc/apt/apt.conf.d")
# What images of Debian for servers and small computers bring; all else is the playbooks' work.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "openssh-server",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
    "udev",
)
_CUSTOMISE = """\
set -eu
systemctl --root="$1" enable ssh
systemctl --root="$1" mask apt-daily.timer apt-daily-upgrade.timer systemd-networkd-wait-online
rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin
"""


def root_filesystem(suite: str, architecture: str = "") -> Path:
    """The root of a fresh Debian, for this machine's processor unless another one is named.

    Takes half a minute when none of today's is there yet, and some minutes for a processor that
    is emulated; a lock for each kind, so that nobody waits for that one without needing it.
    """
    sources = tuple(package_sources(suite))
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    kind = f"{architecture}-{suite}" if architecture else suite
    recipe = "\n".join((kind, today, _CUSTOMISE, *PACKAGES, *sources))
    key = hashlib.sha256(recipe.encode()).hexdigest()[:12]
    root = CACHE / f"root-{kind}-{key}"
    with locked_cache(f"roots-{architecture}" if architecture else "roots"):
        if not root.exists():
            _remove_older(kind)
            _build(suite, architecture, sources, root)
    return root


@contextmanager
def locked_cache(name: str, *, shared: bool = False) -> Iterator[int]:
    """Hold a lock between the processes that use the cache; gives its file descriptor."""
    CACHE.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(CACHE / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def common_folder(run: str) -> Iterator[Path]:
    """A folder for the processes of one test run; the last of them removes it at its end."""
    folder = CACHE / f"run-{run}"
    with locked_cache("runs", shared=True) as lock:
        folder.mkdir(mode=0o700, exist_ok=True)
        yield folder
        # Otherwise another process still needs its own.
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for unused in CACHE.glob("run-*"):
                shutil.rmtree(unused)


def package_sources(suite: str) -> Iterator[str]:
    """This machine's Debian sources as one-line entries for `suite`."""
    for uri, own_suite in _own_sources():
        release, dash, pocket = own_suite.partition("-")
        if release in {"bookworm", "trixie"}:
            yield f"deb [signed-by={KEYRING}] {uri} {suite}{dash}{pocket} main"


def _own_sources() -> Iterator[tuple[str, str]]:
    for file in sorted(Path("/etc/apt").glob("sources.list*/*.sources")):
        for stanza in file.read_text(encoding="utf-8").split("\n\n"):
            fields = dict(
                line.split(":", 1) for line in stanza.splitlines() if ":" in line and line[0] != "#"
            )
            if "deb" in fields.get("Types", "").split():
                for uri in fields["URIs"].split():
                    yield from ((uri, own) for own in fields["Suites"].split())
    for file in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*.list")):
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for line in lines:
            words = re.sub(r"\[.*?\]", "", line).split()
            if words[:1] == ["deb"]:
                yield words[1], words[2]


def _remove_older(kind: str) -> None:
    for old in CACHE.glob(f"root-{kind}-*"):
        shutil.rmtree(old)


def _build(suite: str, architecture: str, sources: Sequence[str], root: Path) -> None:
    unfinished = root.with_name(f"unfinished-{root.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        customise = Path(folder) / "customise.sh"
        customise.write_text("#!/bin/sh\n" + _CUSTOMISE, encoding="utf-8")
        customise.chmod(0o700)
        subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--mode=root",
                "--variant=minbase",
                *([f"--architectures={architecture}"] if architecture else []),
                '--aptopt=APT::Install-Recommends "false"',
                '--aptopt=Acquire::Languages "none"',
                *_apt_options(),
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                f"--keyring={KEYRING}",
                f"--include={','.join(PACKAGES)}",
                f"--customize-hook={customise}",
                suite,
                str(unfinished),
                *sources,
            ],
            check=True,
            timeout=1800 if architecture else 600,
        )
    shutil.copy(Path("/") / AUTHORITIES, unfinished / AUTHORITIES)
    pip_settings = Path("/etc/pip.conf")
    if pip_settings.exists():
        shutil.copy(pip_settings, unfinished / "etc/pip.conf")
    unfinished.rename(root)


def _apt_options() -> Iterator[str]:
    """The settings of apt that reach a mirror, as options; cleaning hooks of images stay out."""
    for file in sorted((Path("/") / APT_SETTINGS).iterdir()):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("Acquire::"):
                yield f"--aptopt={line.rstrip(';')}"
