"""Questions that mean something only after those before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.conversation.turns import Turn
from qa.retrieval.answerer import Answerer


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question that stands alone, and the language to reply in where its own words would not tell."""

    text: str
    language: str | None = None


def resolved(question: str, before: Sequence[Turn], answerer: Answerer) -> Resolved:
    """The question itself or, where it names nothing without them, together with what was asked before."""
    return Resolved(question)
