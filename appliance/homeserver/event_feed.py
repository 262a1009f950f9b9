"""The log's live end in this process: its highest id, its newest events, and who waits for more.

The table is the truth; the feed reads it when a commit of this process appended events, and looks
every second for what other processes wrote. Subscribers have no queues: each is a place in the log.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from appliance import background
from appliance.metadata import events
from appliance.metadata.events import EventRow
from appliance.metadata.store import Metadata
from appliance.pubky.events import sse_frame

KEPT_EVENTS = 1000
LOOK_EVERY_S = 1.0

Waiter = asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as streams need it; `user_id` is the row's, `frame` the bytes that are sent."""

    id: int
    user_id: int
    path: str
    frame: bytes

    @classmethod
    def of(cls, row: EventRow) -> "LoggedEvent":
        """The event of a row."""
        frame = sse_frame(row.id, row.kind, row.user, row.path, row.content_hash)
        return cls(row.id, row.user_id, row.path, frame)


class EventFeed:
    """Follows one log; made by `open_feed`."""

    def __init__(self, metadata: Metadata, head: int) -> None:
        self._metadata = metadata
        self.head = head
        # The kept events are all that lie after this id.
        self._floor = head
        self._kept: list[LoggedEvent] = []
        self._waiters: dict[int | None, set[Waiter]] = {}
        self._hint = asyncio.Event()
        self.is_closed = False

    def notice(self) -> None:
        """Take a hint that there are new events."""
        self._hint.set()

    async def follow(self) -> None:
        """Read what is new for as long as the node runs: a background job."""
        what = "reading new events"
        await background.every(LOOK_EVERY_S, self.catch_up, what=what, sooner=self._hint)

    async def catch_up(self) -> None:
        """Read everything that is new, and wake those who wait for it."""
        self._hint.clear()
        while await self._metadata.peek(events.last_id) > self.head:
            rows = await self._metadata.read(events.all_after, self.head, KEPT_EVENTS)
            if not rows:
                return
            self._append([LoggedEvent.of(row) for row in rows])

    def _append(self, new: list[LoggedEvent]) -> None:
        before, self.head = self.head, new[-1].id
        self._kept += new
        surplus = len(self._kept) - KEPT_EVENTS
        if surplus > 0:
            self._floor = self._kept[surplus - 1].id
            del self._kept[:surplus]
        concerned: set[int | None] = {event.user_id for event in new}
        for user_id in (None, *concerned):
            for waiter in self._waiters.get(user_id, ()):
                if not waiter.done():
                    waiter.set_result(before)

    def after(self, position: int) -> Sequence[LoggedEvent] | None:
        """Every event after this id; None when not all of them are kept here any more."""
        if position < self._floor:
            return None
        return self._kept[bisect_right(self._kept, position, key=_id) :]

    @contextmanager
    def waiting(self, users: Collection[int] | None, position: int) -> Iterator[Waiter]:
        """A future that is done when these users (None: anybody) have events after `position`.

        Its result is an id up to which they have none. It is also done when the feed closes.
        """
        waiter: Waiter = asyncio.get_running_loop().create_future()
        if self.head > position or self.is_closed:
            waiter.set_result(position)
        keys: Collection[int | None] = (None,) if users is None else users
        for key in keys:
            self._waiters.setdefault(key, set()).add(waiter)
        try:
            yield waiter
        finally:
            for key in keys:
                waiters = self._waiters[key]
                waiters.discard(waiter)
                if not waiters:
                    del self._waiters[key]

    def close(self) -> None:
        """Wake everybody for the last time: the node stops."""
        self.is_closed = True
        for waiters in self._waiters.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(0)


async def open_feed(metadata: Metadata) -> EventFeed:
    """A feed that begins at the log's present end; `follow` must run for it to go on."""
    feed = EventFeed(metadata, await metadata.peek(events.last_id))
    metadata.on_new_events(feed.notice)
    return feed


def _id(event: LoggedEvent) -> int:
    return event.id
