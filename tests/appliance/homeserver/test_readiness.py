"""Verdicts: fixed words, one look a second however many ask, and reasons in the log only."""

import asyncio
import logging
from collections.abc import Mapping

import pytest

from appliance.homeserver import readiness
from appliance.homeserver.readiness import Check, Readiness, is_ready
from tests.support.settable_clock import SettableClock

SECOND_US = 1_000_000


class Subject:
    """Something that can be checked, and broken."""

    def __init__(self) -> None:
        self.looks = 0
        self.error: Exception | None = None
        self.hangs = False

    async def check(self) -> None:
        """The check."""
        self.looks += 1
        await asyncio.sleep(0)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def subject() -> Subject:
    return Subject()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def running(checks: Mapping[str, Check], clock: SettableClock) -> Readiness:
    """The verdicts on a node whose parts all run."""
    made = Readiness(checks, clock)
    made.set_running(running=True)
    return made


async def test_nothing_wrong_is_ready(subject: Subject, clock: SettableClock) -> None:
    verdicts = await running({"disk": subject.check}, clock).verdicts()
    assert verdicts == {"disk": "ok", "parts": "ok"}
    assert is_ready(verdicts)


async def test_a_failing_check_is_named_without_its_reason(
    subject: Subject, clock: SettableClock
) -> None:
    subject.error = OSError("/srv/secret-place: Input/output error")
    verdicts = await running({"disk": subject.check, "other": Subject().check}, clock).verdicts()
    assert verdicts == {"disk": "failed", "other": "ok", "parts": "ok"}
    assert not is_ready(verdicts)


async def test_the_reason_is_logged_once_and_again_after_a_recovery(
    subject: Subject, clock: SettableClock, caplog: pytest.LogCaptureFixture
) -> None:
    made = running({"disk": subject.check}, clock)
    logged = []
    for error in (OSError("gone"), OSError("gone"), None, OSError("gone")):
        subject.error = error
        clock.now_us += SECOND_US
        with caplog.at_level(logging.WARNING):
            await made.verdicts()
        logged.append(len(caplog.messages))
    assert logged == [1, 1, 1, 2]
    assert caplog.messages[0] == "not ready: disk failed: gone"


async def test_one_look_serves_a_second_of_probes(subject: Subject, clock: SettableClock) -> None:
    made = running({"disk": subject.check}, clock)
    await asyncio.gather(*(made.verdicts() for _ in range(20)))
    clock.now_us += SECOND_US - 1
    await made.verdicts()
    assert subject.looks == 1
    clock.now_us += 1
    await made.verdicts()
    assert subject.looks == 2


async def test_a_clock_that_was_set_back_does_not_freeze_the_verdict(
    subject: Subject, clock: SettableClock
) -> None:
    made = running({"disk": subject.check}, clock)
    await made.verdicts()
    clock.now_us -= 3600 * SECOND_US
    subject.error = OSError("gone")
    assert (await made.verdicts())["disk"] == "failed"


async def test_a_check_that_hangs_takes_too_long(
    subject: Subject, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_S", 0.01)
    subject.hangs = True
    made = running({"disk": subject.check}, clock)
    assert (await made.verdicts())["disk"] == "takes too long"


async def test_probes_do_not_pile_up_behind_a_check_that_cannot_be_ended(
    clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()
    looks = 0

    async def check() -> None:
        nonlocal looks
        looks += 1
        # As a thread that waits for a disk: nobody can end it.
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    monkeypatch.setattr(readiness, "PATIENCE_S", 0.01)
    made = running({"disk": check}, clock)
    first = asyncio.create_task(made.verdicts())
    await asyncio.sleep(0)
    others = await asyncio.gather(*(made.verdicts() for _ in range(5)))
    assert [found["disk"] for found in others] == ["takes too long"] * 5
    assert looks == 1
    released.set()
    await first


async def test_a_node_that_does_not_run_yet_or_any_more_is_not_ready(clock: SettableClock) -> None:
    made = Readiness({}, clock)
    assert await made.verdicts() == {"parts": "not running"}
    made.set_running(running=True)
    assert is_ready(await made.verdicts())
    made.set_running(running=False)
    assert not is_ready(await made.verdicts())
