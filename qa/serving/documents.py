"""``/documents``: what the live index holds, as it was read."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from qa.indexing.generation import Generation
from qa.records import Document
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.problems import described
from qa.serving.schemas import (
    DocumentList,
    DocumentOutline,
    DocumentSummary,
    DroppedBody,
    PassageBody,
    PassageList,
    SectionBody,
    reading_url,
)

router = APIRouter(prefix="/documents", tags=["documents"], responses=described(404, 503))


@router.get("")
def documents(answerer: AnswererPart, settings: SettingsPart) -> DocumentList:
    """All documents of the live index."""
    generation = answerer.generation
    return DocumentList(
        documents=[_summary(generation, document, settings.base_url) for document in generation.documents.values()]
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
def passages(document_id: str, answerer: AnswererPart, settings: SettingsPart) -> PassageList:
    """The passages of a document, in its order."""
    generation = answerer.generation
    found = generation.passages_of(document_id)
    return PassageList(
        document=document_id,
        passages=[PassageBody.of(passage, generation.citation(passage), settings.base_url) for passage in found],
    )


@router.get("/{document_id:path}")
def outline(document_id: str, response: Response, answerer: AnswererPart, settings: SettingsPart) -> DocumentOutline:
    """How a document was understood: its sections, and what was dropped and why."""
    generation = answerer.generation
    document = generation.document(document_id)
    response.headers["ETag"] = _etag(document)
    own = generation.passages_of(document_id)
    return DocumentOutline(
        **_summary(generation, document, settings.base_url).model_dump(),
        encoding=document.encoding,
        outline=[
            SectionBody(
                **asdict(section), passages=[passage.id for passage in own if passage.section_anchor == section.anchor]
            )
            for section in document.sections
        ],
        dropped=[DroppedBody(**asdict(part)) for part in document.dropped],
    )


def _etag(document: Document) -> str:
    return f'"{document.sha256}"'


def _summary(generation: Generation, document: Document, base_url: str) -> DocumentSummary:
    return DocumentSummary(
        id=document.id,
        title=document.title,
        name=document.name,
        language=document.language,
        characters=len(document.text),
        sections=sum(1 for section in document.sections if section.level),
        passages=len(generation.positions([document.id])),
        source_sha256=document.sha256,
        url=reading_url(base_url, document.id, "").rstrip("#"),
    )
