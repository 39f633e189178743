"""``/livez`` and ``/readyz``: is the process there, and can it answer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from qa.serving.parts import AnswererPart, SettingsPart, live_of
from qa.serving.problems import described, without_paths

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str
    generation: str | None = None


class Readiness(Health):
    degraded: str | None = Field(None, description="why what answers from memory is not what lies on the disk")


@router.get("/livez")
async def livez() -> Health:
    """The process is there."""
    return Health(status="alive")


@router.get("/readyz", responses=described(503))
async def readyz(request: Request, answerer: AnswererPart, settings: SettingsPart) -> Readiness:
    """The index and the encoder are ready; before that 503.

    Where the files of the index are gone or damaged, or another generation could not be taken over, the service
    answers on from memory: it is ready, and ``degraded`` says so.
    """
    degraded = live_of(request).degraded
    told = degraded and without_paths(degraded, settings)
    return Readiness(status="ready", generation=answerer.generation.id, degraded=told)
