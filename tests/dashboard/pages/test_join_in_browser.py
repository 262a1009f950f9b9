"""A newcomer without a phone: a key made in a real browser, an account, and nothing that leaks."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, Request, async_playwright, expect

from appliance import testnet as testnets
from appliance.assembly import Node
from appliance.cli.node import pages
from dashboard.doors.admin import AdminDoor
from tests.dashboard.test_accessibility import violations
from tests.screenshots import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.support.appliance import Appliance, running_appliance
from tests.support.wallet import keypair_of_recovery_file

pytestmark = pytest.mark.system

SDK = Path(__file__).parents[3] / "dashboard" / "static" / "build" / "pubky.js"
ANY_PORTS = testnets.TestnetPorts(0, 0, 0, 0, 0, 0, 0, 0)
PASSPHRASE = "seven quiet herons at dusk"
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.effectiveDirective}: ${event.blockedURI}`);
});
"""


@dataclass(slots=True)
class Newcomer:
    """A browser in front of the page, and everything that it sent."""

    page: Page
    node: Node
    admin: AdminDoor
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def join_url(self) -> str:
        """The page, under the name that the testnet's clients use."""
        return f"{self.node.dashboard_url}/join".replace("127.0.0.1", "localhost")

    def note(self, request: Request) -> None:
        """Keep what a request says, in the address, the headers and the body."""
        said = f"{request.method} {request.url} {request.headers}"
        self.sent.append((said, request.post_data_buffer or b""))

    async def make_key(self, invite: str = "") -> str:
        """The first step; the new public key."""
        if invite:
            await self.page.get_by_label("Your invite").fill(invite)
        await self.page.get_by_role("button", name="Make my key").click()
        await self.page.get_by_role("heading", name="Keep your key").wait_for()
        return await self.page.locator("[data-step=keep] [data-public-key]").inner_text()

    async def keep(self, folder: Path) -> Path:
        """The second step up to the button that joins; the recovery file."""
        await self.page.get_by_label("Passphrase").fill(PASSPHRASE)
        await self.page.get_by_label("The same again").fill(PASSPHRASE)
        async with self.page.expect_download() as download:
            await self.page.get_by_role("button", name="Save the recovery file").click()
        saved = folder / (await download.value).suggested_filename
        await (await download.value).save_as(saved)
        await self.page.get_by_label("The recovery file that you saved").set_input_files(saved)
        return saved

    async def join(self) -> None:
        """Press the button that signs up."""
        await self.page.get_by_role("button", name="I have kept it: join").click()


@asynccontextmanager
async def newcomer_at(node: Node, *, lets_axe_in: bool = False) -> AsyncIterator[Newcomer]:
    """Chromium in front of a node."""
    assert SDK.exists(), "the published client is missing: run `make sdk`"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        context = await browser.new_context(
            viewport={"width": 390, "height": 844},
            bypass_csp=lets_axe_in,
            reduced_motion="reduce",  # no color on its way from one theme to the other
        )
        page = await context.new_page()
        page.set_default_timeout(20_000)
        await page.add_init_script(NOTE_VIOLATIONS)
        admin = AdminDoor(node.admin_url or "", node.admin_token)
        newcomer = Newcomer(page, node, admin)
        context.on("request", partial(Newcomer.note, newcomer))
        yield newcomer
        await browser.close()
        await admin.close()


@pytest.fixture
async def appliance(tmp_path: Path) -> AsyncIterator[Appliance]:
    """A node of one's own that publishes nothing, where everybody may join."""
    data_dir = tmp_path / "node"
    data_dir.mkdir()
    async with running_appliance(data_dir) as running:
        yield running


@pytest.fixture
async def newcomer() -> AsyncIterator[Newcomer]:
    network = testnets.running_testnet(ANY_PORTS, token_required=True, dashboard=pages)
    async with network as testnet, newcomer_at(testnet.node) as one:
        yield one


