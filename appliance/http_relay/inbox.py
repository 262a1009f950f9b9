"""Store and forward with acknowledgement: messages by id, and the parties waiting for them.

One `Inbox` is the store of both protocols, inbox and link. An id has a slot while it holds a
message or somebody waits for one. Every new message moves its slot to the end, so the first slot is
the oldest and the first to be evicted.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from appliance.clock import Clock
from appliance.errors import PubkyError

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """What strangers may make the relay hold. A grant with many capabilities exceeds 2 KiB."""

    max_body_bytes: int = 16 * 1024
    max_id_bytes: int = 256
    max_waiters: int = 10
    max_entries: int = 10_000
    # Ten thousand bodies of full length would take more memory than a small machine has.
    max_total_bytes: int = 32 * 1024 * 1024
    inbox_ttl_s: int = 300
    inbox_timeout_s: float = 25
    # SDK 0.6.0 counts every 408 as a failure, so its consumers must be able to wait ten minutes.
    link_ttl_s: int = 600
    link_timeout_s: float = 600


@dataclass(frozen=True, slots=True, eq=False)
class RelayMessage:
    """A body and the producer's content type; two messages with equal bytes are still two."""

    body: bytes
    content_type: bytes = b"application/octet-stream"


MessageWaiter = asyncio.Future[RelayMessage | None]
"""Gets the message, or `None` when its slot was evicted."""

AckWaiter = asyncio.Future[bool]
"""Gets True on acknowledgement, False when the message was replaced, evicted or expired."""


@dataclass(slots=True, eq=False)
class _Slot:
    message: RelayMessage | None = None
    acknowledged: bool = False
    expires_us: int | None = None
    message_waiters: set[MessageWaiter] = field(default_factory=set)
    ack_waiters: set[AckWaiter] = field(default_factory=set)

    @property
    def holds_message(self) -> bool:
        """A message was posted and has not expired; its body is gone once acknowledged."""
        return self.expires_us is not None

    @property
    def body_bytes(self) -> int:
        return 0 if self.message is None else len(self.message.body)

    def settle(self, message: RelayMessage | None) -> None:
        """Wake every waiter; all of them get the message."""
        for waiter in self.message_waiters:
            if not waiter.done():
                waiter.set_result(message)

    def settle_acks(self, *, acknowledged: bool) -> None:
        for waiter in self.ack_waiters:
            if not waiter.done():
                waiter.set_result(acknowledged)


class Inbox:
    """The messages of one relay; everything happens at once on the event loop."""

    def __init__(self, clock: Clock, limits: RelayLimits) -> None:
        self.limits = limits
        self._clock = clock
        self._slots: dict[bytes, _Slot] = {}
        self._total_bytes = 0

    def __len__(self) -> int:
        """How many ids take up room."""
        return len(self._slots)

    def post(self, message_id: bytes, message: RelayMessage, ttl_s: int) -> None:
        """Store a message over any older one, wake those waiting for it.

        Parties waiting for the acknowledgement of the replaced message are told that it is gone.
        """
        slot = self._slot(message_id)
        if slot is None:
            slot = _Slot()
        else:
            del self._slots[message_id]
            self._clear(slot)
        self._make_room(len(message.body))
        self._slots[message_id] = slot
        slot.message = message
        slot.expires_us = self._clock() + ttl_s * _US_PER_S
        self._total_bytes += len(message.body)
        slot.settle(message)

    def acknowledge(self, message_id: bytes, delivered: RelayMessage | None = None) -> bool:
        """Discard the body and wake those waiting for the acknowledgement; False: no such message.

        With `delivered`, only that very message is acknowledged: another may have replaced it
        between its delivery and this call.
        """
        slot = self._slot(message_id)
        if slot is None or not slot.holds_message:
            return False
        if delivered is not None and slot.message is not delivered:
            return False
        self._total_bytes -= slot.body_bytes
        slot.message = None
        slot.acknowledged = True
        slot.settle_acks(acknowledged=True)
        return True

    def find_acknowledgement(self, message_id: bytes) -> bool | None:
        """Whether the message was acknowledged; `None`: no such message."""
        slot = self._slot(message_id)
        return slot.acknowledged if slot is not None and slot.holds_message else None

    @contextmanager
    def message_waiter(self, message_id: bytes) -> Iterator[MessageWaiter]:
        """A future of the message, already done if it is here; leaving frees the place.

        Raises `unavailable` when too many wait for this id.
        """
        waiter: MessageWaiter = asyncio.get_running_loop().create_future()
        slot = self._slot(message_id)
        if slot is not None and slot.message is not None:
            waiter.set_result(slot.message)
            yield waiter
            return
        if slot is None:
            self._make_room(0)
            slot = self._slots[message_id] = _Slot()
        self._check_crowd(len(slot.message_waiters))
        slot.message_waiters.add(waiter)
        try:
            yield waiter
        finally:
            slot.message_waiters.discard(waiter)
            if not slot.message_waiters and not slot.holds_message:
                self._forget(message_id, slot)

    @contextmanager
    def ack_waiter(self, message_id: bytes) -> Iterator[AckWaiter]:
        """A future of the acknowledgement; leaving frees the place.

        Raises `not_found` without a message, `unavailable` when too many wait for this id.
        """
        slot = self._slot(message_id)
        if slot is None or not slot.holds_message:
            raise PubkyError("not_found", "Not found")
        waiter: AckWaiter = asyncio.get_running_loop().create_future()
        if slot.acknowledged:
            waiter.set_result(True)
        self._check_crowd(len(slot.ack_waiters))
        slot.ack_waiters.add(waiter)
        try:
            yield waiter
        finally:
            slot.ack_waiters.discard(waiter)

    def sweep(self, now_us: int) -> int:
        """Drop expired messages; returns how many."""
        expired = [
            (message_id, slot)
            for message_id, slot in self._slots.items()
            if slot.expires_us is not None and slot.expires_us <= now_us
        ]
        for message_id, slot in expired:
            self._clear(slot)
            if not slot.message_waiters:
                self._forget(message_id, slot)
        return len(expired)

    def _check_crowd(self, waiting: int) -> None:
        if waiting >= self.limits.max_waiters:
            raise PubkyError("unavailable", "Too many concurrent requests")

    def _slot(self, message_id: bytes) -> _Slot | None:
        """The slot of an id, after dropping its message if that has expired."""
        slot = self._slots.get(message_id)
        if slot is None or slot.expires_us is None or slot.expires_us > self._clock():
            return slot
        self._clear(slot)
        if slot.message_waiters:
            return slot
        self._forget(message_id, slot)
        return None

    def _clear(self, slot: _Slot) -> None:
        """Take the message out of a slot; those waiting for a message go on waiting."""
        self._total_bytes -= slot.body_bytes
        slot.message = None
        slot.acknowledged = False
        slot.expires_us = None
        slot.settle_acks(acknowledged=False)

    def _forget(self, message_id: bytes, slot: _Slot) -> None:
        if self._slots.get(message_id) is slot:
            del self._slots[message_id]

    def _make_room(self, body_bytes: int) -> None:
        """Keep one slot and `body_bytes` free: expired messages go first, then the oldest slots."""
        if self._has_room(body_bytes):
            return
        self.sweep(self._clock())
        while self._slots and not self._has_room(body_bytes):
            message_id, slot = next(iter(self._slots.items()))
            self._clear(slot)
            slot.settle(None)
            self._forget(message_id, slot)

    def _has_room(self, body_bytes: int) -> bool:
        return (
            len(self._slots) < self.limits.max_entries
            and self._total_bytes + body_bytes <= self.limits.max_total_bytes
        )
