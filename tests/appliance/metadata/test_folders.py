"""Folder totals against a model that adds up a plain list of files."""

import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.metadata import entries, folders, own_files, users
from appliance.metadata.entries import Entry
from appliance.metadata.migrate import migrate
from appliance.metadata.sqlite import SqliteTx
from tests.appliance.metadata.test_entries import files, transaction

changes = st.lists(st.tuples(files, st.integers(0, 9) | st.none()), max_size=25)


def stored(path: str, size: int, number: int) -> Entry:
    return Entry(path, f"{number}-{path}", bytes(32), size, "text/plain", number, number)


def above(path: str) -> set[str]:
    parts = path.split("/")[1:-1]
    return {"/"} | {f"/{'/'.join(parts[: end + 1])}/" for end in range(len(parts))}


@given(changes)
def test_totals_are_the_sums_of_the_files_after_any_changes(
    changes: list[tuple[str, int | None]],
) -> None:
    model: dict[str, int] = {}
    with transaction() as (tx, alice, bob):
        entries.upsert(tx, bob, stored("/pub/a/b", 7, 0))
        for number, (path, size) in enumerate(changes):
            if size is None:
                model.pop(path, None)
                entries.delete(tx, alice, path)
            else:
                model[path] = size
                entries.upsert(tx, alice, stored(path, size, number))
        for folder in {"/", "/pub/"}.union(*map(above, (path for path, _ in changes))):
            below = [size for path, size in model.items() if path.startswith(folder)]
            found = folders.find(tx, alice, folder)
            expected = (len(below), sum(below)) if below else None
            assert (found and (found.file_count, found.total_bytes)) == expected


@given(changes, st.sampled_from(("name", "size", "modified")), st.booleans(), st.integers(0, 5))
def test_pages_of_a_folder_are_in_order_over_the_whole_folder(
    changes: list[tuple[str, int | None]],
    sorting: own_files.Sorting,
    descending: bool,
    offset: int,
) -> None:
    with transaction() as (tx, alice, _):
        for number, (path, size) in enumerate(changes):
            entries.upsert(tx, alice, stored(path, size or 0, number))
        everything = own_files.children(tx, alice, "/pub/", sorting, 1000, 0, descending=descending)

        def key(child: own_files.Child) -> tuple[int, str]:
            return (
                {"name": 0, "size": child.size, "modified": child.modified_us}[sorting],
                child.path,
            )

        assert everything == sorted(everything, key=key, reverse=descending)
        assert len(everything) == own_files.count_children(tx, alice, "/pub/")
        assert everything[offset : offset + 3] == own_files.children(
            tx, alice, "/pub/", sorting, 3, offset, descending=descending
        )


def test_a_part_of_the_name_narrows_a_folder_by_names_alone() -> None:
    with transaction() as (tx, alice, _):
        for number, path in enumerate(("/pub/Rust.txt", "/pub/trust/a", "/pub/b/rust", "/pub/%")):
            entries.upsert(tx, alice, stored(path, 1, number))
        found = own_files.children(
            tx, alice, "/pub/", "name", 10, 0, descending=False, name_part="rust"
        )
        assert [child.path for child in found] == ["/pub/Rust.txt", "/pub/trust/"]
        assert own_files.count_children(tx, alice, "/pub/", "rust") == 2
        assert own_files.count_children(tx, alice, "/pub/", "%") == 1


def test_the_migration_adds_up_what_was_stored_before() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        tx = SqliteTx(connection)
        alice = users.create(tx, "alice", 0)
        assert alice is not None
        for number, path in enumerate(("/pub/a/b/c", "/pub/a/d", "/priv/e")):
            entries.upsert(tx, alice, stored(path, number + 1, number))
        kept_up = tx.all("SELECT * FROM folders ORDER BY path")
        tx.run("DELETE FROM folders")
        for table in ("search_text", "search_documents", "object_references", "search_state"):
            connection.execute(f"DROP TABLE {table}")
        for index in ("entries_by_folder", "entries_by_folder_size", "entries_by_folder_time"):
            connection.execute(f"DROP INDEX {index}")
        for index in ("entries_by_size", "events_by_writer"):
            connection.execute(f"DROP INDEX {index}")
        connection.execute("DROP TABLE folders")
        connection.execute("DELETE FROM migrations WHERE name = '0007_owner'")
        migrate(connection)
        assert tx.all("SELECT * FROM folders ORDER BY path") == kept_up


def test_twins_are_the_same_bytes_under_several_paths() -> None:
    with transaction() as (tx, alice, _):
        for number, path in enumerate(("/pub/a", "/pub/b", "/pub/c")):
            entries.upsert(tx, alice, stored(path, 5, number))
        other = Entry("/pub/d", "x", b"\x01" * 32, 9, "text/plain", 1, 1)
        entries.upsert(tx, alice, other)
        (twin,) = own_files.twins(tx, alice, 10)
        assert (twin.copies, twin.size, twin.path) == (3, 5, "/pub/a")


@settings(deadline=None)
@given(
    changes,
    st.sampled_from(("name", "size", "modified")),
    st.booleans(),
    st.integers(1, 4),
    st.sampled_from(("/", "/pub/", "/pub/a/")),
    st.sampled_from(("", "b", "a/")),
)
def test_pages_of_all_files_below_are_in_order_and_complete(
    changes: list[tuple[str, int | None]],
    sorting: own_files.Sorting,
    descending: bool,
    limit: int,
    folder: str,
    name_part: str,
) -> None:
    with transaction() as (tx, alice, bob):
        model: dict[str, own_files.Child] = {}
        for number, (path, size) in enumerate(changes):
            # Ids of bytes are unique: `stored` makes them of the number.
            entries.upsert(tx, bob, stored(path, 7, 1000 + number))
            entries.upsert(tx, alice, stored(path, size or 0, number // 2))
            model[path] = own_files.Child(path, 1, size or 0, number // 2, "text/plain", bytes(32))

        def key(child: own_files.Child) -> tuple[int, str]:
            number = {"name": 0, "size": child.size, "modified": child.modified_us}[sorting]
            return number, child.path

        wanted = sorted(
            (
                child
                for path, child in model.items()
                if path.startswith(folder) and name_part in path[len(folder) :].lower()
            ),
            key=key,
            reverse=descending,
        )
        order = own_files.Order(sorting, descending=descending)
        found, after = list[own_files.Child](), None
        while page := own_files.below(tx, alice, folder, order, limit, after, name_part):
            found += page
            after = key(page[-1])
        assert found == wanted
        assert own_files.count_below(tx, alice, folder, name_part) == len(wanted)
