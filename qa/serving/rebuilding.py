"""``/index/rebuild`` and ``/index/jobs``: builds of the index, and how far they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Depends, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field

from qa.jobs import Job, Jobs
from qa.serving.parts import JobsPart, SettingsPart, require_json_if_any
from qa.serving.problems import described, without_paths
from qa.serving.security import AdminOnly
from qa.settings import Settings

router = APIRouter(
    prefix="/index", tags=["administration"], dependencies=[AdminOnly], responses=described(401, 403, 404)
)
_SECONDS_BETWEEN_LOOKS = 0.2


class RebuildRequest(BaseModel):
    force: bool = Field(False, strict=True, description="publish even what the checks would hold back")


class RebuildReply(BaseModel):
    job: str
    phase: str
    already_running: bool = Field(description="whether the job had been started before, and has yet to read the corpus")


class JobList(BaseModel):
    jobs: list[Job]


@router.post(
    "/rebuild", status_code=202, dependencies=[Depends(require_json_if_any)], responses=described(400, 415, 422, 507)
)
def rebuild(response: Response, jobs: JobsPart, body: Annotated[RebuildRequest | None, Body()] = None) -> RebuildReply:
    """Build the index in the background; what is live answers on meanwhile, and after a failure."""
    started = jobs.start(force=body is not None and body.force)
    response.headers["Location"] = f"/index/jobs/{started.job.id}"
    return RebuildReply(job=started.job.id, phase=started.job.phase, already_running=started.already_running)


@router.get("/jobs")
def job_list(jobs: JobsPart, settings: SettingsPart) -> JobList:
    """The last builds, newest first."""
    return JobList(jobs=[_shown(job, settings) for job in jobs.all()])


def job_of(job_id: str, jobs: JobsPart, settings: SettingsPart) -> Job:
    return _shown(jobs.get(job_id), settings)


JobPart = Annotated[Job, Depends(job_of)]


@router.get("/jobs/{job_id}")
def job(job: JobPart) -> Job:
    """How far a build is, or how it ended."""
    return job


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def events(job: JobPart, jobs: JobsPart, settings: SettingsPart) -> AsyncIterator[ServerSentEvent]:
    """The same as server-sent events: ``progress`` whenever it changes, and ``done`` once, however it ended."""
    yield _event(job)
    while job.finished_at is None:
        await anyio.sleep(_SECONDS_BETWEEN_LOOKS)
        now = await run_sync(_look, jobs, job.id, settings)
        if now != job:
            job = now
            yield _event(job)


def _event(job: Job) -> ServerSentEvent:
    name: Literal["progress", "done"] = "progress" if job.finished_at is None else "done"
    return ServerSentEvent(event=name, data=job)


def _look(jobs: Jobs, id_: str, settings: Settings) -> Job:
    return _shown(jobs.get(id_), settings)


def _shown(job: Job, settings: Settings) -> Job:
    """The job without the places on the server's disk that its error may name."""
    return job.model_copy(update={"detail": job.detail and without_paths(job.detail, settings)})
