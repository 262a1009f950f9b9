"""The visitor's jobs: what runs, how far it is, and the receipts of what is over."""

from dataclasses import dataclass

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.jobs.record import JobRecord
from dashboard.page_context import frame, render, signed_in
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
REFRESH_S = 5


@dataclass(frozen=True, slots=True)
class JobsPage:
    """Every job of the visitor, the newest first."""

    jobs: tuple[JobRecord, ...]


@dataclass(frozen=True, slots=True)
class JobPage:
    """One job. `can_import`: its archive waits for a choice. A calm page does not look again."""

    job: JobRecord
    can_import: bool
    is_calm: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages of jobs."""

    @table.add("/jobs", audience="tenant")
    async def index() -> ResponseReturnValue:
        content = JobsPage(parts.jobs.of(signed_in().public_key))
        return await render("jobs/index.html", await frame(parts, "export"), content)

    @table.add("/jobs/<job_id>", audience="tenant")
    async def show(job_id: str) -> ResponseReturnValue:
        job = own_job(parts, job_id)
        is_calm = "calm" in request.args
        content = JobPage(job, can_import=waits_for_choice(parts, job), is_calm=is_calm)
        body = await render("jobs/show.html", await frame(parts, "export"), content)
        looks_again = job.is_running and not is_calm
        return await make_response(body, {"Refresh": str(REFRESH_S)} if looks_again else {})

    @table.add("/jobs/<job_id>/cancel", audience="tenant", methods=_POST)
    async def cancel(job_id: str) -> ResponseReturnValue:
        job = own_job(parts, job_id)
        parts.jobs.cancel(job.id, job.owner)
        return redirect(f"/jobs/{job.id}?done=job-stopping", 303)


def own_job(parts: Parts, job_id: str) -> JobRecord:
    """A job of the visitor's; ends the request (404) for one of somebody else's."""
    found = parts.jobs.find(job_id, signed_in().public_key)
    if found is None:
        abort(404, "You have no such job, or its receipt is no longer kept.")
    return found


def waits_for_choice(parts: Parts, job: JobRecord) -> bool:
    """Whether an archive was looked into and still lies here."""
    return job.kind == "check" and job.state == "done" and parts.jobs.staged(job.id).exists()
