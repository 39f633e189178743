"""``/v1/vector_stores``: OpenAI's search, over all documents or one.

A store is ``suraq``, which holds every document, or a document's id. To search a document alone that itself has the id
``suraq``, filter by ``document``.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, BeforeValidator, Field, field_validator

from qa.indexing.generation import Generation
from qa.records import Citation, Hit, Passage
from qa.retrieval.answerer import Answerer
from qa.serving.chat.filters import Attributes, Filter, filter_of
from qa.serving.chat.models import created_at
from qa.serving.chat.speaking import MODEL, Speaker, SpeakerPart
from qa.serving.parts import AnswererPart, require_json
from qa.serving.schemas import LARGEST_TOP_K, QuestionText

router = APIRouter(prefix="/v1/vector_stores", tags=["search"])

MOST_QUERIES = 16
_LONGEST_ATTRIBUTE = 512


def _queries(value: object) -> object:
    return [value] if isinstance(value, str) else value


class RankingOptions(BaseModel):
    score_threshold: float | None = Field(None, ge=0, le=1)


class SearchRequest(BaseModel):
    """What is not named here (rewrite_query, …) is accepted and ignored."""

    query: Annotated[list[QuestionText], BeforeValidator(_queries), Field(min_length=1, max_length=MOST_QUERIES)]
    max_num_results: int = Field(10, ge=1, le=LARGEST_TOP_K, strict=True)
    ranking_options: RankingOptions | None = None
    filters: Any = None

    @field_validator("filters")
    @classmethod
    def _known(cls, value: object) -> object:
        if value is not None:
            filter_of(value)
        return value

    @property
    def filter(self) -> Filter | None:
        return filter_of(self.filters) if self.filters is not None else None


@router.post("/{vector_store_id:path}/search", dependencies=[Depends(require_json)])
def search(vector_store_id: str, body: SearchRequest, speaker: SpeakerPart) -> dict[str, Any]:
    """The passages nearest to one query or several, best first, each with its citation among its attributes."""
    documents = _documents(vector_store_id, speaker.answerer.generation)
    found = _Search(speaker, body, documents).hits()
    return {
        "object": "vector_store.search_results.page",
        "search_query": body.query,
        "data": [_result(hit, speaker) for hit in found],
        "has_more": False,
        "next_page": None,
    }


@router.get("")
def vector_stores(answerer: AnswererPart) -> dict[str, Any]:
    """The store of all documents, and one for each."""
    ids = list(dict.fromkeys([MODEL, *answerer.generation.documents]))
    data = [_store(id_, answerer) for id_ in ids]
    return {"object": "list", "data": data, "first_id": ids[0], "last_id": ids[-1], "has_more": False}


@router.get("/{vector_store_id:path}")
def vector_store(vector_store_id: str, answerer: AnswererPart) -> dict[str, Any]:
    """One of them."""
    return _store(vector_store_id, answerer)


class _Search:
    """A request's search in the passages of some documents; ``None``: of all."""

    def __init__(self, speaker: Speaker, body: SearchRequest, documents: list[str] | None) -> None:
        self._speaker, self._body, self._filter = speaker, body, body.filter
        self._allowed: set[str] | None = None
        self._documents = documents
        if self._filter is not None:
            passages = self._filtered(self._filter)
            self._allowed = {passage.id for passage in passages}
            self._documents = list(dict.fromkeys(passage.document for passage in passages))

    def hits(self) -> list[Hit]:
        """The best of all queries together, each passage once with its best score."""
        if self._allowed is not None and not self._allowed:
            return []
        threshold = (self._body.ranking_options and self._body.ranking_options.score_threshold) or 0.0
        found = [hit for query in self._body.query for hit in self._of(query) if _score(hit) >= threshold]
        # What one query finds stays in its order: the items of a list may follow what introduces it.
        if len(self._body.query) > 1:
            found.sort(key=lambda hit: -hit.score)
        best = {hit.passage.id: hit for hit in reversed(found)}
        once = [hit for hit in found if best[hit.passage.id] is hit]
        return once[: self._body.max_num_results]

    def _of(self, query: str) -> list[Hit]:
        wanted, total = self._body.max_num_results, self._total()
        count = wanted
        # More and more, since nothing tells beforehand how far down the allowed ones stand.
        while True:
            hits = self._speaker.answerer.answer(query, count, self._documents).hits
            kept = [hit for hit in hits if self._allowed is None or hit.passage.id in self._allowed]
            if len(kept) >= wanted or count >= total:
                return kept[:wanted]
            count *= 4

    def _total(self) -> int:
        generation = self._speaker.answerer.generation
        return len(generation.passages if self._documents is None else generation.positions(self._documents))

    def _filtered(self, wanted: Filter) -> list[Passage]:
        generation = self._speaker.answerer.generation
        ids = generation.documents if self._documents is None else self._documents
        among = [passage for id_ in ids for passage in generation.passages_of(id_)]
        return [one for one in among if wanted.holds(_attributes(one, generation.citation(one), self._speaker))]


def _documents(store: str, generation: Generation) -> list[str] | None:
    """The ids of what a store holds; None for all.

    Raises:
        HTTPException: there is no such store.
    """
    if store == MODEL:
        return None
    if store not in generation.documents:
        raise HTTPException(404, f"there is no vector store {store[:80]!r}; GET /v1/vector_stores lists them")
    return [store]


def _store(id_: str, answerer: Answerer) -> dict[str, Any]:
    generation = answerer.generation
    ids = _documents(id_, generation)
    held = [generation.documents[one] for one in (generation.documents if ids is None else ids)]
    none = dict.fromkeys(("in_progress", "failed", "cancelled"), 0)
    return {
        "id": id_,
        "object": "vector_store",
        "created_at": created_at(answerer),
        "last_active_at": None,
        "name": "Suraq" if ids is None else held[0].title,
        "usage_bytes": sum(document.size for document in held),
        "file_counts": {**none, "completed": len(held), "total": len(held)},
        "status": "completed",
        "metadata": {},
    }


def _score(hit: Hit) -> float:
    """As it is sent, so that a result's score as the threshold keeps that result."""
    return round(hit.score, 4)


def _result(hit: Hit, speaker: Speaker) -> dict[str, Any]:
    """``file_id`` is the document's, as results of one file share it; ``attributes.passage`` tells them apart.

    ``filename`` is the file's name in the corpus, which clients show as the source; ``attributes.url`` opens the place.
    """
    return {
        "file_id": hit.passage.document,
        "filename": speaker.answerer.generation.document(hit.passage.document).name,
        "score": _score(hit),
        "attributes": _attributes(hit.passage, hit.citation, speaker),
        "content": [{"type": "text", "text": hit.passage.text}],
    }


def _attributes(passage: Passage, citation: Citation, speaker: Speaker) -> Attributes:
    """Up to 16, none of them null, texts of at most 512 characters: the protocol's limits."""
    all_of_them = {
        "document": citation.document,
        "title": citation.title,
        "section": citation.section,
        "heading": citation.heading,
        "item": citation.item,
        "label": citation.label,
        "anchor": citation.anchor,
        "url": speaker.url_of(citation),
        "passage": passage.id,
        "start": citation.start,
        "end": citation.end,
    }
    return {
        key: value[:_LONGEST_ATTRIBUTE] if isinstance(value, str) else value
        for key, value in all_of_them.items()
        if value is not None
    }
