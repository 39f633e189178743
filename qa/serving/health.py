"""``/livez`` and ``/readyz``: is the process there, and can it answer."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from qa.serving.parts import AnswererPart
from qa.serving.problems import described

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str
    generation: str | None = None


@router.get("/livez")
async def livez() -> Health:
    """The process is there."""
    return Health(status="alive")


@router.get("/readyz", responses=described(503))
async def readyz(answerer: AnswererPart) -> Health:
    """The index and the encoder are ready; before that 503."""
    return Health(status="ready", generation=answerer.generation.id)
