"""An answerer for what people ask, which tells of each question that it could not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from qa.records import Answer
from qa.retrieval.answerer import Answerer
from qa.retrieval.selection import Selection
from qa.serving.parts import AnswererPart
from qa.serving.unanswered import Nowhere, Unanswered


@dataclass(frozen=True)
class Listening(Answerer):
    """Answers as an answerer does, and notes what was not answered.

    What the service asks itself, to try a follow-up or a suggestion, goes to a plain `Answerer`.
    """

    unanswered: Unanswered = field(default_factory=Nowhere)

    @classmethod
    def of(cls, answerer: Answerer, unanswered: Unanswered) -> Listening:
        own = cls(answerer.generation, answerer.model, answerer.calibration, answerer.reranker, unanswered)
        for kept in ("answers", "selected"):  # of the same generation, so they may share what they keep
            object.__setattr__(own, kept, getattr(answerer, kept))
        return own

    def answer(self, question: str, top_k: int, among: Selection | Sequence[str] | None = None) -> Answer:
        answer = super().answer(question, top_k, among)
        self.unanswered.note(answer)
        return answer


async def unanswered_part_of(request: Request) -> Unanswered:
    unanswered: Unanswered = request.app.state.unanswered
    return unanswered


UnansweredPart = Annotated[Unanswered, Depends(unanswered_part_of)]


async def listening_of(answerer: AnswererPart, unanswered: UnansweredPart) -> Listening:
    return Listening.of(answerer, unanswered)


ListeningPart = Annotated[Listening, Depends(listening_of)]
