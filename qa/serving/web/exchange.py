"""A question and its answer as a page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode

from qa.indexing.generation import Generation
from qa.records import Answer, Citation, Hit, Span
from qa.serving.web.citation_forms import CitationForms

Certainty = Literal["sure", "likely", "unsure"]
# Of a passage that is only near so much is shown, in characters.
_EXCERPT = 180


class Stretch(NamedTuple):
    """Text of a passage; ``matched``: the question's words match it."""

    text: str
    matched: bool


class Run(NamedTuple):
    """Stretches that follow each other, all in the quoted sentence or all outside."""

    quoted: bool
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A passage, and where its links lead; ``whole`` is false for a passage that is the quotation and no more."""

    title: str
    path: tuple[str, ...]
    href: str
    language: str | None
    kind: str
    context: str | None
    runs: tuple[Run, ...]
    excerpt: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """``read_as`` is None where the question was read as it is written, ``quotation`` where nothing answers it.

    ``alone``: the corpus is one document, so that its title need not stand before each of its sections.

    ``link`` opens the page with the question as it was read: alone, one that goes on from another says too little.
    """

    question: str
    language: str | None
    read_as: str | None
    link: str
    certainty: Certainty
    percent: int
    quotation: str | None
    sources: tuple[Source, ...]
    forms: CitationForms | None
    alone: bool

    @classmethod
    def of(cls, answer: Answer, generation: Generation, base_url: str) -> Exchange:
        """``base_url`` is what absolute addresses begin with."""
        sources = tuple(_source(answer, hit, generation) for hit in answer.hits)
        span = answer.span
        other = answer.interpreted_as.casefold() != answer.question.casefold().strip()
        asked = answer.interpreted_as if other else answer.question
        return cls(
            question=answer.question,
            language=answer.language,
            read_as=answer.interpreted_as if other else None,
            link="/?" + urlencode({"q": asked}, quote_via=quote),
            certainty=_certainty(answer.confidence, generation.manifest.threshold),
            percent=round(100 * answer.confidence),
            quotation=span.text if span else None,
            sources=sources,
            forms=CitationForms.of(span.text, answer.hits[0].citation, base_url + sources[0].href) if span else None,
            alone=len(generation.documents) == 1,
        )


def _certainty(confidence: float, threshold: float) -> Certainty:
    """How far above the threshold, of what there is above it: a third is likely, two are sure."""
    share = (confidence - threshold) / (1 - threshold) if threshold < 1 else 0.0
    if share >= 2 / 3:
        return "sure"
    return "likely" if share >= 1 / 3 else "unsure"


def _source(answer: Answer, hit: Hit, generation: Generation) -> Source:
    passage, citation = hit.passage, hit.citation
    first = answer.span is not None and hit is answer.hits[answer.span.passage]
    span = (answer.span.start, answer.span.end) if answer.span and first else None
    quoted = (span[0] - passage.start, span[1] - passage.start) if span else None
    return Source(
        title=citation.title,
        path=citation.path,
        href=reading_address(citation, span),
        language=generation.language(passage.document),
        kind=passage.kind,
        # As on the reading page: a row without its header says little, and the first has it itself; what introduces a
        # list stands above it.
        context=passage.context if passage.kind == "row" and (passage.context or "") not in passage.text else None,
        runs=runs(passage.text, quoted, hit.highlights),
        excerpt=_excerpt(passage.text),
        whole=quoted is None or passage.text[slice(*quoted)].strip() != passage.text.strip(),
    )


def reading_address(citation: Citation, span: Span | None) -> str:
    """Where the passage stands on the reading page, with ``span`` of the document marked while its text is this one."""
    marked = f"?start={span[0]}&end={span[1]}&source={citation.source_sha256[:12]}" if span else ""
    return f"/read/{quote(citation.document)}{marked}#{quote(citation.anchor)}"


def runs(text: str, quoted: Span | None, matched: Sequence[Span]) -> tuple[Run, ...]:
    """The text cut where the quotation or a matched word begins or ends; all of it in its order."""
    edges = {0, len(text), *(quoted or ()), *(edge for span in matched for edge in span)}
    cut = pairwise(sorted(edge for edge in edges if 0 <= edge <= len(text)))

    def inside(span: Span, spans: Sequence[Span]) -> bool:
        return any(start <= span[0] and span[1] <= end for start, end in spans)

    grouped = groupby(cut, key=lambda span: inside(span, [quoted] if quoted else []))
    return tuple(
        Run(in_quote, tuple(Stretch(text[slice(*span)], inside(span, matched)) for span in spans))
        for in_quote, spans in grouped
    )


def _excerpt(text: str) -> str:
    """A passage's beginning in one line, cut after a word."""
    line = " ".join(text.split())
    if len(line) <= _EXCERPT:
        return line
    end = line.rfind(" ", 0, _EXCERPT)
    return f"{line[: end if end > 0 else _EXCERPT]} …"
