"""The node as a service of its host: its key, its memory, its address, and what watches over it."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.pubky.keys import Keypair
from tests.deploy.conftest import DASHBOARD, DOMAIN, Layer, Node, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import PROJECT, inventory
from tests.support.appliance import auth_token, keypair_of
from tests.support.needs import cannot_run_here

NODE_KEY = "/usr/local/lib/pubky/node-key"
DATA = "/var/lib/pubky"
SEALED = "/etc/pubky/credentials/node-key.cred"
SDK = PROJECT / "dashboard/static/build/pubky.js"
# Globally reachable by the tables, and given up (RFC 7526): nobody is hidden by using it here.
PUBLIC = "192.88.99"
REPUBLISHED_S = 60.0
SMALL_BYTES = 512 * 1024 * 1024
FILE_BYTES = 100 * 1000 * 1000


def variables(**wanted: Any) -> str:
    """An option of the playbooks that sets variables with their types."""
    return f"--extra-vars={json.dumps(wanted)}"


def eventually(holds: Callable[[], bool], within_s: float) -> None:
    """Return as soon as `holds()`; fails the test when it does not within this time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        time.sleep(0.3)


def status_of(host: Host, url: str, *options: str) -> str:
    """What a program on the host is answered: the status of HTTP."""
    done = host.in_namespace(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *options, url]
    )
    return done.out


def public_key(host: Host) -> str:
    """The node's key as its commands say it."""
    return str(json.loads(host.text("pubky-appliance init --json"))["public_key"])


def test_the_key_moves_between_file_and_credential_and_is_never_another(
    installed_copy: Node,
) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    key = public_key(host)
    assert host.run("test -e", SEALED).code == 0
    assert host.run(f"test -e {DATA}/secret").code == 1
    plays.run("site.yml", "--tags=app", variables(pubky_app_key_storage="file"))
    secret = host.text(f"cat {DATA}/secret")
    assert Keypair.from_secret_text(secret).public_key.z32 == key == public_key(host)
    assert host.run("test -e", SEALED).code == 1
    again = plays.run("site.yml", "--tags=app")
    assert "node-key export" in again.out
    assert host.run(f"test -e {DATA}/secret").code == 1
    assert host.text(NODE_KEY, "show --yes").strip() == secret.strip()
    assert public_key(host) == key
    assert status_of(host, "http://127.0.0.1:6289/readyz") == "200"


def test_a_copy_of_the_key_leaves_and_comes_back(installed_copy: Node) -> None:
    host = installed_copy.host
    key, other = public_key(host), keypair_of("somebody else")
    host.text(f"mkdir -m 700 /root/copy /root/other && {NODE_KEY} export /root/copy")
    assert host.text("stat -c %a /root/copy/secret").strip() == "600"
    host.run("cat > /root/other/secret", stdin=other.secret_text())
    assert "the node runs; stop it" in host.run(NODE_KEY, "import /root/copy").err
    host.text("systemctl stop pubky.socket pubky.service")
    assert f"say --over {key}" in host.run(NODE_KEY, "import /root/other").err
    assert host.text(NODE_KEY, "import /root/other --over", key).strip() == other.public_key.z32
    assert public_key(host) == other.public_key.z32
    host.text(NODE_KEY, "import /root/copy --over", other.public_key.z32)
    host.text("systemctl start pubky.socket pubky.service")
    assert public_key(host) == key
    assert "say --yes" in host.run(NODE_KEY, "show").err


def test_a_damaged_credential_stops_the_node_and_makes_no_other_key(installed_copy: Node) -> None:
    host = installed_copy.host
    key = public_key(host)
    host.text(f"cp {SEALED} /root/kept && echo damaged > {SEALED}")
    assert host.run("systemctl restart pubky").code != 0
    assert host.run(f"test -e {DATA}/secret").code == 1
    assert "import your own copy" in host.run(NODE_KEY, "show --yes").err
    assert public_key(host) == key
    host.text(f"cp /root/kept {SEALED} && systemctl reset-failed pubky && systemctl restart pubky")