async def test_a_newcomer_makes_a_key_keeps_it_and_joins_and_no_secret_leaves(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    invite = await newcomer.admin.create_invite("For Dora", None)
    page = newcomer.page
    await page.goto(f"{newcomer.join_url}#{invite.code}")
    assert await page.get_by_label("Your invite").input_value() == invite.code
    assert page.url == newcomer.join_url, "the invite does not stay in the address"
    public_key = await newcomer.make_key()
    recovery_file = await newcomer.keep(tmp_path)
    await newcomer.join()
    await page.get_by_role("heading", name="You live here now").wait_for()
    await page.get_by_label("Name").fill("Dora")
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("heading", name="Done").wait_for()
    assert await page.evaluate("violations") == []

    keypair = keypair_of_recovery_file(recovery_file.read_bytes(), PASSPHRASE)
    assert keypair.public_key.z32 == public_key
    user = await newcomer.admin.find_user(public_key)
    assert user is not None
    assert user.sessions == 0, "the page's own session has ended"
    used = await newcomer.admin.find_invite(invite.id)
    assert used is not None
    assert used.used_by == public_key
    async with httpx.AsyncClient(base_url=newcomer.node.client_url) as http:
        stored = await http.get("/pub/pubky.app/profile.json", headers={"pubky-host": public_key})
    assert stored.json()["name"] == "Dora"
    packet = await newcomer.admin.key_state(public_key)
    assert packet.public_key == public_key
    _assert_nothing_leaked(
        newcomer.sent, bytes.fromhex(keypair.secret_text()), recovery_file.read_bytes()
    )
    own = (newcomer.join_url.removesuffix("/join"), newcomer.node.client_url)
    allowed = tuple(f" {url.replace('127.0.0.1', 'localhost')}/" for url in own)
    assert all(any(place in said for place in allowed) for said, _ in newcomer.sent)


def _assert_nothing_leaked(sent: list[tuple[str, bytes]], seed: bytes, file: bytes) -> None:
    """No form of the secret, of the file or of the passphrase is in any request."""
    secrets = [PASSPHRASE.encode(), PASSPHRASE.replace(" ", "+").encode()]
    for secret in (seed, file, file.partition(b"\n")[2]):
        plain = base64.b64encode(secret).rstrip(b"=")
        safe = base64.urlsafe_b64encode(secret).rstrip(b"=")
        secrets += [secret, secret.hex().encode(), secret.hex().upper().encode(), plain, safe]
        secrets.append(",".join(str(byte) for byte in secret).encode())
    posted = [body for _, body in sent if body]
    assert len(posted) >= 2, "bodies are watched: the sign-up and the packet"
    for said, body in sent:
        for secret in secrets:
            assert secret not in said.encode()
            assert secret not in body


async def test_an_invite_that_is_none_loses_no_key(newcomer: Newcomer, tmp_path: Path) -> None:
    invite = await newcomer.admin.create_invite(None, None)
    await newcomer.page.goto(newcomer.join_url)
    public_key = await newcomer.make_key("AAAA-BBBB-CCCC")
    await newcomer.keep(tmp_path)
    await newcomer.join()
    await newcomer.page.get_by_text("This invite does not exist").wait_for()
    await newcomer.page.get_by_label("Another invite").fill(invite.code.lower())
    await newcomer.join()
    await newcomer.page.get_by_role("heading", name="You live here now").wait_for()
    assert await newcomer.admin.find_user(public_key) is not None


async def test_nobody_joins_before_the_file_was_seen_to_open(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    page = newcomer.page
    await page.goto(newcomer.join_url)
    await newcomer.make_key("AAAA-BBBB-CCCC")
    await newcomer.keep(tmp_path)
    button = page.get_by_role("button", name="I have kept it: join")
    await expect(button).to_be_enabled()
    (tmp_path / "other.pkarr").write_bytes(b"pubky.org/recovery\n" + bytes(72))
    await page.get_by_label("The recovery file that you").set_input_files(tmp_path / "other.pkarr")
    await page.get_by_text("does not hold your key").wait_for()
    assert await button.is_disabled()


async def test_two_different_passphrases_save_nothing(newcomer: Newcomer) -> None:
    page = newcomer.page
    await page.goto(newcomer.join_url)
    await newcomer.make_key("AAAA-BBBB-CCCC")
    await page.get_by_label("Passphrase").fill(PASSPHRASE)
    await page.get_by_label("The same again").fill(f"{PASSPHRASE}!")
    await page.get_by_role("button", name="Save the recovery file").click()
    await page.get_by_text("the two passphrases differ").wait_for()
    assert await page.locator("[data-saved]").is_hidden()


async def test_where_everybody_may_join_no_invite_is_asked_for(
    appliance: Appliance, tmp_path: Path
) -> None:
    async with newcomer_at(appliance.node) as newcomer:
        await newcomer.page.goto(newcomer.join_url)
        assert await newcomer.page.get_by_label("Your invite").count() == 0
        public_key = await newcomer.make_key()
        await newcomer.keep(tmp_path)
        await newcomer.join()
        await newcomer.page.get_by_role("heading", name="You live here now").wait_for()
        assert await newcomer.admin.find_user(public_key) is not None


async def test_the_page_can_reach_nobody_else(newcomer: Newcomer) -> None:
    await newcomer.page.goto(newcomer.join_url)
    for address in ("http://127.0.0.1:1/", newcomer.join_url, newcomer.node.admin_url):
        refused = await newcomer.page.evaluate(
            "address => fetch(address).then(() => 'asked', () => 'refused')", address
        )
        assert refused == "refused"
    found = await newcomer.page.evaluate("violations")
    assert [line.partition(":")[0] for line in found] == ["connect-src"] * 3


async def test_no_step_shuts_anybody_out_or_leaves_a_phone(
    appliance: Appliance, tmp_path: Path
) -> None:
    found: dict[str, list[str]] = {}
    async with newcomer_at(appliance.node, lets_axe_in=True) as newcomer:
        page = newcomer.page

        async def look(step: str) -> None:
            for theme in ("light", "dark"):
                await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                found[f"{step}, {theme}"] = await violations(page)
            width = await page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, step

        await page.goto(newcomer.join_url)
        await look("begin")
        await newcomer.make_key()
        await look("keep")
        await newcomer.keep(tmp_path)
        await look("kept")
        await newcomer.join()
        await page.get_by_role("heading", name="You live here now").wait_for()
        await look("joined")
        await page.get_by_role("button", name="Go on").click()
        await page.get_by_role("heading", name="Done").wait_for()
        await look("done")
    assert {step: lines for step, lines in found.items() if lines} == {}
