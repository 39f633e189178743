"""``/index/diff``: what became of each passage between two generations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from qa.indexing.difference import Difference, Pair, difference
from qa.loading import store_of
from qa.records import Passage
from qa.serving.parts import SettingsPart
from qa.serving.problems import described
from qa.serving.security import AdminOnly

router = APIRouter(prefix="/index", tags=["administration"], dependencies=[AdminOnly], responses=described(401, 403))

# A generation may differ from another in all that it holds.
MOST, LONGEST = 200, 600


class PlaceBody(BaseModel):
    document: str
    label: str
    anchor: str
    text: str = Field(description=f"the passage; of a longer one the first {LONGEST} characters and …")

    @classmethod
    def of(cls, passage: Passage) -> PlaceBody:
        text = passage.text if len(passage.text) <= LONGEST else f"{passage.text[:LONGEST].rstrip()}…"
        return cls(document=passage.document, label=passage.label, anchor=passage.anchor, text=text)


class PairBody(BaseModel):
    before: PlaceBody
    after: PlaceBody


class CountsBody(BaseModel):
    added: int
    removed: int
    changed: int
    moved: int
    kept: int


class DiffReply(BaseModel):
    """Of each kind the first `MOST` are listed; ``counts`` are of all."""

    a: str
    b: str
    counts: CountsBody
    added: list[PlaceBody]
    removed: list[PlaceBody]
    changed: list[PairBody] = Field(description="another text in its place")
    moved: list[PairBody] = Field(description="the same text under another anchor, number, heading or document")

    @classmethod
    def of(cls, before: str, after: str, found: Difference) -> DiffReply:
        return cls(
            a=before,
            b=after,
            counts=CountsBody(
                added=len(found.added),
                removed=len(found.removed),
                changed=len(found.changed),
                moved=len(found.moved),
                kept=found.kept,
            ),
            added=_places(found.added),
            removed=_places(found.removed),
            changed=_pairs(found.changed),
            moved=_pairs(found.moved),
        )


@router.get("/diff", responses=described(404, 409))
def diff(
    settings: SettingsPart,
    a: Annotated[str | None, Query(description="the earlier generation; none: the one before b")] = None,
    b: Annotated[str | None, Query(description="the later one; none: the live one")] = None,
) -> DiffReply:
    """Which passages came, went, changed and moved from one generation to another."""
    store = store_of(settings)
    newer = store.named(b or store.live_id())
    older = store.named(a or store.before(newer))
    before, after = store.load(older), store.load(newer)
    return DiffReply.of(before.id, after.id, difference(before.passages, after.passages))


def _places(passages: Iterable[Passage]) -> list[PlaceBody]:
    return [PlaceBody.of(passage) for passage, _ in zip(passages, range(MOST), strict=False)]


def _pairs(pairs: Iterable[Pair]) -> list[PairBody]:
    return [
        PairBody(before=PlaceBody.of(old), after=PlaceBody.of(new))
        for (old, new), _ in zip(pairs, range(MOST), strict=False)
    ]
