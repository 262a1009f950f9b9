"""Subscribers against a naive model: whatever happens in between, each gets exactly the log."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.homeserver import event_feed
from appliance.homeserver.event_feed import EventFeed, open_feed
from appliance.homeserver.event_stream import EventStream, Subscription
from appliance.metadata import events, users
from appliance.metadata.events import OPERATOR
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metadata.store import Tx
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath
from tests.support.sse import parse_frame

USERS = (1, 2, 3)
PATHS = ("/pub/a/1", "/pub/a/2", "/pub/b", "/priv/c")
FILTERS = (("/pub/",), ("/pub/a/",), ("/pub/b", "/priv/"), ("/pub/a/1", "/pub/b"), ("/",))

Write = tuple[int, str]
WRITES = st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(PATHS)), min_size=1, max_size=9)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), WRITES),
        st.tuples(st.just("write while waiting"), WRITES),
        st.tuples(st.just("feed"), st.none()),
        st.tuples(st.just("take"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=25,
)


def _append(tx: Tx, writes: list[Write]) -> list[int]:
    tx.order_events()
    return [events.append(tx, user, "DEL", path, None, OPERATOR, 0) for user, path in writes]


@dataclass(slots=True)
class Subscriber:
    """A client as the SDKs are: it remembers a cursor for each user and nothing else."""

    metadata: SqliteMetadata
    feed: EventFeed
    users: tuple[int, ...] | None
    wanted: PathFilter
    live: bool = True
    seen: list[int] = field(default_factory=list)
    cursors: dict[int, int] = field(default_factory=dict)
    stream: EventStream = field(init=False)

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        """A new connection that begins where the last one got."""
        if self.users is None:
            named, cursor = None, max(self.cursors.values(), default=None)
        else:
            named, cursor = {user: self.cursors.get(user) for user in self.users}, None
        subscription = Subscription(named, self.wanted, cursor=cursor, live=self.live)
        self.stream = EventStream(self.feed, self.metadata, subscription, lambda _: None)

    async def take(self) -> None:
        """Read once what there is at this place."""
        for frame in await self.stream.take():
            event = parse_frame(frame.decode().removesuffix("\n\n"))
            user = int(event.url.removeprefix("pubky://user-").partition("/")[0])
            self.seen.append(event.cursor)
            self.cursors[user] = event.cursor

    def expected(self, log: list[Write]) -> list[int]:
        """What the whole log holds for this subscriber."""
        return [
            number
            for number, (user, path) in enumerate(log, start=1)
            if (self.users is None or user in self.users) and self.wanted.matches(path)
        ]


@dataclass(slots=True)
class Scene:
    """A database, its feed, the log as it should be, and a subscriber."""

    metadata: SqliteMetadata
    feed: EventFeed
    subscriber: Subscriber
    log: list[Write]

    async def write(self, writes: list[Write]) -> None:
        self.log += writes
        await self.metadata.write(_append, writes)

    async def step(self, name: str, writes: list[Write]) -> None:
        subscriber = self.subscriber
        if name == "write":
            await self.write(writes)
        elif name == "write while waiting":
            with subscriber.stream.waiting() as news:
                await self.write(writes)
                await self.feed.catch_up()
                concerned = any(
                    subscriber.users is None or user in subscriber.users for user, _ in writes
                )
                assert news.done() or not concerned
        elif name == "feed":
            await self.feed.catch_up()
        elif name == "take":
            await subscriber.take()
            self.check()
        else:
            subscriber.connect()

    def check(self) -> None:
        """Nothing was skipped, repeated or put out of order so far."""
        expected = self.subscriber.expected(self.log)
        assert self.subscriber.seen == expected[: len(self.subscriber.seen)]

    async def finish(self) -> None:
        """Read until there is nothing more, as a live client does."""
        await self.feed.catch_up()
        for _ in range(len(self.log) + 5):
            await self.subscriber.take()
        assert self.subscriber.seen == self.subscriber.expected(self.log)


@pytest.fixture(autouse=True)
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little is kept and pages are short, so that few events reach every corner."""
    monkeypatch.setattr(event_feed, "KEPT_EVENTS", 5)
    monkeypatch.setattr(events, "PAGE_ROWS", 4)


