"""The state of a person's files at any time, against a model that remembers every state."""

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.metadata import entries, events, own_past, retired_blobs
from appliance.metadata.entries import Entry
from appliance.metadata.events import OPERATOR
from appliance.metadata.store import Tx
from tests.appliance.metadata.test_entries import files, transaction

FOR_EVER_US = 10**15
# A few paths, so that each is written, replaced and deleted again and again.
changes = st.lists(files, min_size=1, max_size=4, unique=True).flatmap(
    lambda paths: st.lists(
        st.tuples(st.sampled_from(paths), st.integers(0, 3) | st.none()), max_size=20
    )
)


def put(tx: Tx, user_id: int, path: str, size: int, now_us: int) -> None:
    old = entries.find(tx, user_id, path)
    if old is not None:
        retired_blobs.retire(tx, user_id, old, FOR_EVER_US, now_us)
    content_hash = bytes([size]) * 32
    entry = Entry(path, f"{now_us}", content_hash, size, "text/plain", now_us, now_us)
    entries.upsert(tx, user_id, entry)
    events.append(tx, user_id, "PUT", path, content_hash, OPERATOR, now_us)


def delete(tx: Tx, user_id: int, path: str, now_us: int) -> None:
    old = entries.find(tx, user_id, path)
    if old is not None:
        entries.delete(tx, user_id, path)
        retired_blobs.retire(tx, user_id, old, FOR_EVER_US, now_us)
        events.append(tx, user_id, "DEL", path, None, OPERATOR, now_us)


def lived(tx: Tx, user_id: int, changes: list[tuple[str, int | None]]) -> list[dict[str, int]]:
    """Do all of it, one change a tick from 1 on; the files with their sizes after each tick."""
    states: list[dict[str, int]] = [{}]
    for now_us, (path, size) in enumerate(changes, 1):
        state = dict(states[-1])
        if size is None:
            delete(tx, user_id, path, now_us)
            state.pop(path, None)
        else:
            put(tx, user_id, path, size, now_us)
            state[path] = size
        states.append(state)
    return states


def names_in(state: dict[str, int], folder: str) -> dict[str, tuple[int, int]]:
    """Names directly in a folder with the files and bytes at or below each."""
    names: dict[str, tuple[int, int]] = {}
    for path, size in state.items():
        if path.startswith(folder):
            head, slash, _ = path[len(folder) :].partition("/")
            name = folder + head + slash
            files, total = names.get(name, (0, 0))
            names[name] = files + 1, total + size
    return names


@settings(deadline=None, max_examples=60)
@given(changes)
def test_every_state_that_ever_was_is_found_again(changes: list[tuple[str, int | None]]) -> None:
    with transaction() as (tx, alice, bob):
        put(tx, bob, "/pub/a/b", 3, 0)
        states = lived(tx, alice, changes)
        for at_us, state in enumerate(states):
            for folder in ("/", "/pub/", "/pub/a/"):
                expected = names_in(state, folder)
                found = own_past.children(tx, alice, folder, at_us, 1000, 0)
                assert {each.path: (each.file_count, each.size) for each in found} == expected
                assert [each.path for each in found] == sorted(expected)
                for offset in range(len(found) + 1):
                    page = own_past.children(tx, alice, folder, at_us, 2, offset)
                    assert page == found[offset : offset + 2]
                below = list(expected.values())
                sums = sum(files for files, _ in below), sum(size for _, size in below)
                assert own_past.totals(tx, alice, folder, at_us) == (len(expected), *sums)
                assert own_past.lost(tx, alice, folder, at_us, 10) == []
            for path in {path for path, _ in changes}:
                file = own_past.find(tx, alice, path, at_us)
                assert (None if file is None else file.size) == state.get(path)


@settings(deadline=None, max_examples=60)
@given(changes, st.data())
def test_doing_what_differs_leads_back(
    changes: list[tuple[str, int | None]], data: st.DataObject
) -> None:
    with transaction() as (tx, alice, _):
        states = lived(tx, alice, changes)
        at_us = data.draw(st.integers(0, len(states) - 1))
        now = dict(states[-1])
        old, size, new = own_past.difference_totals(tx, alice, "/", at_us)
        found, after = list[own_past.Difference](), ""
        while page := own_past.differences(tx, alice, "/", at_us, after, 2):
            found += page
            after = page[-1].path
        for each in found:
            if each.kind == "new":
                assert each.blob_id is None
                del now[each.path]
            else:
                assert each.blob_id is not None
                now[each.path] = each.size
        assert now == states[at_us]
        assert (old, new) == (
            sum(each.kind == "old" for each in found),
            sum(each.kind == "new" for each in found),
        )
        assert size == sum(each.size for each in found if each.kind == "old")


@settings(deadline=None, max_examples=60)
@given(changes, st.data())
def test_what_is_gone_is_told_and_never_taken_for_new(
    changes: list[tuple[str, int | None]], data: st.DataObject
) -> None:
    with transaction() as (tx, alice, _):
        states = lived(tx, alice, changes)
        at_us = data.draw(st.integers(0, len(states) - 1))
        kept = tx.all("SELECT blob_id, path, modified_us, retired_us FROM retired_blobs")
        gone = {row[0]: row for row in kept if data.draw(st.booleans())}
        retired_blobs.forget(tx, list(gone))
        expected = {row[1] for row in gone.values() if row[2] <= at_us < row[3]}
        assert own_past.lost(tx, alice, "/", at_us, 1000) == sorted(expected)
        assert own_past.count_lost(tx, alice, "/", at_us) == len(expected)
        found = own_past.differences(tx, alice, "/", at_us, "", 1000)
        assert not expected & {each.path for each in found if each.kind == "new"}


def test_nobody_sees_what_was_anothers() -> None:
    with transaction() as (tx, alice, bob):
        put(tx, bob, "/pub/a", 1, 1)
        put(tx, bob, "/pub/a", 2, 2)
        assert own_past.children(tx, alice, "/", 1, 10, 0) == []
        assert own_past.find(tx, alice, "/pub/a", 1) is None
        assert own_past.differences(tx, alice, "/", 1, "", 10) == []
