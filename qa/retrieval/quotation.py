"""Whether a quote still stands in the corpus, word for word or nearly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.language.cleaning import visible
from qa.language.folding import Folded
from qa.records import Document, Passage, Span
from qa.retrieval.likeness import Quoted, Rewording, Stretch, rewordings

Status = Literal["verbatim", "moved", "changed", "gone"]

# Only passages with the most sequences of letters in common are compared word by word, of the quote's own document
# and of all: enough for a long quote's passages all to be among them.
_OWN, _ALL = 8, 12
# Of a corpus of so many passages all texts are looked through for a quote that is not in its own document.
_LOOKED_THROUGH = 10_000
# Of a long quote its beginning is enough to find them by.
_SOUGHT = 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a quote: ``document.text[start:end]`` is the stretch that matches, where there is one.

    ``passage`` holds it, or most of it; None where no passage does, as for what was dropped. ``text`` and
    ``rewordings`` tell what a changed quote reads now; without rewordings only spacing or normalisation differ.
    """

    status: Status
    document: Document | None = None
    passage: Passage | None = None
    start: int | None = None
    end: int | None = None
    text: str | None = None
    rewordings: tuple[Rewording, ...] = ()


def verify(generation: Generation, document: str, quote: str, start: int | None = None) -> Verdict:
    """Look for a quote, which has some visible character, from a document where it stood at ``start``.

    Raises:
        UnknownDocumentError: neither the generation nor its history knows the document.
    """
    if not generation.history.knows_document(document):
        generation.document(document)
    own = generation.documents.get(document)
    return _word_for_word(generation, own, quote, start) or _changed(generation, own, quote) or Verdict("gone")


def _word_for_word(generation: Generation, own: Document | None, quote: str, start: int | None) -> Verdict | None:
    at = -1 if own is None else _place(generation, own, quote, start)
    if own is not None and at >= 0:
        status: Status = "verbatim" if start in (None, at) else "moved"
        return _verdict(generation, status, own, (at, at + len(quote)))
    for other in _others(generation, own, quote):
        if (at := _place(generation, other, quote, None)) >= 0:
            return _verdict(generation, "moved", other, (at, at + len(quote)))
    return None


def _others(generation: Generation, own: Document | None, quote: str) -> Iterator[Document]:
    """Documents that may hold a quote that its own does not: all of a small corpus; of a large one those whose passages
    have most sequences of letters in common with it, so that what no passage holds is not found there.
    """
    if len(generation.passages) <= _LOOKED_THROUGH:
        yield from (document for document in generation.documents.values() if own is None or document.id != own.id)
        return
    found = generation.lexical.matches(quote[:_SOUGHT])[0]
    positions = np.sort(found.most(_ALL, None))
    order = np.argsort(-found.at(positions), kind="stable")
    ids = dict.fromkeys(passage.document for passage in generation.passages.several(positions[order]))
    yield from (generation.document(id_) for id_ in ids if own is None or id_ != own.id)


def _place(generation: Generation, document: Document, quote: str, start: int | None) -> int:
    """Where a document holds a quote: nearest to ``start``, else first in a passage, else first; -1 for nowhere."""
    text = document.text
    first = text.find(quote)
    if first < 0:
        return first
    if start is not None:
        around = (text.rfind(quote, 0, start + len(quote)), text.find(quote, start))
        return min((at for at in around if at >= 0), key=lambda at: abs(at - start))
    inside = (text.find(quote, passage.start, passage.end) for passage in generation.passages_of(document.id))
    return next((at for at in inside if at >= 0), first)


def _verdict(generation: Generation, status: Status, document: Document, span: Span) -> Verdict:
    return Verdict(status, document, _passage_of(generation, document, span), *span)


def _passage_of(generation: Generation, document: Document, span: Span) -> Passage | None:
    """The passage with most of a stretch; for a heading, the first passage under it."""
    start, end = span
    own = generation.passages_of(document.id)
    best = max(own, key=lambda passage: min(end, passage.end) - max(start, passage.start))
    if min(end, best.end) > max(start, best.start):
        return best
    heading = next((one for one in document.sections if one.start < end and one.end > start), None)
    return next((passage for passage in own if passage.start >= heading.end), None) if heading else None


def _changed(generation: Generation, own: Document | None, quote: str) -> Verdict | None:
    candidates = [generation.passages[position] for position in _candidates(generation, own, quote)]
    found = _respaced(generation, own, candidates, quote) or _closest(generation, own, candidates, quote)
    if found is None:
        return None
    document, (start, end) = found
    now = document.text[start:end]
    passage = _passage_of(generation, document, (start, end))
    return Verdict("changed", document, passage, start, end, now, rewordings(quote, now))


def _candidates(generation: Generation, own: Document | None, quote: str) -> list[int]:
    """The positions of passages worth comparing: those of the quote's own document first."""
    matches, _ = generation.lexical.matches(quote[:_SOUGHT])

    def best(count: int, among: Positions | None) -> list[int]:
        found = np.sort(matches.most(count, among))
        order = np.argsort(-matches.at(found), kind="stable")
        return [int(position) for position in found[order]]

    inside = best(_OWN, generation.positions([own.id])) if own else []
    return list(dict.fromkeys([*inside, *best(_ALL, None)]))


def _respaced(
    generation: Generation, own: Document | None, candidates: list[Passage], quote: str
) -> tuple[Document, Span] | None:
    """Where the quote stands with other spacing or in another normalisation."""
    sought = visible(quote)
    documents = dict.fromkeys([*([own.id] if own else []), *(passage.document for passage in candidates)])
    for document in map(generation.document, documents):
        # The cheap test comes first: most documents do not hold it.
        span = Folded.of(document.text).find(sought) if sought in visible(document.text) else None
        if span is not None:
            return document, span
    return None


def _closest(
    generation: Generation, own: Document | None, candidates: list[Passage], quote: str
) -> tuple[Document, Span] | None:
    """The most similar stretch: of the quote's own document if it has one, else of any."""
    found = list(_stretches(generation, candidates, quote))
    inside = [one for one in found if own is not None and one[0].id == own.id]
    best = max(inside or found, key=lambda one: one[1].ratio, default=None)
    return (best[0], (best[1].start, best[1].end)) if best else None


def _stretches(generation: Generation, candidates: list[Passage], quote: str) -> Iterator[tuple[Document, Stretch]]:
    quoted = Quoted(quote)
    seen: dict[str, list[Span]] = defaultdict(list)
    for passage in candidates:
        # A quote may run over the ends of a passage, and a window over several candidates.
        if any(low <= passage.start and passage.end <= high for low, high in seen[passage.document]):
            continue
        document = generation.document(passage.document)
        window = max(0, passage.start - len(quote)), min(len(document.text), passage.end + len(quote))
        seen[document.id].append(window)
        stretch = quoted.closest(document.text, window, _edges(generation, document, window))
        if stretch:
            yield document, stretch


def _edges(generation: Generation, document: Document, window: Span) -> frozenset[int]:
    return frozenset(
        passage.start + place
        for passage in generation.passages_of(document.id)
        if passage.start < window[1] and passage.end > window[0]
        for sentence in passage.sentences
        for place in sentence
    )
