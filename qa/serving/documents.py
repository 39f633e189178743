"""``/documents``: what the live index holds, as it was read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from qa.indexing.documents import Summary
from qa.indexing.generation import Generation
from qa.records import Document
from qa.serving.finding import LONGEST_SOUGHT, documents_named
from qa.serving.paging import LARGEST_PAGE, Offset, next_page
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.problems import described
from qa.serving.schemas import (
    DocumentList,
    DocumentOutline,
    DocumentSummary,
    DroppedBody,
    MetadataBody,
    PassageBody,
    PassageList,
    SectionBody,
    reading_url,
)

router = APIRouter(prefix="/documents", tags=["documents"], responses=described(404, 503))


@router.get("")
def documents(
    request: Request,
    response: Response,
    answerer: AnswererPart,
    settings: SettingsPart,
    q: Annotated[str, Query(max_length=LONGEST_SOUGHT, description="words that the title or the id must hold")] = "",
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> DocumentList:
    """The documents of the live index, a page at a time, in the order of their files' names."""
    generation = answerer.generation
    shown, total = documents_named(generation, q, offset, limit)
    return DocumentList(
        documents=[_summary(generation, one, settings.base_url) for one in shown],
        total=total,
        next=next_page(request, response, offset, limit, total),
    )


# The longer addresses come first: an id may hold slashes.
@router.get("/{document_id:path}/text", response_class=PlainTextResponse, responses={304: {"description": "Unchanged"}})
def text(document_id: str, request: Request, answerer: AnswererPart) -> Response:
    """The text that all offsets refer to, in Unicode characters."""
    document = answerer.generation.document(document_id)
    tag = _etag(document)
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": tag})
    return PlainTextResponse(document.text, headers={"ETag": tag})


@router.get("/{document_id:path}/passages")
def passages(
    document_id: str,
    request: Request,
    response: Response,
    answerer: AnswererPart,
    settings: SettingsPart,
    offset: Offset = 0,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = LARGEST_PAGE,
) -> PassageList:
    """The passages of a document, in its order; a page at a time where there are more than a thousand."""
    generation = answerer.generation
    positions = generation.positions([document_id])
    shown = [generation.passages[position] for position in positions[offset : offset + limit].tolist()]
    return PassageList(
        document=document_id,
        passages=[PassageBody.of(passage, generation.citation(passage), settings.base_url) for passage in shown],
        total=len(positions),
        next=next_page(request, response, offset, limit, len(positions)),
    )


@router.get("/{document_id:path}")
def outline(document_id: str, response: Response, answerer: AnswererPart, settings: SettingsPart) -> DocumentOutline:
    """How a document was understood: its sections, and what was dropped and why."""
    generation = answerer.generation
    document = generation.document(document_id)
    response.headers["ETag"] = _etag(document)
    own = generation.passages_of(document_id)
    return DocumentOutline(
        **_summary(generation, Summary.of(document), settings.base_url).model_dump(),
        encoding=document.encoding,
        outline=[
            SectionBody(
                **asdict(section), passages=[passage.id for passage in own if passage.section_anchor == section.anchor]
            )
            for section in document.sections
        ],
        dropped=[DroppedBody(**asdict(part)) for part in document.dropped],
        warnings=list(document.warnings),
    )


def _etag(document: Document) -> str:
    return f'"{document.sha256}"'


def _summary(generation: Generation, summary: Summary, base_url: str) -> DocumentSummary:
    document = summary.about
    return DocumentSummary(
        id=document.id,
        title=document.title,
        name=document.name,
        language=document.language,
        characters=summary.characters,
        sections=summary.sections,
        passages=len(generation.passages.of(document.id)),
        source_sha256=document.sha256,
        url=reading_url(base_url, document.id, "").rstrip("#"),
        metadata=MetadataBody.of(document.metadata),
    )
