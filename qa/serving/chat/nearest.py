"""The passages nearest to a query among those that a protocol's filter admits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from qa.records import Citation, Hit, Passage
from qa.retrieval.answerer import Answerer
from qa.retrieval.filters import Attributes, Filter, Joined, Own, attributes_of
from qa.retrieval.search import Found
from qa.retrieval.selection import Selection

# What the protocols' filters may name of a document, under the names that `attributes_of` has for them.
OF_DOCUMENTS = frozenset({"document", "title", "language", "author", "date", "tags"})
FREE_FIELDS = "fields."
# Of more passages not each is asked whether it is admitted, but those that a search for so many finds.
_ALL_ASKED, _SEARCHED = 20_000, 1_000
# By so many times more passages are searched each time that too few of them are admitted.
_WIDER = 4

# What a filter compares of a passage.
Told = Callable[[Passage, Citation], Attributes]


def nearest_where(
    answerer: Answerer,
    queries: Sequence[str],
    count: int,
    documents: Sequence[str] | None,
    wanted: Filter,
    told: Told,
) -> list[Sequence[Hit]]:
    """For each query the ``count`` passages nearest to it that a filter admits of some documents, ``None``: of all.

    What names documents alone is left to the search. Where it names passages too each is looked at among 20,000; among
    more those that the query finds, down to the thousandth.
    """
    within = Selection(tuple(documents or ()), _of_documents(wanted))
    if wanted.names() <= OF_DOCUMENTS:
        return [answerer.answer(query, count, within).hits for query in queries]
    passages = answerer.generation.passages
    positions = within.positions(answerer.generation)
    if (len(passages) if positions is None else len(positions)) > _ALL_ASKED:
        return [_nearest(answerer, query, count, within, wanted, told) for query in queries]
    if positions is None:
        admitted = _admitted(answerer, enumerate(passages), wanted, told)
    else:
        among = zip(positions.tolist(), passages.several(positions), strict=True)
        admitted = _admitted(answerer, among, wanted, told)
    return [answerer.answer(query, count, admitted).hits for query in queries]


def told_of_document(answerer: Answerer, passage: Passage) -> dict[str, Own]:
    """What filters may name of a passage's document, by the names that the protocols have for it."""
    document = answerer.generation.summary(passage.document).about
    own = attributes_of(document)
    free = {f"{FREE_FIELDS}{name}": value for name, value in document.metadata.fields.items()}
    return {**free, **{name: own[name] for name in OF_DOCUMENTS}}


def _of_documents(wanted: Filter) -> Filter | None:
    """What of a filter names documents alone and must hold; None for nothing."""
    if wanted.names() <= OF_DOCUMENTS:
        return wanted
    if not isinstance(wanted, Joined) or not wanted.all:
        return None
    parts = tuple(part for part in map(_of_documents, wanted.filters) if part is not None)
    return Joined(True, parts) if parts else None


def _nearest(
    answerer: Answerer, query: str, count: int, within: Selection, wanted: Filter, told: Told
) -> Sequence[Hit]:
    """The nearest of the admitted among those that a search finds, and among their copies."""
    searched = count
    while True:
        _, found = answerer.find(query, searched, within)
        admitted = _admitted(answerer, _with_copies(answerer, found), wanted, told)
        if len(admitted.passages or ()) >= count or searched >= _SEARCHED:
            return answerer.answer(query, count, admitted).hits
        searched = min(_WIDER * searched, max(_SEARCHED, count))


def _with_copies(answerer: Answerer, found: Iterable[Found]) -> Iterator[tuple[int, Passage]]:
    for one in found:
        yield one.position, one.passage
        for copy in one.duplicates:
            position = answerer.generation.passages.find(copy.id)
            if position is not None:
                yield position, copy


def _admitted(answerer: Answerer, among: Iterable[tuple[int, Passage]], wanted: Filter, told: Told) -> Selection:
    citation = answerer.generation.citation
    held = (position for position, passage in among if wanted.holds(told(passage, citation(passage))))
    return Selection(passages=tuple(sorted(held)))
