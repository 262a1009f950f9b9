"""Questions that were sent and not answered yet. An answer counts only from whom was asked."""

import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from appliance.mainline.messages import Ping, Request
from appliance.mainline.node_ids import Address

# The oldest is given up early when there are more; a flood of answers cannot make any.
MAX_PENDING = 4096


@dataclass(frozen=True, slots=True)
class Pending:
    """Whom we asked what, and for which search; `number` 0 is our own housekeeping."""

    address: Address
    request: Request = field(default_factory=Ping)
    number: int = 0
    sent_at: float = 0.0


class Transactions:
    """The open questions of one node, each with the same patience."""

    __slots__ = ("_asked", "_deadlines", "_open", "_random", "_timeout_s")

    def __init__(self, timeout_s: float, random_source: random.Random) -> None:
        self._timeout_s = timeout_s
        self._random = random_source
        self._open: dict[bytes, Pending] = {}
        self._deadlines: deque[tuple[float, bytes]] = deque()
        self._asked: Counter[Address] = Counter()

    def __len__(self) -> int:
        """How many questions are open."""
        return len(self._open)

    def begin(self, pending: Pending, now: float) -> bytes:
        """Four bytes that name a new question; mainline answers no other length.

        They are random: whoever was asked before must not be able to answer for others.
        """
        transaction_id = self._random.randbytes(4)
        while transaction_id in self._open:
            transaction_id = self._random.randbytes(4)
        self._open[transaction_id] = Pending(pending.address, pending.request, pending.number, now)
        self._asked[pending.address] += 1
        self._deadlines.append((now + self._timeout_s, transaction_id))
        return transaction_id

    def expects(self, source: Address) -> bool:
        """Whether something was asked there."""
        return source in self._asked

    def finish(self, transaction_id: bytes, source: Address) -> Pending | None:
        """The question that this answers; None for answers to nothing or from somebody else."""
        pending = self._open.get(transaction_id)
        if pending is None or pending.address != source:
            return None
        self._forget(transaction_id, pending)
        return pending

    def expired(self, now: float) -> Iterator[Pending]:
        """Those who did not answer in time; each is told once."""
        while self._deadlines and (
            self._deadlines[0][0] <= now or len(self._deadlines) > MAX_PENDING
        ):
            _, transaction_id = self._deadlines.popleft()
            pending = self._open.get(transaction_id)
            if pending is not None:
                self._forget(transaction_id, pending)
                yield pending

    @property
    def next_deadline(self) -> float:
        """When the next question expires."""
        while self._deadlines and self._deadlines[0][1] not in self._open:
            self._deadlines.popleft()
        return self._deadlines[0][0] if self._deadlines else inf

    def _forget(self, transaction_id: bytes, pending: Pending) -> None:
        del self._open[transaction_id]
        self._asked[pending.address] -= 1
        if not self._asked[pending.address]:
            del self._asked[pending.address]
