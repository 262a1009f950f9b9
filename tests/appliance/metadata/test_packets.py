"""Kept packets and the history of publishing them, on a real database."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from appliance.metadata import packets, publications, users
from appliance.metadata.packets import KeptPacket
from appliance.metadata.publications import Outcome, Publication
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.metadata.store import Tx

PLENTY = 100


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    """Rows with three users."""
    opened = await open_sqlite(tmp_path / "test.sqlite3", durable=False)
    for name in ("alice", "bob", "carol"):
        await opened.write(users.create, name, 0)
    yield opened
    await opened.close()


def attempt(
    outcome: Outcome, at_us: int, key: str = "alice", vantage: str = "dht", detail: str = ""
) -> Publication:
    stored = 20 if outcome == "published" else None
    return Publication(key, at_us, vantage, outcome, stored, 25, detail)


def _note(tx: Tx, attempts: Sequence[Publication], keep: int) -> None:
    for one in attempts:
        publications.append(tx, one, keep)


async def history(metadata: SqliteMetadata, key: str = "alice") -> list[tuple[str, int]]:
    """Outcomes and times, newest first."""
    found = await metadata.read(publications.newest, key, PLENTY)
    return [(one.outcome, one.at_us) for one in found]


async def test_a_kept_packet_is_found_until_another_takes_its_place(
    metadata: SqliteMetadata,
) -> None:
    assert await metadata.read(packets.find, "alice") is None
    await metadata.write(packets.keep, "alice", b"one", 1)
    await metadata.write(packets.keep, "alice", b"two", 2)
    await metadata.write(packets.keep, "node", b"own", 3)
    assert await metadata.read(packets.find, "alice") == KeptPacket(b"two", 2)
    assert await metadata.read(packets.count) == 2


async def test_users_without_a_packet_come_in_pages_in_the_order_of_their_sign_up(
    metadata: SqliteMetadata,
) -> None:
    await metadata.write(packets.keep, "bob", b"packet", 1)
    assert await metadata.read(packets.users_without, 0, 1) == [(1, "alice")]
    assert await metadata.read(packets.users_without, 1, 5) == [(3, "carol")]


async def test_a_deleted_user_needs_no_packet(metadata: SqliteMetadata) -> None:
    await metadata.write(users.mark_deleted, 1, 7)
    found = await metadata.read(packets.users_without, 0, 5)
    assert [key for _, key in found] == ["bob", "carol"]


async def test_an_attempt_is_read_back_whole(metadata: SqliteMetadata) -> None:
    whole = Publication("alice", 5, "https://relay.test", "failed", None, None, "503")
    await metadata.write(publications.append, whole, PLENTY)
    assert await metadata.read(publications.newest, "alice", PLENTY) == [whole]


async def test_the_history_is_cut_at_its_length(metadata: SqliteMetadata) -> None:
    await metadata.write(_note, [attempt("failed", at) for at in range(1, 6)], 3)
    assert await history(metadata) == [("failed", 5), ("failed", 4), ("failed", 3)]


async def test_the_last_success_outlives_the_history(metadata: SqliteMetadata) -> None:
    successes = [attempt("published", 1), attempt("published", 2)]
    await metadata.write(_note, successes + [attempt("failed", at) for at in range(3, 9)], 3)
    assert await history(metadata) == [
        *[("failed", at) for at in (8, 7, 6)],
        ("published", 2),
    ]
    last = await metadata.read(publications.last_success, "alice")
    assert last == attempt("published", 2)


async def test_one_keys_history_does_not_shorten_anothers(metadata: SqliteMetadata) -> None:
    await metadata.write(_note, [attempt("failed", 1, "bob")], 1)
    await metadata.write(_note, [attempt("failed", at) for at in range(2, 6)], 1)
    assert await history(metadata, "bob") == [("failed", 1)]
    assert await history(metadata, "alice") == [("failed", 5)]


async def test_totals_count_each_keys_last_attempt_but_the_nodes_own(
    metadata: SqliteMetadata,
) -> None:
    attempts = [
        attempt("failed", 1, "alice"),
        attempt("published", 2, "alice"),
        attempt("published", 3, "bob"),
        attempt("skipped", 4, "bob"),
        attempt("published", 5, "node"),
    ]
    await metadata.write(_note, attempts, PLENTY)
    outcomes = await metadata.read(publications.latest_outcomes, "node")
    assert outcomes == {"published": 1, "skipped": 1}


async def test_the_success_that_lies_farthest_back_is_found(metadata: SqliteMetadata) -> None:
    assert await metadata.read(publications.oldest_success, "node") is None
    attempts = [
        attempt("published", 1, "node"),
        attempt("published", 2, "alice"),
        attempt("published", 9, "alice"),
        attempt("published", 4, "bob"),
        attempt("failed", 3, "carol"),
    ]
    await metadata.write(_note, attempts, PLENTY)
    assert await metadata.read(publications.oldest_success, "node") == 4
