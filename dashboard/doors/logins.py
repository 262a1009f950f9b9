"""The operator's door to sign-in attempts: the node makes links, reads answers, says who it was."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args
from urllib.parse import quote

import httpx

from dashboard.doors.admin import DOOR
from dashboard.doors.answers import (
    DoorError,
    DoorRefusedError,
    Members,
    client_of,
    door_errors,
    require_success,
)

AttemptState = Literal["pending", "approved", "refused"]


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """An attempt. `link` holds its secret and is None once it is not pending any more."""

    id: str
    channel_id: str
    state: AttemptState
    link: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, repr=False)
class Approval:
    """Who approved; `token` is there when real rights were asked for, and is still to be spent."""

    public_key: str
    token: bytes | None


@dataclass(frozen=True, slots=True)
class LoginWish:
    """What to ask for: `capabilities` are real rights and `address` a stranger's, or empty."""

    origin: str
    relay: str
    source: str
    link_kind: str
    capabilities: str
    address: str


class LoginDoor:
    """Sign-in attempts at the node. All methods raise `DoorError`."""

    def __init__(
        self, base_url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = client_of(base_url, transport, {"Authorization": f"Bearer {token}"})

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def start(self, wish: LoginWish) -> LoginAttempt:
        """Begin an attempt. Raises `DoorRefusedError` (429) when there were too many."""
        asked = {
            "origin": wish.origin,
            "relay": wish.relay,
            "source": wish.source,
            "link_kind": wish.link_kind,
            "capabilities": wish.capabilities,
            "address": wish.address,
        }
        async with door_errors(DOOR):
            response = await self._http.post("/login_attempts", json=asked)
        require_success(DOOR, response)
        return _attempt(Members.of(DOOR, response))

    async def find(self, attempt_id: str) -> LoginAttempt | None:
        """An attempt, or None when it is over."""
        async with door_errors(DOOR):
            response = await self._http.get(_address(attempt_id))
        if response.status_code == 404:
            return None
        require_success(DOOR, response)
        return _attempt(Members.of(DOOR, response))

    async def consume(self, attempt_id: str) -> Approval | None:
        """Use an approval up: of many callers one gets it."""
        async with door_errors(DOOR):
            response = await self._http.post(f"{_address(attempt_id)}/consume")
        if response.status_code in (404, 409):
            return None
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        token = said.text_or_none("token")
        try:
            raw = None if token is None else b64decode(token, validate=True)
        except ValueError as error:
            raise DoorError(DOOR, "Its 'token' is not base64.") from error
        return Approval(said.text("public_key"), raw)

    async def cancel(self, attempt_id: str) -> None:
        """End an attempt; ending it twice is fine."""
        async with door_errors(DOOR):
            response = await self._http.post(f"{_address(attempt_id)}/cancel")
        require_success(DOOR, response)

    async def deliver(self, channel_id: str, body: bytes) -> bool:
        """Hand over what somebody left in a channel; False when nobody waits there."""
        address = f"/login_attempts/inbox/{quote(channel_id, safe='')}"
        try:
            async with door_errors(DOOR):
                response = await self._http.post(address, content=body)
            require_success(DOOR, response)
        except DoorRefusedError as refusal:
            if refusal.status == 404:
                return False
            raise
        return True


def _address(attempt_id: str) -> str:
    return f"/login_attempts/{quote(attempt_id, safe='')}"


def _attempt(said: Members) -> LoginAttempt:
    state = said.text("state")
    if state not in get_args(AttemptState):
        raise DoorError(DOOR, f"It knows a state '{state}' that we do not.")
    return LoginAttempt(
        id=said.text("id"),
        channel_id=said.text("channel_id"),
        state=cast("AttemptState", state),
        link=said.text_or_none("link"),
        expires_at=said.moment("expires_at"),
    )