def test_a_new_password_is_good_from_the_next_start(installed_copy: Node) -> None:
    host = installed_copy.host
    password = json.loads(host.text("pubky-appliance password --json"))["admin_password"]
    asked = ["http://127.0.0.1:6288/info", "--header", f"X-Admin-Password: {password}"]
    assert status_of(host, *asked) == "401"
    host.text("systemctl restart pubky")
    assert status_of(host, *asked) == "200"


def test_a_node_whose_event_loop_is_stuck_is_started_anew(installed_copy: Node) -> None:
    host = installed_copy.host
    # The real program, which a signal makes sit in its event loop while its threads go on.
    host.run(
        "mkdir /run/stuck && cat > /run/stuck/sitecustomize.py",
        stdin="import signal, time\nsignal.signal(signal.SIGUSR2, lambda *_: time.sleep(3600))\n",
    )
    host.run(
        "mkdir /run/systemd/system/pubky.service.d &&"
        " cat > /run/systemd/system/pubky.service.d/stuck.conf",
        stdin="[Service]\nWatchdogSec=3\nEnvironment=PYTHONPATH=/run/stuck\n",
    )
    host.text("systemctl daemon-reload && systemctl restart pubky")
    before = host.text("systemctl show pubky --property=MainPID --value")
    host.text("systemctl kill --signal=SIGUSR2 --kill-whom=main pubky")
    eventually(lambda: "watchdog" in host.text("journalctl --unit=pubky --no-pager").lower(), 30)
    eventually(lambda: status_of(host, "http://127.0.0.1:6289/readyz") == "200", 30)
    assert host.text("systemctl show pubky --property=MainPID --value") != before


def test_a_part_that_is_switched_off_keeps_nobody_waiting(installed_copy: Node) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    parts = ["web", "pubky_tls", "admin", "metrics", "dashboard", "dht", "publish", "sweep"]
    settings = {"pkdns": {"dht_bootstrap_nodes": []}, "run": {"parts": parts}}
    plays.run("site.yml", "--tags=app", variables(pubky_app_config=settings))
    # Once more, because systemd looks at its sockets again when the service has ended.
    host.text("systemctl restart pubky")
    done = host.in_namespace(["curl", "--silent", "--max-time", "10", "http://127.0.0.1:15412/"])
    assert done.code in {52, 56}, "neither an empty answer nor a reset"
    assert host.text("systemctl is-active pubky.socket pubky.service").split() == ["active"] * 2


def test_wrong_settings_are_told_before_anything_changes(installed_copy: Node) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    before = host.text(f"cat {DATA}/config.toml")
    wrong = {
        "pubky_app_config": {"storage": {"default_quota": 100}, "dashbord": {}},
        "pubky_app_operators": ["pubky8pinxx"],
        "pubky_app_memory_high": "much",
        "pubky_app_login_relay": "http://relay.example",
    }
    said = plays.run("site.yml", "--tags=app", variables(**wrong), expect_failure=True).out
    told = " ".join(said.split())
    assert "storage has no setting default_quota; did you mean default_quota_mb?" in told
    assert "no section dashbord; did you mean dashboard?" in told
    for name in wrong.keys() - {"pubky_app_config"}:
        assert f"{name} must be" in told
    assert host.text(f"cat {DATA}/config.toml") == before


