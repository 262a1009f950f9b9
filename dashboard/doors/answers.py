"""What both doors share: the typed failure, and reading JSON members without trusting them."""

import json
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

import httpx

# Both doors are on this machine or next to it; an error page now beats a full page much later.
TIMEOUT = httpx.Timeout(15, connect=3)
_MAX_MESSAGE = 300

T = TypeVar("T")


def client_of(
    base_url: str,
    transport: httpx.AsyncBaseTransport | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """What a door asks through; `transport` stands in for the network."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=TIMEOUT,
        transport=transport,
        verify=_trust(),
        trust_env=False,  # a proxy from the environment must never see a token
    )


@cache
def _trust() -> ssl.SSLContext:
    """Whom this machine trusts, for every door: reading the list takes a dozen milliseconds."""
    return httpx.create_ssl_context(trust_env=False)


class DoorError(Exception):
    """The appliance did not answer, or not as agreed. `status` is None when nothing came back."""

    def __init__(self, door: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{door}: {message}")
        self.door = door
        self.message = message
        self.status = status


class DoorRefusedError(DoorError):
    """The appliance understood the request and said no (a 4xx); the message is its reason."""


@asynccontextmanager
async def door_errors(door: str) -> AsyncIterator[None]:
    """Turn every transport failure inside the block into a `DoorError`."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise DoorError(door, "No answer in time.") from error
    except httpx.HTTPError as error:
        raise DoorError(door, "It cannot be reached.") from error
    except httpx.InvalidURL as error:
        raise DoorError(door, "Its address is not a URL.") from error


def require_success(door: str, response: httpx.Response) -> None:
    """Raise `DoorRefusedError` for a 4xx and `DoorError` for any other failure."""
    if response.is_success:
        return
    message = response.text.strip()[:_MAX_MESSAGE] or response.reason_phrase
    failure = DoorRefusedError if response.is_client_error else DoorError
    raise failure(door, message, response.status_code)


class Members:
    """A JSON object from a door; a missing or mistyped member is a `DoorError`, not a crash."""

    def __init__(self, door: str, value: object) -> None:
        if not isinstance(value, Mapping):
            raise DoorError(door, "It answered with something else than an object.")
        self._door = door
        self._members = value

    @classmethod
    def of(cls, door: str, response: httpx.Response) -> "Members":
        """The object in a response body."""
        return cls(door, cls.decoded(door, response))

    @staticmethod
    def decoded(door: str, response: httpx.Response) -> object:
        """The JSON value in a response body, whatever it is."""
        try:
            value: object = response.json()
        except ValueError as error:
            raise DoorError(door, "Its answer is not JSON.") from error
        return value

    def text(self, name: str) -> str:
        """A required text."""
        return self._typed(name, str)

    def text_or_none(self, name: str) -> str | None:
        """A text, or None when absent or null."""
        return None if self._members.get(name) is None else self._typed(name, str)

    def number(self, name: str) -> int:
        """A required whole number."""
        return self._typed(name, int)

    def number_or_none(self, name: str) -> int | None:
        """A whole number, or None when absent or null."""
        return None if self._members.get(name) is None else self._typed(name, int)

    def text_or_number(self, name: str) -> str:
        """A required id, which a door may write as a number."""
        value = self._members.get(name)
        return str(value) if isinstance(value, int) else self._typed(name, str)

    def flag(self, name: str) -> bool:
        """A required truth value."""
        return self._typed(name, bool)

    def flag_or_none(self, name: str) -> bool | None:
        """A truth value, or None when absent or null."""
        return None if self._members.get(name) is None else self._typed(name, bool)

    def moment(self, name: str) -> datetime:
        """A required RFC 3339 time."""
        text = self._typed(name, str)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise DoorError(self._door, f"Its '{name}' is not a time.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def moment_or_none(self, name: str) -> datetime | None:
        """An RFC 3339 time, or None when absent or null."""
        return None if self._members.get(name) is None else self.moment(name)

    def items(self, name: str = "items") -> tuple["Members", ...]:
        """The objects in a required list."""
        return tuple(Members(self._door, item) for item in self._typed(name, list))

    def fractions(self, name: str) -> tuple[float, ...]:
        """A required list of numbers."""
        found = self._typed(name, list)
        if not all(isinstance(item, int | float) for item in found):
            raise DoorError(self._door, f"Its '{name}' holds something else than numbers.")
        return tuple(map(float, found))

    def written(self, name: str) -> str:
        """Any value as one writes it in JSON; "" when it is absent or null."""
        value = self._members.get(name)
        return "" if value is None else json.dumps(value, ensure_ascii=False)

    def plainly(self, name: str) -> str:
        """A text or a number as text; "" when it is absent or null."""
        return "" if self._members.get(name) is None else self.text_or_number(name)

    def bytes_or_none(self, name: str) -> bytes | None:
        """Bytes in base64, or None when absent or null."""
        text = self.text_or_none(name)
        try:
            return None if text is None else b64decode(text, validate=True)
        except ValueError as error:
            raise DoorError(self._door, f"Its '{name}' is not base64.") from error

    def texts(self, name: str) -> tuple[str, ...]:
        """A required list of texts."""
        found = self._typed(name, list)
        if not all(isinstance(item, str) for item in found):
            raise DoorError(self._door, f"Its '{name}' holds something else than texts.")
        return tuple(found)

    def members(self, name: str) -> "Members":
        """A required object."""
        return Members(self._door, self._members.get(name))

    def members_or_none(self, name: str) -> "Members | None":
        """An object, or None when absent or null."""
        return None if self._members.get(name) is None else self.members(name)

    def names(self) -> tuple[str, ...]:
        """The names of all members, in order."""
        return tuple(str(name) for name in self._members)

    def _typed(self, name: str, kind: type[T]) -> T:
        value = self._members.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DoorError(self._door, f"Its '{name}' is not of type {kind.__name__}.")
        return value
