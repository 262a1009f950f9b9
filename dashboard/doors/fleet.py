"""The operator's API on the other nodes of the same operator."""

from dataclasses import dataclass
from datetime import datetime

import httpx

from dashboard.doors.answers import Members, door_errors, require_success

DOOR = "The admin API"


@dataclass(frozen=True, slots=True)
class FleetNode:
    """A node as it was then; None is what could not be found out."""

    name: str
    verdict: str
    problems: tuple[str, ...]
    version: str | None
    public_key: str | None
    schema: str | None
    certificate_days: int | None
    backup_age_s: int | None
    published_age_s: int | None
    disk_free_bytes: int | None
    disk_total_bytes: int | None
    upgraded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fleet:
    """All nodes at one moment."""

    at: datetime
    nodes: tuple[FleetNode, ...]


class FleetDoor:
    """Asks with the client of the operator's door."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def fleet(self) -> Fleet | None:
        """The list, or None where none was put; raises `DoorError`."""
        async with door_errors(DOOR):
            response = await self._http.get("/fleet")
        if response.status_code == 404:
            return None
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return Fleet(said.moment("at"), tuple(map(_node, said.items())))


def _node(said: Members) -> FleetNode:
    return FleetNode(
        name=said.text("name"),
        verdict=said.text("verdict"),
        problems=said.texts("problems"),
        version=said.text_or_none("version"),
        public_key=said.text_or_none("public_key"),
        schema=said.text_or_none("schema"),
        certificate_days=said.number_or_none("certificate_days"),
        backup_age_s=said.number_or_none("backup_age_s"),
        published_age_s=said.number_or_none("published_age_s"),
        disk_free_bytes=said.number_or_none("disk_free_bytes"),
        disk_total_bytes=said.number_or_none("disk_total_bytes"),
        upgraded_at=said.moment_or_none("upgraded_at"),
    )
