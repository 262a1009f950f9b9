"""An index of people as apps use it (Nexus, its API version 0): does it know somebody?"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import httpx

from dashboard.doors.answers import DoorError, Members, door_errors
from dashboard.doors.outbound import PublicTransport, read_text
from dashboard.doors.storage import PLAIN

DOOR = "The index"
USER_AGENT = "Pubky dashboard"
_TIMEOUT = httpx.Timeout(10, connect=5)
# A profile has a few kilobytes.
_MAX_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in the index: when it last took up their profile, and if it calls it deleted."""

    indexed_at: datetime
    is_deleted: bool


class IndexerDoor:
    """One index. It is told a key, and nothing else, when that person asks for it."""

    def __init__(self, base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base = base_url.rstrip("/")
        self.host = urlsplit(base_url).hostname or ""
        self._http = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT} | PLAIN,
            timeout=_TIMEOUT,
            transport=transport or PublicTransport(DOOR, self.host),
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def find(self, public_key: str) -> Listed | None:
        """What it knows of somebody; None when it says that it knows nobody by that key.

        Raises `DoorError` for any other answer: then nothing is known.
        """
        address = f"{self._base}/v0/user/{quote(public_key, safe='')}/details"
        async with door_errors(DOOR), self._http.stream("GET", address) as response:
            self._http.cookies.clear()
            if response.status_code not in (200, 404):
                raise DoorError(DOOR, f"It answered {response.status_code}.", response.status_code)
            text = await read_text(DOOR, response, _MAX_ANSWER_BYTES)
        try:
            said = Members(DOOR, json.loads(text))
        except (ValueError, RecursionError) as error:
            # Any server says 404 to what it does not have; an index says it in JSON.
            raise DoorError(DOOR, "Its answer is not JSON.") from error
        if response.status_code == 404:
            return None
        if said.text("id") != public_key:
            raise DoorError(DOOR, "It answered about somebody else.")
        try:
            at = datetime.fromtimestamp(said.number("indexed_at") / 1000, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise DoorError(DOOR, "It named a time that no calendar has.") from error
        return Listed(at, said.flag_or_none("deleted") is True)
