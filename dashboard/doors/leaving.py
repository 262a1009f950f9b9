"""What the operator's API knows for people who move files: limits, other nodes, signatures."""

from dataclasses import asdict, dataclass
from urllib.parse import quote

import httpx

from dashboard.doors.answers import Members, door_errors, require_success

DOOR = "The admin API"


@dataclass(frozen=True, slots=True)
class Homeserver:
    """Another homeserver. `url` is None where nothing is known that speaks HTTP."""

    public_key: str
    was_asked: bool
    url: str | None
    is_local: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """A node's word that an archive's manifest with this BLAKE3 hash (hex) came from it."""

    node: str
    owner: str
    blake3: str
    at_us: int
    signature: str


@dataclass(frozen=True, slots=True)
class StorageLimits:
    """What the node allows. `max_file_bytes` None is no end; each new file costs some bytes more.

    What is replaced or deleted stays in the trash for `trash_days`.
    """

    max_file_bytes: int | None
    charged_bytes_per_file: int
    trash_days: int


class LeavingDoor:
    """Asks with the client of the operator's door. Every method raises `DoorError`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def homeserver(self, public_key: str) -> Homeserver:
        """Where another homeserver answers; takes seconds."""
        async with door_errors(DOOR):
            response = await self._http.get(f"/network/homeservers/{quote(public_key, safe='')}")
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return Homeserver(
            said.text("public_key"),
            said.flag("asked"),
            said.text_or_none("url"),
            said.flag("is_local"),
        )

    async def storage_limits(self) -> StorageLimits:
        """What the node allows."""
        async with door_errors(DOOR):
            response = await self._http.get("/storage-limits")
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return StorageLimits(
            said.number_or_none("max_file_bytes"),
            said.number("charged_bytes_per_file"),
            said.number("trash_days"),
        )

    async def sign_manifest(self, owner: str, blake3: str) -> Signed:
        """The node's signature over the hash of somebody's manifest."""
        wish = {"owner": owner, "blake3": blake3}
        async with door_errors(DOOR):
            response = await self._http.post("/sign-manifest", json=wish)
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return Signed(
            said.text("node"),
            said.text("owner"),
            said.text("blake3"),
            said.number("at_us"),
            said.text("signature"),
        )

    async def check_signature(self, signed: Signed) -> tuple[bool, bool]:
        """Whether it is that node's signature, and whether that node is this one."""
        async with door_errors(DOOR):
            response = await self._http.post("/sign-manifest/check", json=asdict(signed))
        require_success(DOOR, response)
        said = Members.of(DOOR, response)
        return said.flag("is_signed"), said.flag("is_this_node")
