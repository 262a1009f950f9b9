"""Pictures of the dashboard on a node on which people have lived for twenty months.

`make screenshots` renews the pictures in `docs/`; `python -m tests.screenshots FOLDER` draws every
main page in light, dark and phone width there, to look at after a change of the style.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import BrowserContext, Page, async_playwright

from tests.sample_life.lived_in import LivedIn, lived_in_node
from tests.sample_life.people import key

DOCS = Path(__file__).parent.parent / "docs"
MAX_PICTURE_BYTES = 300_000
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = ("--no-sandbox", "--disable-quic", "--disable-background-networking")

Theme = Literal["light", "dark"]

LOOKS: tuple[tuple[Theme, int], ...] = (("light", 1200), ("dark", 1200), ("dark", 390))

# The pictures of the README, each with its address, theme and width.
PICTURES: dict[str, tuple[str, Theme, int]] = {
    "dashboard": ("/home", "light", 1200),
    "dashboard-life": ("/me/posts", "dark", 1200),
    "dashboard-storage": ("/storage", "light", 1200),
    "dashboard-node": ("/", "dark", 1200),
    "dashboard-phone": ("/access", "light", 390),
}


def addresses() -> dict[str, str]:
    """Every main page, by the name of its picture."""
    ada = key("ada")
    return {
        "home": "/home",
        "me": "/me",
        "posts": "/me/posts",
        "profile-edit": "/me/profile/edit",
        "post-new": "/me/posts/new",
        "follows": "/me/follows",
        "tags": "/me/tags",
        "bookmarks": "/me/bookmarks",
        "feeds": "/me/feeds",
        "media": "/me/media",
        "lists": "/me/lists",
        "life-settings": "/me/settings",
        "apps": "/apps",
        "files": "/files",
        "folder": "/files/pub/pubky.app/posts/?sort=size&order=desc",
        "folder-flat": "/files/pub/pubky.app/?view=all&sort=size&order=desc",
        "then": "/own/then",
        "then-folder": "/own/then/pub/pubky.app/?at=2026-11-01",
        "object": "/own/object/pub/pubky.app/profile.json",
        "upload": "/own/upload/pub/",
        "trash": "/own/trash",
        "search": "/search?q=bread",
        "search-empty": "/search",
        "access": "/access",
        "access-map": "/access/map",
        "activity": "/activity",
        "storage": "/storage",
        "integrity": "/integrity?scan=1",
        "visibility": "/visibility",
        "export": "/export",
        "import": "/import",
        "exit": "/exit",
        "edit": "/own/edit/pub/pubky.app/profile.json",
        "jobs": "/jobs",
        "connect": "/connect",
        "account": "/account",
        "overview": "/",
        "users": "/users",
        "user": f"/users/{ada}",
        "invites": "/invites",
        "setup": "/setup",
        "admin": "/admin",
        "logs": "/logs",
        "figures": "/figures",
        "configuration": "/configuration",
        "audit": "/audit",
        "backups": "/backups",
        "not-found": "/nowhere",
    }


async def draw(page: Page, address: str, target: Path, theme: Theme, width: int) -> None:
    """One page as a PNG: the first screen of a desk, two of a phone."""
    await page.emulate_media(color_scheme=theme)
    await page.set_viewport_size({"width": width, "height": 1600 if width < 500 else 850})
    await page.goto(address)
    await page.screenshot(path=target, timeout=60_000)


async def signed_in(context: BrowserContext, lived_in: LivedIn) -> Page:
    """A page of Chromium with Ada's sign-in: she runs the node and lives on it."""
    async with lived_in.browser_of("ada") as browser:
        cookies = [(each.name, each.value or "") for each in browser.http.cookies.jar]
    await context.add_cookies(
        [{"name": name, "value": value, "url": lived_in.origin} for name, value in cookies]
    )
    return await context.new_page()


async def main(folder: Path | None) -> None:
    """Draw the pictures of the documents, or every page into a folder."""
    with tempfile.TemporaryDirectory() as data:
        async with lived_in_node(Path(data)) as lived_in, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
            )
            page = await signed_in(await browser.new_context(), lived_in)
            if folder is None:
                for name, (path, theme, width) in PICTURES.items():
                    target = DOCS / f"{name}.png"
                    await draw(page, lived_in.origin + path, target, theme, width)
            else:
                for name, path in addresses().items():
                    for theme, width in LOOKS:
                        target = folder / f"{name}-{theme}-{width}.png"
                        await draw(page, lived_in.origin + path, target, theme, width)
            await browser.close()
    too_large = [
        path for path in DOCS.glob("dashboard*.png") if path.stat().st_size > MAX_PICTURE_BYTES
    ]
    if too_large:
        sys.exit(f"larger than {MAX_PICTURE_BYTES:,} bytes: {', '.join(map(str, too_large))}")


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(chosen))
