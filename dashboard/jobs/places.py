"""Where people move to: the homeserver they chose and the session that they approved for it.

In memory only: a secret of another homeserver has no place on this disk. Who moves on after a
restart scans once more, and what was copied is there already.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.doors.elsewhere import Place

# Long enough for a large account over a slow line.
KEPT_S = 2 * 86_400
_MOST = 500


@dataclass(frozen=True, slots=True, repr=False)
class Wish:
    """A choice whose scan is still to come. `code` is an invite's; empty where none is needed."""

    place: Place
    code: str
    has_account: bool


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """A place with a session; its `repr` leaves the secret out, as logs must."""

    place: Place
    secret: str
    at_s: float


class Places:
    """At most one wish and one arrival for each sign-in."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._wishes: dict[int, Wish] = {}
        self._arrivals: dict[int, Arrival] = {}

    def want(self, sign_in_id: int, wish: Wish) -> None:
        """Remember what is to become of the next scan."""
        _make_room(self._wishes)
        self._wishes[sign_in_id] = wish

    def take_wish(self, sign_in_id: int) -> Wish | None:
        """The wish of a sign-in; of two that ask, one gets it."""
        return self._wishes.pop(sign_in_id, None)

    def arrive(self, sign_in_id: int, place: Place, secret: str) -> None:
        """Keep a session for a while."""
        _make_room(self._arrivals)
        self._arrivals[sign_in_id] = Arrival(place, secret, self._now_s())

    def find(self, sign_in_id: int) -> Arrival | None:
        """Where a sign-in's person moves to."""
        found = self._arrivals.get(sign_in_id)
        if found is not None and self._now_s() - found.at_s > KEPT_S:
            del self._arrivals[sign_in_id]
            return None
        return found

    def forget(self, sign_in_id: int) -> Arrival | None:
        """Move no longer; what is to be ended elsewhere."""
        return self._arrivals.pop(sign_in_id, None)


def _make_room(kept: dict[int, Wish] | dict[int, Arrival]) -> None:
    """Drop the oldest: nobody fills the memory by asking again and again."""
    while len(kept) >= _MOST:
        kept.pop(next(iter(kept)))
