"""Which passages answer a question best: nearest vectors and most words in common first, the best of them ordered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qa.encoding.means import LanguageMeans
from qa.encoding.reranker import Reranker
from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.indexing.layout import Layout
from qa.records import Passage, Span
from qa.retrieval.duplicates import MOST_TOLD, distinct
from qa.retrieval.evidence import Judged
from qa.retrieval.highlights import highlights
from qa.retrieval.interaction import Interaction, Interactions, interactions
from qa.retrieval.lists import asks_for_several, items_after
from qa.retrieval.question import Question
from qa.retrieval.relevance import Scales, Similarities, Weights, relevance
from qa.retrieval.trace import phase
from qa.retrieval.wordings import Wordings

# Late interaction orders this many of each leg's best passages; all of them in a small corpus.
CANDIDATES = 50
# Of many passages the candidates are more alike: of those of both legs so many are looked at that are best by the legs
# themselves. On KazQAD that loses nothing.
MANY, COMPARED = 65_536, 64
# A reranker, where there is one, orders so many of the best anew.
RERANKED = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, how relevant it is and why; within its text, the words that make it so; and where other documents have
    the same.
    """

    position: int
    passage: Passage
    judged: Judged
    interaction: Interaction
    layout: Layout
    highlights: tuple[Span, ...]
    duplicates: tuple[Passage, ...] = ()

    @property
    def relevance(self) -> float:
        return self.judged.relevance

    @property
    def similarities(self) -> Similarities:
        return self.judged.similarities

    def best_sentence(self) -> Span:
        """The sentence of the passage whose own tokens the question's tokens match best."""
        sentences = self.passage.sentences
        if len(sentences) < 2:
            return sentences[0] if sentences else (0, len(self.passage.text))
        raw, centred = self.interaction.best_of(self.layout.sentences)
        return sentences[int(np.argmax(raw + centred))]