async def _prepared(folder: Path, before: list[Write]) -> tuple[SqliteMetadata, EventFeed]:
    metadata = await open_sqlite(folder / "test.sqlite3", durable=False)
    for user in USERS:
        await metadata.write(users.create, f"user-{user}", 0)
    if before:
        await metadata.write(_append, before)
    return metadata, await open_feed(metadata)


SUBSCRIBED = st.one_of(
    st.none(), st.lists(st.sampled_from(USERS), min_size=1, unique=True).map(tuple)
)


@settings(max_examples=60, deadline=None)
@given(SUBSCRIBED, st.sampled_from(FILTERS), st.lists(WRITES, max_size=2), STEPS)
def test_any_interleaving_yields_exactly_the_log(
    subscribed: tuple[int, ...] | None,
    filters: tuple[str, ...],
    before: list[list[Write]],
    steps: list[tuple[str, list[Write]]],
) -> None:
    async def play() -> None:
        history = [write for writes in before for write in writes]
        with tempfile.TemporaryDirectory() as folder:
            metadata, feed = await _prepared(Path(folder), history)
            try:
                wanted = PathFilter.of([StoragePath(path) for path in filters])
                subscriber = Subscriber(metadata, feed, subscribed, wanted)
                scene = Scene(metadata, feed, subscriber, history)
                for name, writes in steps:
                    await scene.step(name, writes)
                await scene.finish()
            finally:
                await metadata.close()

    asyncio.run(play())


@settings(max_examples=30, deadline=None)
@given(
    SUBSCRIBED,
    st.sampled_from(FILTERS),
    st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(PATHS)), max_size=30),
    st.integers(1, 12) | st.none(),
    st.dictionaries(st.sampled_from(USERS), st.integers(0, 35)),
    st.booleans(),
)
def test_a_batch_is_the_log_beyond_its_cursors_either_way(
    subscribed: tuple[int, ...] | None,
    filters: tuple[str, ...],
    log: list[Write],
    limit: int | None,
    cursors: dict[int, int],
    reverse: bool,
) -> None:
    wanted = PathFilter.of([StoragePath(path) for path in filters])
    named = None if subscribed is None else {user: cursors.get(user) for user in subscribed}

    def lies_beyond(number: int, user: int) -> bool:
        cursor = cursors.get(user) if named is not None else None
        return cursor is None or (number < cursor if reverse else number > cursor)

    expected = [
        number
        for number, (user, path) in enumerate(log, start=1)
        if (named is None or user in named) and wanted.matches(path) and lies_beyond(number, user)
    ]
    expected = (expected[::-1] if reverse else expected)[:limit]

    async def play() -> list[int]:
        with tempfile.TemporaryDirectory() as folder:
            metadata, feed = await _prepared(Path(folder), log)
            try:
                subscription = Subscription(named, wanted, limit=limit, reverse=reverse)
                stream = EventStream(feed, metadata, subscription, lambda _: None)
                found = []
                while not stream.is_over:
                    found += await stream.take()
            finally:
                await metadata.close()
        return [parse_frame(frame.decode().removesuffix("\n\n")).cursor for frame in found]

    assert asyncio.run(play()) == expected


async def test_who_was_not_woken_does_not_look_at_the_table_again(tmp_path: Path) -> None:
    metadata, feed = await _prepared(tmp_path, [])
    queries: list[float] = []
    wanted = PathFilter.of([StoragePath("/")])
    subscription = Subscription({1: None}, wanted, live=True)
    stream = EventStream(feed, metadata, subscription, queries.append)
    try:
        for _ in range(4):
            with stream.waiting() as news:
                await metadata.write(_append, [(2, "/pub/b")] * 4)
                await feed.catch_up()
                assert not news.done()
        with stream.waiting() as news:
            await metadata.write(_append, [(1, "/pub/a/1")])
            await feed.catch_up()
            assert news.done()
        assert len(await stream.take()) == 1
        assert queries == []
    finally:
        await metadata.close()


async def test_closing_the_feed_ends_live_streams_and_wakes_them(tmp_path: Path) -> None:
    metadata, feed = await _prepared(tmp_path, [])
    wanted = PathFilter.of([StoragePath("/")])
    stream = EventStream(feed, metadata, Subscription(None, wanted, live=True), lambda _: None)
    with stream.waiting() as news:
        feed.close()
        assert news.done()
    assert stream.is_over
    with stream.waiting() as news:
        assert news.done()
    await metadata.close()
