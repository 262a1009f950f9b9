"""A node on which the sample lives were lived: its rows look as if time had passed."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.metadata import audit, entries, publications, quotas, signup_tokens, users
from appliance.metadata.store import Tx
from tests.dashboard.people import Page
from tests.sample_life import bo, dee, history, people
from tests.sample_life.acts import END_US, remaining
from tests.sample_life.filling import Place, fill, opened_place
from tests.sample_life.lived_in import LivedIn, lived_in_node
from tests.sample_life.lives import LIVES
from tests.support.appliance import Appliance

NODE = people.key("node")


@pytest.fixture(scope="module")
def filled_folder() -> Iterator[Path]:
    """A data folder with everybody but Flood."""

    async def make(data_dir: Path) -> None:
        async with opened_place(data_dir, NODE) as place:
            await fill(place)

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))
        yield Path(folder)


@pytest.fixture
async def place(filled_folder: Path) -> AsyncIterator[Place]:
    async with opened_place(filled_folder, NODE) as opened:
        yield opened


def _column(tx: Tx, statement: str, *values: str | int) -> list[Any]:
    return [row[0] for row in tx.all(statement, *values)]


async def test_every_file_of_everybody_is_there(place: Place) -> None:
    def count(tx: Tx, key: str) -> int:
        user = users.find(tx, key)
        return user.entry_count if user else -1

    for name in people.EVERYBODY_QUICK:
        found = await place.metadata.read(count, people.key(name))
        assert found == len(remaining(LIVES[name].acts())), name


async def test_files_were_made_and_changed_at_their_moments(place: Place) -> None:
    acts = [act for act in LIVES["ada"].acts() if act.path == "/pub/pubky.app/profile.json"]
    entry = await place.metadata.read(entries.find_of_key, people.key("ada"), acts[0].path)
    assert entry is not None
    assert (entry.created_us, entry.modified_us) == (acts[0].at_us, acts[-1].at_us)


async def test_bytes_are_those_of_the_life(place: Place) -> None:
    files = remaining(LIVES["bo"].acts())
    for path, body in files.items():
        entry = await place.metadata.read(entries.find_of_key, people.key("bo"), path)
        assert entry is not None
        async with place.blobs.open(entry.blob_id) as reader:
            assert b"".join([chunk async for chunk in reader.chunks(0, len(body))]) == body


async def test_events_are_in_the_order_of_time(place: Place) -> None:
    times = await place.metadata.read(_column, "SELECT created_us FROM events ORDER BY id")
    assert len(times) > 10_000
    assert times == sorted(times)


async def test_ada_has_trash_and_earlier_versions(place: Place) -> None:
    paths = await place.metadata.read(
        _column,
        "SELECT path FROM retired_blobs WHERE user_id = 1 AND delete_after_us > ?",
        END_US,
    )
    assert "/pub/site/draft.html" in paths
    assert "/priv/notes/scrap.md" in paths
    assert Counter(paths)["/pub/pubky.app/last_read"] > 10


async def test_ada_has_six_grants_in_every_state_and_two_cookies(place: Place) -> None:
    def states(tx: Tx) -> list[tuple[str, str, bool, bool, bool]]:
        rows = tx.all(
            "SELECT client_id, capabilities, expires_s * 1000000 <= ?, revoked_us IS NOT NULL,"
            " last_used_us = created_us FROM grants WHERE user_id = 1 ORDER BY client_id",
            END_US,
        )
        return [(row[0], row[1], bool(row[2]), bool(row[3]), bool(row[4])) for row in rows]

    calendar = ("eventky.app", "/pub/eventky.app/:rw", False, False, False)
    assert await place.metadata.read(states) == [
        ("counter.example", "/pub/counter.example/:rw", False, True, False),
        calendar,
        calendar,
        ("paykit.app", "/pub/paykit.app/:rw", True, False, False),
        ("photo-frame.example", "/pub/pubky.app/:r", False, False, True),
        ("pubky.app", "/:rw", False, False, False),
    ]
    cookies = "SELECT COUNT(*) FROM sessions WHERE user_id = 1 AND expires_us > ?"
    assert await place.metadata.read(_column, cookies, END_US) == [2]


async def test_no_app_writes_before_its_grant_or_after_its_end(place: Place) -> None:
    early_or_late = await place.metadata.read(
        _column,
        "SELECT events.id FROM events JOIN grants ON grants.id = grant_id"
        " WHERE events.created_us < grants.created_us OR events.created_us >= expires_s * 1000000"
        " OR events.created_us >= COALESCE(revoked_us, events.created_us + 1)",
    )
    assert early_or_late == []


async def test_every_app_wrote_something_that_could(place: Place) -> None:
    writers = await place.metadata.read(
        _column,
        "SELECT COUNT(DISTINCT COALESCE(grant_id, -session_id)) FROM events WHERE user_id=1",
    )
    assert writers == [7]


async def test_mallory_holds_a_thousand_grants(place: Place) -> None:
    found = await place.metadata.read(
        _column, "SELECT COUNT(DISTINCT client_id) FROM grants WHERE user_id = 5"
    )
    assert found == [1000]


@pytest.mark.parametrize(("state", "count"), history.INVITES.items())
async def test_the_node_counts_invites_in_this_state(
    place: Place, state: signup_tokens.TokenState, count: int
) -> None:
    assert await place.metadata.read(signup_tokens.count, state, END_US) == count


async def test_bo_has_the_quota_of_the_invite(place: Place) -> None:
    found = await place.metadata.read(quotas.find_of_key, people.key("bo"))
    assert found is not None
    assert found.storage_mb == bo.QUOTA_MB


async def test_dee_is_disabled_and_the_audit_log_says_when(place: Place) -> None:
    found = await place.metadata.read(users.find, people.key("dee"))
    assert found is not None
    assert found.disabled
    rows = await place.metadata.read(audit.page, None, 100)
    acts = [row for row in rows if row.subject == people.key("dee")]
    assert [(row.action, row.at_us) for row in acts] == [("moderation.disable", dee.DISABLED_US)]


async def test_publishing_goes_back_for_two_weeks(place: Place) -> None:
    found = await place.metadata.read(publications.newest, NODE, 1000)
    assert len(found) == history.SAMPLE_DAYS * 24 - 6
    assert {sample.outcome for sample in found} == {"published", "failed"}


async def test_nobody_lives_twice_on_one_node(place: Place) -> None:
    with pytest.raises(ValueError, match="filled before"):
        await fill(place, ["bo"])


async def test_a_running_node_can_be_filled(appliance: Appliance) -> None:
    services = appliance.node.services
    lines: list[str] = []
    place = Place(services.metadata, services.storage.blobs, appliance.homeserver)
    await fill(place, ["dee"], say=lines.append)
    found = await services.metadata.read(users.find, people.key("dee"))
    assert found is not None
    assert found.entry_count == dee.POSTS + 2
    assert lines[-2] == "82 changes of files"


@pytest.fixture
async def lived_in(tmp_path: Path) -> AsyncIterator[LivedIn]:
    """A running node with two people on it, one of whom is disabled."""
    async with lived_in_node(tmp_path, ["bo", "dee"]) as running:
        yield running


async def test_somebody_can_be_signed_in_with_their_data_connected(lived_in: LivedIn) -> None:
    async with lived_in.browser_of("bo") as browser:
        shown = await browser.get("/connect")
    assert shown.status_code == 200
    assert "Everything" in Page(shown).text


async def test_somebody_who_is_disabled_is_not_let_in(lived_in: LivedIn) -> None:
    with pytest.raises(PermissionError):
        async with lived_in.browser_of("dee"):
            pass


async def test_pages_tell_the_time_of_the_story(lived_in: LivedIn) -> None:
    async with lived_in.browser_of("bo") as browser:
        answer = await browser.post(await lived_in.login_link())
        shown = await browser.get("/users")
    assert answer.status_code == 303
    assert "days ago" in Page(shown).text
