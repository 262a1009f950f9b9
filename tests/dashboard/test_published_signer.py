"""The published client as the wallet: it signs in, proves, connects, as people's wallets do."""

import asyncio

import pytest

from tests.dashboard.people import Browser
from tests.support.appliance import Person
from tests.support.npm_tests import NPM_DIR, node

pytestmark = pytest.mark.system


async def approve_with_published_client(person: Person, link: str) -> None:
    """Approve a link with the npm package, unmodified, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        node(),
        "--import=./web_crypto.mjs",
        "dashboard/approve.mjs",
        person.keypair.secret_text(),
        link,
        cwd=NPM_DIR,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()


async def test_it_signs_in_and_connects(browser: Browser, alice: Person) -> None:
    await approve_with_published_client(alice, await browser.begin_sign_in())
    assert (await browser.get("/login/wait")).headers["Location"] == "/home"
    await browser.post("/connect", {"rights": "change"})
    await approve_with_published_client(alice, await browser.shown_link())
    assert (await browser.get("/scan")).headers["Location"] == "/connect?done=connected"
