"""The log's queries, on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.metadata import events, users
from appliance.metadata.events import OPERATOR
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metadata.store import Tx
from appliance.pubky.events import LARGEST_ID
from appliance.pubky.path_filters import PathFilter
from appliance.pubky.paths import StoragePath

EVERYTHING = PathFilter.of([StoragePath("/")])


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    """Rows with two users."""
    opened = await open_sqlite(tmp_path / "test.sqlite3", durable=False)
    await opened.write(users.create, "alice", 0)
    await opened.write(users.create, "bob", 0)
    yield opened
    await opened.close()


def _append(tx: Tx, *paths: str, user_id: int = 1) -> list[int]:
    tx.order_events()
    return [events.append(tx, user_id, "DEL", path, None, OPERATOR, 7) for path in paths]


async def test_ids_go_on_after_the_newest_rows_are_gone(metadata: SqliteMetadata) -> None:
    assert await metadata.write(_append, "/pub/1", "/pub/2") == [1, 2]
    await metadata.write(lambda tx: tx.run("DELETE FROM events"))
    assert await metadata.write(_append, "/pub/3") == [3]


async def test_after_raising_the_floor_ids_lie_above_it(metadata: SqliteMetadata) -> None:
    await metadata.write(events.raise_floor, 41)
    assert await metadata.write(_append, "/pub/1") == [42]
    await metadata.write(events.raise_floor, 99)
    assert await metadata.write(_append, "/pub/2") == [100]


async def test_the_floor_is_never_lowered(metadata: SqliteMetadata) -> None:
    await metadata.write(_append, *["/pub/1"] * 5)
    await metadata.write(events.raise_floor, 2)
    assert await metadata.write(_append, "/pub/2") == [6]


async def test_a_page_looks_at_a_bounded_number_of_rows(metadata: SqliteMetadata) -> None:
    await metadata.write(_append, *["/pub/common"] * 250, "/pub/rare/x")
    wanted = PathFilter.of([StoragePath("/pub/rare/")])
    positions, found, position = [], [], 0
    while True:
        page = await metadata.read(events.page, {1: 0}, wanted, position, reverse=False)
        position = page.position
        positions.append(position)
        found += page.rows
        if page.is_last:
            break
    assert positions == [100, 200, 251]
    assert [row.id for row in found] == [251]


async def test_single_files_are_found_without_looking_at_other_rows(
    metadata: SqliteMetadata,
) -> None:
    await metadata.write(_append, "/pub/a", *["/pub/common"] * 250, "/pub/b")
    wanted = PathFilter.of([StoragePath("/pub/a"), StoragePath("/pub/b")])
    page = await metadata.read(events.page, {1: 0}, wanted, 0, reverse=False)
    assert ([row.id for row in page.rows], page.position, page.is_last) == ([1, 252], 252, True)


async def test_the_last_page_ends_at_the_end_of_the_log_also_for_other_users(
    metadata: SqliteMetadata,
) -> None:
    await metadata.write(_append, "/pub/a")
    await metadata.write(_append, "/pub/b", "/pub/c", user_id=2)
    page = await metadata.read(events.page, {1: 0}, EVERYTHING, 0, reverse=False)
    assert (len(page.rows), page.position, page.is_last) == (1, 3, True)
    beyond = await metadata.read(events.page, {1: LARGEST_ID}, EVERYTHING, 0, reverse=False)
    assert (beyond.rows, beyond.position) == ([], 3)


async def test_in_reverse_pages_go_down_to_the_beginning(metadata: SqliteMetadata) -> None:
    await metadata.write(_append, *["/pub/a"] * 60)
    await metadata.write(_append, *["/pub/b"] * 60, user_id=2)
    cursors = {1: LARGEST_ID, 2: 110}
    first = await metadata.read(events.page, cursors, EVERYTHING, LARGEST_ID, reverse=True)
    assert [row.id for row in first.rows] == [*range(109, 60, -1), *range(60, 9, -1)]
    second = await metadata.read(events.page, cursors, EVERYTHING, first.position, reverse=True)
    assert [row.id for row in second.rows] == list(range(9, 0, -1))
    assert second.is_last


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("events.id > ? AND path >= '/pub/' AND path < '/pub0'", "events_public"),
        ("user_id = ? AND events.id > 1", "events_by_user "),
        ("user_id = ? AND path = '/pub/a' AND events.id > 1", "events_by_user_and_path"),
        ("events.created_us = ?", "events_by_time"),
    ],
)
async def test_every_query_of_the_log_has_an_index(
    metadata: SqliteMetadata, query: str, index: str
) -> None:
    sql = f"EXPLAIN QUERY PLAN {events._ROWS} WHERE {query} ORDER BY events.id LIMIT 9"
    plan = await metadata.read(lambda tx: tx.all(sql, 1))
    assert f"USING INDEX {index}" in plan[0][3] + " "
    assert "TEMP B-TREE" not in str([row[3] for row in plan])


async def test_commits_with_events_are_announced_and_others_are_not(
    metadata: SqliteMetadata,
) -> None:
    announced: list[int] = []
    metadata.on_new_events(lambda: announced.append(1))
    await metadata.write(users.create, "carol", 0)
    await metadata.read(events.last_id)
    assert announced == []
    await metadata.write(_append, "/pub/a")
    await metadata.read(events.last_id)
    assert announced == [1]


async def test_a_rolled_back_event_is_not_announced(metadata: SqliteMetadata) -> None:
    announced: list[int] = []
    metadata.on_new_events(lambda: announced.append(1))

    def fail(tx: Tx) -> None:
        _append(tx, "/pub/a")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - its own
        await metadata.write(fail)
    assert await metadata.read(events.last_id) == 0
    assert announced == []
