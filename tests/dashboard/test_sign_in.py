"""Single-use links and sessions, with a clock that stands still."""

import asyncio
import hashlib
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard.sign_in import (
    ABSOLUTE_S,
    IDLE_S,
    STEP_UP_S,
    Connections,
    Owners,
    Scan,
    Scans,
    SignIns,
    StoreUnusableError,
    create_login_link,
)

ORIGIN = "http://127.0.0.1:6290"


@dataclass(slots=True)
class StoppedClock:
    """Seconds since 1970, moved by hand."""

    at_s: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    return tmp_path / "dashboard.sqlite"


@pytest.fixture
async def sign_ins(store_path: Path, clock: StoppedClock) -> AsyncIterator[SignIns]:
    store = await SignIns.open(store_path, clock)
    yield store
    await store.close()


async def fresh_token(store_path: Path, clock: StoppedClock) -> str:
    link = await create_login_link(store_path, ORIGIN, now_s=clock)
    return link.removeprefix(f"{ORIGIN}/login/")


async def signed_in(sign_ins: SignIns, store_path: Path, clock: StoppedClock) -> str:
    secret = await sign_ins.consume(await fresh_token(store_path, clock), "Firefox")
    assert secret is not None
    return secret


async def test_a_link_signs_in_once(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    token = await fresh_token(store_path, clock)
    assert await sign_ins.consume(token, "Firefox") is not None
    assert await sign_ins.consume(token, "Firefox") is None


async def test_of_many_racers_one_gets_in(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    token = await fresh_token(store_path, clock)
    secrets = await asyncio.gather(*(sign_ins.consume(token, str(i)) for i in range(8)))
    assert len([secret for secret in secrets if secret is not None]) == 1


async def test_looking_at_a_link_does_not_use_it(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    token = await fresh_token(store_path, clock)
    assert await sign_ins.link_is_open(token)
    assert await sign_ins.link_is_open(token)
    assert await sign_ins.consume(token, "") is not None
    assert not await sign_ins.link_is_open(token)


async def test_an_old_link_is_worthless(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    token = await fresh_token(store_path, clock)
    clock.at_s += 900
    assert not await sign_ins.link_is_open(token)
    assert await sign_ins.consume(token, "") is None


async def test_an_unknown_secret_finds_nobody(sign_ins: SignIns) -> None:
    assert await sign_ins.find("nonsense") is None


async def test_a_quiet_sign_in_ends(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    secret = await signed_in(sign_ins, store_path, clock)
    clock.at_s += IDLE_S
    assert await sign_ins.find(secret) is None


async def test_visits_keep_a_sign_in_alive_until_its_absolute_end(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    secret = await signed_in(sign_ins, store_path, clock)
    start_s = clock.at_s
    while clock.at_s + IDLE_S / 2 < start_s + ABSOLUTE_S:
        clock.at_s += IDLE_S / 2
        assert await sign_ins.find(secret) is not None
    clock.at_s = start_s + ABSOLUTE_S
    assert await sign_ins.find(secret) is None


async def test_a_revoked_sign_in_is_gone_at_once(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    secret = await signed_in(sign_ins, store_path, clock)
    found = await sign_ins.find(secret)
    assert found is not None
    await sign_ins.revoke(found.id)
    assert await sign_ins.find(secret) is None


async def test_sign_ins_are_listed_newest_first(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    for agent in ("old", "new"):
        await sign_ins.consume(await fresh_token(store_path, clock), agent)
    assert [row.agent for row in await sign_ins.all()] == ["new", "old"]


async def test_the_file_holds_no_secret_and_is_private(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    token = await fresh_token(store_path, clock)
    secret = await signed_in(sign_ins, store_path, clock)
    files = list(store_path.parent.iterdir())
    stored = b"".join(path.read_bytes() for path in files)
    assert token.encode() not in stored
    assert secret.encode() not in stored
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_a_link_made_while_the_store_is_open_works(
    sign_ins: SignIns, store_path: Path, clock: StoppedClock
) -> None:
    link = await create_login_link(store_path, ORIGIN + "/", lifetime_s=10, now_s=clock)
    assert link.startswith(f"{ORIGIN}/login/")
    assert await sign_ins.link_is_open(link.rpartition("/")[2])


# The file as it was before sign-ins had keys.
FIRST_SCHEMA = """
CREATE TABLE login_links (token_hash BLOB PRIMARY KEY, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE sign_ins (
    id INTEGER PRIMARY KEY AUTOINCREMENT, secret_hash BLOB NOT NULL UNIQUE,
    created_at REAL NOT NULL, last_seen_at REAL NOT NULL, agent TEXT NOT NULL
);
"""


async def test_a_file_of_the_first_version_keeps_its_sign_ins_and_links(
    store_path: Path, clock: StoppedClock
) -> None:
    token, secret = "a token", "a secret"
    digests = [hashlib.sha256(text.encode()).digest() for text in (token, secret)]
    with closing(sqlite3.connect(store_path)) as old, old:
        old.executescript(FIRST_SCHEMA)
        old.execute("INSERT INTO login_links VALUES (?, ?)", (digests[0], clock.at_s + 60))
        old.execute(
            "INSERT INTO sign_ins VALUES (7, ?, ?, ?, ?)",
            (digests[1], clock.at_s, clock.at_s, "Firefox"),
        )
    sign_ins = await SignIns.open(store_path, clock)
    found = await sign_ins.find(secret)
    assert found is not None
    assert (found.id, found.agent, found.public_key, found.method) == (7, "Firefox", None, "link")
    assert not found.is_fresh(clock.at_s)
    assert await sign_ins.use_link(token)
    await sign_ins.close()


async def test_two_processes_may_open_an_old_file_at_once(
    store_path: Path, clock: StoppedClock
) -> None:
    with closing(sqlite3.connect(store_path)) as old, old:
        old.executescript(FIRST_SCHEMA)
    opened = await asyncio.gather(*(SignIns.open(store_path, clock) for _ in range(4)))
    assert [await one.all() for one in opened] == [(), (), (), ()]
    for one in opened:
        await one.close()


async def test_a_file_of_a_later_version_is_left_alone(
    store_path: Path, clock: StoppedClock
) -> None:
    with closing(sqlite3.connect(store_path)) as newer, newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreUnusableError, match="newer version"):
        await SignIns.open(store_path, clock)


async def test_a_proof_is_fresh_for_five_minutes_and_changes_the_secret(
    sign_ins: SignIns, clock: StoppedClock
) -> None:
    before = await sign_ins.create("Firefox", "scan", "a key")
    found = await sign_ins.find(before)
    assert found is not None
    clock.at_s += STEP_UP_S
    assert not found.is_fresh(clock.at_s)
    after = await sign_ins.prove(found.id, "another key")
    assert after is not None
    assert await sign_ins.find(before) is None
    proved = await sign_ins.find(after)
    assert proved is not None
    assert proved.is_fresh(clock.at_s)
    assert not proved.is_fresh(clock.at_s - 1), "a clock that was set back proves nothing"
    assert proved.public_key == "a key"
    await sign_ins.revoke(proved.id)
    assert await sign_ins.prove(proved.id) is None


async def test_of_many_claims_at_once_one_counts(sign_ins: SignIns, clock: StoppedClock) -> None:
    owners = Owners(sign_ins.store, (), clock)
    assert await owners.has_none()
    claims = await asyncio.gather(*(owners.claim(f"key {number}") for number in range(8)))
    assert len([claim for claim in claims if claim]) == 1
    (key,) = await owners.claimed()
    assert await owners.includes(key)
    await owners.release(key)
    assert await owners.has_none()


async def test_nothing_is_claimed_where_the_settings_name_an_owner(
    sign_ins: SignIns, clock: StoppedClock
) -> None:
    owners = Owners(sign_ins.store, ("configured",), clock)
    assert not await owners.claim("another")
    assert await owners.includes("configured")
    assert not await owners.includes("another")


async def test_a_connection_is_left_over_once_its_sign_in_has_ended(
    sign_ins: SignIns, clock: StoppedClock
) -> None:
    connections = Connections(sign_ins.store, clock)
    found = await sign_ins.find(await sign_ins.create("Firefox", "scan", "a key"))
    assert found is not None
    await connections.add(found.id, "a key", "s3cret", "/pub/:r,/priv/:rw")
    assert await connections.left_over() == ()
    connection = await connections.find(found.id)
    assert connection is not None
    assert (connection.may_write, connection.is_root) == (True, False)
    assert "s3cret" not in repr(connection)
    clock.at_s += IDLE_S
    await sign_ins.forget_ended()
    assert await connections.left_over() == (connection,)
    await connections.forget(connection.id)
    assert await connections.left_over() == ()


def a_scan(browser: str, clock: StoppedClock, channel_id: str = "channel") -> Scan:
    return Scan("attempt", channel_id, browser, "sign-in", "/", "", clock.at_s + 240)


def test_a_browser_waits_for_one_scan_at_a_time(clock: StoppedClock) -> None:
    scans = Scans(clock)
    first, second = a_scan("a", clock, "first"), a_scan("a", clock, "second")
    scans.put(first)
    scans.put(second)
    assert (scans.waits_in("first"), scans.waits_in("second")) == (False, True)
    assert scans.drop("a") == second
    assert scans.drop("a") is None


def test_nobody_waits_after_the_time_is_up(clock: StoppedClock) -> None:
    scans = Scans(clock)
    scans.put(a_scan("a", clock))
    clock.at_s += 240
    assert scans.find("a") is None
    assert not scans.waits_in("channel")
