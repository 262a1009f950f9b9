"""Releases for the tests to change over to, good ones and broken ones, and clients meanwhile."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import PROJECT, build_wheel

Change = Callable[[Path], object]
# A client waits at the sockets while its node changes over.
PATIENCE_S = 60
# nginx lets one address ask a hundred times a second.
PAUSE_S = 0.1


def release(hosts: Network, version: str, *changes: Change) -> str:
    """The option that installs another release: this source under another version, changed."""

    def changed(source: Path) -> None:
        replace(source, "appliance/version.py", r'VERSION = ".*"', f'VERSION = "{version}"')
        for change in changes:
            change(source)

    return f"-e pubky_app_wheel={build_wheel(PROJECT, hosts.work / version, changed)}"


def replace(source: Path, path: str, pattern: str, new: str) -> None:
    """Change a file that must have what is looked for."""
    file = source / path
    text, count = re.subn(pattern, new, file.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{path} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def never_ready(source: Path) -> None:
    """Answer that the node is not ready."""
    replace(source, "appliance/web/health.py", "200 if ready else 503", "503")


def broken_outside(source: Path) -> None:
    """Be ready, and fail everybody who asks for the front page."""
    replace(source, "appliance/web/info.py", 'Response\\("Pubky Homeserver",', 'Response("", 500,')


def drops_invites(source: Path) -> None:
    """Bring a migration that older releases do not know."""
    migration = source / "appliance/metadata/migrations/9000_broken.sql"
    migration.write_text("DROP TABLE signup_tokens;\n", encoding="utf-8")


def adds_table(source: Path) -> None:
    """Bring a harmless migration that older releases do not know."""
    migration = source / "appliance/metadata/migrations/9000_more.sql"
    migration.write_text("CREATE TABLE more (id INTEGER PRIMARY KEY);\n", encoding="utf-8")


def refuses_settings(source: Path) -> None:
    """Know the setting of the sign-up no longer."""
    replace(
        source, "appliance/config/schema.py", "    signup_mode: Literal", "    sign_up: Literal"
    )


def running_version(host: Host) -> str:
    """The version of the program that answers, which `current` should name."""
    named = host.text("pubky-appliance version").strip()
    current = host.text("readlink /opt/pubky/current").strip()
    # The first word is the interpreter of the release that was started.
    served_by = host.text("cat /proc/$(systemctl show -P MainPID pubky)/cmdline").split("\0")[0]
    assert served_by.startswith(f"{current}/bin/"), served_by
    return named


@contextmanager
def constant_load(
    nodes: Sequence[tuple[Host, str]], failures: list[str], asked: dict[str, int] | None = None
) -> Iterator[None]:
    """Ask every node for its front page through nginx, by its name, on a new connection each time.

    `asked` counts the answers that were right.
    """
    done = threading.Event()
    counts: dict[str, int] = {} if asked is None else asked

    def ask(host: Host, domain: str) -> None:
        # What the certificate is good for is verify.yml's matter.
        with httpx.Client(
            verify=False,  # noqa: S501
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Host": domain},
            timeout=PATIENCE_S,
            trust_env=False,
        ) as client:
            while not done.wait(PAUSE_S):
                said = answer_of(client, host, domain)
                if said == "200":
                    counts[domain] = counts.get(domain, 0) + 1
                else:
                    failures.append(f"{domain}: {said}")

    threads = [threading.Thread(target=ask, args=node) for node in nodes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def answer_of(client: httpx.Client, host: Host, domain: str) -> str:
    """The status of the front page, or what went wrong."""
    began = time.monotonic()
    try:
        answer = client.get(f"https://{host.address}/", extensions={"sni_hostname": domain})
    except httpx.HTTPError as error:
        return f"{error!r} after {time.monotonic() - began:.1f} s"
    return str(answer.status_code)
