"""`doctor` on the network: what is found, what is wrong, and what could not be checked."""

import asyncio
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.cli.doctor_network import EARLIEST_US, clock, handshake, https
from appliance.clock import system_clock
from appliance.data_folder import CONFIG_FILE, KEY_FILE
from tests.support.appliance import keypair_of
from tests.support.command_line import CommandLine
from tests.support.dht import dht_network
from tests.support.needs import cannot_run_here
from tests.support.tls_dialogues import KEYPAIR
from tests.support.tls_server import running_tls_server

NOBODY = "127.0.0.1:9"

Thing = TypeVar("Thing")


@contextmanager
def in_background(thing: AbstractAsyncContextManager[Thing]) -> Iterator[Thing]:
    """Something that runs on an event loop of its own: commands run loops themselves."""
    ready: Future[Thing] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with thing as served:
            ready.set_result(served)
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        yield ready.result(20)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def entrance() -> Iterator[tuple[str, str]]:
    """How a command enters a DHT of six nodes."""
    with in_background(dht_network(6)) as nodes:
        host, port = nodes[0].addresses[0]
        yield "--bootstrap", f"{host}:{port}"


def _findings(cli: CommandLine, *arguments: str) -> dict[str, dict[str, str]]:
    ended = cli("doctor", "--json", *arguments)
    return {finding["subject"]: finding for finding in json.loads(ended.out)}


def test_a_node_that_stays_at_home_asks_nobody(cli: CommandLine) -> None:
    found = _findings(cli)
    assert found["public record"]["verdict"] == "good"
    assert "stays off the public network" in found["public record"]["evidence"]
    assert "copies in the DHT" not in found


def test_a_published_record_is_found_by_key_and_compared(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    assert cli("publish", *entrance).code == 0
    found = _findings(cli, *entrance)
    assert found["public record"]["verdict"] == "good"
    assert "as config.toml says" in found["public record"]["evidence"]
    assert found["copies in the DHT"]["evidence"].startswith("6, counted ")
    # It is published, and nobody runs behind it here.
    assert found["published address"]["verdict"] == "warning"


def test_a_record_that_says_something_else_is_bad(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    assert cli("publish", *entrance).code == 0
    changed = '[pkdns]\nicann_domain = "localhost"\npublic_ipv6 = "::1"\n'
    (cli.data_dir / CONFIG_FILE).write_text(changed, encoding="utf-8")
    found = _findings(cli, *entrance)
    assert found["public record"]["verdict"] == "bad"
    assert "does not say what config.toml says" in found["public record"]["evidence"]


def test_a_record_that_nobody_has_is_no_bad_news_while_the_node_does_not_run(
    cli: CommandLine, entrance: tuple[str, str]
) -> None:
    found = _findings(cli, *entrance)["public record"]
    assert (found["verdict"], found["remedy"]) == ("warning", "Start the node.")


def test_without_any_network_nothing_is_bad(cli: CommandLine) -> None:
    found = _findings(cli, "--bootstrap", NOBODY)
    assert "could not be checked" in found["public record"]["evidence"]
    assert {finding["verdict"] for finding in found.values()} <= {"good", "warning"}


def _configured(cli: CommandLine, port: int) -> None:
    text = f'[drive]\npubky_listen_socket = "127.0.0.1:{port}"\n'
    (cli.data_dir / CONFIG_FILE).write_text(text, encoding="utf-8")


def test_another_keys_server_on_the_port_is_bad(cli: CommandLine) -> None:
    with in_background(running_tls_server()) as server:
        _configured(cli, server.port)
        found = _findings(cli)["PubkyTLS"]
    assert found["verdict"] == "bad"
    assert "not served with the key of this node" in found["evidence"]


def test_the_own_key_on_the_port_is_good(cli: CommandLine) -> None:
    (cli.data_dir / KEY_FILE).write_text(KEYPAIR.secret_text(), encoding="utf-8")
    with in_background(running_tls_server()) as server:
        _configured(cli, server.port)
        found = _findings(cli)["PubkyTLS"]
    assert (found["verdict"], found["evidence"].endswith("proves the key of this node")) == (
        "good",
        True,
    )


async def test_a_handshake_with_another_key_fails() -> None:
    async with running_tls_server() as server:
        await handshake("127.0.0.1", server.port, KEYPAIR.public_key)
        other = keypair_of("somebody else").public_key
        with pytest.raises(ssl.SSLCertVerificationError):
            await handshake("127.0.0.1", server.port, other)


def test_a_clock_of_long_ago_is_bad(tmp_path: Path) -> None:
    assert clock(tmp_path, EARLIEST_US - 1, tmp_path / "none").verdict == "bad"


def test_a_clock_behind_the_nodes_own_files_is_a_warning(tmp_path: Path) -> None:
    now_us = system_clock()
    file = tmp_path / "secret"
    file.touch()
    later_s = now_us / 1_000_000 + 3600
    os.utime(file, (later_s, later_s))
    assert "set back" in clock(tmp_path, now_us, file).remedy


def test_a_clock_that_nobody_vouches_for_could_not_be_checked(tmp_path: Path) -> None:
    marker = tmp_path / "synchronized"
    now_us = system_clock()
    found = clock(tmp_path, now_us, marker)
    assert (found.verdict, "could not be checked" in found.evidence) == ("warning", True)
    marker.touch()
    assert clock(tmp_path, system_clock(), marker).verdict == "good"


class _Proxy(http.server.BaseHTTPRequestHandler):
    """In front of a homeserver, or of something else."""

    body = b'{"features":[]}'

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class _OtherSite(_Proxy):
    body = b"<html>"


@contextmanager
def _https_server(folder: Path, handler: type[_Proxy]) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A server on loopback, and the trust that its own certificate needs."""
    if shutil.which("openssl") is None:
        cannot_run_here("openssl is needed to make a certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    wish = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", *wish, *names, *files],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # refused handshakes are meant
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1], ssl.create_default_context(cafile=certificate)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_domain_with_a_good_certificate_and_a_node_behind_it_is_good(tmp_path: Path) -> None:
    with _https_server(tmp_path, _Proxy) as (port, trust):
        assert https("127.0.0.1", port, trust).verdict == "good"


def test_a_certificate_that_nobody_trusts_is_bad(tmp_path: Path) -> None:
    with _https_server(tmp_path, _Proxy) as (port, _):
        found = https("127.0.0.1", port)
    assert (found.verdict, "certificate" in found.evidence) == ("bad", True)


def test_another_site_at_the_domain_is_bad(tmp_path: Path) -> None:
    with _https_server(tmp_path, _OtherSite) as (port, trust):
        found = https("127.0.0.1", port, trust)
    assert (found.verdict, "not as a homeserver does" in found.evidence) == ("bad", True)


def test_a_domain_that_cannot_be_reached_could_not_be_checked() -> None:
    found = https("127.0.0.1", 9)
    assert (found.verdict, "could not be checked" in found.evidence) == ("warning", True)