@dataclass(frozen=True, slots=True)
class Searcher:
    """Searches one generation; ``means`` and ``scales`` are those of the model that made its vectors.

    A ``reranker`` decides the order of the best passages alone: what is judged of each place stays what it was, since
    scores and confidence are calibrated for the search's own.
    """

    generation: Generation
    means: LanguageMeans
    weights: Weights
    scales: Scales
    reranker: Reranker | None = None
    candidates: int = CANDIDATES
    compared: int = COMPARED

    def search(self, question: Question, count: int, among: Positions | None = None) -> list[Found]:
        """The ``count`` most relevant passages, best first; ``among`` restricts them to some positions.

        Where the question asks for several things and the best passage introduces a list, the list's items
        follow it, in the order in which they are written. What several documents have is found once.
        """
        if among is not None and not len(among):
            return []
        with phase("search"):
            lexical = Wordings.of(self.generation, question)
            positions = self._candidates(question, lexical, max(self.candidates, count), among)
        with phase("interaction"):
            wanted = max(count, RERANKED) if self.reranker else count
            found = self._ordered(question, positions, lexical, wanted, self._most_compared(wanted))
        if self.reranker and found:
            with phase("rerank"):
                found = _reranked(self.reranker, question.text, found)
        if found and asks_for_several(question.text):
            found = self._with_list(question, found, lexical, count, among)
        return found[:count]

    def _with_list(
        self, question: Question, found: list[Found], lexical: Wordings, count: int, among: Positions | None
    ) -> list[Found]:
        """The best passage, the items of the list that it introduces, and the rest without their copies."""
        items = items_after(self.generation.passages, found[0].position)
        if among is not None:
            items = items[np.isin(items, among)]
        listed = sorted(self._ordered(question, items, lexical, count), key=lambda one: one.position)
        rest = [one for one in found[1:] if one.position not in items]
        together = [found[0], *listed, *rest]
        if not listed:
            return together
        before = {one.position: one.duplicates for one in found}
        kept = distinct(range(len(together)), lambda place: together[place].passage, len(together))
        return [
            replace(
                together[place],
                duplicates=(
                    *before.get(together[place].position, ()),
                    *(one for copy in copies for one in (together[copy].passage, *together[copy].duplicates)),
                )[:MOST_TOLD],
            )
            for place, copies in kept
        ]

    def best(self, question: Question) -> Judged | None:
        """What there is to the passage that `search` finds first, None where it finds none; no reranker changes it."""
        lexical = Wordings.of(self.generation, question)
        positions = self._candidates(question, lexical, self.candidates, None)
        judged = self._compared(question, positions, lexical, self._most_compared(1)).judged
        return max(judged, key=lambda one: one.relevance, default=None)

    def _most_compared(self, count: int) -> int | None:
        """How many candidates late interaction looks at where ``count`` passages are wanted; None: at all."""
        return max(self.compared, 2 * count) if len(self.generation.passages) >= MANY else None

    def _candidates(self, question: Question, lexical: Wordings, nearest: int, among: Positions | None) -> Positions:
        """The ``nearest`` passages by vector, and those with the most words in common."""
        by_vector = self.generation.dense.search(question.vector, nearest, among)[0]
        return np.union1d(by_vector, lexical.most(self.candidates, among))

    def _compared(
        self, question: Question, positions: Positions, lexical: Wordings, most: int | None = None
    ) -> _Compared:
        """Some passages, as they stand in the corpus, with all that makes them relevant; of more than ``most`` those
        that are best without late interaction.
        """
        if not len(positions):
            return _Compared(positions, [], None)
        body, headings = lexical.at(positions)
        generation = self.generation
        cosines = generation.dense.cosines(question.vector, positions)
        if most is not None and len(positions) > most:
            weights = self.weights
            early = weights.dense / self.scales.dense * cosines + weights.body * body + weights.headings * headings
            best = np.sort(np.argpartition(-early, most)[:most])
            positions, cosines, body, headings = positions[best], cosines[best], body[best], headings[best]
        tokens = generation.tokens.several(positions)
        languages = generation.passages.languages_of(positions)
        matched = interactions(question, tokens, languages, self.means)
        raw, centred, weakest = matched.best()
        columns = (cosines, raw, centred, body, headings)
        legs = [Similarities(*leg) for leg in zip(*(column.tolist() for column in columns), strict=True)]
        values = [relevance(similarities, self.weights, self.scales) for similarities in legs]
        return _Compared(positions, list(map(Judged, values, legs, weakest.tolist())), matched)

    def _ordered(
        self, question: Question, candidates: Positions, lexical: Wordings, count: int, most: int | None = None
    ) -> list[Found]:
        """The best of some passages by relevance; ``most`` as in `_compared`."""
        positions, judged, matched = self._compared(question, candidates, lexical, most)
        # Equal passages keep the order of the corpus, whatever order the legs returned them in.
        order = sorted(range(len(judged)), key=lambda place: (-judged[place].relevance, positions[place]))
        if matched is None:
            return []
        return [
            self._found(question, int(positions[place]), judged[place], matched[place], positions[list(copies)])
            for place, copies in self._without_copies(order, positions, count)
        ]

    def _without_copies(self, order: list[int], positions: Positions, count: int) -> list[tuple[int, tuple[int, ...]]]:
        """The first ``count`` places of an order, and those of the copies of each; within one document none is one."""
        if len(self.generation.documents) == 1:
            return [(place, ()) for place in order[:count]]
        passages = self.generation.passages
        return distinct(order, lambda place: passages[positions[place]], count)

    def _found(
        self,
        question: Question,
        position: int,
        judged: Judged,
        interaction: Interaction,
        copies: Positions,
    ) -> Found:
        passage, layout = self.generation.passages[position], self.generation.layout(position)
        return Found(
            position=position,
            passage=passage,
            judged=judged,
            interaction=interaction,
            layout=layout,
            highlights=highlights(question, passage.text, interaction, layout),
            duplicates=tuple(self.generation.passages[copy] for copy in copies.tolist()),
        )


class _Compared(NamedTuple):
    """Passages and a question, a row a passage; where there is no passage there is no interaction."""

    positions: Positions
    judged: list[Judged]
    interactions: Interactions | None


def _reranked(reranker: Reranker, question: str, found: list[Found]) -> list[Found]:
    best = found[:RERANKED]
    judged = reranker.scores(question, [one.passage.plain for one in best])
    order = np.argsort(-judged, kind="stable").tolist()
    again = [replace(best[place], judged=one.judged) for place, one in zip(order, best, strict=True)]
    return [*again, *found[RERANKED:]]
