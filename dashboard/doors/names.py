"""The operator's door to small public objects of many people at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from dashboard.doors.answers import Members, door_errors, require_success

DOOR = "The admin API"


@dataclass(frozen=True, slots=True)
class PublicObject:
    """Whose object it is, where it lies, and its bytes."""

    public_key: str
    path: str
    content: bytes


class NamesDoor:
    """What anybody may read of people of this node. Every method raises `DoorError`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

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
