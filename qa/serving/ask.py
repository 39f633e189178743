"""``/ask``: the question, the answer and its passages."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from qa.conversation.conversation import Conversation
from qa.retrieval.answerer import Answerer
from qa.serving.listening import UnansweredPart
from qa.serving.parts import AnswererPart, SettingsPart, require_json
from qa.serving.problems import described
from qa.serving.schemas import DEFAULT_TOP_K, LARGEST_TOP_K, MOST_EARLIER, AskReply, AskRequest, QuestionText
from qa.serving.unanswered import Unanswered
from qa.serving.web.asking import PageRoute, answer_page
from qa.serving.web.preference import prefers_page

router = APIRouter(tags=["ask"], responses=described(400, 404, 413, 415, 422, 503), route_class=PageRoute)
_OR_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}


@router.post("/ask", dependencies=[Depends(require_json)], response_model=AskReply, responses=_OR_PAGE)
def ask(
    body: AskRequest, request: Request, answerer: AnswererPart, unanswered: UnansweredPart, settings: SettingsPart
) -> AskReply | Response:
    """Answer a question with the corpus's own passages and where they stand; as a page where a browser asks."""
    return _reply(body, request, answerer, unanswered, settings.base_url)


@router.get("/ask", response_model=AskReply, responses=_OR_PAGE)
def ask_by_address(
    request: Request,
    answerer: AnswererPart,
    unanswered: UnansweredPart,
    settings: SettingsPart,
    q: Annotated[QuestionText, Query(description="the question, in any language")],
    top_k: Annotated[int, Query(ge=1, le=LARGEST_TOP_K)] = DEFAULT_TOP_K,
    documents: Annotated[list[str] | None, Query(description="ids to search in; repeat it for several")] = None,
    earlier: Annotated[
        list[QuestionText] | None, Query(max_length=MOST_EARLIER, description="what was asked before, in order")
    ] = None,
) -> AskReply | Response:
    """The same as a link."""
    body = AskRequest.model_construct(question=q, top_k=top_k, documents=documents, earlier=earlier)
    return _reply(body, request, answerer, unanswered, settings.base_url)


def _reply(
    body: AskRequest, request: Request, answerer: Answerer, unanswered: Unanswered, base_url: str
) -> AskReply | Response:
    started = time.perf_counter()
    answer = Conversation(answerer).answer(body.question, body.earlier or (), body.top_k, body.documents)
    unanswered.note(answer)
    took_ms = (time.perf_counter() - started) * 1000
    if prefers_page(request):
        return answer_page(request, answer, answerer.generation, body.earlier or ())
    return AskReply.of(answer, answerer.generation.manifest, base_url, took_ms)
