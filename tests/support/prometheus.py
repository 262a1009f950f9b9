"""A real Prometheus for the length of a block, and its rule and lint tool."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

# Ends a test that hangs; judges no speed.
READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running server, asked over its HTTP API."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples that an expression gives now."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=20)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def wait_for(self, expression: str) -> list[dict[str, Any]]:
        """As `query`, once it gives something."""
        deadline_s = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline_s:
            if found := self.query(expression):
                return found
            time.sleep(0.1)
        raise AssertionError(f"nothing was ever scraped for: {expression}")

    def get(self, path: str) -> Any:
        """The data of another question to the API."""
        answer = httpx.get(self.url + path, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def running_prometheus(folder: Path, target: str, rules: Path) -> Iterator[Prometheus]:
    """Scrape `target` ("127.0.0.1:6289") every second; it is ended with the block."""
    folder.mkdir()
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [
            {"job_name": "pubky-appliance", "static_configs": [{"targets": [target]}]}
        ],
    }
    # JSON is YAML too.
    (folder / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
    address = f"127.0.0.1:{_free_port()}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address={address}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(f"http://{address}", process, folder / "log")
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(20)


def promtool(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own checker to its end."""
    return subprocess.run(
        ["promtool", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline_s and process.poll() is None:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))
