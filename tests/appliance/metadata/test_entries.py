"""Listings against a model that filters and sorts a plain list of paths."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.metadata import entries, users
from appliance.metadata.entries import Entry, Folder
from appliance.metadata.migrate import migrate
from appliance.metadata.sqlite import SqliteTx
from appliance.metadata.store import Row, Tx

# Characters on either side of the slash in byte order, patterns of SQL and of regular expressions,
# and characters whose order in UTF-16 is another than in UTF-8.
LETTERS = "-./0_%a.B('é\uffee🦀"

segments = st.text(
    st.sampled_from([letter for letter in LETTERS if letter != "/"]), min_size=1, max_size=3
).filter(lambda text: text not in {".", ".."})
files = st.lists(segments, min_size=1, max_size=4).map(lambda parts: "/pub/" + "/".join(parts))
directories = st.lists(segments, max_size=2).map(
    lambda parts: "/pub/" + "".join(f"{part}/" for part in parts)
)


@contextmanager
def transaction() -> Iterator[tuple[Tx, int, int]]:
    """An open transaction on a fresh database, and the ids of two users."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        tx = SqliteTx(connection)
        ids = [users.create(tx, name, 0) for name in ("alice", "bob")]
        assert ids[0] is not None
        assert ids[1] is not None
        yield tx, ids[0], ids[1]


def entry(path: str, number: int = 0, length: int = 1) -> Entry:
    """A row; its blob must be its own."""
    return Entry(path, f"{number}{path}", bytes(32), length, "text/plain", 1, 2)


def children(paths: list[str], directory: str) -> list[str]:
    """Direct children of a directory; folders end in a slash."""
    found = set()
    for path in paths:
        if path.startswith(directory) and path != directory:
            name, slash, _ = path.removeprefix(directory).partition("/")
            found.add(directory + name + slash)
    return sorted(found, key=str.encode)


def page(items: list[str], cursor: str | None, limit: int, *, reverse: bool) -> list[str]:
    """Those after the cursor, or before it from the end."""
    if cursor is not None:
        bound = cursor.encode()
        items = [
            item for item in items if (item.encode() < bound if reverse else item.encode() > bound)
        ]
    return (items[::-1] if reverse else items)[:limit]


@settings(max_examples=150)
@given(
    st.lists(files, max_size=12, unique=True),
    directories,
    st.one_of(st.none(), files, directories, st.sampled_from(["/", "/priv/x", "/zzz", "/pub"])),
    st.integers(0, 6),
    st.booleans(),
)
def test_listings_agree_with_the_model(
    paths: list[str], directory: str, cursor: str | None, limit: int, reverse: bool
) -> None:
    with transaction() as (tx, alice, bob):
        for path in paths:
            entries.upsert(tx, alice, entry(path))
        entries.upsert(tx, bob, entry("/pub/a", 1))
        inside = sorted((path for path in paths if path.startswith(directory)), key=str.encode)

        deep = entries.list_deep(tx, alice, directory, cursor, limit, reverse=reverse)
        assert [item.path for item in deep] == page(inside, cursor, limit, reverse=reverse)

        shallow = entries.list_shallow(tx, alice, directory, cursor, limit, reverse=reverse)
        expected = page(children(paths, directory), cursor, limit, reverse=reverse)
        assert [item.path for item in shallow] == expected
        assert all(isinstance(item, Folder) == item.path.endswith("/") for item in shallow)

        assert entries.has_any_under(tx, alice, directory) == bool(inside)
        assert entries.usage_under(tx, alice, directory) == (len(inside), len(inside))


@settings(max_examples=50)
@given(
    st.lists(files, min_size=1, max_size=12, unique=True),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
)
def test_walking_by_the_last_line_meets_every_item_once(
    paths: list[str], limit: int, reverse: bool, shallow: bool
) -> None:
    with transaction() as (tx, alice, _):
        for path in paths:
            entries.upsert(tx, alice, entry(path))
        met: list[str] = []
        while True:
            cursor = met[-1] if met else None
            items: list[Entry | Folder]
            if shallow:
                items = entries.list_shallow(tx, alice, "/pub/", cursor, limit, reverse=reverse)
            else:
                items = list(entries.list_deep(tx, alice, "/pub/", cursor, limit, reverse=reverse))
            if not items:
                break
            met += [item.path for item in items]
        everything = children(paths, "/pub/") if shallow else sorted(paths, key=str.encode)
        assert met == (everything[::-1] if reverse else everything)


def test_a_pair_of_one_name_is_listed_as_both() -> None:
    """Such pairs exist only in data that was imported; they stay readable."""
    with transaction() as (tx, alice, _):
        for path in ("/pub/x", "/pub/x/y"):
            entries.upsert(tx, alice, entry(path))
        both = [
            item.path for item in entries.list_shallow(tx, alice, "/pub/", None, 9, reverse=False)
        ]
        assert both == ["/pub/x", "/pub/x/"]


def test_a_shallow_listing_seeks_over_the_files_of_a_folder() -> None:
    """Its cost follows the items and not the size of the tree."""
    with transaction() as (tx, alice, _):
        for folder in "abc":
            for number in range(300):
                entries.upsert(tx, alice, entry(f"/pub/{folder}/{number}"))
        counted = Counting(tx)
        items = entries.list_shallow(counted, alice, "/pub/", None, 100, reverse=False)
        assert [item.path for item in items] == ["/pub/a/", "/pub/b/", "/pub/c/"]
        assert counted.rows <= 2 * len(items)


class Counting:
    """A transaction that counts the rows it hands out."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.rows = 0

    def one(self, sql: str, *params: int | str | bytes | None) -> Row | None:
        """See `Tx.one`."""
        return self._tx.one(sql, *params)

    def all(self, sql: str, *params: int | str | bytes | None) -> list[Row]:
        """See `Tx.all`."""
        found = self._tx.all(sql, *params)
        self.rows += len(found)
        return found

    def run(self, sql: str, *params: int | str | bytes | None) -> int:
        """See `Tx.run`."""
        return self._tx.run(sql, *params)

    def order_events(self) -> None:
        """See `Tx.order_events`."""


def test_an_overwrite_keeps_the_time_of_creation() -> None:
    with transaction() as (tx, alice, _):
        entries.upsert(tx, alice, Entry("/pub/a", "1", bytes(32), 1, "text/plain", 10, 10))
        entries.upsert(tx, alice, Entry("/pub/a", "2", bytes(32), 2, "image/png", 20, 20))
        found = entries.find(tx, alice, "/pub/a")
        assert found == Entry("/pub/a", "2", bytes(32), 2, "image/png", 10, 20)


def test_an_entry_is_found_by_its_owners_key_only() -> None:
    with transaction() as (tx, alice, _):
        entries.upsert(tx, alice, entry("/pub/a"))
        assert entries.find_of_key(tx, "alice", "/pub/a") == entry("/pub/a")
        assert entries.find_of_key(tx, "bob", "/pub/a") is None
        assert entries.find_of_key(tx, "alice", "/pub/b") is None
        entries.delete(tx, alice, "/pub/a")
        assert entries.find_of_key(tx, "alice", "/pub/a") is None


def test_two_rows_never_share_bytes() -> None:
    with transaction() as (tx, alice, bob):
        entries.upsert(tx, alice, entry("/pub/a"))
        with pytest.raises(sqlite3.IntegrityError):
            entries.upsert(tx, bob, entry("/pub/a"))
