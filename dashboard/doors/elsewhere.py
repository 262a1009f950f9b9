"""Another homeserver, to which somebody moves: asked with a session that they approved for it.

It speaks the client API with the owner in a header, which homeservers of every age understand.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import Self
from urllib.parse import urlsplit

import httpx

from dashboard.addresses import AddressError, OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError, door_errors
from dashboard.doors.outbound import TIMEOUT, PublicTransport, read_text
from dashboard.doors.storage import PLAIN, ObjectFacts, facts_of

DOOR = "The new homeserver"
USER_AGENT = "Pubky dashboard"
_PAGE = 1000
# A thousand of the longest paths, and far more than any other answer that is read here.
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_LONGEST_WAIT_S = 60
_SHORTEST_WAIT_S = 1
_SECRET = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class BusyError(DoorError):
    """It asks to come again later."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(DOOR, f"It asks to wait for {wait_s} seconds.", 429)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Place:
    """A homeserver by its key, and where it answers. A local one is on this very machine."""

    public_key: str
    url: str
    is_local: bool


class Elsewhere:
    """One other homeserver. All methods raise `DoorError`."""

    def __init__(self, place: Place, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._place = place
        host = urlsplit(place.url).hostname or ""
        if transport is None and not place.is_local:
            transport = PublicTransport(DOOR, host)
        self._http = httpx.AsyncClient(
            base_url=place.url,
            headers={"User-Agent": USER_AGENT} | PLAIN,
            timeout=TIMEOUT,
            transport=transport,
            trust_env=False,
            follow_redirects=False,
        )
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def sign_up(self, owner: str, token: bytes, code: str) -> str:
        """Spend a signed token for a new account; the session's secret.

        Raises `DoorRefusedError`: 409 where there is an account, 400 and 401 for a bad invite code.
        """
        query = {"signup_token": code} if code else {}
        return await self._session(owner, token, "/signup", query)

    async def sign_in(self, owner: str, token: bytes) -> str:
        """Spend a signed token for a session; its secret. `DoorRefusedError` 404: no account."""
        return await self._session(owner, token, "/session", {})

    def of(self, owner: str, secret: str) -> "OtherAccount":
        """The account of a person whose session has this secret."""
        return OtherAccount(self._http, owner, secret)

    async def _session(self, owner: str, token: bytes, path: str, query: dict[str, str]) -> str:
        headers = {"pubky-host": self._place.public_key}
        async with _answered(
            self._http, "POST", path, params=query, content=token, headers=headers
        ) as response:
            await _require(response)
            line = response.headers.get("set-cookie", "")
        try:
            morsel = SimpleCookie(line).get(owner)
        except CookieError:
            morsel = None
        if morsel is None or not _SECRET.fullmatch(morsel.value):
            raise DoorError(DOOR, "It made no session for this key.")
        return morsel.value


class OtherAccount:
    """Somebody's files there. All methods raise `DoorError`."""

    def __init__(self, http: httpx.AsyncClient, owner: str, secret: str) -> None:
        self._http = http
        self._owner = owner
        self._headers = {"Cookie": f"{owner}={secret}", "pubky-host": owner}

    async def has_session(self) -> bool:
        """Whether the session is still open."""
        async with self._ask("GET", "/session") as response:
            if response.status_code in (401, 404):
                return False
            await _require(response)
            return True

    async def end_session(self) -> None:
        """End the session; ending it twice is fine."""
        async with self._ask("DELETE", "/session") as response:
            await _require(response)

    async def find(self, path: OwnPath) -> ObjectFacts | None:
        """The facts about a file, or None."""
        async with self._ask("HEAD", path.quoted) as response:
            if response.status_code == 404:
                return None
            await _require(response)
            return facts_of(response.headers)

    async def put(
        self, path: OwnPath, body: AsyncIterable[bytes], byte_count: int, content_type: str
    ) -> None:
        """Store a file of exactly this length."""
        headers = {"Content-Length": str(byte_count), "Content-Type": content_type}
        async with self._ask("PUT", path.quoted, headers, body) as response:
            await _require(response)

    async def paths_below(self, root: OwnPath) -> AsyncGenerator[OwnPath, None]:
        """The path of every file below a folder; those that we could not store are left out."""
        cursor, last = "", ""
        while True:
            query = f"?limit={_PAGE}&cursor={cursor}" if cursor else f"?limit={_PAGE}"
            async with self._ask("GET", root.quoted + query) as response:
                if response.status_code == 404:
                    return
                await _require(response)
                lines = (await read_text(DOOR, response, _MAX_ANSWER_BYTES)).splitlines()
            for line in lines:
                path = self._path(line, root)
                if path is not None:
                    yield path
            if not lines or lines[-1] <= last:
                return  # one that goes round in circles would never end
            last = lines[-1]
            path = self._path(last, root)
            if path is None:
                return
            cursor = f"{self._owner}{path.quoted}"

    def _path(self, line: str, root: OwnPath) -> OwnPath | None:
        text = line.removeprefix("pubky://").removeprefix(self._owner)
        try:
            path = OwnPath.parse(text)
        except AddressError:
            return None
        return path if text.startswith(root.text) and not path.is_folder else None

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        address: str,
        headers: dict[str, str] | None = None,
        body: AsyncIterable[bytes] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        named = self._headers | (headers or {})
        async with _answered(self._http, method, address, content=body, headers=named) as response:
            yield response


@asynccontextmanager
async def _answered(
    http: httpx.AsyncClient,
    method: str,
    address: str,
    *,
    headers: dict[str, str],
    content: bytes | AsyncIterable[bytes] | None,
    params: dict[str, str] | None = None,
) -> AsyncIterator[httpx.Response]:
    """The answer with its body unread: a stranger's may be of any length."""
    async with (
        door_errors(DOOR),
        http.stream(method, address, params=params, headers=headers, content=content) as response,
    ):
        yield response


async def _require(response: httpx.Response) -> None:
    """Raises what fits the status; of what it says the beginning is read only."""
    if response.is_success:
        return
    if response.status_code == 429:
        said = response.headers.get("retry-after", "")
        asked_s = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0
        raise BusyError(min(max(asked_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))
    said = (await read_text(DOOR, response, 1000, whole=False)).strip()
    message = said[:300] or f"It answered {response.status_code}."
    failure = DoorRefusedError if response.is_client_error else DoorError
    raise failure(DOOR, message, response.status_code)
