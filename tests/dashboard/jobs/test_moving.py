"""A copy survives what other homeservers do; ours is a real one, theirs is made up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from dashboard.doors.elsewhere import Elsewhere, Place
from dashboard.doors.tenant import TenantDoors
from dashboard.jobs.job import Job, JobFailedError
from dashboard.jobs.moving import Move, wait_for_record
from dashboard.jobs.record import JobRecord
from tests.support.appliance import Appliance, Person, auth_token

Handler = Callable[[httpx.Request], httpx.Response]
HERE, THERE = "h" * 52, "t" * 52


def new_job() -> Job:
    """A job that nobody keeps."""
    record = JobRecord("1", "move", "Copy", "me", 1, datetime(2026, 1, 1, tzinfo=UTC))
    return Job(record, lambda: 0.0, lambda _: None)


async def copied(appliance: Appliance, alice: Person, handler: Handler) -> tuple[Job, list[float]]:
    """Copy Alice's files to a place that answers like this; the job, and how long it waited."""
    job, waited = new_job(), list[float]()

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    doors = TenantDoors(appliance.client_url)
    try:
        here = doors.of(alice.z32, await doors.sign_in(alice.z32, auth_token(alice.keypair)))
        place = Place("x", "https://pubky.example.org", is_local=False)
        async with Elsewhere(place, httpx.MockTransport(handler)) as other:
            await Move(job, here, other.of(alice.z32, "secret"), pause).copy()
    finally:
        await doors.close()
    return job, waited


class Answers:
    """Nothing is there; each PUT gets the next of these, then 201."""

    def __init__(self, *puts: httpx.Response) -> None:
        self.puts = list(puts)
        self.bodies: list[bytes] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "HEAD":
            return httpx.Response(404)
        self.bodies.append(request.content)
        return self.puts.pop(0) if self.puts else httpx.Response(201)


async def test_a_busy_place_is_waited_for(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    busy = [httpx.Response(429, headers={"Retry-After": str(wait)}) for wait in range(2, 12)]
    job, waited = await copied(appliance, alice, Answers(*busy))
    assert waited == list(range(2, 12))
    assert job.record.group("copied").files == 1


async def test_a_place_that_fails_now_and_then_is_asked_again(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", b"the whole file")
    answers = Answers(httpx.Response(502), httpx.Response(500))
    job, waited = await copied(appliance, alice, answers)
    assert answers.bodies == [b"the whole file"] * 3
    assert (job.record.group("copied").files, waited) == (1, [1, 4])


async def test_a_place_that_goes_on_failing_ends_the_copy(
    appliance: Appliance, alice: Person
) -> None:
    await alice.put("/pub/a", b"x")
    with pytest.raises(JobFailedError, match="The new homeserver failed"):
        await copied(appliance, alice, Answers(*[httpx.Response(500)] * 4))


@pytest.mark.parametrize(
    ("later_s", "fate"),
    [(-2, "copied"), (0, "newer there, so left alone"), (60, "newer there, so left alone")],
)
async def test_what_may_be_newer_there_is_left_alone(
    appliance: Appliance, alice: Person, later_s: int, fate: str
) -> None:
    """Times of answers are whole seconds, so that of the very same second counts as newer."""
    await alice.put("/pub/a", b"x")
    changed_at = parsedate_to_datetime((await alice.get("/pub/a")).headers["last-modified"])
    there = {
        "Content-Length": "1",
        "ETag": '"other"',
        "Last-Modified": format_datetime(changed_at + timedelta(seconds=later_s), usegmt=True),
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.method == "HEAD" else 201, headers=there)

    job, _ = await copied(appliance, alice, answer)
    assert [group.name for group in job.record.groups] == [fate]


async def test_one_refused_file_does_not_end_the_copy(appliance: Appliance, alice: Person) -> None:
    await alice.put("/pub/a", b"x")
    await alice.put("/pub/b", b"y")
    job, _ = await copied(appliance, alice, Answers(httpx.Response(413, text="Too large")))
    assert (job.record.group("copied").files, job.record.group("refused there").files) == (1, 1)
    assert [note.text for note in job.record.log] == ["/pub/a: Too large"]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_session_that_ended_there_ends_the_copy(
    appliance: Appliance, alice: Person, status: int
) -> None:
    await alice.put("/pub/a", b"x")
    with pytest.raises(JobFailedError, match="Approve it anew"):
        await copied(appliance, alice, Answers(httpx.Response(status)))


async def test_the_record_is_waited_for_and_not_for_ever() -> None:
    named = iter([None, HERE, THERE])

    async def look() -> str | None:
        return next(named)

    async def pause(_: float) -> None:
        pass

    job = new_job()
    await wait_for_record(job, look, THERE, pause)
    assert job.record.steps[0].files == 3

    async def never() -> str | None:
        return HERE

    with pytest.raises(JobFailedError, match="still names another place"):
        await wait_for_record(job, never, THERE, pause, looks=5)
