"""``/index/generations`` and ``/index/rollback``: what was built and kept, and going back to it."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from qa.errors import DamagedGenerationError, GenerationError, MismatchError
from qa.indexing.manifest import Counts
from qa.indexing.staleness import staleness
from qa.indexing.stores import Store
from qa.loading import check_model, store_of
from qa.serving.parts import SettingsPart, require_json
from qa.serving.problems import described
from qa.serving.security import AdminOnly

router = APIRouter(prefix="/index", tags=["administration"], dependencies=[AdminOnly], responses=described(401, 403))


class GenerationBody(BaseModel):
    generation: str
    live: bool
    held: list[str] | None = Field(default=None, description="why it was built but not published, where that is so")
    built_at: str | None = None
    model: str | None = None
    counts: Counts | None = None
    size_bytes: int | None = None
    damaged: str | None = Field(
        default=None, description="why it cannot be used; checksums are compared at a rollback only"
    )


class GenerationList(BaseModel):
    generations: list[GenerationBody]


class RollbackRequest(BaseModel):
    generation: str | None = Field(None, description="its id; null: the one before the live one")


class RollbackReply(BaseModel):
    generation: str
    previous: str


@router.get("/generations")
def generations(settings: SettingsPart) -> GenerationList:
    """The generations that are kept, newest first."""
    store = store_of(settings)
    try:
        live = store.live_id()
    except GenerationError:
        live = None
    return GenerationList(generations=[_generation(store, id_, id_ == live) for id_ in reversed(store.ids())])


class VerifyRequest(BaseModel):
    generation: str | None = Field(None, description="its id; null: the live one")


class VerifyReply(BaseModel):
    generation: str
    whole: bool
    problem: str | None = Field(default=None, description="what does not hold")
    staleness: str = Field(description="how the corpus has moved on from its sources; empty: it has not")


@router.post("/verify", dependencies=[Depends(require_json)], responses=described(400, 404, 409, 415, 422))
def verify(body: VerifyRequest, settings: SettingsPart) -> VerifyReply:
    """Check a generation's files, counts and text, and compare its sources with the corpus."""
    store = store_of(settings)
    id_ = store.named(body.generation or store.live_id())
    try:
        manifest = store.verified(id_).manifest
    except (DamagedGenerationError, MismatchError) as error:
        return VerifyReply(generation=id_, whole=False, problem=str(error), staleness="")
    return VerifyReply(generation=id_, whole=True, staleness=str(staleness(manifest, settings.corpus_dir, None)))


@router.post("/rollback", dependencies=[Depends(require_json)], responses=described(400, 404, 409, 415, 422))
def rollback(body: RollbackRequest, settings: SettingsPart) -> RollbackReply:
    """Make a generation live that was built before."""
    store = store_of(settings)
    with store.building(_refuse):
        now, before = store.rollback(body.generation, partial(check_model, settings))
    return RollbackReply(generation=now, previous=before)


def _refuse(builder: str) -> None:
    raise GenerationError(f"{builder}; roll back when that is done")


def _generation(store: Store, id_: str, live: bool) -> GenerationBody:
    held = store.held(id_)
    try:
        manifest = store.manifest(id_)
    except GenerationError as error:
        return GenerationBody(generation=id_, live=live, damaged=str(error))
    return GenerationBody(
        generation=id_,
        live=live,
        held=list(held.reasons) if held else None,
        built_at=manifest.built_at,
        model=manifest.model.name,
        counts=manifest.counts,
        size_bytes=sum(entry.size for entry in manifest.files.values()),
        damaged=store.damage(id_, manifest),
    )
