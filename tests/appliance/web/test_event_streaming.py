"""Leaving, waking and ending at the same moment."""

import asyncio
from typing import Any

from appliance.homeserver.event_stream import EventStream, Subscription
from appliance.metadata import events
from appliance.metadata.events import OPERATOR
from appliance.metadata.store import Tx
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath
from appliance.web.asgi import Message, settled_before_disconnect
from appliance.web.event_streaming import send_stream
from tests.support.appliance import Appliance, Person


async def test_a_client_that_leaves_in_the_moment_of_the_news_disturbs_nobody() -> None:
    loop = asyncio.get_running_loop()
    troubles: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: troubles.append(context))
    news: asyncio.Future[None] = loop.create_future()
    leaves = asyncio.Event()

    async def receive() -> Message:
        await leaves.wait()
        return {"type": "http.disconnect"}

    waiting = asyncio.create_task(settled_before_disconnect(receive, news, 10))
    await asyncio.sleep(0)
    leaves.set()
    news.set_result(None)
    assert await waiting is None
    await asyncio.sleep(0)
    assert troubles == []


def _append_many(tx: Tx) -> None:
    tx.order_events()
    for number in range(2000):
        events.append(tx, 1, "DEL", f"/pub/{number}", None, OPERATOR, number)


async def test_a_long_history_is_not_read_on_for_a_client_that_left(
    appliance: Appliance, alice: Person
) -> None:
    assert alice.cookies  # she is user 1
    services = appliance.node.services
    await services.metadata.write(_append_many)
    subscription = Subscription({1: None}, PathFilter.of([StoragePath("/pub/")]))
    pages: list[float] = []
    stream = EventStream(services.feed, services.metadata, subscription, pages.append)
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    figures = services.counters.events
    await send_stream(stream, figures, receive, send, headers=[], head=False)
    assert len(pages) == 1
    assert not sent[-1]["more_body"]
    assert figures.open_streams == 0
    assert sum(figures.connections_ms.counts) == 1
