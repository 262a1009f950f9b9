"""The client API as one person sees it who lent their sign-in a session: as any app of theirs."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import Literal, cast, get_args
from urllib.parse import quote

import httpx

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, Members, client_of, door_errors, require_success
from dashboard.doors.own import OwnDoor
from dashboard.doors.storage import DOOR, Storage

# How the session is called where people list what may use their data.
USER_AGENT = "Pubky dashboard"

EventKind = Literal["PUT", "DEL"]


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """One change of one's own files. `content_hash` is base64, of what was written."""

    cursor: str
    kind: EventKind
    path: OwnPath
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class AppGrant:
    """What an app was allowed by grant. The name is the app's own claim."""

    id: str
    client_id: str
    capabilities: str
    issued_at: datetime
    expires_at: datetime


class TenantDoors:
    """Opens sessions, and the door behind each."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = client_of(base_url, transport, {"User-Agent": USER_AGENT})
        # One client for everybody: a cookie that it kept would be sent for somebody else.
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    def of(self, public_key: str, secret: str) -> "TenantDoor":
        """The door of a person whose session has this secret."""
        return TenantDoor(self._http, public_key, secret)

    async def sign_in(self, public_key: str, token: bytes) -> str:
        """Spend a signed token for a session of its signer; returns the secret.

        Raises `DoorRefusedError` when it was spent, is too old, or its signer has no account.
        """
        async with door_errors(DOOR):
            response = await self._http.post("/session", content=token)
        require_success(DOOR, response)
        try:
            morsel = SimpleCookie(response.headers.get("set-cookie", "")).get(public_key)
        except CookieError:
            morsel = None
        if morsel is None or not morsel.value:
            raise DoorError(DOOR, "It made no session for this key.")
        return morsel.value


class TenantDoor(Storage):
    """Everything that is asked with one person's session. All raise `DoorError`.

    What the session may not do is a `DoorRefusedError` (403); 401 or 404 may mean that it ended.
    """

    def __init__(self, http: httpx.AsyncClient, public_key: str, secret: str) -> None:
        self._session = {"Cookie": f"{public_key}={secret}", "pubky-host": public_key}
        super().__init__(http, public_key, self._session)
        self.own = OwnDoor(http, self._session)

    async def put(
        self, path: OwnPath, body: bytes | AsyncIterable[bytes], content_type: str
    ) -> None:
        """Store an object."""
        headers = self._headers | {"Content-Type": content_type}
        async with door_errors(DOOR):
            response = await self._http.put(self._address(path), content=body, headers=headers)
        require_success(DOOR, response)

    async def put_if(
        self,
        path: OwnPath,
        body: bytes | AsyncIterable[bytes],
        content_type: str,
        *,
        replacing: str | None,
    ) -> str | None:
        """Store an object in place of the one with this ETag, or with None where there is none.

        The ETag of what was stored; None when something else lies there, and nothing was stored.
        """
        condition = {"If-None-Match": "*"} if replacing is None else {"If-Match": replacing}
        headers = self._headers | {"Content-Type": content_type} | condition
        async with door_errors(DOOR):
            response = await self._http.put(
                f"/owner/files{self._address(path)}", content=body, headers=headers
            )
        if response.status_code == 412:
            return None
        require_success(DOOR, response)
        return str(response.headers.get("etag", ""))

    async def delete(self, path: OwnPath) -> bool:
        """Delete an object; whether there was one."""
        async with door_errors(DOOR):
            response = await self._http.delete(self._address(path), headers=self._headers)
        if response.status_code == 404:
            return False
        require_success(DOOR, response)
        return True

    async def events(
        self, folders: tuple[OwnPath, ...], limit: int, before: str | None = None
    ) -> tuple[OwnEvent, ...]:
        """The latest changes below these folders, newest first, older than the cursor `before`."""
        user = self._key if before is None else f"{self._key}:{before}"
        query: list[tuple[str, str | int | float | bool | None]] = [
            ("user", user),
            ("limit", limit),
            ("reverse", "true"),
            *(("path", folder.text) for folder in folders),
        ]
        async with door_errors(DOOR):
            response = await self._http.get("/events-stream", params=query, headers=self._session)
        require_success(DOOR, response)
        frames = response.text.split("\n\n")
        return tuple(_event(frame) for frame in frames if frame.strip(" \n:"))

    async def has_session(self) -> bool:
        """Whether the session is still open: people end sessions elsewhere, too."""
        async with door_errors(DOOR):
            response = await self._http.get("/session", headers=self._session)
        if response.status_code in (401, 404):
            return False
        require_success(DOOR, response)
        return True

    async def end_session(self) -> None:
        """End this very session; ending it twice is fine."""
        async with door_errors(DOOR):
            response = await self._http.delete("/session", headers=self._session)
        require_success(DOOR, response)

    async def grants(self) -> tuple[AppGrant, ...]:
        """The apps that were allowed something by grant; needs a session for everything (403)."""
        async with door_errors(DOOR):
            response = await self._http.get("/auth/grant/sessions", headers=self._session)
        require_success(DOOR, response)
        said = Members(DOOR, {"items": Members.decoded(DOOR, response)})
        return tuple(
            AppGrant(
                id=item.text("grant_id"),
                client_id=item.text("client_id"),
                capabilities=item.text("capabilities"),
                issued_at=_moment(item.number("issued_at")),
                expires_at=_moment(item.number("expires_at")),
            )
            for item in said.items()
        )

    async def revoke_grant(self, grant_id: str) -> None:
        """End an app's grant for ever; needs a session for everything (403)."""
        address = f"/auth/grant/session/{quote(grant_id, safe='')}"
        async with door_errors(DOOR):
            response = await self._http.delete(address, headers=self._session)
        require_success(DOOR, response)


def _event(frame: str) -> OwnEvent:
    fields = [line.partition(": ")[::2] for line in frame.splitlines()]
    kind = next((value for name, value in fields if name == "event"), "")
    data = [value for name, value in fields if name == "data"]
    facts = dict(value.partition(": ")[::2] for value in data[1:])
    if kind not in get_args(EventKind) or not data or "cursor" not in facts:
        raise DoorError(DOOR, "It sent an event that cannot be read.")
    _, _, path = data[0].removeprefix("pubky://").partition("/")
    try:
        return OwnEvent(
            cursor=facts["cursor"],
            kind=cast("EventKind", kind),
            path=OwnPath.parse("/" + path),
            content_hash=facts.get("content_hash"),
        )
    except ValueError as error:
        raise DoorError(DOOR, "It sent an event outside of the two trees.") from error


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise DoorError(DOOR, "It named a time that no calendar has.") from error
