"""``/v1/vector_stores``: OpenAI's search, over all documents or one.

A store is ``suraq``, which holds every document, or a document's id. To search a document alone that itself has the id
``suraq``, filter by ``document``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from qa.indexing.generation import Generation
from qa.records import Citation, Hit, Passage
from qa.retrieval.answerer import Answerer
from qa.retrieval.filters import Filter, Own
from qa.serving.chat.filters import filter_of
from qa.serving.chat.models import created_at
from qa.serving.chat.nearest import nearest_where, told_of_document
from qa.serving.chat.speaking import MODEL, Speaker, SpeakerPart
from qa.serving.parts import AnswererPart, require_json
from qa.serving.schemas import LARGEST_TOP_K, QuestionText

router = APIRouter(prefix="/v1/vector_stores", tags=["search"])

MOST_QUERIES = 16
_LONGEST_ATTRIBUTE = 512


def _queries(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _filter_if_any(value: object) -> Filter | None:
    return None if value is None else filter_of(value)


class RankingOptions(BaseModel):
    score_threshold: float | None = Field(None, ge=0, le=1)


class SearchRequest(BaseModel):
    """What is not named here (rewrite_query, …) is accepted and ignored."""

    query: Annotated[list[QuestionText], BeforeValidator(_queries), Field(min_length=1, max_length=MOST_QUERIES)]
    max_num_results: int = Field(10, ge=1, le=LARGEST_TOP_K, strict=True)
    ranking_options: RankingOptions | None = None
    filters: Annotated[Any, AfterValidator(_filter_if_any)] = None


@router.post("/{vector_store_id:path}/search", dependencies=[Depends(require_json)])
def search(vector_store_id: str, body: SearchRequest, speaker: SpeakerPart) -> dict[str, Any]:
    """The passages nearest to one query or several, best first, each with its citation among its attributes."""
    documents = _documents(vector_store_id, speaker.answerer.generation)
    found = _hits(speaker, body, documents)
    return {
        "object": "vector_store.search_results.page",
        "search_query": body.query,
        "data": [_result(hit, speaker) for hit in found],
        "has_more": False,
        "next_page": None,
    }


@router.get("")
def vector_stores(
    answerer: AnswererPart,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(description="the last id of the page before")] = None,
) -> dict[str, Any]:
    """The store of all documents, and one for each; a page at a time."""
    ids = list(dict.fromkeys([MODEL, *answerer.generation.document_ids]))
    if after is not None and after not in ids:
        raise HTTPException(404, f"there is no vector store {after[:80]!r}; GET /v1/vector_stores lists them")
    start = ids.index(after) + 1 if after is not None else 0
    shown = ids[start : start + limit]
    return {
        "object": "list",
        "data": [_store(id_, answerer) for id_ in shown],
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
        "has_more": start + limit < len(ids),
    }


@router.get("/{vector_store_id:path}")
def vector_store(vector_store_id: str, answerer: AnswererPart) -> dict[str, Any]:
    """One of them."""
    return _store(vector_store_id, answerer)


def _hits(speaker: Speaker, body: SearchRequest, documents: list[str] | None) -> list[Hit]:
    """The best of all queries together in some documents, ``None``: in all, each passage once with its best score."""
    threshold = (body.ranking_options and body.ranking_options.score_threshold) or 0.0
    found = [hit for hits in _hits_of_each(speaker, body, documents) for hit in hits if _score(hit) >= threshold]
    # What one query finds stays in its order: the items of a list may follow what introduces it.
    if len(body.query) > 1:
        found.sort(key=lambda hit: -hit.score)
    best = {hit.passage.id: hit for hit in reversed(found)}
    once = [hit for hit in found if best[hit.passage.id] is hit]
    return once[: body.max_num_results]


def _hits_of_each(speaker: Speaker, body: SearchRequest, documents: list[str] | None) -> list[Sequence[Hit]]:
    """What each query finds by itself."""
    answerer, wanted = speaker.answerer, body.filters
    if wanted is None:
        return [speaker.listening.answer(query, body.max_num_results, documents).hits for query in body.query]

    def told(passage: Passage, citation: Citation) -> dict[str, Own]:
        return {**_attributes(passage, citation, speaker), **told_of_document(answerer, passage)}

    return nearest_where(answerer, body.query, body.max_num_results, documents, wanted, told)


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
    if ids is None:
        name, sizes = "Suraq", [source.size for source in generation.manifest.sources]
    else:
        (one,) = (generation.summary(id_).about for id_ in ids)
        name, sizes = one.title, [one.size]
    none = dict.fromkeys(("in_progress", "failed", "cancelled"), 0)
    return {
        "id": id_,
        "object": "vector_store",
        "created_at": created_at(answerer),
        "last_active_at": None,
        "name": name,
        "usage_bytes": sum(sizes),
        "file_counts": {**none, "completed": len(sizes), "total": len(sizes)},
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
        "filename": speaker.answerer.generation.documents.summary(hit.passage.document).about.name,
        "score": _score(hit),
        "attributes": _attributes(hit.passage, hit.citation, speaker),
        "content": [{"type": "text", "text": hit.passage.text}],
    }


def _attributes(passage: Passage, citation: Citation, speaker: Speaker) -> dict[str, str | int]:
    """Up to 16, none of them null, texts of at most 512 characters: the protocol's limits."""
    document = speaker.answerer.generation.summary(citation.document).about
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
        "author": citation.author,
        "date": citation.date,
        "source_url": citation.source_url,
        "language": document.language,
        "tags": ", ".join(document.metadata.tags) or None,
    }
    return {
        key: value[:_LONGEST_ATTRIBUTE] if isinstance(value, str) else value
        for key, value in all_of_them.items()
        if value is not None
    }
