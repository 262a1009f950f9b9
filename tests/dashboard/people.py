"""People of the dashboard's tests: tenants with storage, and the owner in front of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import httpx

from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor
from tests.support.appliance import Person, keypair_of


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
        return await self.http.post(path, data=form, headers={"Sec-Fetch-Site": "same-origin"})


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
