"""The operator's door: the admin API, asked with its bearer token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import httpx

from dashboard.doors.answers import (
    DoorRefusedError,
    Members,
    client_of,
    door_errors,
    require_success,
)
from dashboard.doors.fleet import FleetDoor
from dashboard.doors.leaving import LeavingDoor
from dashboard.doors.looks import LookDoor
from dashboard.doors.machine import MachineDoor
from dashboard.doors.names import NamesDoor
from dashboard.doors.network import (
    KeyState,
    Lookup,
    Network,
    read_key_state,
    read_lookup,
    read_network,
)

DOOR = "The admin API"

InviteFilter = Literal["all", "unused", "used", "revoked", "expired"]
Query = dict[str, str | int]
_STORAGE = "storage_quota_mb"
# The API gives no more rows at once.
_MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Node:
    """The node's card. Sizes are bytes."""

    public_key: str
    version: str
    started_at: datetime
    signup_mode: str
    client_url: str
    web_url: str | None
    dashboard_url: str | None
    users: int
    disabled_users: int
    entries: int
    bytes_stored: int
    unused_invites: int
    disk_free_bytes: int
    disk_total_bytes: int
    last_event_id: int | None
    has_fleet: bool = False
    """Whether a list of the operator's nodes was put on this one."""


QUOTA_NAMES = ("storage_quota_mb", "rate_read", "rate_write")


@dataclass(frozen=True, slots=True)
class Quota:
    """Pairs of a limit's name and its value, "" where there is none."""

    overrides: tuple[tuple[str, str], ...]
    effective: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class User:
    """Someone who signed up here."""

    public_key: str
    created_at: datetime
    is_disabled: bool
    is_suspended: bool
    used_bytes: int
    entries: int
    last_write_at: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What an invite's user gets, as the API writes it: MiB or `unlimited`, rates as `10mb/s`.

    None leaves it to the node's settings.
    """

    storage_mb: str | None = None
    rate_read: str | None = None
    rate_write: str | None = None


@dataclass(frozen=True, slots=True)
class Invite:
    """A single-use invite. `code` is a secret until it is used."""

    id: int
    code: str
    link: str
    state: str
    created_at: datetime
    used_at: datetime | None
    used_by: str | None
    note: str | None
    limits: Limits
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class UsedInvite:
    """The invite that somebody joined with."""

    id: int
    note: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One change in the public tree."""

    id: str
    kind: str
    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UserPage:
    """Users, newest first, and where the next page begins."""

    items: tuple[User, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, slots=True)
class InvitePage:
    """Invites, newest first, and where the next page begins."""

    items: tuple[Invite, ...]
    next_cursor: str | None
    total: int


