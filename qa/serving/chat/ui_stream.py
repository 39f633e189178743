"""``/chat/ui``: the UI message stream of Vercel's AI SDK, as its ``useChat`` reads it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Discriminator, Field, Tag

from qa.conversation.turns import Turn
from qa.serving.chat.speaking import DONE, SSE_HEADERS, Speaker, SpeakerPart, Speech, event, title_of, turns_by
from qa.serving.parts import require_json
from qa.serving.problems import message_of
from qa.serving.schemas import HitBody

router = APIRouter(prefix="/chat", tags=["chat"])
_HEADERS = {**SSE_HEADERS, "X-Vercel-AI-UI-Message-Stream": "v1"}
# A reply has one stretch of text, so any name does.
_TEXT = "text"


class TextPart(BaseModel):
    type: Literal["text"]
    # Of any length: but only where there is a limit does pydantic refuse halves of characters, which nothing can read.
    text: str = Field(min_length=0)


class OtherPart(BaseModel):
    """A file, a source, data, …: no words of the conversation, whatever else it holds."""

    type: str


def _kind_of(part: object) -> str:
    kind = part.get("type") if isinstance(part, dict) else getattr(part, "type", None)
    return "text" if kind == "text" else "other"


Part = Annotated[
    Annotated[TextPart, Tag("text")] | Annotated[OtherPart, Tag("other")],
    Discriminator(_kind_of),
]


class UIMessage(BaseModel):
    role: str
    parts: list[Part]

    def turns(self) -> list[Turn]:
        return turns_by(self.role, "\n".join(part.text for part in self.parts if isinstance(part, TextPart)))


class UIRequest(BaseModel):
    """What is not named here (the chat's id, the trigger, a page's own fields) is accepted and ignored."""

    messages: list[UIMessage] = Field(min_length=1)


@router.post("/ui", dependencies=[Depends(require_json)], response_class=StreamingResponse)
async def chat_ui(body: UIRequest, speaker: SpeakerPart) -> StreamingResponse:
    """Reply to a conversation of the AI SDK; the question is the user's last message."""
    speech = await speaker.speak([turn for message in body.messages for turn in message.turns()])
    return StreamingResponse(_events(speech, speaker), media_type="text/event-stream", headers=_HEADERS)


async def _events(speech: Speech, speaker: Speaker) -> AsyncIterator[str]:
    try:
        async for part in _parts(speech, speaker):
            yield event(part)
    except Exception as error:
        yield event({"type": "error", "errorText": message_of(error)})
    yield DONE


async def _parts(speech: Speech, speaker: Speaker) -> AsyncIterator[dict[str, Any]]:
    yield {"type": "start", "messageId": f"msg-{secrets.token_hex(12)}"}
    for part in _sources(speech, speaker):
        yield part
    yield {"type": "text-start", "id": _TEXT}
    async for piece in speech.pieces:
        yield {"type": "text-delta", "id": _TEXT, "delta": piece.text}
    yield {"type": "text-end", "id": _TEXT}
    # No reason for the end: the AI SDK refused one before its version 6.
    yield {"type": "finish"}


def _sources(speech: Speech, speaker: Speaker) -> Iterator[dict[str, Any]]:
    """Each source as the AI SDK lists it, then its passage as ``/ask`` gives it, under the same id."""
    for hit in speech.reply.sources:
        citation, id_ = hit.citation, hit.passage.id
        yield {"type": "source-url", "sourceId": id_, "url": speaker.url_of(citation), "title": title_of(citation)}
        passage = HitBody.of_hit(hit, speaker.base_url).model_dump(mode="json")
        yield {"type": "data-passage", "id": id_, "data": passage}
