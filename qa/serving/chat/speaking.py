"""What the chat protocols share: messages in, a reply and its sources out."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple

from anyio.to_thread import run_sync
from fastapi import Depends, HTTPException, Request
from pydantic import BaseModel, Field, field_validator

from qa.conversation.conversation import Conversation
from qa.conversation.markdown import link
from qa.conversation.reply import Mark, Piece, Reply
from qa.conversation.turns import Turn, question_of
from qa.records import Citation, Hit
from qa.retrieval.answerer import Answerer
from qa.serving.links import Links
from qa.serving.listening import Listening, UnansweredPart
from qa.serving.parts import AnswererPart, SettingsPart
from qa.serving.schemas import DEFAULT_TOP_K, LONGEST_QUESTION
from qa.serving.synthesis.language_model import Gone, LanguageModel
from qa.serving.synthesis.writing import synthesised
from qa.serving.unanswered import Nowhere, Unanswered
from qa.settings import Settings

# What the service is called where a protocol wants a model: the second one sends sources as Open WebUI keeps them.
MODEL, OPEN_WEBUI_MODEL = "suraq", "suraq-openwebui"
DONE = "data: [DONE]\n\n"  # how a stream of events ends
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_TOKEN = re.compile(r"\w+|[^\w\s]")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


class ProtocolError(HTTPException):
    """An error that the protocol has a ``code`` for."""

    def __init__(self, status: int, detail: str, code: str) -> None:
        super().__init__(status, detail)
        self.code = code


class Speech(NamedTuple):
    """A reply, and its text piece by piece as it is spoken."""

    reply: Reply
    pieces: AsyncIterator[Piece]


class Speaker(NamedTuple):
    """Replies in the name of one request; links begin with ``base_url``, ``gone`` returns when nobody waits for it.

    ``searched`` is called once the search is done: what a language model takes after that, it takes elsewhere.
    """

    answerer: Answerer
    settings: Settings
    base_url: str
    gone: Gone | None = None
    unanswered: Unanswered = Nowhere()
    searched: Callable[[], None] | None = None

    @property
    def listening(self) -> Listening:
        """The answerer for what somebody searches, without a conversation around it."""
        return Listening.of(self.answerer, self.unanswered)

    async def speak(self, turns: Sequence[Turn], *, numbered: bool = False) -> Speech:
        """Reply to a conversation. Sources are marked by links, and listed at the end; ``numbered``: by ``[1]`` alone.

        An answer is written by the language model, if one is set.

        Raises:
            TurnError: the user said nothing.
            ProtocolError: the question is longer than is read.
        """
        question, _ = question_of(turns)
        if len(question) > LONGEST_QUESTION:
            raise ProtocolError(
                422,
                f"the question has {len(question)} characters; at most {LONGEST_QUESTION} are read: ask a shorter one",
                "string_above_max_length",
            )
        marker, closing = (number_of, None) if numbered else (self.link_of, self.listing_of)
        compose = partial(Conversation(self.answerer).reply, turns, DEFAULT_TOP_K, marker, closing)
        reply = await run_sync(compose)
        if reply.answer is not None:
            self.unanswered.note(reply.answer)
        if self.searched is not None:
            self.searched()
        model = LanguageModel.of(self.settings) if reply.kind == "answer" else None
        if model is not None:
            return Speech(reply, synthesised(reply, model, marker, closing, self.gone))
        return Speech(reply, _spoken(reply))

    def url_of(self, citation: Citation) -> str:
        return Links.of(self.base_url, self.settings).passage(citation)

    def cited(self, mark: Mark, reply: Reply) -> dict[str, Any]:
        """What a marker in the text cites, as OpenAI's protocols tell of it."""
        citation = reply.sources[mark.source].citation
        return {
            "start_index": mark.start,
            "end_index": mark.end,
            "url": self.url_of(citation),
            "title": title_of(citation),
        }

    def link_of(self, _number: int, hit: Hit) -> str:
        return link(hit.citation.label, self.url_of(hit.citation))

    def listing_of(self, _number: int, hit: Hit) -> str:
        return link(title_of(hit.citation), self.url_of(hit.citation))


async def _spoken(reply: Reply) -> AsyncIterator[Piece]:
    for piece in reply.pieces:
        yield piece


async def speaker_of(
    request: Request, answerer: AnswererPart, settings: SettingsPart, unanswered: UnansweredPart
) -> Speaker:
    return Speaker(
        answerer,
        settings,
        base_url_of(request, settings),
        partial(_gone, request),
        unanswered,
        getattr(request.state, "give_turn_back", None),
    )


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


SpeakerPart = Annotated[Speaker, Depends(speaker_of)]


def base_url_of(request: Request, settings: Settings) -> str:
    """What absolute links begin with: QA_BASE_URL, else the address that the request was sent to."""
    return settings.base_url or str(request.base_url).rstrip("/")


def number_of(number: int, _hit: Hit) -> str:
    return f"[{number}]"


def title_of(citation: Citation) -> str:
    # A document without sections is cited by its title alone.
    return citation.label if citation.label == citation.title else f"{citation.label} — {citation.title}"


class Message(BaseModel):
    """A message as most protocols send it; ``content`` is a text, or parts of which those with text count."""

    role: str
    content: str = Field("", description="a text, or a list of parts")

    @field_validator("content", mode="before")
    @classmethod
    def _text(cls, value: object) -> str:
        if isinstance(value, list) and all(isinstance(part, dict) for part in value):
            texts = [part.get("text") for part in value]
            value = "\n".join(text for text in texts if isinstance(text, str))
        text = "" if value is None else value
        if not isinstance(text, str):
            raise ValueError("send a text, or a list of parts that are objects")
        if _HALF_CHARACTER.search(text):
            raise ValueError("the text holds half of a character, a lone surrogate, which no text can; leave it out")
        return text

    def turns(self) -> list[Turn]:
        return turns_by(self.role, self.content)


def turns_by(role: str, text: str) -> list[Turn]:
    """One turn, or none for a role whose words are no part of the conversation."""
    return [Turn("user" if role == "user" else "assistant", text)] if role in ("user", "assistant") else []


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    return [turn for message in messages for turn in message.turns()]


def event(data: Mapping[str, Any]) -> str:
    """A server-sent event without a name."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def token_count(text: str) -> int:
    """About how many tokens a text has: its words and signs. No model charges for them here."""
    return len(_TOKEN.findall(text))
