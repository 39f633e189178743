"""The passages nearest to a query among those that a protocol's filter admits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qa.indexing.generation import Generation
from qa.records import Citation, Hit, Passage
from qa.retrieval.answerer import Answerer

# By so many times more passages are searched each time that too few of them are admitted.
_WIDER = 4


def passages_where(
    generation: Generation, documents: Sequence[str] | None, holds: Callable[[Passage, Citation], bool]
) -> list[Passage]:
    """The passages of some documents, ``None``: of all, for which ``holds`` does."""
    ids = generation.documents if documents is None else documents
    among = [passage for id_ in ids for passage in generation.passages_of(id_)]
    return [passage for passage in among if holds(passage, generation.citation(passage))]


def nearest_among(answerer: Answerer, query: str, count: int, passages: Sequence[Passage]) -> list[Hit]:
    """The ``count`` of ``passages`` nearest to a query, however far down they stand among all."""
    if not passages:
        return []
    ids = {passage.id for passage in passages}
    # A document without any need not be searched.
    documents = list(dict.fromkeys(passage.document for passage in passages))
    total = len(answerer.generation.positions(documents))
    searched = count
    while True:
        hits = [hit for hit in answerer.answer(query, searched, documents).hits if hit.passage.id in ids]
        if len(hits) >= count or searched >= total:
            return hits[:count]
        searched *= _WIDER
