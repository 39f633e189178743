"""``/ask``: the question, the answer and its passages."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from qa.conversation.conversation import Conversation
from qa.retrieval.trace import current
from qa.serving.asked_filters import filter_of, filters_in
from qa.serving.explanation import Explanation
from qa.serving.parts import answering, require_json
from qa.serving.problems import described
from qa.serving.schemas import DEFAULT_TOP_K, LARGEST_TOP_K, MOST_EARLIER, AskReply, AskRequest, QuestionText
from qa.serving.web.asking import PageRoute, answer_page
from qa.serving.web.preference import prefers_page

Explain = Annotated[bool, Query(description="tell where the time went, as `explain` in the reply")]

router = APIRouter(tags=["ask"], responses=described(400, 404, 413, 415, 422, 503), route_class=PageRoute)
_OR_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}}}


@router.post("/ask", dependencies=[Depends(require_json)], response_model=AskReply, responses=_OR_PAGE)
def ask(body: AskRequest, request: Request, explain: Explain = False) -> Response:
    """Answer a question with the corpus's own passages and where they stand; as a page where a browser asks."""
    return _reply(body, request, explain=explain)


@router.get("/ask", response_model=AskReply, responses=_OR_PAGE)
def ask_by_address(
    request: Request,
    q: Annotated[QuestionText, Query(description="the question, in any language")],
    top_k: Annotated[int, Query(ge=1, le=LARGEST_TOP_K)] = DEFAULT_TOP_K,
    documents: Annotated[
        list[str] | None, Query(description="ids to search in, and folders/ as well; repeat it for several")
    ] = None,
    earlier: Annotated[
        list[QuestionText] | None, Query(max_length=MOST_EARLIER, description="what was asked before, in order")
    ] = None,
    explain: Explain = False,
) -> Response:
    """The same as a link; filters as in `filter.author=Abai&filter.date.gte=1990`."""
    filters = _filters(request)
    body = AskRequest.model_construct(question=q, top_k=top_k, documents=documents, filters=filters, earlier=earlier)
    return _reply(body, request, explain=explain)


def _filters(request: Request) -> dict[str, Any] | None:
    found = filters_in(request.query_params.multi_items())
    try:
        filter_of(found)
    except ValueError as error:
        fault = {"type": "value_error", "loc": ("query", "filters"), "msg": str(error), "input": found}
        raise RequestValidationError([fault]) from None
    return found or None


def _reply(body: AskRequest, request: Request, *, explain: bool) -> Response:
    # By hand and not as dependencies: FastAPI takes as long for three of them as for the search.
    parts = request.app.state
    answerer = answering(request)
    started = time.perf_counter_ns()
    answer = Conversation(answerer).answer(body.question, body.earlier or (), body.top_k, body.selection())
    if answer.hits:  # else nothing was searched
        parts.unanswered.note(answer)
    took_ms = (time.perf_counter_ns() - started) / 1e6
    if prefers_page(request):
        return answer_page(request, answer, answerer.generation, body.earlier or ())
    reply = AskReply.of(answer, answerer.generation.manifest, parts.settings.base_url, took_ms)
    content = reply.model_dump_json()
    if explain and (trace := current()):
        reply.explain = Explanation.of(trace, started, time.perf_counter_ns())
        content = reply.model_dump_json()
    # FastAPI would check the reply once more, and in another thread.
    return Response(content, media_type="application/json")
