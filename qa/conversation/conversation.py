"""From what was said to what is replied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from qa.conversation.followups import resolved
from qa.conversation.markdown import one_line
from qa.conversation.phrases import Phrases
from qa.conversation.reply import Marker, Piece, Reply, compose
from qa.conversation.smalltalk import Courtesy, courtesy
from qa.conversation.suggestions import suggestions
from qa.conversation.turns import Turn, question_of
from qa.records import Answer
from qa.retrieval.answerer import Answerer
from qa.retrieval.selection import Selection

_SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Conversation:
    """Replies as the corpus answers. It remembers nothing: whoever asks sends what was said before."""

    answerer: Answerer

    def reply(
        self,
        turns: Sequence[Turn],
        top_k: int,
        marker: Marker,
        closing: Marker | None = None,
        among: Selection | Sequence[str] | None = None,
    ) -> Reply:
        """The reply to the last turn of the user; ``marker`` and ``closing`` as in `compose`.

        Raises:
            TurnError: the user said nothing.
            UnknownDocumentError: a document or folder of ``among`` is not in the generation.
        """
        said, before = question_of(turns)
        found = courtesy(said)
        if found is not None:
            return self._courteous(found)
        question = resolved(said, before, self.answerer)
        answer = self.answerer.answer(question.text, top_k, among)
        phrases = Phrases.for_reader(said, question.language or answer.language)
        return compose(answer, phrases, marker, closing)

    def answer(
        self, question: str, earlier: Sequence[str], top_k: int, among: Selection | Sequence[str] | None = None
    ) -> Answer:
        """The answer to a question after the questions ``earlier``; its ``interpreted_as`` tells how it was read.

        Raises:
            UnknownDocumentError: a document or folder of ``among`` is not in the generation.
        """
        if not earlier:
            return self.answerer.answer(question, top_k, among)
        read = resolved(question, [Turn("user", one) for one in earlier], self.answerer)
        answer = self.answerer.answer(read.text, top_k, among)
        return replace(answer, question=question, language=read.language or answer.language)

    def _courteous(self, found: Courtesy) -> Reply:
        phrases = Phrases.of(found.language)
        generation = self.answerer.generation
        some = islice(generation.documents.summaries(), _SUGGESTED)
        titles = ", ".join(f"«{one_line(document.about.title)}»" for document in some)
        opening = phrases.thanked if found.kind == "thanks" else phrases.welcome.format(titles=titles)
        asked = "".join(f"\n- {one_line(question)}" for question in suggestions(self.answerer, phrases, _SUGGESTED))
        told = f"{opening}\n\n{phrases.suggest}\n{asked}\n" if asked else f"{opening}\n"
        return Reply(found.kind, phrases.language, None, (Piece(told),))
