"""``/v1/chat/completions``: OpenAI's chat protocol, and Open WebUI's additions to it."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from qa.conversation.reply import Mark, Piece, Reply, marks
from qa.serving.chat.models import check_model_name
from qa.serving.chat.open_webui import source_events, task_reply
from qa.serving.chat.speaking import (
    DONE,
    OPEN_WEBUI_MODEL,
    SSE_HEADERS,
    Message,
    Speaker,
    SpeakerPart,
    Speech,
    event,
    token_count,
    turns_of,
)
from qa.serving.error_bodies import openai_error
from qa.serving.parts import require_json
from qa.serving.problems import message_of

router = APIRouter(prefix="/v1", tags=["chat"])


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class ChatRequest(BaseModel):
    """What is not named here (temperature, tools, …) is accepted and ignored."""

    model: str
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = False
    stream_options: StreamOptions | None = None


@router.post("/chat/completions", dependencies=[Depends(require_json)], response_model=None)
async def chat_completions(body: ChatRequest, speaker: SpeakerPart) -> Response:
    """Reply to a conversation; the question is the user's last message."""
    check_model_name(body.model)
    completion = _Completion(body, speaker)
    # Nobody waits for a task's reply piece by piece.
    task = None if body.stream else await run_sync(task_reply, body.messages, speaker.answerer)
    if task is not None:
        return JSONResponse(completion.whole([Piece(task)], None))
    speech = await speaker.speak(turns_of(body.messages), numbered=body.model == OPEN_WEBUI_MODEL)
    if body.stream:
        return StreamingResponse(completion.events(speech), media_type="text/event-stream", headers=SSE_HEADERS)
    return JSONResponse(completion.whole([piece async for piece in speech.pieces], speech.reply))


class _Completion:
    """One reply in the forms of the protocol."""

    def __init__(self, body: ChatRequest, speaker: Speaker) -> None:
        self._body, self._speaker = body, speaker
        self._common = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": body.model}

    def whole(self, pieces: list[Piece], reply: Reply | None) -> dict[str, Any]:
        text = "".join(piece.text for piece in pieces)
        message = {
            "role": "assistant",
            "content": text,
            "refusal": None,
            "annotations": [self._annotation(mark, reply) for mark in marks(pieces)] if reply else [],
        }
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **self._common,
            "object": "chat.completion",
            "choices": [choice],
            "usage": self._usage(text),
        }

    async def events(self, speech: Speech) -> AsyncIterator[str]:
        yield self._chunk({"role": "assistant", "content": ""})
        pieces: list[Piece] = []
        try:
            if self._open_webui:
                for source in source_events(speech.reply, self._speaker):
                    yield event({**self._common, "object": "chat.completion.chunk", "choices": [], "event": source})
            async for piece in speech.pieces:
                pieces.append(piece)
                yield self._chunk({"content": piece.text})
        except Exception as error:
            yield event(openai_error(500, message_of(error)))
            return
        for delta in self._annotated(pieces, speech.reply):
            yield self._chunk(delta)
        yield self._chunk({}, "stop")
        if self._body.stream_options and self._body.stream_options.include_usage:
            usage = self._usage("".join(piece.text for piece in pieces))
            yield event({**self._common, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        yield DONE

    @property
    def _open_webui(self) -> bool:
        return self._body.model == OPEN_WEBUI_MODEL

    def _annotated(self, pieces: list[Piece], reply: Reply) -> Iterator[dict[str, Any]]:
        """All citations at once. Open WebUI would list them a second time."""
        found = [self._annotation(mark, reply) for mark in marks(pieces)]
        if found and not self._open_webui:
            yield {"annotations": found}

    def _annotation(self, mark: Mark, reply: Reply) -> dict[str, Any]:
        return {"type": "url_citation", "url_citation": self._speaker.cited(mark, reply)}

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return event({**self._common, "object": "chat.completion.chunk", "choices": [choice]})

    def _usage(self, text: str) -> dict[str, int]:
        prompt = sum(token_count(turn.text) for turn in turns_of(self._body.messages))
        completion = token_count(text)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
