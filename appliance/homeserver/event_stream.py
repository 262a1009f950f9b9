"""One subscriber's way through the log: history and live are the same loop over cursors.

Take what lies beyond the place reached, from the feed's memory if it reaches back that far, else
from the table; move on; and when nothing is left, wait until the feed passes that place. So there
is no seam between the two at which an event could be lost or come twice, and a slow reader falls
back to the table.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.homeserver.event_feed import EventFeed, LoggedEvent
from appliance.metadata import events
from appliance.metadata.store import Metadata
from appliance.pubky.events import LARGEST_ID
from appliance.pubky.path_filters import PathFilter

MS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a subscriber asked for.

    `users` maps users' row ids to their own cursors, None is everybody. `cursor` counts for all of
    them. A cursor of None is the near end: the beginning, or in reverse the newest event. `limit`
    is the number of events, history and live together.
    """

    users: Mapping[int, int | None] | None
    wanted: PathFilter
    cursor: int | None = None
    limit: int | None = None
    live: bool = False
    reverse: bool = False


class EventStream:
    """A subscription being served; `observe_query` is told what each page took, in milliseconds."""

    def __init__(
        self,
        feed: EventFeed,
        metadata: Metadata,
        subscription: Subscription,
        observe_query: Callable[[float], None],
    ) -> None:
        self._feed = feed
        self._metadata = metadata
        self._observe_query = observe_query
        self._wanted = subscription.wanted
        self._reverse = subscription.reverse
        self._left = subscription.limit
        self._live = subscription.live and not subscription.reverse
        near_end = LARGEST_ID if self._reverse else 0
        self._cursors = (
            None
            if subscription.users is None
            else {user: _or(cursor, near_end) for user, cursor in subscription.users.items()}
        )
        self._position = _or(subscription.cursor, near_end)
        self._is_over = False
        self.is_reading_table = False
        """Whether what was taken last came from the table: a long history may lie ahead."""

    @property
    def is_over(self) -> bool:
        """Whether nothing will come any more."""
        return self._is_over or (self._live and self._feed.is_closed)

    async def take(self) -> list[bytes]:
        """The frames of the next events, none when there are none at this place.

        A caller that gets none goes on until `is_over`, or waits if the stream is live.
        """
        # A batch must see what was committed before it began, and the feed may lag a moment.
        found = self._feed.after(self._position) if self._live else None
        self.is_reading_table = found is None
        if found is not None:
            self._position = max(self._position, self._feed.head)
        else:
            found = await self._page()
        frames = [event.frame for event in found if self._is_wanted(event)]
        if self._left is not None:
            del frames[self._left :]
            self._left -= len(frames)
            self._is_over |= self._left == 0
        return frames

    async def _page(self) -> list[LoggedEvent]:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        page = await self._metadata.read(
            events.page, self._cursors, self._wanted, self._position, reverse=self._reverse
        )
        self._observe_query((loop.time() - begin_s) * MS_PER_SECOND)
        self._position = page.position
        self._is_over = page.is_last and not self._live
        return [LoggedEvent.of(row) for row in page.rows]

    def _is_wanted(self, event: LoggedEvent) -> bool:
        if not self._wanted.matches(event.path):
            return False
        if self._cursors is None:
            return True
        cursor = self._cursors.get(event.user_id)
        return cursor is not None and (event.id < cursor if self._reverse else event.id > cursor)

    @contextmanager
    def waiting(self) -> Iterator[asyncio.Future[int]]:
        """A future that is done when it is worth while to take again, or when the node stops."""
        with self._feed.waiting(self._cursors, self._position) as waiter:
            yield waiter
            # Who was not woken missed nothing of these users.
            passed = waiter.result() if waiter.done() else self._feed.head
            self._position = max(self._position, passed)


def _or(cursor: int | None, otherwise: int) -> int:
    return otherwise if cursor is None else cursor