class AdminDoor:
    """Every question the dashboard asks as the operator. All raise `DoorError`."""

    def __init__(
        self, base_url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = client_of(base_url, transport, {"Authorization": f"Bearer {token}"})
        self.looks = LookDoor(self._http)
        self.machine = MachineDoor(self._http)
        self.leaving = LeavingDoor(self._http)
        self.fleet = FleetDoor(self._http)
        self.names = NamesDoor(self._http)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def node(self) -> Node:
        """The node's card."""
        said = await self._get("/node")
        return Node(
            public_key=said.text("public_key"),
            version=said.text("version"),
            started_at=said.moment("started_at"),
            signup_mode=said.text("signup_mode"),
            client_url=said.text("client_url"),
            web_url=said.text_or_none("web_url"),
            dashboard_url=said.text_or_none("dashboard_url"),
            users=said.number("users"),
            disabled_users=said.number("disabled_users"),
            entries=said.number("entries"),
            bytes_stored=said.number("bytes_stored"),
            unused_invites=said.number("unused_invites"),
            disk_free_bytes=said.number("disk_free_bytes"),
            disk_total_bytes=said.number("disk_total_bytes"),
            last_event_id=said.number_or_none("last_event_id"),
            has_fleet=said.flag_or_none("has_fleet") is True,
        )

    async def network(self) -> Network:
        """The node's place in the network."""
        return read_network(await self._get("/network", {"limit": 1}))

    async def key_state(self, public_key: str, limit: int = 20) -> KeyState:
        """One key's packet and the latest attempts to publish it."""
        address = f"/network/keys/{quote(public_key, safe='')}"
        return read_key_state(await self._get(address, {"limit": limit}))

    async def look_up(self, public_key: str) -> Lookup:
        """Ask the network for one key's packet now; takes seconds."""
        address = f"/network/keys/{quote(public_key, safe='')}/check"
        return read_lookup(Members.of(DOOR, await self._post(address)))

    async def own_packet(self) -> bytes | None:
        """The node's own packet as a relay sends it, published or not; None without an address."""
        async with door_errors(DOOR):
            response = await self._http.get("/network/packet")
        if response.status_code == 404:
            return None
        require_success(DOOR, response)
        return response.content

    async def publish(self) -> bool:
        """Tell the network now where this node is; whether anybody heard. Takes seconds.

        Raises `DoorRefusedError` (409) on a node that stays private.
        """
        said = Members.of(DOOR, await self._post("/network/publish"))
        return said.flag("published")

    async def events(self, limit: int) -> tuple[Event, ...]:
        """The latest public changes, newest first."""
        said = await self._get("/events", {"limit": limit})
        return tuple(
            Event(
                id=item.text_or_number("id"),
                kind=item.text("kind"),
                path=item.text("path"),
                at=item.moment("at"),
            )
            for item in said.items()
        )

    async def users(self, limit: int, cursor: str | None = None) -> UserPage:
        """One page of users."""
        said = await self._get("/users", _page(limit, cursor))
        items = tuple(_user(item) for item in said.items())
        return UserPage(items, said.text_or_none("next_cursor"), said.number("total"))

    async def search_users(
        self, key_part: str, state: str, order: str, limit: int, offset: int
    ) -> tuple[tuple[User, ...], int]:
        """Users whose key holds these letters, in a state and an order of the API; how many."""
        query: Query = {"key": key_part, "state": state, "order": order}
        found: list[User] = []
        while True:
            rows = min(limit - len(found), _MOST_AT_ONCE)
            place: Query = {"limit": rows, "cursor": offset + len(found)}
            said = await self._get("/users/search", query | place)
            items = [_user(item) for item in said.items()]
            found += items
            if not items or len(found) >= limit:
                return tuple(found), said.number("total")

    async def invite_of(self, public_key: str) -> UsedInvite | None:
        """The invite that a user joined with, if it is known."""
        said = await self._get(f"/users/{quote(public_key, safe='')}")
        invite = said.members_or_none("invite")
        return (
            None if invite is None else UsedInvite(invite.number("id"), invite.text_or_none("note"))
        )

    async def folders_of(self, public_key: str) -> tuple[tuple[str, int, int], ...]:
        """A user's folders below the roots: path, files, bytes."""
        said = await self._get(f"/users/{quote(public_key, safe='')}/usage")
        return tuple(
            (item.text("path"), item.number("entries"), item.number("bytes"))
            for item in said.items("folders")
        )

    async def quota(self, public_key: str) -> Quota:
        """What a user may store and how fast, as set for them and as it counts."""
        said = await self._get(f"/users/{quote(public_key, safe='')}/quota")
        both = said.members("overrides"), said.members("effective")
        return Quota(*(tuple((name, part.plainly(name)) for name in QUOTA_NAMES) for part in both))

    async def set_quota(self, public_key: str, changes: Mapping[str, object]) -> None:
        """Change parts of a quota; None goes back to the node's settings (`DoorRefusedError`)."""
        address = f"/users/{quote(public_key, safe='')}/quota"
        async with door_errors(DOOR):
            response = await self._http.patch(address, json=dict(changes))
        require_success(DOOR, response)

    async def find_user(self, public_key: str) -> User | None:
        """One user, or None if nobody with that key signed up here."""
        try:
            return _user(await self._get(f"/users/{quote(public_key, safe='')}"))
        except DoorRefusedError as refusal:
            if refusal.status == 404:
                return None
            raise

    async def disable_user(self, public_key: str) -> None:
        """Refuse new writes of a user."""
        await self._post(f"/users/{quote(public_key, safe='')}/disable")

    async def enable_user(self, public_key: str) -> None:
        """Accept writes of a user again."""
        await self._post(f"/users/{quote(public_key, safe='')}/enable")

    async def invites(
        self, state: InviteFilter, limit: int, cursor: str | None = None
    ) -> InvitePage:
        """One page of invites in a state."""
        said = await self._get("/invites", _page(limit, cursor) | {"state": state})
        items = tuple(_invite(item) for item in said.items())
        return InvitePage(items, said.text_or_none("next_cursor"), said.number("total"))

    async def find_invite(self, invite_id: int) -> Invite | None:
        """One invite, or None."""
        try:
            return _invite(await self._get(f"/invites/{invite_id}"))
        except DoorRefusedError as refusal:
            if refusal.status == 404:
                return None
            raise

    async def create_invite(
        self, note: str | None, expires_in_s: int | None, limits: Limits | None = None
    ) -> Invite:
        """Make an invite; None means without a note, for ever, with the node's own limits."""
        wish = {"note": note, "expires_in_s": expires_in_s, "quota": _quota(limits or Limits())}
        response = await self._post("/invites", wish)
        return _invite(Members.of(DOOR, response))

    async def revoke_invite(self, invite_id: int) -> None:
        """Make an unused invite worthless. Raises `DoorRefusedError` (409) when it was used."""
        await self._post(f"/invites/{invite_id}/revoke")

    async def _get(self, path: str, query: Query | None = None) -> Members:
        async with door_errors(DOOR):
            response = await self._http.get(path, params=query)
        require_success(DOOR, response)
        return Members.of(DOOR, response)

    async def _post(self, path: str, body: object = None) -> httpx.Response:
        async with door_errors(DOOR):
            response = await self._http.post(path, json=body)
        require_success(DOOR, response)
        return response


def _page(limit: int, cursor: str | None) -> Query:
    return {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}


def _user(said: Members) -> User:
    return User(
        public_key=said.text("pubkey"),
        created_at=said.moment("created_at"),
        is_disabled=said.flag("disabled"),
        is_suspended=said.flag("suspended"),
        used_bytes=said.number("used_bytes"),
        entries=said.number("entries"),
        last_write_at=said.moment_or_none("last_write_at"),
        sessions=said.number("sessions"),
    )


def _limits(said: Members) -> Limits:
    named = set(said.names())
    return Limits(
        storage_mb=said.text_or_number(_STORAGE) if _STORAGE in named else None,
        rate_read=said.text_or_none("rate_read"),
        rate_write=said.text_or_none("rate_write"),
    )


def _quota(limits: Limits) -> dict[str, str | int | None]:
    storage = limits.storage_mb
    return {
        _STORAGE: int(storage) if storage is not None and storage.isdigit() else storage,
        "rate_read": limits.rate_read,
        "rate_write": limits.rate_write,
    }


def _invite(said: Members) -> Invite:
    return Invite(
        id=said.number("id"),
        code=said.text("code"),
        link=said.text("link"),
        state=said.text("state"),
        created_at=said.moment("created_at"),
        used_at=said.moment_or_none("used_at"),
        used_by=said.text_or_none("used_by"),
        note=said.text_or_none("note"),
        limits=_limits(said.members("quota")),
        expires_at=said.moment_or_none("expires_at"),
        revoked_at=said.moment_or_none("revoked_at"),
    )
