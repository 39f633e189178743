"""The passages nearest to a query among those that a protocol's filter admits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qa.records import Citation, Hit, Passage
from qa.retrieval.answerer import Answerer
from qa.retrieval.filters import Attributes, Filter, Own, attributes_of
from qa.retrieval.selection import Selection

# What the protocols' filters may name of a document, under the names that `attributes_of` has for them.
OF_DOCUMENTS = frozenset({"document", "title", "language", "author", "date", "tags"})
FREE_FIELDS = "fields."


def admitted(
    answerer: Answerer,
    documents: Sequence[str] | None,
    wanted: Filter,
    told: Callable[[Passage, Citation], Attributes],
) -> Selection:
    """What a filter admits of some documents, ``None``: of all. ``told`` gives what is compared of a passage.

    What names documents alone is left to the search; else each passage is looked at.
    """
    generation = answerer.generation
    ids = tuple(documents or ())
    if wanted.names() <= OF_DOCUMENTS:
        return Selection(ids, wanted)
    among = Selection(ids).positions(generation)
    positions = np.arange(len(generation.passages)) if among is None else among
    passages = ((position, generation.passages[position]) for position in positions.tolist())
    return Selection(
        passages=tuple(
            position for position, passage in passages if wanted.holds(told(passage, generation.citation(passage)))
        )
    )


def nearest(answerer: Answerer, query: str, count: int, among: Selection) -> Sequence[Hit]:
    """The ``count`` passages nearest to a query."""
    return answerer.answer(query, count, among).hits


def told_of_document(answerer: Answerer, passage: Passage) -> dict[str, Own]:
    """What filters may name of a passage's document, by the names that the protocols have for it."""
    document = answerer.generation.document(passage.document)
    own = attributes_of(document)
    free = {f"{FREE_FIELDS}{name}": value for name, value in document.metadata.fields.items()}
    return {**free, **{name: own[name] for name in OF_DOCUMENTS}}
