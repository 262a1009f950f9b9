"""Streams of server-sent events: what keeps a part of a page up to date where scripts are on."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quart import Response, abort

from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.parts import Parts
from dashboard.sign_in import SignIn

# Browsers open six connections to a host; more streams than these would leave none for pages.
MOST_STREAMS = 4
LOOK_EVERY_S = 2.0
# Proxies close connections on which nothing happens.
COMMENT_EVERY_S = 15.0
# A forgotten tab must not keep somebody signed in: after this the page says that it is old.
FOLLOW_FOR_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to say: `live.js` tells what each name does with its data.

    A browser whose connection broke tells the last `id` that it heard of when it comes back.
    """

    name: Literal["message", "reload", "end"]
    data: Mapping[str, object] | None = None
    id: int | None = None

    def as_lines(self) -> str:
        """As the stream says it. JSON has no line break of its own."""
        place = "" if self.id is None else f"id: {self.id}\n"
        return f"event: {self.name}\n{place}data: {json.dumps(self.data or {})}\n\n"


Look = Callable[[], Awaitable[Sequence[Event]]]


class Streams:
    """Who follows what: a few streams for each sign-in, all of which end with it."""

    def __init__(self, parts: Parts, look_every_s: float = LOOK_EVERY_S) -> None:
        self._parts = parts
        self._look_every_s = look_every_s
        self._open: Counter[int] = Counter()

    def follow(self, sign_in: SignIn, look: Look) -> Response:
        """Say what `look` finds, every few seconds, until it says `end` or `reload`."""
        if self._open[sign_in.id] >= MOST_STREAMS:
            abort(429, "Too many pages of yours are live. Close one of them.")
        response = Response(self._said(sign_in.id, look), content_type="text/event-stream")
        response.timeout = None  # Quart's default minute is for answers that have an end
        return response

    async def _said(self, sign_in_id: int, look: Look) -> AsyncIterator[str]:
        self._open[sign_in_id] += 1
        loop = asyncio.get_running_loop()
        ends_s, spoke_s = loop.time() + FOLLOW_FOR_S, loop.time()
        try:
            yield ": live\n\n"
            while loop.time() < ends_s and await self._is_signed_in(sign_in_id):
                for event in await _found(look):
                    yield event.as_lines()
                    spoke_s = loop.time()
                    if event.name != "message":
                        return
                if loop.time() - spoke_s >= COMMENT_EVERY_S:
                    yield ": still here\n\n"
                    spoke_s = loop.time()
                await asyncio.sleep(self._look_every_s)
            yield Event("end").as_lines()
        finally:
            self._open[sign_in_id] -= 1
            if self._open[sign_in_id] <= 0:
                del self._open[sign_in_id]

    async def _is_signed_in(self, sign_in_id: int) -> bool:
        """Looking does not count as a sign of life."""
        if self._parts.opened_sign_ins is None:
            return False
        return any(each.id == sign_in_id for each in await self._parts.sign_ins.all())


async def _found(look: Look) -> Sequence[Event]:
    try:
        return await look()
    except DoorRefusedError:
        return (Event("end"),)  # it may no longer be asked
    except DoorError:
        return ()  # the next look may succeed, and the page itself says what is wrong
