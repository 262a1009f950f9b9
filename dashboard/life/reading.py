"""Reading many of one's own objects at once, within bounds: so many at a time, a MiB each."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from dashboard.addresses import AddressError, OwnPath
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.storage import Storage
from dashboard.doors.tenant import TenantDoor
from dashboard.kinds import registry
from dashboard.kinds.addresses import Address
from dashboard.kinds.registry import Parsed
from dashboard.kinds.wire.bounded_json import MAX_BYTES

# Those that are under way share their requests (`doors/gathered.py`).
AT_ONCE = 32

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Life:
    """Whose life it is, and the door to what they store."""

    public_key: str
    door: TenantDoor

    def address(self, path: str) -> str:
        """The public address of one of their objects."""
        return f"pubky://{self.public_key}{path}"

    def own_path(self, address: Address | None) -> OwnPath | None:
        """The path behind an address, if it is one of theirs."""
        if address is None or address.public_key != self.public_key or not address.path:
            return None
        return path_or_none(address.path)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it is stored and as its kind reads it."""

    path: OwnPath
    raw: bytes
    parsed: Parsed


async def each(work: Callable[[S], Awaitable[T]], items: Iterable[S]) -> list[T]:
    """The results of `work` for all items, in order; `AT_ONCE` are under way at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(item: S) -> T:
        async with places:
            return await work(item)

    return list(await asyncio.gather(*(one(item) for item in items)))


async def read_bytes(storage: Storage, path: OwnPath) -> bytes | None:
    """The bytes of an object that is no medium, or None where nothing lies. Raises `DoorError`.

    One byte more than may be parsed is read, so that a longer object is refused and not cut.
    """
    try:
        return await storage.read(path, MAX_BYTES + 1)
    except DoorRefusedError as error:
        match error.status:
            case 404:
                return None
            case 416:
                return b""  # there is no first byte of an empty object
        raise


async def find(life: Life, path: OwnPath) -> Stored | None:
    """One object, or None where nothing lies."""
    raw = b"" if not registry.has_words(path.text) else await _words(life, path)
    return None if raw is None else Stored(path, raw, registry.parse(path.text, raw))


async def _words(life: Life, path: OwnPath) -> bytes | None:
    """Small objects come together with others that are wanted now, long ones by themselves."""
    small = await life.door.own.small_object(path)
    if small.content is None and small.is_there:
        return await read_bytes(life.door, path)
    return small.content


async def find_all(life: Life, paths: Iterable[OwnPath]) -> list[Stored]:
    """All of these objects that are there."""
    found = await each(lambda path: find(life, path), paths)
    return [stored for stored in found if stored is not None]


def path_or_none(text: str) -> OwnPath | None:
    """A path as somebody's data spells it, or None if it is none."""
    try:
        path = OwnPath.parse(text)
    except AddressError:
        return None
    return None if path.is_folder else path
