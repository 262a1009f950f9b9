"""The node's own pkarr relay: how a browser finds this node by its key, and says who lives here."""

import httpx

from dashboard.doors.answers import DoorError, client_of, door_errors

DOOR = "The pkarr relay"
# A signature, a time and a DNS message of a thousand bytes (discovery 2).
MAX_PACKET_BYTES = 1072
_ANSWERED = ("Content-Type", "Last-Modified")
_ASKED = ("If-Match", "If-Unmodified-Since")


class PacketDoor:
    """Passes packets on as they are: who reads them checks the signature."""

    def __init__(self, relay_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = client_of(relay_url, transport)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def find(self, public_key: str) -> tuple[int, bytes, dict[str, str]]:
        """The relay's answer for a key: status, body, headers. Raises `DoorError`."""
        async with door_errors(DOOR):
            return _told(await self._http.get(f"/{public_key}"))

    async def publish(
        self, public_key: str, packet: bytes, asked: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        """The relay's answer to a packet; `asked` are the request's headers. Raises `DoorError`."""
        conditions = {name: asked[name] for name in _ASKED if name in asked}
        async with door_errors(DOOR):
            answer = await self._http.put(f"/{public_key}", content=packet, headers=conditions)
        return _told(answer)


def _told(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    if answer.status_code >= 500:
        raise DoorError(DOOR, answer.text[:200] or "It failed.", answer.status_code)
    told = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
    return answer.status_code, answer.content, told
