"""Pictures of the dashboard from a node with a little life on it.

`python -m tests.screenshots` renews `docs/dashboard.png`; with a folder as its argument it draws
every page in light, dark and phone width there instead, to look at after a change of the style.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, cast

import httpx
from playwright.async_api import Browser, Page, async_playwright

from appliance.assembly import Doors, Node, NodePlan, running_node
from appliance.clock import system_clock
from appliance.homeserver.admin_access import AdminAccess, password_hash
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.capabilities import list_text
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.keys import Keypair
from appliance.web.asgi import ASGIApp
from dashboard.app import DashboardSettings, create_app
from dashboard.doors.admin import AdminDoor
from dashboard.sign_in import create_login_link
from tests.support.appliance import config_on_free_ports, keypair_of
from tests.support.settable_clock import SettableClock
from tests.support.wallet import channel_id, channel_url, seal

README_PICTURE = Path(__file__).parent.parent / "docs" / "dashboard.png"
MAX_PICTURE_BYTES = 200_000
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-quic", "--disable-background-networking")
STORE = "sign-ins.sqlite3"
HOUR_S, DAY_S = 3600, 86_400
STORY_DAYS = 21

Theme = Literal["light", "dark"]

DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80">
<rect width="120" height="80" fill="#dff0c2"/><circle cx="92" cy="22" r="11" fill="#f4b63f"/>
<path d="M0 62 34 30l22 20 18-14 46 44H0z" fill="#4f8a3d"/></svg>"""
PROFILE = """{"name": "Alice", "bio": "Gardens, radios and old maps.",
 "image": "pubky://KEY/pub/pubky.app/files/0034A0X7NJ52G.svg", "member_since": 1751600000000000,
 "links": [{"title": "Garden diary", "url": "https://garden.example"}], "status": null}"""
DIARY = "Monday: sowed peas.\nTuesday: rain.\nWednesday: the peas are up!\n"
# What each person keeps, and what happened last: name, path, body, pause before it in seconds.
BELONGINGS = {
    "pubky.app/profile.json": PROFILE,
    "pubky.app/posts/0034A0X7NJ52C": '{"content": "Seed swap on Sunday", "kind": "short"}',
    "pubky.app/files/0034A0X7NJ52G.svg": DRAWING,
    "garden/diary.txt": DIARY,
    "garden/plan.bin": "\x00\x01plan" * 40_000,
    "notes/draft.txt": "A draft.",
}
LATEST = (
    ("bob", "radio/log.txt", "14.230 MHz, faint.", 9 * HOUR_S),
    ("alice", "maps/harbour-1912.txt", "Scale one to five thousand.", 5 * HOUR_S),
    ("carol", "pubky.app/posts/0034B2JQ1VX6G", '{"content": "Good morning"}', 2 * HOUR_S),
    ("bob", "pubky.app/tags/8Z8CWH8NVYQY39ZEBFGKQWWEKG", '{"label": "garden"}', 50 * 60),
    ("alice", "notes/draft.txt", None, 12 * 60),
    ("alice", "pubky.app/posts/0034B2K8TQ0HG", '{"content": "Peas!"}', 4 * 60),
)


@asynccontextmanager
async def lively_node(folder: Path, clock: SettableClock) -> AsyncIterator[Node]:
    """A node whose time is `clock`, with its dashboard."""

    @asynccontextmanager
    async def pages(doors: Doors) -> AsyncIterator[ASGIApp]:
        app = create_app(
            DashboardSettings(
                doors.origin,
                doors.client_url,
                doors.admin_url,
                doors.admin_token,
                folder / STORE,
            ),
            now_s=lambda: clock() / 1e6,
        )
        await app.startup()
        yield cast("ASGIApp", app)
        await app.shutdown()

    plan = NodePlan(
        data_dir=folder,
        config=config_on_free_ports(signup_mode="token_required"),
        keypair=keypair_of("a node"),
        access=AdminAccess(password_hash("unused")),
        dashboard=pages,
        durable=False,
        clock=clock,
    )
    async with running_node(plan) as node:
        yield node


async def live(node: Node, clock: SettableClock) -> None:
    """Three weeks of a small node."""
    admin = AdminDoor(node.admin_url or "", node.admin_token)
    async with httpx.AsyncClient(base_url=node.client_url) as http:
        for name in ("alice", "bob", "carol", "dave"):
            invite = await admin.create_invite(name.capitalize(), None)
            clock.advance(5 * HOUR_S)
            await sign_up(http, keypair_of(name), invite.code, clock)
            for path, body in BELONGINGS.items():
                clock.advance(60)
                await keep(http, name, path, body)
            clock.advance(4 * DAY_S)
        await admin.disable_user(keypair_of("dave").public_key.z32)
        for note, days in (("Erin, from the radio club", None), ("Lost phone", 30), ("Frank", 7)):
            made = await admin.create_invite(note, days and days * DAY_S)
            if note == "Lost phone":
                await admin.revoke_invite(made.id)
            clock.advance(7 * HOUR_S)
        for name, path, content, pause_s in LATEST:
            clock.advance(pause_s)
            await keep(http, name, path, content)
    clock.advance(80)
    await admin.close()


async def sign_up(
    http: httpx.AsyncClient, keypair: Keypair, invite: str, clock: SettableClock
) -> None:
    """Join; the client's cookie jar keeps one session a person."""
    token = sign_auth_token(keypair, "/:rw", clock())
    response = await http.post("/signup", params={"signup_token": invite}, content=token)
    response.raise_for_status()


