"""What people of this node call themselves: one question a page, and a minute of memory."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from dashboard.doors.answers import DoorError
from dashboard.doors.names import NamesDoor
from dashboard.kinds import registry
from dashboard.kinds.people import PATH, Profile
from dashboard.kinds.text import one_line

# All others on a page keep their keys: an address has no room for more.
MOST_ASKED = 100
KEPT_S = 60.0
_MOST_KEPT = 5_000
_LONGEST_NAME = 50
_PATHS = (PATH, "/pub/social/v1/profile.json")


class Names:
    """Asks for names as any visitor can read them."""

    def __init__(self, door: NamesDoor, now_s: Callable[[], float]) -> None:
        self._door = door
        self._now_s = now_s
        self._known: dict[str, tuple[float, str]] = {}

    async def of(self, public_keys: Iterable[str]) -> dict[str, str]:
        """The names of those who have one; what is not answered is not named."""
        wanted = list(dict.fromkeys(public_keys))
        since_s = self._now_s() - KEPT_S
        asked = [key for key in wanted if self._known.get(key, (since_s, ""))[0] <= since_s]
        if asked:
            with suppress(DoorError):  # a page does without names
                await self._ask(asked[:MOST_ASKED])
        known = {key: self._known[key][1] for key in wanted if key in self._known}
        return {key: name for key, name in known.items() if name}

    async def _ask(self, public_keys: list[str]) -> None:
        found = await self._door.find(public_keys, _PATHS)
        names = dict.fromkeys(public_keys, "")
        # Today's last: it takes the place of the other.
        for each in sorted(found, key=lambda each: each.path == PATH):
            value = registry.parse(each.path, each.content).value
            if isinstance(value, Profile) and one_line(value.name):
                names[each.public_key] = one_line(value.name, _LONGEST_NAME)
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        self._known |= {key: (self._now_s(), name) for key, name in names.items()}
