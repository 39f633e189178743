"""``/ask``: the question, the answer and its passages."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from qa.conversation.conversation import Conversation
from qa.retrieval.answerer import Answerer
from qa.serving.parts import AnswererPart, SettingsPart, require_json
from qa.serving.problems import described
from qa.serving.schemas import DEFAULT_TOP_K, LARGEST_TOP_K, MOST_EARLIER, AskReply, AskRequest, QuestionText

router = APIRouter(tags=["ask"], responses=described(400, 404, 413, 415, 422, 503))


@router.post("/ask", dependencies=[Depends(require_json)])
def ask(body: AskRequest, answerer: AnswererPart, settings: SettingsPart) -> AskReply:
    """Answer a question with the corpus's own passages and where they stand."""
    return _reply(body, answerer, settings.base_url)


@router.get("/ask")
def ask_by_address(
    answerer: AnswererPart,
    settings: SettingsPart,
    q: Annotated[QuestionText, Query(description="the question, in any language")],
    top_k: Annotated[int, Query(ge=1, le=LARGEST_TOP_K)] = DEFAULT_TOP_K,
    documents: Annotated[list[str] | None, Query(description="ids to search in; repeat it for several")] = None,
    earlier: Annotated[
        list[QuestionText] | None, Query(max_length=MOST_EARLIER, description="what was asked before, in order")
    ] = None,
) -> AskReply:
    """The same as a link."""
    body = AskRequest.model_construct(question=q, top_k=top_k, documents=documents, earlier=earlier)
    return _reply(body, answerer, settings.base_url)


def _reply(body: AskRequest, answerer: Answerer, base_url: str) -> AskReply:
    started = time.perf_counter()
    answer = Conversation(answerer).answer(body.question, body.earlier or (), body.top_k, body.documents)
    took_ms = (time.perf_counter() - started) * 1000
    return AskReply.of(answer, answerer.generation.manifest, base_url, took_ms)
