"""``/read/{id}``: the essay as a page whose anchors are the citations'."""

from __future__ import annotations

import gzip
import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from qa import __version__
from qa.errors import GonePassageError, UnknownPassageError
from qa.indexing.generation import Generation
from qa.records import Document
from qa.serving.citations import NOT_KEPT
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.problems import described
from qa.serving.schemas import reading_url
from qa.serving.web.article import contents_of, parts_of
from qa.serving.web.asking import PageRoute
from qa.serving.web.assets import asset_url
from qa.serving.web.interface import language_of
from qa.serving.web.marking import asked_span
from qa.serving.web.preference import takes_gzip
from qa.serving.web.templates import page
from qa.settings import Settings

router = APIRouter(tags=["reading"], responses=described(404, 503), route_class=PageRoute)

# What is not a number, or is out of range, marks nothing: the essay can be read all the same.
_Start = Annotated[str | None, Query(description="the first character to mark, of the document's text")]
_End = Annotated[str | None, Query(description="the character after the last one to mark")]
_Source = Annotated[
    str | None,
    Query(description="the source's SHA-256, or its first 8 digits or more: of another one nothing is marked"),
]
_VARY = "Accept-Language, Cookie, Accept, Accept-Encoding"
# From so many passages on a browser does better not to lay out all of them at first.
_LONG = 400
# More takes twice the time and saves a tenth.
_COMPRESSION = 4


# The longer address comes first: an id may hold slashes.
@router.get(
    "/read/{document_id:path}/at/{place}",
    status_code=308,
    response_class=RedirectResponse,
    responses={308: {"description": "Where it stands now, on the reading page"}, **described(410)},
)
def read_at(document_id: str, place: str, request: Request, answerer: AnswererPart, settings: SettingsPart) -> Response:
    """Where an anchor or a passage's id of a document, of now or of before, stands now; 410 where it is gone."""
    generation = answerer.generation
    if f"{document_id}/at/{place}" in generation.documents:  # an id may read like this address
        asked = (request.query_params.get(name) for name in ("start", "end", "source"))
        return read(f"{document_id}/at/{place}", request, answerer, settings, *asked)
    document, anchor = _standing(generation, document_id, place)
    return RedirectResponse(reading_url(settings.base_url, document, anchor), 308, NOT_KEPT)


def _standing(generation: Generation, document_id: str, place: str) -> tuple[str, str]:
    """The document and the anchor that a place leads to."""
    history = generation.history
    if not history.knows_document(document_id):
        generation.document(document_id)
    live = generation.documents.get(document_id)
    if live and any(section.anchor == place for section in live.sections):
        return document_id, place
    found = generation.passage_at(document_id, place) or generation.now(place)
    if found is not None:
        return found.document, found.anchor
    if history.knows_anchor(document_id, place) or history.knows_id(place):
        raise GonePassageError(f"what stood at {place!r} in {document_id!r} is gone and nothing took its place")
    raise UnknownPassageError(f"{document_id!r} has no place {place!r}; GET /read/{document_id} shows the document")


@router.get(
    "/read/{document_id:path}",
    response_class=HTMLResponse,
    responses={
        304: {"description": "Unchanged"},
        308: {"description": "The document that most of it is in now"},
        **described(410),
    },
)
def read(
    document_id: str,
    request: Request,
    answerer: AnswererPart,
    settings: SettingsPart,
    start: _Start = None,
    end: _End = None,
    source: _Source = None,
) -> Response:
    """The essay; ``#s4.2`` scrolls to a passage and marks it, ``start`` and ``end`` mark a stretch of the text."""
    generation = answerer.generation
    if document_id not in generation.documents and generation.history.knows_document(document_id):
        return _renamed(generation, document_id, settings)
    document = generation.document(document_id)
    tag = _tag(document, generation, request)
    # The reply to a choice of language also keeps it.
    if "lang" not in request.query_params and tag in _known(request):
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "no-cache", "Vary": _VARY})
    passages = generation.passages_of(document_id)
    context = {
        "document": document,
        "generation": generation.id,
        "parts": parts_of(document, passages, asked_span(document, start, end, source)),
        "contents": contents_of(document, passages),
        "long": len(passages) > _LONG,
    }
    reply = page("reading", request, context)
    reply.headers["ETag"], reply.headers["Vary"] = tag, _VARY
    return _compressed(reply, request)


def _tag(document: Document, generation: Generation, request: Request) -> str:
    """A page changes with the text, with what the index makes of it, with its language and with this program."""
    made_of = (document.sha256, generation.id, language_of(request), __version__, asset_url("reading.css"))
    return f'W/"{hashlib.sha256(" ".join(made_of).encode()).hexdigest()[:32]}"'


def _known(request: Request) -> set[str]:
    return {one.strip() for one in request.headers.get("if-none-match", "").split(",")}


def _compressed(reply: Response, request: Request) -> Response:
    """The reply in a quarter of the bytes, if the browser can read that."""
    if takes_gzip(request):
        reply.body = gzip.compress(reply.body, _COMPRESSION, mtime=0)
        reply.headers["Content-Encoding"], reply.headers["Content-Length"] = "gzip", str(len(reply.body))
    return reply


def _renamed(generation: Generation, document_id: str, settings: Settings) -> Response:
    """To where its passages are now; a browser keeps the ``#…`` of the address that it had."""
    successor = generation.successor(document_id)
    if successor is None:
        raise GonePassageError(f"the document {document_id!r} is gone and nothing took its place")
    return RedirectResponse(reading_url(settings.base_url, successor, "").rstrip("#"), 308, NOT_KEPT)
