"""`/healthz` and `/readyz` of a running node: no password, no cache, no secrets, no load."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from appliance.homeserver import readiness
from tests.support.appliance import Appliance, running_appliance
from tests.support.exposition import Scrape
from tests.support.raw_http import ask
from tests.support.settable_clock import SettableClock

ALL_WELL = {"database": "ok", "blobs": "ok", "disk": "ok", "parts": "ok"}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
async def node(tmp_path: Path, clock: SettableClock) -> AsyncIterator[Appliance]:
    async with running_appliance(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture(params=["admin", "metrics"])
def url(request: pytest.FixtureRequest, node: Appliance) -> str:
    return node.admin_url if request.param == "admin" else node.metrics_url


@pytest.fixture
async def anyone() -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a password."""
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def test_healthz_answers_without_a_password(url: str, anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(url + "/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert answer.headers["cache-control"] == "no-store"


async def test_readyz_lists_every_check(url: str, anyone: httpx.AsyncClient) -> None:
    answer = await anyone.get(url + "/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": ALL_WELL})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_may_use_head_and_nothing_else(url: str, path: str) -> None:
    head = await ask(url, "HEAD", path)
    assert (head.status, head.body) == (200, b"")
    refused = await ask(url, "POST", path)
    assert (refused.status, refused.header("allow")) == (405, "GET,HEAD")


async def test_the_client_api_has_no_health_routes(node: Appliance) -> None:
    for path in ("/healthz", "/readyz"):
        assert (await ask(node.client_url, "GET", path)).status == 400


async def test_a_missing_blob_folder_is_found_and_its_return_too(
    node: Appliance, clock: SettableClock, anyone: httpx.AsyncClient
) -> None:
    blobs = node.data_dir / "blobs"
    blobs.rename(node.data_dir / "gone")
    answer = await anyone.get(node.metrics_url + "/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "checks": ALL_WELL | {"blobs": "failed"}}
    (node.data_dir / "gone").rename(blobs)
    assert (await anyone.get(node.metrics_url + "/readyz")).status_code == 503
    clock.advance(1)
    assert (await anyone.get(node.metrics_url + "/readyz")).status_code == 200


async def test_a_database_that_somebody_else_holds_takes_too_long(
    node: Appliance, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.2)
    database = node.data_dir / "metadata.sqlite3"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = await anyone.get(node.metrics_url + "/readyz")
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "takes too long"


async def test_probes_leave_no_blobs_behind(node: Appliance, anyone: httpx.AsyncClient) -> None:
    await anyone.get(node.metrics_url + "/readyz")
    assert list((node.data_dir / "blobs").glob("*/*")) == []


async def test_the_verdicts_are_figures_too(node: Appliance, anyone: httpx.AsyncClient) -> None:
    (node.data_dir / "blobs").rename(node.data_dir / "gone")
    await anyone.get(node.metrics_url + "/readyz")
    scrape = await Scrape.of(anyone, node.metrics_url)
    ready = {
        check: scrape.value("pubky_appliance_ready", check=check)
        for check in scrape.label_values()["check"]
    }
    assert ready == {"database": 1, "blobs": 0, "disk": 1, "parts": 1}
    # What the disk refused is counted, whoever wrote it.
    assert scrape.value("pubky_appliance_blob_write_errors_total") == 1
