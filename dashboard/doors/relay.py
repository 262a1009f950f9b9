"""A stranger's HTTP relay, asked for the answers to our links when phones cannot reach us.

The inbox protocol (authentication document 12). What comes out of it proves nothing by itself.
"""

import httpx

from dashboard.doors.answers import DoorError, door_errors, require_success

DOOR = "The HTTP relay"
# The relay answers after 25 seconds when there is nothing.
_PATIENCE = httpx.Timeout(35, connect=10)
_MAX_BODY_BYTES = 16 * 1024


class RelayDoor:
    """One relay. All methods raise `DoorError`."""

    def __init__(self, inbox_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = inbox_url.rstrip("/")
        self._http = httpx.AsyncClient(timeout=_PATIENCE, transport=transport, trust_env=False)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def wait(self, channel_id: str) -> bytes | None:
        """What was left in a channel, or None when there is nothing yet."""
        async with (
            door_errors(DOOR),
            self._http.stream("GET", f"{self._base}/{channel_id}") as response,
        ):
            if response.status_code == 408:
                return None
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BODY_BYTES:
                    raise DoorError(DOOR, "It sent more than any wallet does.")
            if not response.is_success:
                raise DoorError(DOOR, "It refused to be asked.", response.status_code)
            return bytes(body)

    async def acknowledge(self, channel_id: str) -> None:
        """Let the relay forget what it held."""
        async with door_errors(DOOR):
            response = await self._http.delete(f"{self._base}/{channel_id}")
        require_success(DOOR, response)
