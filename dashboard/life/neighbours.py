"""Other people by name, where their profile lies on this node; nothing comes from elsewhere."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dashboard.addresses import AddressError, PublicPath
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.client import ClientDoor
from dashboard.kinds import registry
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.files import File
from dashboard.kinds.ids import is_key
from dashboard.kinds.paths import classify
from dashboard.kinds.people import PATH, Profile
from dashboard.kinds.text import one_line
from dashboard.life.reading import each

# A page asks for this many people at most; all others keep their keys.
MOST_ASKED = 30
KEPT_S = 60.0
_MOST_KEPT = 5_000
# A profile is a few hundred bytes; what is longer is none.
_MOST_BYTES = 64 * 1024
_PLACES = (PublicPath(PATH), PublicPath("/pub/social/v1/profile.json"))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody's key, and the name and picture they gave themselves on this node."""

    public_key: str
    name: str | None = None
    picture: PublicPath | None = None


class Neighbours:
    """Asks for names as any visitor can, and remembers the answers for a minute."""

    def __init__(self, client: ClientDoor, now_s: Callable[[], float]) -> None:
        self._client = client
        self._now_s = now_s
        self._known: dict[str, tuple[float, Neighbour]] = {}

    async def find(self, public_keys: Iterable[str]) -> dict[str, Neighbour]:
        """These people by key, the first thirty with their names. Raises `DoorError`."""
        wanted = list(dict.fromkeys(public_keys))
        until_s = self._now_s() - KEPT_S
        known = {
            key: self._known[key][1]
            for key in wanted
            if key in self._known and self._known[key][0] > until_s
        }
        asked = [key for key in wanted if key not in known and is_key(key)][:MOST_ASKED]
        found = await each(self._ask, asked)
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        self._known |= {one.public_key: (self._now_s(), one) for one in found}
        known |= {one.public_key: one for one in found}
        return {key: known.get(key, Neighbour(key)) for key in wanted}

    async def _ask(self, public_key: str) -> Neighbour:
        for place in _PLACES:
            value = await self._read(public_key, place)
            if isinstance(value, Profile) and one_line(value.name):
                picture = await self._picture(public_key, value.image)
                return Neighbour(public_key, one_line(value.name, 50), picture)
        return Neighbour(public_key)

    async def _picture(self, public_key: str, uri: str | None) -> PublicPath | None:
        """Where the bytes of a person's picture lie, if they keep it themselves: two hops in v0."""
        path = _own_path(public_key, uri)
        if path is None or classify(path.text).kind != "file":
            return path
        file = await self._read(public_key, path)
        return _own_path(public_key, file.src) if isinstance(file, File) else None

    async def _read(self, public_key: str, path: PublicPath) -> object:
        """What an object says, or None for what is not there or no object of these."""
        try:
            raw = await self._client.read(public_key, path, _MOST_BYTES + 1)
        except DoorRefusedError:
            return None  # nobody here, nothing there, or an empty file
        return registry.parse(path.text, raw).value if len(raw) <= _MOST_BYTES else None


def _own_path(public_key: str, uri: str | None) -> PublicPath | None:
    address = parse_address(uri or "")
    if address is None or address.public_key != public_key or address.path is None:
        return None
    try:
        path = PublicPath.parse(address.path)
    except AddressError:
        return None
    return path if classify(path.text).kind in {"file", "blob", "media"} else None
