"""``/``: the page to ask on. ``/ask`` answers with it too where a browser asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from qa.conversation.conversation import Conversation
from qa.errors import GonePassageError, QAError, UnknownDocumentError, UnknownPassageError
from qa.indexing.generation import Generation
from qa.language.cleaning import visible
from qa.records import Answer
from qa.serving.chat.speaking import base_url_of
from qa.serving.finding import LONGEST_SOUGHT
from qa.serving.parts import live_of
from qa.serving.problems import NotReadyError, described
from qa.serving.schemas import DEFAULT_TOP_K, LONGEST_QUESTION
from qa.serving.web.examples import Examples
from qa.serving.web.exchange import Exchange
from qa.serving.web.interface import language_of, texts
from qa.serving.web.preference import prefers_page
from qa.serving.web.templates import page

# A form without a script carries them on in its address, which may not become too long.
_CARRIED = 3
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route that answers browsers with pages: what goes wrong on it they are told on one."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                reply = await handle(request)
            except (RequestValidationError, HTTPException, QAError) as error:
                if not prefers_page(request):
                    raise
                return await _failure_page(request, error)
            if "Accept" not in reply.headers.get("vary", "").split(", "):
                reply.headers.add_vary_header("Accept")
            return reply

        return told


router = APIRouter(tags=["ask"], responses=described(422, 503), route_class=PageRoute)


@router.get("/", response_class=HTMLResponse)
def asking(
    request: Request,
    q: Annotated[str, Query(max_length=LONGEST_QUESTION, description="a question to answer at once")] = "",
    find: Annotated[str, Query(max_length=LONGEST_SOUGHT, description="words of documents' titles to list")] = "",
) -> Response:
    """The page to ask on."""
    if not visible(q):
        return _page(request, sought=visible(find))
    answerer = live_of(request).answerer()
    return answer_page(request, Conversation(answerer).answer(q, (), DEFAULT_TOP_K), answerer.generation)


def answer_page(request: Request, answer: Answer, generation: Generation, earlier: Sequence[str] = ()) -> Response:
    """The page with a question and its answer; ``earlier`` are the questions before it."""
    exchange = Exchange.of(answer, generation, base_url_of(request, request.app.state.settings))
    return _page(request, exchange=exchange, earlier=[*earlier, answer.question][-_CARRIED:])


def _page(
    request: Request,
    *,
    exchange: Exchange | None = None,
    earlier: Sequence[str] = (),
    problem: str = "",
    asked: str = "",
    sought: str = "",
    status: int = 200,
) -> Response:
    try:
        answerer = live_of(request).answerer()
        examples = None if exchange or problem else Examples.of(answerer, language_of(request), sought)
    except NotReadyError:
        examples = None
    context: dict[str, object] = {
        "exchange": exchange,
        "earlier": earlier,
        "problem": problem,
        "asked": asked,
        "examples": examples,
        "longest": LONGEST_QUESTION,
        "origin": base_url_of(request, request.app.state.settings),
    }
    return page("asking", request, context, status=status)


async def _failure_page(request: Request, error: Exception) -> Response:
    """The page with what went wrong in place of an answer; what was asked stays in its box."""
    kind = next(one for one in (RequestValidationError, HTTPException, QAError) if isinstance(error, one))
    problem = request.app.exception_handlers[kind](request, error)
    if problem.status_code >= 500 and not isinstance(error, NotReadyError):
        raise error
    asked = request.query_params.get("q", "")
    message = _told(error, request, texts("asking", language_of(request)))
    reply = _page(
        request,
        problem=message or json.loads(problem.body)["detail"],
        asked=asked[:LONGEST_QUESTION],
        status=problem.status_code,
    )
    if "retry-after" in problem.headers:
        reply.headers["Retry-After"] = problem.headers["retry-after"]
    return reply


def _told(error: Exception, request: Request, said: Mapping[str, str]) -> str | None:
    """What a reader may have to do with, in their language; None for what only a program gets wrong."""
    if isinstance(error, NotReadyError):
        return said["not_ready"]
    if isinstance(error, (GonePassageError, UnknownDocumentError, UnknownPassageError)):
        # Which documents to search in is named by programs alone, and by its id.
        return None if "documents" in request.query_params else said["no_place"]
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    for fault in faults:
        if fault["loc"][-1] in ("q", "question"):
            return said["too_long" if fault["type"] == "string_too_long" else "empty"]
    return None
