"""``/retrieval``: Dify's external knowledge, passages for its own models to speak from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, Field

from qa.indexing.generation import Generation
from qa.records import Citation, Hit, Passage, Scalar
from qa.retrieval.filters import Own
from qa.serving.chat.metadata_conditions import MetadataCondition
from qa.serving.chat.nearest import FREE_FIELDS, nearest_where, told_of_document
from qa.serving.chat.speaking import MODEL, ProtocolError, Speaker, SpeakerPart, title_of
from qa.serving.parts import require_json_if_any
from qa.serving.schemas import DEFAULT_TOP_K, LARGEST_TOP_K, QuestionText

router = APIRouter(tags=["chat"])

# The knowledge that holds all documents.
EVERYTHING = MODEL
# What Dify calls these errors.
_BAD_HEADER, _NO_SUCH_KNOWLEDGE = "1001", "2001"


class MetadataBody(BaseModel):
    """What a record tells of its passage besides the text; conditions may name each field."""

    id: str
    document: str
    title: str
    section: str | None
    heading: str | None
    item: str | None
    label: str
    kind: str
    url: str
    anchor: str
    start: int
    end: int
    line_start: int
    line_end: int
    page: int | None
    page_end: int | None
    source_sha256: str
    built_at: str = Field(description="when the index was built")
    author: str | None
    date: str | None
    source_url: str | None
    language: str | None
    tags: list[str]
    fields: dict[str, Scalar] = Field(description=f"the document's other metadata, in conditions {FREE_FIELDS}NAME")

    @classmethod
    def of(cls, passage: Passage, citation: Citation, speaker: Speaker) -> MetadataBody:
        generation = speaker.answerer.generation
        document = generation.summary(passage.document).about
        return cls(
            **asdict(citation),
            id=passage.id,
            kind=passage.kind,
            url=speaker.url_of(citation),
            built_at=generation.manifest.built_at,
            language=document.language,
            tags=list(document.metadata.tags),
            fields=dict(document.metadata.fields),
        )


def _of_known_fields(condition: MetadataCondition | None) -> MetadataCondition | None:
    fields = [name for name in MetadataBody.model_fields if name != "fields"]
    conditions = condition.conditions or () if condition else ()
    named = [name for one in conditions for name in one.name if not name.startswith(FREE_FIELDS)]
    unknown = [name for name in named if name not in fields]
    if unknown:
        raise ValueError(f"there is no field {unknown[0][:80]!r}; there are {', '.join(fields)}, {FREE_FIELDS}…")
    return condition


class RetrievalSetting(BaseModel):
    top_k: Annotated[int, Field(ge=1, le=LARGEST_TOP_K, strict=True)] | None = None
    score_threshold: Annotated[float, Field(ge=0, le=1, strict=True)] | None = None


class RetrievalRequest(BaseModel):
    knowledge_id: str = Field(description=f"`{EVERYTHING}` for all documents, or the id of one")
    query: QuestionText
    retrieval_setting: RetrievalSetting | None = None
    metadata_condition: Annotated[MetadataCondition | None, AfterValidator(_of_known_fields)] = None


class RecordBody(BaseModel):
    content: str
    score: float
    title: str
    metadata: MetadataBody


class RetrievalReply(BaseModel):
    records: list[RecordBody]


def require_bearer_if_any(request: Request) -> None:
    """Where there is an Authorization header, refuse one that holds no bearer; there are no keys to compare it with."""
    sent = request.headers.get("authorization")
    if sent is None:
        return
    scheme, _, key = sent.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise ProtocolError(403, "the header Authorization must be: Bearer, a space and a key", _BAD_HEADER)


# Dify tries an endpoint that is registered by a POST with no body and no Content-Type.
@router.post("/retrieval", dependencies=[Depends(require_bearer_if_any), Depends(require_json_if_any)])
def retrieval(body: RetrievalRequest, speaker: SpeakerPart) -> RetrievalReply:
    """The passages nearest to a query, as Dify asks for external knowledge."""
    documents = _documents(body.knowledge_id, speaker.answerer.generation)
    setting = body.retrieval_setting or RetrievalSetting()
    top_k, lowest = setting.top_k or DEFAULT_TOP_K, setting.score_threshold or 0
    hits = _nearest(speaker, body.query, top_k, documents, body.metadata_condition)
    records = [_record(hit, speaker) for hit in hits]
    return RetrievalReply(records=[record for record in records if record.score >= lowest])


def _documents(knowledge_id: str, generation: Generation) -> list[str] | None:
    """The ids to search in, None for all."""
    if knowledge_id == EVERYTHING:
        return None
    if knowledge_id not in generation.documents:
        detail = f"there is no knowledge {knowledge_id[:80]!r}; name {EVERYTHING}, or an id that /documents lists"
        raise ProtocolError(404, detail, _NO_SUCH_KNOWLEDGE)
    return [knowledge_id]


def _nearest(
    speaker: Speaker, query: str, top_k: int, documents: Sequence[str] | None, condition: MetadataCondition | None
) -> Sequence[Hit]:
    """The best ``top_k`` passages, of those that meet the condition."""
    wanted = condition.filter() if condition else None
    if wanted is None:
        return speaker.listening.answer(query, top_k, documents).hits
    answerer = speaker.answerer

    def told(passage: Passage, citation: Citation) -> dict[str, Own]:
        return {**MetadataBody.of(passage, citation, speaker).model_dump(), **told_of_document(answerer, passage)}

    return nearest_where(answerer, [query], top_k, documents, wanted, told)[0]


def _record(hit: Hit, speaker: Speaker) -> RecordBody:
    return RecordBody(
        content=hit.passage.text,
        score=round(hit.score, 4),
        title=title_of(hit.citation),
        metadata=MetadataBody.of(hit.passage, hit.citation, speaker),
    )
