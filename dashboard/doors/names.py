"""The operator's door to small public objects of many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from dashboard.doors.admin import DOOR
from dashboard.doors.answers import TIMEOUT, Members, door_errors, require_success


@dataclass(frozen=True, slots=True)
class PublicObject:
    """Whose object it is, where it lies, and its bytes."""

    public_key: str
    path: str
    content: bytes


class NamesDoor:
    """What anybody may read of people of this node. Every method raises `DoorError`."""

    def __init__(
        self, base_url: str, token: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            transport=transport,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def find(
        self, public_keys: Sequence[str], paths: Sequence[str]
    ) -> tuple[PublicObject, ...]:
        """Those objects at these paths of these people that are there and small."""
        query = {"key": list(public_keys), "path": list(paths)}
        async with door_errors(DOOR):
            response = await self._http.get("/profiles", params=query)
        require_success(DOOR, response)
        return tuple(
            PublicObject(
                item.text("pubkey"), item.text("path"), item.bytes_or_none("content") or b""
            )
            for item in Members.of(DOOR, response).items()
        )
