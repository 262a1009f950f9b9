"""People of the dashboard's tests: tenants with storage, and the owner in front of the pages."""

import secrets
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import httpx

from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from dashboard.sign_in import STEP_UP_S
from tests.support.appliance import Appliance, Person, keypair_of
from tests.support.wallet import Wallet

# What stands for the variable parts of addresses where a test walks all routes.
ROUTE_VALUES: dict[str, str | int] = {
    "public_key": keypair_of("a stranger").public_key.z32,
    "rest": "pub/",
    "invite_id": 999,
    "sign_in_id": 999,
    "session_id": 999,
    "post_id": "0032SSN7Q4EVG",
    "token": "x",
    "channel_id": "x",
    "digest": "x",
    "name": "x",
    "version_id": "x",
    "job_id": "x",
    "kind": "session",
}
OWN_FORM = {"Sec-Fetch-Site": "same-origin"}


async def put_file(person: Person, path: str, body: bytes) -> None:
    """Store a file under any name; raises `httpx.HTTPStatusError`."""
    (await person.put(quote(path, safe="/"), body)).raise_for_status()


async def sign_up(http: httpx.AsyncClient, invite: str, name: str = "bob") -> Person:
    """Somebody who joins with an invite."""
    person = Person(keypair_of(name), http)
    (await person.sign_up(token=invite)).raise_for_status()
    return person


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner's browser, signed in; `admin` and `client` ask the doors what really happened."""

    http: httpx.AsyncClient
    admin: AdminDoor
    client: ClientDoor

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, without following redirects."""
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a form as a page of our own does."""
        return await self.http.post(path, data=form, headers=OWN_FORM)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser at the dashboard; nobody is signed in until somebody scans."""

    http: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page, without following redirects."""
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, form: Mapping[str, str] | None = None) -> httpx.Response:
        """Send a form as a page of our own does."""
        return await self.http.post(path, data=form, headers=OWN_FORM)

    async def begin_sign_in(self) -> str:
        """Ask for a code; its link."""
        answer = await self.post("/login/start")
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/login/wait")
        return await self.shown_link("/login/wait")

    async def shown_link(self, page: str = "/scan") -> str:
        """The link of the code that a page shows."""
        shown = Page(await self.get(page))
        return next(href for href in shown.links if href.startswith("pubkyauth:"))

    async def sign_in(self, person: Person) -> httpx.Response:
        """Somebody scans and approves; what the browser sees next."""
        await approve(person, await self.begin_sign_in())
        return await self.get("/login/wait")


@asynccontextmanager
async def browser_at(origin: str) -> AsyncIterator[Browser]:
    """A browser with no cookies."""
    async with httpx.AsyncClient(base_url=origin, timeout=20) as http:
        yield Browser(http)


async def approve(person: Person, link: str) -> httpx.Response:
    """Approve what a link asks for, with this person's wallet; the relay's answer."""
    return await Wallet(person.keypair).approve(link, secrets.token_bytes(24), person.http)


async def claim_node(owner: Owner, person: Person) -> None:
    """Make this person's key the one that runs the node; the owner came by a link."""
    browser = Browser(owner.http)
    assert (await browser.post("/setup/claim")).headers["Location"] == "/scan"
    await approve(person, await browser.shown_link())
    answer = await browser.get("/scan")
    assert answer.headers.get("Location") == "/setup?done=claimed", answer.text


async def connect(browser: Browser, person: Person, rights: str = "change") -> httpx.Response:
    """Lend the dashboard a session of this person's data; the answer to the finished scan."""
    assert (await browser.post("/connect", {"rights": rights})).headers["Location"] == "/scan"
    await approve(person, await browser.shown_link())
    return await browser.get("/scan")


def make_stale(appliance: Appliance) -> None:
    """Let the proofs of everybody who is signed in be older than five minutes."""
    with closing(sqlite3.connect(appliance.dashboard_store)) as store, store:
        store.execute("UPDATE sign_ins SET step_up_at = step_up_at - ?", (STEP_UP_S,))


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text in one line."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(response.text)
        self.close()

    @property
    def text(self) -> str:
        """The words of the page with single spaces."""
        return " ".join(" ".join(self._texts).split())

    @property
    def links(self) -> list[str]:
        """Every address that the page links to."""
        return [href for name, at in self.elements if name == "a" and (href := at.get("href"))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