async def keep(http: httpx.AsyncClient, name: str, path: str, body: str | None) -> None:
    """Store a file, or delete it when there is no body."""
    key = keypair_of(name).public_key.z32
    address = f"/storage/{key}/pub/{path}"
    if body is None:
        response = await http.delete(address)
    else:
        response = await http.put(address, content=body.replace("KEY", key).encode())
    response.raise_for_status()


async def draw(page: Page, address: str, target: Path, theme: Theme, width: int) -> None:
    """One page as a PNG; a phone gets all of it, a desk the first screen."""
    await page.emulate_media(color_scheme=theme)
    await page.set_viewport_size({"width": width, "height": 800})
    await page.goto(address)
    await page.screenshot(path=target, full_page=width < 500)


async def draw_everywhere(page: Page, address: str, folder: Path, name: str) -> None:
    """One page in light, dark and phone width."""
    for theme, width in (("light", 1200), ("dark", 1200), ("dark", 390)):
        target = folder / f"{name}-{theme}-{width}.png"
        await draw(page, address, target, cast("Theme", theme), width)


async def draw_way_in(browser: Browser, origin: str, folder: Path, clock: SettableClock) -> None:
    """What somebody sees who signs in with a phone: first a stranger, then a tenant."""
    page = await browser.new_page()
    await draw_everywhere(page, f"{origin}/login", folder, "login")
    for name in ("mallory", "alice"):
        await page.goto(f"{origin}/login")
        await page.get_by_role("button", name="Sign in with Pubky Ring").click()
        if name == "mallory":
            await draw_everywhere(page, f"{origin}/login/wait?calm", folder, "login-wait")
        await approve(page, name, clock)
        await page.goto(f"{origin}/login/wait")
        if name == "mallory":
            await page.screenshot(path=folder / "login-wrong-person.png")
            await draw_everywhere(page, f"{origin}/login/wait", folder, "login-over")
    await draw_everywhere(page, f"{origin}/connect", folder, "connect")
    await page.get_by_role("button", name="Ask my wallet").click()
    await draw_everywhere(page, f"{origin}/scan?calm", folder, "connect-scan")
    await approve(page, "alice", clock)
    await page.goto(f"{origin}/scan")
    await draw_everywhere(page, f"{origin}/connect?done=connected", folder, "connected")
    await draw_everywhere(page, f"{origin}/account", folder, "account-tenant")
    await draw_everywhere(page, f"{origin}/users", folder, "refused-tenant")
    clock.advance(6 * 60)
    await draw_everywhere(page, f"{origin}/confirm?back=/account", folder, "confirm")


async def approve(page: Page, name: str, clock: SettableClock) -> None:
    """Answer the code on the page as a wallet does, at the time of the story."""
    text = await page.locator("a[href^='pubkyauth:']").get_attribute("href")
    link = DeepLink.parse(text or "")
    secret = link.secret or b""
    clock.advance(0.1)
    token = sign_auth_token(keypair_of(name), list_text(link.capabilities), clock())
    async with httpx.AsyncClient() as http:
        address = channel_url(link.relay or "", channel_id(secret))
        (await http.post(address, content=seal(token, secret, bytes(24)))).raise_for_status()


async def addresses(node: Node) -> dict[str, str]:
    """Every kind of page, by the name of its picture."""
    admin = AdminDoor(node.admin_url or "", node.admin_token)
    unused = (await admin.invites("unused", 1)).items[0].id
    used = (await admin.invites("used", 1)).items[0].id
    await admin.close()
    key = keypair_of("alice").public_key.z32
    tree = f"{key}/pub"
    return {
        "overview": "/",
        "users": "/users",
        "user": f"/users/{key}",
        "user-disable": f"/users/{key}/disable",
        "invites": "/invites",
        "invites-none": "/invites?state=expired",
        "invite": f"/invites/{unused}",
        "invite-used": f"/invites/{used}",
        "invite-revoke": f"/invites/{unused}/revoke",
        "account": "/account",
        "setup": "/setup",
        "folder": f"/browse/{tree}/garden/",
        "folder-missing": f"/browse/{tree}/garden/shed/",
        "object-json": f"/object/{tree}/pubky.app/profile.json",
        "object-image": f"/object/{tree}/pubky.app/files/0034A0X7NJ52G.svg",
        "object-text": f"/object/{tree}/garden/diary.txt",
        "object-bytes": f"/object/{tree}/garden/plan.bin",
        "not-found": "/nowhere",
    }


async def main(folder: Path | None) -> None:
    """Draw the README's picture, or every page into a folder."""
    clock = SettableClock(system_clock() - STORY_DAYS * DAY_S * 1_000_000)
    with tempfile.TemporaryDirectory() as data:
        async with lively_node(Path(data), clock) as node, async_playwright() as playwright:
            origin = node.dashboard_url or ""
            await live(node, clock)
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
            )
            page = await browser.new_page()
            await page.goto(
                await create_login_link(Path(data) / STORE, origin, now_s=lambda: clock() / 1e6)
            )
            await page.get_by_role("button", name="Sign in").click()
            if folder is None:
                await draw(page, origin, README_PICTURE, "light", 1200)
            else:
                for name, path in (await addresses(node)).items():
                    await draw_everywhere(page, origin + path, folder, name)
                await draw_way_in(browser, origin, folder, clock)
            await browser.close()
    if folder is None and README_PICTURE.stat().st_size > MAX_PICTURE_BYTES:
        sys.exit(f"{README_PICTURE} is larger than {MAX_PICTURE_BYTES} bytes")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
