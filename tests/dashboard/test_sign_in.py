"""Single-use links and sessions, with a clock that stands still."""

import asyncio
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard.sign_in import ABSOLUTE_S, IDLE_S, SignIns, create_login_link

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