def test_what_watches_over_the_host(installed_copy: Node, hosts: Network) -> None:
    host, plays = installed_copy.host, installed_copy.inventory
    key = keypair_of("an operator").public_key.z32
    wanted = variables(
        pubky_monitoring_node_exporter=True,
        pubky_monitoring_rules_dest="/etc/prometheus/rules",
        pubky_monitoring_ping_url=f"http://{hosts.gateway}:1/secret-of-the-ping",
        pubky_app_operators=[key],
        pubky_base_ssh_keys_only=True,
        pubky_base_journal_volatile=True,
    )
    tags = "--tags=base,app,monitoring"
    plays.run("site.yml", tags, wanted)
    host.text("systemctl start pubky-textfile")
    seen = host.in_namespace(["curl", "--silent", "http://127.0.0.1:9100/metrics"]).out
    assert f'pubky_certificate_served{{name="{DOMAIN}"}} 1' in seen
    until = re.search(rf'not_after_timestamp_seconds{{name="{DOMAIN}"}} (\S+)', seen)
    assert until is not None
    assert float(until[1]) > time.time()
    assert host.text("ls /etc/prometheus/rules").split() == [
        "pubky-alerts.yml",
        "pubky-grafana.json",
    ]
    assert key in host.text(f"cat {DATA}/config.toml")
    assert "passwordauthentication no" in host.text("sshd -T")
    # Nobody listens there: the failure is visible, the address is not.
    assert host.run("systemctl start pubky-ping").code != 0
    logged = host.text("journalctl --no-pager")
    assert "nobody could be told" in logged
    assert "secret-of-the-ping" not in logged
    # Alone in its DHT, nobody can be asked, which says nothing bad.
    host.text("systemctl start pubky-publish-check")
    assert plays.run("site.yml", tags, wanted).changed_tasks == []
    host.text("systemctl stop nginx && systemctl start pubky-textfile")
    lines = host.text("cat /var/lib/prometheus/node-exporter/pubky.prom")
    assert f'pubky_certificate_served{{name="{DOMAIN}"}} 0' in lines


def test_the_page_for_newcomers_has_its_program(installed_copy: Node) -> None:
    if not SDK.exists():
        cannot_run_here("the published client was not fetched: make sdk")
    host = installed_copy.host
    said = host.in_namespace(
        ["curl", "--silent", "--insecure", "--resolve", f"{DASHBOARD}:443:{host.address}",
         f"https://{DASHBOARD}/join"]
    )  # fmt: skip
    program = re.search(r'"(/[^"]*pubky[^"]*\.js)"', said.out)
    assert program is not None, said.out[:2000]
    fetched = ["--insecure", "--resolve", f"{DASHBOARD}:443:{host.address}"]
    assert status_of(host, f"https://{DASHBOARD}{program[1]}", *fetched) == "200"


@pytest.fixture
def other(hosts: Network, baked: Layer) -> Iterator[Host]:
    """A second node, with another key."""
    host = hosts.boot(f"other{len(hosts.hosts)}", layer=baked.folder)
    host.text("systemctl stop pubky.socket pubky.service && mkdir -m 700 /root/other")
    host.run("cat > /root/other/secret", stdin=keypair_of("another node").secret_text())
    host.text(NODE_KEY, "import /root/other --over", public_key(host))
    yield host
    hosts.discard(host)


def test_a_new_address_is_published_within_a_minute(
    hosts: Network, installed_copy: Node, other: Host
) -> None:
    host, key = installed_copy.host, public_key(installed_copy.host)
    old, new, theirs = f"{PUBLIC}.11", f"{PUBLIC}.21", f"{PUBLIC}.12"
    hook = hosts.work / "hook"
    hook.write_text('#!/bin/sh\necho "$@" >> /var/lib/told\n', encoding="utf-8")
    # With two nodes only, neither would know by others that it can be reached.
    dht = {"pkdns": {"dht_bootstrap_nodes": [f"{theirs}:6881"]}, "dht": {"mode": "server"}}
    installed_copy.inventory.run(
        "site.yml",
        "--tags=app",
        variables(pubky_public_ip="auto", pubky_app_config=dht, pubky_app_address_hook=str(hook)),
    )
    other.run(
        f"cat > {DATA}/config.toml",
        stdin=(
            '[drive]\npubky_listen_socket = "0.0.0.0:6287"\n'
            f'[pkdns]\npublic_ip = "{theirs}"\ndht_bootstrap_nodes = ["{old}:6881"]\n'
            '[dht]\nmode = "server"\n'
        ),
    )
    take_address(hosts, other, theirs)
    other.text("systemctl start pubky.socket pubky.service")
    take_address(hosts, host, old)
    host.text("systemctl restart pubky")

    def is_found_at(address: str) -> bool:
        asked = other.run(f"pubky-appliance resolve {key} --json --bootstrap {theirs}:6881")
        return asked.code == 0 and any(
            place.startswith(f"{address} port") for place in json.loads(asked.out)["endpoints"]
        )

    eventually(lambda: is_found_at(old), REPUBLISHED_S)
    # This one first: the second address of a network goes with the first.
    host.text(f"ip addr del {old}/24 dev host0")
    take_address(hosts, host, new)
    eventually(lambda: is_found_at(new), REPUBLISHED_S)
    eventually(lambda: host.run("tail -n 1 /var/lib/told").out.strip() == new, 10)


