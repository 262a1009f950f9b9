"""A node that asks for invites, with its dashboard, a tenant, and the owner's browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Browser, Owner, browser_at, connect, sign_up
from tests.support.appliance import Appliance, Person, config_on_free_ports, running_appliance


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[Appliance]:
    config = config_on_free_ports(signup_mode="token_required")
    async with running_appliance(tmp_path, config) as running:
        yield running


@pytest.fixture
def origin(appliance: Appliance) -> str:
    return appliance.dashboard_url


@pytest.fixture
async def visitor(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    async with httpx.AsyncClient(base_url=origin) as browser:
        yield browser


@pytest.fixture
async def owner(appliance: Appliance, origin: str) -> AsyncIterator[Owner]:
    admin = AdminDoor(appliance.admin_url, appliance.admin_token)
    client = ClientDoor(appliance.client_url)
    link = await create_login_link(appliance.dashboard_store, origin)
    async with httpx.AsyncClient(base_url=origin) as browser:
        response = await browser.post(link, headers={"User-Agent": "Mozilla/5.0 Firefox/1 Linux"})
        assert response.status_code == 303
        yield Owner(browser, admin, client)
    await admin.close()
    await client.close()


@pytest.fixture
async def browser(origin: str) -> AsyncIterator[Browser]:
    """A browser in which somebody is about to scan."""
    async with browser_at(origin) as one:
        yield one


@pytest.fixture
async def alice(http: httpx.AsyncClient, owner: Owner) -> Person:
    invite = await owner.admin.create_invite("Alice", None)
    return await sign_up(http, invite.code, "alice")


@pytest.fixture
async def home(browser: Browser, alice: Person) -> Browser:
    """Alice's browser: signed in, and connected to all of her data."""
    assert (await browser.sign_in(alice)).status_code == 303
    assert (await connect(browser, alice, "everything")).status_code == 303
    return browser
