"""The bodies of requests and replies, as the public interface fixes them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field

from qa.indexing.manifest import Manifest
from qa.language.cleaning import visible
from qa.records import Answer, AnswerSpan, Citation, Hit, Metadata, Passage, Scalar
from qa.retrieval.quotation import Status, Verdict
from qa.retrieval.selection import Selection
from qa.serving.asked_filters import filter_of
from qa.serving.explanation import Explanation

LONGEST_QUESTION = 1000
LONGEST_QUOTE = 5000
LARGEST_TOP_K = 50
DEFAULT_TOP_K = 5
MOST_EARLIER = 20


def _not_blank(value: str) -> str:
    if not visible(value):
        raise ValueError("it has no visible character; write a question")
    return value


_OF_CITATION = tuple(field.name for field in fields(Citation))

NOTHING_SELECTED = "no document meets the filters; GET /documents tells what each says of itself"


def _readable(filters: dict[str, Any] | None) -> dict[str, Any] | None:
    if filters is not None:
        filter_of(filters)
    return filters


QuestionText = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION), AfterValidator(_not_blank)]


class AskRequest(BaseModel):
    question: QuestionText = Field(description="in any language", examples=["When did Kazakhstan join the UN?"])
    top_k: int = Field(DEFAULT_TOP_K, ge=1, le=LARGEST_TOP_K, strict=True, description="how many passages to return")
    documents: list[str] | None = Field(
        None,
        max_length=1000,
        description="ids to search in, and folders by their names with a slash at the end; none or empty: all",
    )
    filters: Annotated[dict[str, Any] | None, AfterValidator(_readable)] = Field(
        None,
        description="what documents' metadata must be: `{field: value}`, `{field: [either, or]}` or "
        "`{field: {operator: value}}`, with eq, ne, in, nin, gt, gte, lt, lte, "
        "contains, starts and exists; all fields must hold",
        examples=[{"author": "Abai", "date": {"gte": "1990", "lt": "2000"}, "language": ["kk", "ru"]}],
    )
    earlier: list[QuestionText] | None = Field(
        None, max_length=MOST_EARLIER, description="what was asked before, in order: a question may go on from it"
    )

    def selection(self) -> Selection:
        """Where to search."""
        return Selection(tuple(self.documents or ()), filter_of(self.filters) if self.filters else None)


class SpanBody(BaseModel):
    start: int
    end: int


class CitationBody(BaseModel):
    document: str
    title: str
    section: str | None
    heading: str | None
    item: str | None
    path: list[str]
    label: str
    start: int
    end: int
    line_start: int
    line_end: int
    source_sha256: str
    anchor: str
    page: int | None = Field(description="the page where it begins, counted from 1; null in a format without pages")
    page_end: int | None = Field(description="the page where it ends")
    url: str
    author: str | None = Field(description="who wrote the document, several joined by semicolons, if its metadata say")
    date: str | None = Field(description="of the document: a date, a month or a year of ISO 8601")
    source_url: str | None = Field(
        description="the place on the author's own page, by a text fragment; null where the metadata name no page"
    )

    @classmethod
    def of(cls, citation: Citation, base_url: str) -> CitationBody:
        own = {name: getattr(citation, name) for name in _OF_CITATION}
        return cls(**own, url=reading_url(base_url, citation.document, citation.anchor))


class PassageBody(BaseModel):
    id: str
    text: str
    kind: str = Field(description="paragraph, item, row, quote, code or footnote")
    context: str | None = Field(
        description="words from elsewhere that the passage needs: a table's header, what introduces a list"
    )
    citation: CitationBody

    @classmethod
    def of(cls, passage: Passage, citation: Citation, base_url: str) -> PassageBody:
        return cls(**_of_passage(passage, citation, base_url))


def _of_passage(passage: Passage, citation: Citation, base_url: str) -> dict[str, Any]:
    return {
        "id": passage.id,
        "text": passage.text,
        "kind": passage.kind,
        "context": passage.context,
        "citation": CitationBody.of(citation, base_url),
    }


class HitBody(PassageBody):
    score: float
    highlights: list[SpanBody]
    duplicates: list[CitationBody] = Field(
        default=[],
        exclude_if=lambda value: not value,
        description="where other documents have the same passage, or nearly the same; left out where none has",
    )

    @classmethod
    def of_hit(cls, hit: Hit, base_url: str) -> HitBody:
        return cls(
            **_of_passage(hit.passage, hit.citation, base_url),
            score=round(hit.score, 4),
            highlights=[SpanBody(start=start, end=end) for start, end in hit.highlights],
            duplicates=[CitationBody.of(one, base_url) for one in hit.duplicates],
        )


class AnswerSpanBody(BaseModel):
    text: str
    passage: int
    start: int
    end: int

    @classmethod
    def of(cls, span: AnswerSpan) -> AnswerSpanBody:
        return cls(text=span.text, passage=span.passage, start=span.start, end=span.end)


class IndexBody(BaseModel):
    generation: str
    built_at: str
    model: str


class AskReply(BaseModel):
    question: str
    interpreted_as: str
    language: str | None
    answerable: bool
    confidence: float
    answer: AnswerSpanBody | None
    passages: list[HitBody]
    index: IndexBody
    took_ms: float
    notice: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="only where nothing was searched, since no document meets the filters",
    )
    explain: Explanation | None = Field(
        default=None, exclude_if=lambda value: value is None, description="only where it was asked for"
    )

    @classmethod
    def of(cls, answer: Answer, manifest: Manifest, base_url: str, took_ms: float) -> AskReply:
        span = answer.span
        return cls(
            question=answer.question,
            interpreted_as=answer.interpreted_as,
            language=answer.language,
            answerable=answer.answerable,
            confidence=round(answer.confidence, 4),
            answer=AnswerSpanBody.of(span) if span else None,
            passages=[HitBody.of_hit(hit, base_url) for hit in answer.hits],
            index=IndexBody(generation=manifest.generation, built_at=manifest.built_at, model=manifest.model.name),
            took_ms=round(took_ms, 2),
            notice=None if answer.hits else NOTHING_SELECTED,
        )


class MetadataBody(BaseModel):
    """What a document says of itself; filters of ``/ask`` name it by these names."""

    author: list[str]
    date: str | None = Field(description="a date, a month or a year of ISO 8601")
    url: str | None = Field(description="the author's own page")
    language: str | None = Field(description="as it was stated; what counts is the document's `language`")
    tags: list[str]
    fields: dict[str, Scalar] = Field(description="any others, by their names in small letters")

    @classmethod
    def of(cls, metadata: Metadata) -> MetadataBody:
        return cls(
            author=list(metadata.authors),
            date=metadata.date,
            url=metadata.url,
            language=metadata.language,
            tags=list(metadata.tags),
            fields=dict(metadata.fields),
        )


class DocumentSummary(BaseModel):
    id: str
    title: str
    name: str
    language: str | None
    characters: int
    sections: int
    passages: int
    source_sha256: str
    url: str
    metadata: MetadataBody


class DocumentList(BaseModel):
    documents: list[DocumentSummary]
    total: int = Field(description="how many documents there are, or fit q")
    next: str | None = Field(description="the address of the next page; null on the last one")


class SectionBody(BaseModel):
    number: str | None
    heading: str | None
    level: int
    path: list[str]
    anchor: str
    start: int
    end: int
    line: int
    passages: list[str] = Field(description="the ids of the passages directly under the heading")


class DroppedBody(BaseModel):
    start: int
    end: int
    line_start: int
    line_end: int
    reason: str


class DocumentOutline(DocumentSummary):
    encoding: str
    outline: list[SectionBody]
    dropped: list[DroppedBody] = Field(description="what is not essay text, and why")
    warnings: list[str] = Field(description="what of the metadata was left out, and why")


class PassageList(BaseModel):
    document: str
    passages: list[PassageBody]
    total: int = Field(description="how many passages the document has")
    next: str | None = Field(description="the address of the next page; null on the last one")


def _quotable(value: str) -> str:
    if not visible(value):
        raise ValueError("it has no visible character; quote some text")
    return value


class VerifyRequest(BaseModel):
    document: str = Field(description="the id of the document that was quoted")
    quote: Annotated[str, Field(min_length=1, max_length=LONGEST_QUOTE), AfterValidator(_quotable)]
    start: int | None = Field(None, ge=0, strict=True, description="where the quote stood, in characters")
    source_sha256: str | None = Field(
        None, pattern="^[0-9a-fA-F]{64}$", description="the hash of the source that was quoted"
    )


class RewordingBody(BaseModel):
    quoted: str
    now: str


class VerifyReply(BaseModel):
    status: Status
    citation: CitationBody | None = Field(description="of the passage that holds the stretch, or most of it")
    document: str | None = Field(description="where the stretch stands")
    start: int | None = Field(description="of the stretch in the document's text")
    end: int | None
    text: str | None = Field(description="what a changed quote reads now, verbatim")
    differences: list[RewordingBody] = Field(description="the words that differ; none where only spacing does")
    source_changed: bool | None = Field(
        description="whether the document has another hash now; null where none was sent"
    )

    @classmethod
    def of(cls, verdict: Verdict, citation: Citation | None, base_url: str, source_changed: bool | None) -> VerifyReply:
        return cls(
            status=verdict.status,
            citation=CitationBody.of(citation, base_url) if citation else None,
            document=verdict.document.id if verdict.document else None,
            start=verdict.start,
            end=verdict.end,
            text=verdict.text,
            differences=[RewordingBody(**asdict(one)) for one in verdict.rewordings],
            source_changed=source_changed,
        )


def reading_url(base_url: str, document: str, anchor: str) -> str:
    """The address of a passage on the reading page."""
    return f"{base_url}/read/{quote(document)}#{quote(anchor)}"


def passage_url(base_url: str, id_: str) -> str:
    """The address of a passage by itself."""
    return f"{base_url}/passages/{quote(id_, safe='')}"