def take_address(hosts: Network, host: Host, address: str) -> None:
    """Give a host an address that looks public, which it uses from now on."""
    host.text(
        f"ip addr add {address}/24 dev host0 &&"
        f" ip route replace default via {hosts.gateway} dev host0 src {address}"
    )


def test_a_machine_with_512_mib_becomes_a_node_and_stores_a_large_file(hosts: Network) -> None:
    with memory_held_to(SMALL_BYTES) as started_there:
        with started_there():
            host = hosts.boot("small")
        try:
            small = {"pubky_app_profile": "small", "pubky_app_signup_mode": "open"}
            inventory(hosts, (host, node_variables(host) | small)).run("site.yml")
            store_a_large_file(hosts, host)
            restarts = host.text("systemctl show pubky --property=NRestarts --value")
            assert restarts.strip() == "0"
            assert "MemoryHigh=256M" in host.text("systemctl cat pubky")
        finally:
            hosts.discard(host)


def store_a_large_file(hosts: Network, host: Host) -> None:
    """As an app would, through the web server."""
    person = keypair_of("somebody with a video")
    token, video = hosts.work / "token", hosts.work / "video"
    token.write_bytes(auth_token(person))
    with video.open("wb") as file:
        file.truncate(FILE_BYTES)
    common = [
        "curl", "--silent", "--fail", "--insecure", "--resolve", f"{DOMAIN}:443:{host.address}",
    ]  # fmt: skip
    origin = f"https://{DOMAIN}"
    signed_up = host.in_namespace(
        [
            *common,
            "--dump-header",
            "-",
            "--output",
            "/dev/null",
            "--data-binary",
            f"@{token}",
            f"{origin}/signup",
        ]
    )
    cookie = re.search(r"^set-cookie: ([^;]+)", signed_up.out, re.IGNORECASE | re.MULTILINE)
    assert cookie is not None, signed_up
    mine = ["--header", f"pubky-host: {person.public_key.z32}", "--header", f"cookie: {cookie[1]}"]
    place = f"{origin}/pub/app.test/video"
    put = host.in_namespace([*common, *mine, "--upload-file", str(video), place], timeout_s=120)
    assert put.code == 0, put
    got = host.in_namespace(
        [*common, *mine, "--output", "/dev/null", "--write-out", "%{size_download}", place],
        timeout_s=120,
    )
    assert got.out == str(FILE_BYTES)


@contextmanager
def memory_held_to(size: int) -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """A limit of memory for what is started in the block that it gives, cgroup v1 or v2."""
    old, new = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    if (old / "memory.limit_in_bytes").exists():
        root, limit, controller = old, "memory.limit_in_bytes", "memory"
    elif "memory" in (new / "cgroup.subtree_control").read_text(encoding="ascii"):
        root, limit, controller = new, "memory.max", ""
    else:
        cannot_run_here("a limit of memory needs a cgroup with the controller for it")
    ours = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    paths = {line.split(":")[1]: line.split(":", 2)[2] for line in ours}
    before = root / paths[controller].lstrip("/")
    group = root / f"pubky-deploy-{os.getpid()}"
    group.mkdir()
    (group / limit).write_text(str(size), encoding="ascii")

    @contextmanager
    def started_there() -> Iterator[None]:
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
        try:
            yield
        finally:
            (before / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    try:
        yield started_there
    finally:
        group.rmdir()
