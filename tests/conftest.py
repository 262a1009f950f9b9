"""Fixtures that every test may use: a running node and people who signed up on it."""

from collections.abc import AsyncIterator
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import httpx
import pytest

from tests.support.appliance import Appliance, Person, keypair_of, running_appliance

HERE = Path(__file__).parent
# Read once: each client would take a dozen milliseconds for it.
TRUST = httpx.create_ssl_context()
# A whole node and its pages for each test, or a node on which people have lived: they are for
# `make test`. `make check` shall be quick enough to be run before every commit.
WHOLE_NODES = (
    "dashboard/pages",
    "dashboard/life",
    "dashboard/test_audiences.py",
    "appliance/web/test_bandwidth.py",
    "appliance/cli/test_doctor_network.py",
    "appliance/cli/test_network.py",
    "test_sample_life",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need whole nodes, by where they are."""
    for item in items:
        if item.path.is_relative_to(HERE):
            where = item.path.relative_to(HERE).as_posix()
            if where.startswith(WHOLE_NODES):
                item.add_marker(pytest.mark.system)


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[Appliance]:
    """A node with open sign-up."""
    async with running_appliance(tmp_path) as running:
        yield running


@pytest.fixture
async def http(appliance: Appliance) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the node's client API that keeps no cookies of its own."""
    async with httpx.AsyncClient(base_url=appliance.client_url, timeout=20, verify=TRUST) as client:
        # Cookies are sent by hand: the jar would mix the people of a test.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield client


@pytest.fixture
async def alice(http: httpx.AsyncClient) -> Person:
    """Alice, signed up with every right to her own data."""
    return await _signed_up("alice", http)


@pytest.fixture
async def bob(http: httpx.AsyncClient) -> Person:
    """Bob, signed up with every right to his own data."""
    return await _signed_up("bob", http)


async def _signed_up(name: str, http: httpx.AsyncClient) -> Person:
    person = Person(keypair_of(name), http)
    response = await person.sign_up()
    assert response.status_code == 200, response.text
    return person
