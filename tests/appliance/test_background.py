"""Long-running work: rounds that repeat, failures that are survived, an end with the block."""

import asyncio
import logging

import pytest

from appliance import background


class Step:
    """Notes its rounds, fails in some of them, and says when enough were run."""

    def __init__(self, enough: int, failing: frozenset[int] = frozenset()) -> None:
        self.rounds = 0
        self.is_enough = asyncio.Event()
        self._enough = enough
        self._failing = failing

    async def __call__(self) -> None:
        self.rounds += 1
        if self.rounds >= self._enough:
            self.is_enough.set()
        if self.rounds in self._failing:
            raise RuntimeError(f"round {self.rounds}")


async def test_a_step_runs_at_once_and_again() -> None:
    step = Step(enough=3)
    async with background.running(background.every(0.001, step, what="counting")):
        await asyncio.wait_for(step.is_enough.wait(), 10)
    assert step.rounds >= 3


async def test_a_failing_round_is_logged_and_does_not_end_the_job(
    caplog: pytest.LogCaptureFixture,
) -> None:
    step = Step(enough=4, failing=frozenset({1, 3}))
    async with background.running(background.every(0.001, step, what="counting")):
        await asyncio.wait_for(step.is_enough.wait(), 10)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "counting failed; trying again" in caplog.text
    assert "round 3" in caplog.text


async def test_the_job_ends_with_the_block_even_when_the_block_fails() -> None:
    step = Step(enough=1)

    async def block() -> None:
        async with background.running(background.every(3600, step, what="counting")):
            await asyncio.wait_for(step.is_enough.wait(), 10)
            raise ValueError("trouble")

    with pytest.raises(ValueError, match="trouble"):
        await block()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_step_under_way_is_cut_off_by_the_end() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with background.running(background.every(3600, endless, what="waiting")):
        await asyncio.wait_for(began.wait(), 10)
    assert ended.is_set()


async def test_pauses_after_failures_double_from_one_second_up_to_the_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = await _pauses(monkeypatch, 20.0, rounds=7)
    for pause_s, expected_s in zip(pauses, [1, 2, 4, 8, 16, 20, 20], strict=True):
        assert 0.9 * expected_s <= pause_s <= 1.1 * expected_s


async def test_a_job_of_a_long_interval_tries_again_within_five_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = await _pauses(monkeypatch, 86_400.0, rounds=30)
    assert max(pauses) <= 1.1 * background.LONGEST_PAUSE_S


async def _pauses(
    monkeypatch: pytest.MonkeyPatch, interval_s: float, *, rounds: int
) -> list[float]:
    """How long a job that always fails would sleep after each round."""
    pauses: list[float] = []

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == rounds:
            raise asyncio.CancelledError

    async def failing() -> None:
        raise OSError("no")

    monkeypatch.setattr(asyncio, "sleep", noted)
    with pytest.raises(asyncio.CancelledError):
        await background.every(interval_s, failing, what="trying")
    return pauses
