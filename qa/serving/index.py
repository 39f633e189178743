"""``/index``: what is live, and whether the corpus has moved on."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from qa.indexing.manifest import Counts, ModelIdentity, SkippedEntry, SourceEntry
from qa.indexing.staleness import staleness
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.problems import described

router = APIRouter(prefix="/index", tags=["index"], responses=described(503))


class StalenessBody(BaseModel):
    added: list[str]
    changed: list[str]
    removed: list[str]
    reasons: list[str]


class IndexReply(BaseModel):
    generation: str
    built_at: str
    stale: bool
    staleness: StalenessBody
    model: ModelIdentity
    counts: Counts
    sources: list[SourceEntry]
    skipped: list[SkippedEntry]


@router.get("")
def index(answerer: AnswererPart, settings: SettingsPart) -> IndexReply:
    """The live generation, and how the corpus differs from it now."""
    manifest = answerer.generation.manifest
    found = staleness(manifest, settings.corpus_dir, answerer.model.card)
    return IndexReply(
        generation=manifest.generation,
        built_at=manifest.built_at,
        stale=bool(found),
        staleness=StalenessBody(**asdict(found)),
        model=manifest.model,
        counts=manifest.counts,
        sources=list(manifest.sources),
        skipped=list(manifest.skipped),
    )
