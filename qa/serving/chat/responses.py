"""``/v1/responses``: OpenAI's newer chat protocol. It is spoken without memory: nothing that was said is kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, BeforeValidator, field_validator

from qa.conversation.reply import Mark, Piece, Reply, marks
from qa.serving.chat.models import check_model_name
from qa.serving.chat.speaking import (
    SSE_HEADERS,
    Message,
    Speaker,
    SpeakerPart,
    Speech,
    event,
    token_count,
    turns_of,
)
from qa.serving.parts import require_json
from qa.serving.problems import message_of

router = APIRouter(prefix="/v1", tags=["chat"])

_IN_PART = {"output_index": 0, "content_index": 0}


def _messages(value: object) -> object:
    """The messages of ``input``; an item that is none keeps its place, so that an error counts as the sender does."""
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    if not isinstance(value, list):
        raise ValueError("send a text or a list of items")
    return [_message(item) if isinstance(item, dict) else item for item in value]


def _message(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type") or "message"
    return item if kind == "message" else {"role": str(kind)}


class ResponseRequest(BaseModel):
    """What is not named here (instructions, tools, …) is accepted and ignored."""

    model: str
    input: Annotated[list[Message], BeforeValidator(_messages)]
    stream: bool | None = False
    previous_response_id: Any = None
    conversation: Any = None
    background: Any = None

    # Whoever sends one of these leaves out of the input what was said before, or will ask for the reply later.
    @field_validator("previous_response_id", "conversation", "background")
    @classmethod
    def _nothing_is_kept(cls, value: object) -> object:
        if value:
            raise ValueError("this service keeps no responses; leave it out, and send all that was said as the input")
        return value


@router.post("/responses", dependencies=[Depends(require_json)], response_model=None)
async def responses(body: ResponseRequest, speaker: SpeakerPart) -> Response:
    """Reply to a conversation; the question is the user's last message."""
    check_model_name(body.model)
    response = _Response(body, speaker)
    # Links for Open WebUI too: the events that its numbers refer to exist in chat completions only.
    speech = await speaker.speak(turns_of(body.input))
    if body.stream:
        return StreamingResponse(response.events(speech), media_type="text/event-stream", headers=SSE_HEADERS)
    return JSONResponse(response.completed([piece async for piece in speech.pieces], speech.reply))


class _Response:
    """One reply in the forms of the protocol."""

    def __init__(self, body: ResponseRequest, speaker: Speaker) -> None:
        self._body, self._speaker = body, speaker
        self._id, self._item_id = f"resp_{secrets.token_hex(12)}", f"msg_{secrets.token_hex(12)}"
        self._created_at = int(time.time())
        self._numbers = count()

    def completed(self, pieces: list[Piece], reply: Reply) -> dict[str, Any]:
        text = "".join(piece.text for piece in pieces)
        annotations = [self._annotation(mark, reply) for mark in marks(pieces)]
        return self._whole("completed", [self._item("completed", [_part(text, annotations)])], usage=self._usage(text))

    async def events(self, speech: Speech) -> AsyncIterator[str]:
        pieces: list[Piece] = []
        yield self._event("response.created", response=self._whole("in_progress"))
        yield self._event("response.in_progress", response=self._whole("in_progress"))
        yield self._event("response.output_item.added", output_index=0, item=self._item("in_progress", []))
        yield self._event("response.content_part.added", **self._place, part=_part("", []))
        try:
            async for piece in speech.pieces:
                pieces.append(piece)
                for one in self._spoken(pieces, speech.reply):
                    yield one
        except Exception as error:
            for one in self._failed(message_of(error)):
                yield one
            return
        for one in self._ended(pieces, speech.reply):
            yield one

    def _spoken(self, pieces: list[Piece], reply: Reply) -> list[str]:
        """The last piece and, where it is the marker of a source, the citation."""
        text, source = pieces[-1]
        events = [self._event("response.output_text.delta", **self._place, delta=text, logprobs=[])]
        if source is not None:
            found = marks(pieces)
            annotation = self._annotation(found[-1], reply)
            events.append(
                self._event(
                    "response.output_text.annotation.added",
                    **self._place,
                    annotation_index=len(found) - 1,
                    annotation=annotation,
                )
            )
        return events

    def _ended(self, pieces: list[Piece], reply: Reply) -> list[str]:
        whole = self.completed(pieces, reply)
        (item,) = whole["output"]
        (part,) = item["content"]
        return [
            self._event("response.output_text.done", **self._place, text=part["text"], logprobs=[]),
            self._event("response.content_part.done", **self._place, part=part),
            self._event("response.output_item.done", output_index=0, item=item),
            self._event("response.completed", response=whole),
        ]

    def _failed(self, message: str) -> list[str]:
        """Both events that tell of it, since some clients look for one of them only."""
        whole = self._whole("failed", error={"code": "server_error", "message": message})
        return [
            self._event("error", code="server_error", message=message, param=None),
            self._event("response.failed", response=whole),
        ]

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": self._item_id, **_IN_PART}

    def _whole(
        self,
        status: str,
        output: list[dict[str, Any]] | None = None,
        *,
        error: dict[str, str] | None = None,
        usage: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created_at,
            "status": status,
            "model": self._body.model,
            "output": output or [],
            "error": error,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "store": False,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "usage": usage,
        }

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self._item_id, "type": "message", "role": "assistant", "status": status, "content": content}

    def _annotation(self, mark: Mark, reply: Reply) -> dict[str, Any]:
        return {"type": "url_citation", **self._speaker.cited(mark, reply)}

    def _usage(self, text: str) -> dict[str, Any]:
        asked, replied = sum(token_count(turn.text) for turn in turns_of(self._body.input)), token_count(text)
        return {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": replied,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + replied,
        }

    def _event(self, kind: str, **more: Any) -> str:
        data = {"type": kind, "sequence_number": next(self._numbers), **more}
        return f"event: {kind}\n{event(data)}"


def _part(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
