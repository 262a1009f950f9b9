"""A real node with its dashboard on free ports, a tenant, and the owner's browser."""

from collections.abc import AsyncIterator

import httpx
import pytest

from appliance.cli.node import pages
from appliance.data_folder import DASHBOARD_FILE
from appliance.testnet import Testnet, TestnetPorts, running_testnet
from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.sign_in import create_login_link
from tests.dashboard.people import Owner, Tenant, sign_up

FREE_PORTS = TestnetPorts(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
async def net() -> AsyncIterator[Testnet]:
    async with running_testnet(FREE_PORTS, token_required=True, dashboard=pages) as running:
        yield running


@pytest.fixture
def origin(net: Testnet) -> str:
    assert net.node.dashboard_url is not None
    return net.node.dashboard_url


@pytest.fixture
async def visitor(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    async with httpx.AsyncClient(base_url=origin) as http:
        yield http


@pytest.fixture
async def owner(net: Testnet, origin: str) -> AsyncIterator[Owner]:
    assert net.node.admin_url is not None
    admin = AdminDoor(net.node.admin_url, net.node.admin_token)
    client = ClientDoor(net.node.client_url)
    link = await create_login_link(net.data_dir / DASHBOARD_FILE, origin)
    async with httpx.AsyncClient(base_url=origin) as http:
        response = await http.post(link, headers={"User-Agent": "Mozilla/5.0 Firefox/1 Linux"})
        assert response.status_code == 303
        yield Owner(http, admin, client)
    await admin.close()
    await client.close()


@pytest.fixture
async def alice(net: Testnet, owner: Owner) -> AsyncIterator[Tenant]:
    invite = await owner.admin.create_invite("Alice", None)
    async with httpx.AsyncClient(base_url=net.node.client_url) as client:
        yield await sign_up(client, 1, invite.code)
