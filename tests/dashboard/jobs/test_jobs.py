"""Jobs of people: who may begin one, how each ends, and what is left of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dashboard.doors.answers import DoorError
from dashboard.jobs.job import LOG_LINES, MOST_SAMPLES, Job, JobCancelledError, JobFailedError
from dashboard.jobs.jobs import MOST_RUNNING, RECEIPTS_EACH, STAGED_S, Jobs, TooManyJobsError
from dashboard.jobs.record import Group, JobRecord, Kind, Sample, parse, to_text


class Clock:
    """The time, as a test sets it."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Started:
    """What was handed over to be run."""

    def __init__(self) -> None:
        self.waiting: list[Awaitable[None]] = []

    def __call__(self, work: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        self.waiting.append(work(*arguments))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def started() -> Started:
    return Started()


@pytest.fixture
def jobs(tmp_path: Path, clock: Clock, started: Started) -> Jobs:
    return Jobs.open(tmp_path / "jobs", clock, started)


def reopened(tmp_path: Path, clock: Clock) -> Jobs:
    """The same folder after the program has ended and begun again."""
    return Jobs.open(tmp_path / "jobs", clock, Started())


async def do(jobs: Jobs, started: Started, work: Callable[[Job], Awaitable[None]]) -> JobRecord:
    job = jobs.begin("import", "alice", 1)
    jobs.run(job, work)
    await started.waiting.pop()
    found = jobs.find(job.id, "alice")
    assert found is not None
    return found


async def test_a_job_that_comes_to_its_end_is_done(
    jobs: Jobs, started: Started, tmp_path: Path, clock: Clock
) -> None:
    async def work(job: Job) -> None:
        job.begin_step("One", 2, 20)
        job.advance(files=1, byte_count=10)
        job.tell("Files", 1, "files")
        job.count("stored", "/pub/a", 10)
        job.note("a line")
        clock.now_s += 5

    record = await do(jobs, started, work)
    assert (record.state, record.message) == ("done", "Done.")
    assert record.ended_at == datetime.fromtimestamp(1_000_005, UTC)
    assert (record.steps[0].files, record.steps[0].total_bytes) == (1, 20)
    assert record.group("stored") == Group("stored", 1, 10, (Sample("/pub/a"),))
    assert record.group("other") == Group("other", 0, 0)
    assert reopened(tmp_path, clock).find(record.id, "alice") == record


@pytest.mark.parametrize(
    ("error", "state", "message"),
    [
        (JobCancelledError(), "cancelled", "You have stopped it."),
        (JobFailedError("No room."), "failed", "No room."),
        (DoorError("The client API", "No answer in time."), "failed", "No answer in time."),
        (KeyError("a secret"), "failed", "The dashboard made a mistake."),
    ],
)
async def test_every_other_end_has_its_word(
    jobs: Jobs, started: Started, error: Exception, state: str, message: str
) -> None:
    async def work(_: Job) -> None:
        raise error

    record = await do(jobs, started, work)
    assert record.state == state
    assert message in record.message
    jobs.begin("import", "alice", 1)


async def test_a_job_is_stopped_at_its_next_piece(jobs: Jobs, started: Started) -> None:
    async def work(job: Job) -> None:
        job.go_on()
        assert not jobs.cancel(job.id, "bob")
        job.go_on()
        assert jobs.cancel(job.id, "alice")
        job.go_on()
        raise AssertionError("it went on")

    record = await do(jobs, started, work)
    assert record.state == "cancelled"
    assert not jobs.cancel(record.id, "alice"), "it is over"


async def test_a_job_that_the_program_took_down_is_interrupted_and_never_running(
    jobs: Jobs, tmp_path: Path, clock: Clock
) -> None:
    job = jobs.begin("export", "alice", 1)
    job.begin_step("Files", 10, None)
    clock.now_s += 60
    again = reopened(tmp_path, clock).find(job.id, "alice")
    assert again is not None
    assert again.state == "interrupted"
    assert again.ended_at == datetime.fromtimestamp(1_000_060, UTC)
    assert again.steps[0].title == "Files"


async def test_being_cancelled_by_the_loop_is_an_interruption_that_goes_on_upwards(
    jobs: Jobs,
) -> None:
    job = jobs.begin("export", "alice", 1)
    with pytest.raises(asyncio.CancelledError), jobs.settled(job):
        raise asyncio.CancelledError
    assert job.record.state == "interrupted"


async def test_a_person_has_one_export_and_one_import_at_a_time(jobs: Jobs) -> None:
    jobs.begin("export", "alice", 1)
    jobs.begin("check", "alice", 1)
    for kind in ("export", "check", "import"):
        with pytest.raises(TooManyJobsError, match="of yours"):
            jobs.begin(kind, "alice", 2)
    jobs.begin("export", "bob", 3)


async def test_there_are_few_in_all(jobs: Jobs) -> None:
    for number in range(MOST_RUNNING):
        jobs.begin("export", f"person {number}", number)
    with pytest.raises(TooManyJobsError, match="Several people"):
        jobs.begin("export", "alice", 99)


async def test_who_waits_for_a_record_keeps_nobody_from_working(jobs: Jobs) -> None:
    for number in range(MOST_RUNNING):
        jobs.begin("watch", f"person {number}", number)
    for number in range(MOST_RUNNING):
        jobs.begin("export", f"person {number}", number)
    jobs.begin("watch", "alice", 99)
    with pytest.raises(TooManyJobsError, match="of yours"):
        jobs.begin("watch", "alice", 99)
    with pytest.raises(TooManyJobsError, match="Several people"):
        jobs.begin("export", "alice", 99)


async def test_only_its_owner_sees_a_job(jobs: Jobs) -> None:
    job = jobs.begin("export", "alice", 1)
    assert jobs.find(job.id, "alice") is not None
    for other in ("bob", None):
        assert jobs.find(job.id, other) is None
        assert jobs.of(other) == ()
        assert not jobs.cancel(job.id, other)


async def test_receipts_are_kept_in_number_and_for_their_owner_alone(
    jobs: Jobs, tmp_path: Path, clock: Clock
) -> None:
    for _ in range(RECEIPTS_EACH + 5):
        clock.now_s += 1
        with jobs.settled(jobs.begin("export", "alice", 1)):
            pass
    with jobs.settled(jobs.begin("export", "bob", 1)):
        pass
    mine = jobs.of("alice")
    assert len(mine) == RECEIPTS_EACH
    assert mine[0].started_at > mine[-1].started_at
    assert len(jobs.of("bob")) == 1
    files = list((tmp_path / "jobs").glob("*"))
    assert len(files) == RECEIPTS_EACH + 1
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


async def test_an_upload_is_kept_for_a_day_and_only_while_its_check_was_good(
    jobs: Jobs, clock: Clock
) -> None:
    good, bad = jobs.begin("check", "alice", 1), jobs.begin("check", "bob", 1)
    for job in (good, bad):
        jobs.staged(job.id).write_bytes(b"x")
    jobs.staged("0123").write_bytes(b"of nobody")
    jobs.tidy()
    assert jobs.staged(good.id).exists()
    assert not jobs.staged("0123").exists()
    good.end("done", "")
    bad.end("failed", "")
    for job in (good, bad):
        with jobs.settled(job):
            pass
    jobs.tidy()
    assert jobs.staged(good.id).exists()
    assert not jobs.staged(bad.id).exists()
    clock.now_s += STAGED_S
    jobs.tidy()
    assert not jobs.staged(good.id).exists()


async def test_log_and_samples_are_bounded(jobs: Jobs) -> None:
    job = jobs.begin("export", "alice", 1)
    for number in range(LOG_LINES + 10):
        job.note(f"line {number}" + "x" * 10_000)
        job.count("changed", f"/pub/{number}", 1)
    assert len(job.record.log) == LOG_LINES
    assert job.record.log[-1].text.startswith(f"line {LOG_LINES + 9}")
    assert max(len(line.text) for line in job.record.log) < 2000
    group = job.record.group("changed")
    assert (group.files, len(group.samples)) == (LOG_LINES + 10, MOST_SAMPLES)


async def test_a_receipt_of_another_making_is_left_out(
    jobs: Jobs, tmp_path: Path, clock: Clock
) -> None:
    with jobs.settled(jobs.begin("export", "alice", 1)):
        pass
    (tmp_path / "jobs" / "broken.json").write_text('{"id": "x", "kind": "other"}')
    assert len(reopened(tmp_path, clock).of("alice")) == 1


@pytest.mark.parametrize("kind", ["export", "check", "import"])
def test_a_record_survives_its_file(kind: Kind) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    kept: list[JobRecord] = []
    job = Job(JobRecord("a", kind, "A title", "alice", 1, moment), lambda: 0.0, kept.append)
    job.begin_step("One", 1, None)
    job.note("line")
    job.tell("Hash", "ab", "hash")
    job.count("kept", "/pub/a", 1, "said")
    job.end("failed", "why")
    job.end("done", "a second end changes nothing")
    assert parse(to_text(kept[-1])) == job.record
    assert kept[-1].message == "why"


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"kind":"export","state":"odd"}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(text)
