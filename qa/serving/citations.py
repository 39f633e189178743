"""``/citations`` and ``/passages``: what became of what was cited."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from qa.errors import GonePassageError
from qa.indexing.generation import Generation
from qa.retrieval.quotation import verify
from qa.serving.parts import AnswererPart, SettingsPart, require_json
from qa.serving.problems import described
from qa.serving.schemas import PassageBody, VerifyReply, VerifyRequest, passage_url

router = APIRouter(tags=["citations"])

# What leads somewhere today may lead elsewhere after the next edit.
NOT_KEPT = {"Cache-Control": "no-cache"}


@router.post(
    "/citations/verify", dependencies=[Depends(require_json)], responses=described(400, 404, 413, 415, 422, 503)
)
def verify_citation(body: VerifyRequest, answerer: AnswererPart, settings: SettingsPart) -> VerifyReply:
    """Whether a quote still stands in its document: word for word, elsewhere, in other words, or not at all."""
    generation = answerer.generation
    verdict = verify(generation, body.document, body.quote, body.start)
    citation = generation.citation(verdict.passage) if verdict.passage else None
    return VerifyReply.of(verdict, citation, settings.base_url, _source_changed(generation, body))


def _source_changed(generation: Generation, body: VerifyRequest) -> bool | None:
    if body.source_sha256 is None:
        return None
    if body.document not in generation.documents:
        return True
    return generation.documents.summary(body.document).about.sha256 != body.source_sha256.lower()


@router.get(
    "/passages/{passage_id}",
    response_model=PassageBody,
    responses={308: {"description": "It became another passage"}, **described(404, 410, 503)},
)
def passage(passage_id: str, answerer: AnswererPart, settings: SettingsPart) -> PassageBody | RedirectResponse:
    """A passage by its id; 308 to the one that it became, 410 where it is gone."""
    generation = answerer.generation
    found = generation.now(passage_id)
    if found is None:
        if generation.history.knows_id(passage_id):
            raise GonePassageError(f"the passage {passage_id!r} is gone and nothing took its place")
        found = generation.passage(passage_id)
    if found.id != passage_id:
        return RedirectResponse(passage_url(settings.base_url, found.id), 308, NOT_KEPT)
    return PassageBody.of(found, generation.citation(found), settings.base_url)
