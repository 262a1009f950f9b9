"""How many handshakes go on at once, how they end, and what is counted of connections."""

from collections.abc import Callable
from dataclasses import dataclass, field

ABANDONED = "abandoned"
TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class TlsLimits:
    """What strangers may make us hold at once.

    asyncio gives every connection inside of TLS a buffer of 256 KiB, so 128 handshakes that never
    end hold 32 MiB. `handshake_s` is how long asyncio lets one last.
    """

    max_handshakes: int = 128
    handshake_s: float = 10.0


@dataclass(slots=True)
class TlsCounters:
    """What happened since the start, as plain numbers.

    `refused` and `broken` count handshakes and established connections that ended by force, by
    reason: the name of the alert that we sent, `peer_alert`, `refused_key`, `too_many` or
    `abandoned`. Bytes are those of the wire.
    """

    handshaking: int = 0
    handshakes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    received_bytes: int = 0
    sent_bytes: int = 0


@dataclass(slots=True)
class _Place:
    began_s: float
    is_refused: bool = False


class Handshakes:
    """The places of handshakes in progress.

    asyncio drops a handshake that timed out or was left without telling us, and what it drops lies
    in a cycle of references, so a place is also free again when the time limit has passed.
    """

    def __init__(self, limits: TlsLimits, time_s: Callable[[], float]) -> None:
        self.counters = TlsCounters()
        self._limits = limits
        self._time_s = time_s
        self._last_number = 0
        # By number, oldest first.
        self._places: dict[int, _Place] = {}

    def begin(self) -> int | None:
        """Take a place; returns its number, None when all are taken."""
        now_s = self._time_s()
        while self._places:
            number, place = next(iter(self._places.items()))
            if now_s - place.began_s <= self._limits.handshake_s:
                break
            self.abandon(number)
        if len(self._places) >= self._limits.max_handshakes:
            count(self.counters.refused, TOO_MANY)
            return None
        self._last_number += 1
        self._places[self._last_number] = _Place(now_s)
        self.counters.handshaking += 1
        return self._last_number

    def succeed(self, number: int) -> None:
        """The handshake is done."""
        if self._free(number) is not None:
            self.counters.handshakes += 1

    def refuse(self, number: int, reason: str) -> None:
        """The peer is being told; its socket is open, and its place taken, until it has left."""
        place = self._places.get(number)
        if place is not None and not place.is_refused:
            place.is_refused = True
            count(self.counters.refused, reason)

    def abandon(self, number: int) -> None:
        """The connection is gone."""
        place = self._free(number)
        if place is not None and not place.is_refused:
            count(self.counters.refused, ABANDONED)

    def _free(self, number: int) -> _Place | None:
        place = self._places.pop(number, None)
        if place is not None:
            self.counters.handshaking -= 1
        return place


def count(reasons: dict[str, int], reason: str) -> None:
    """One more for this reason."""
    reasons[reason] = reasons.get(reason, 0) + 1
