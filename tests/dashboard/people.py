"""People of the dashboard's tests: tenants with storage, and the owner in front of the pages."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import quote

import httpx

from appliance.clock import system_clock
from appliance.pubky.auth_token import sign_auth_token
from appliance.pubky.keys import Keypair
from dashboard.doors.admin import AdminDoor
from dashboard.doors.client import ClientDoor

# Two tokens of one key must not share a microsecond.
_ticks = itertools.count()


@dataclass(frozen=True, slots=True)
class Tenant:
    """Someone with storage on the node, writing as an app would."""

    public_key: str
    http: httpx.AsyncClient

    async def put(self, path: str, body: bytes) -> None:
        """Store a file."""
        response = await self.http.put(self._address(path), content=body)
        response.raise_for_status()

    async def delete(self, path: str) -> None:
        """Delete a file."""
        (await self.http.delete(self._address(path))).raise_for_status()

    def _address(self, path: str) -> str:
        return f"/storage/{self.public_key}{quote(path, safe='/')}"


async def sign_up(client: httpx.AsyncClient, seed: int, invite: str | None = None) -> Tenant:
    """Sign up over the client API; `seed` makes the key."""
    keypair = Keypair.from_seed(seed.to_bytes(32))
    token = sign_auth_token(keypair, "/:rw", system_clock() + next(_ticks))
    query = {} if invite is None else {"signup_token": invite}
    response = await client.post("/signup", params=query, content=token)
    response.raise_for_status()
    return Tenant(keypair.public_key.z32, client)


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
