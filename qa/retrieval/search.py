"""Which passages answer a question best: nearest vectors first, the best of them ordered by relevance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.encoding.means import LanguageMeans
from qa.indexing.generation import Generation
from qa.records import Passage, Span
from qa.retrieval.relevance import Interaction, Question, interactions, relevance

# Late interaction orders this many of the nearest passages; all of them in a small corpus.
CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, how relevant it is, and the sentence of it (within its text) that is most so."""

    passage: Passage
    relevance: float
    sentence: Span


def search(
    generation: Generation, means: LanguageMeans, question: Question, count: int, documents: Sequence[str] | None = None
) -> list[Found]:
    """The ``count`` most relevant passages, best first; ``documents`` restricts them to some ids.

    Raises:
        UnknownDocumentError: one of the ids is not in the generation.
    """
    among = generation.positions(documents) if documents else None
    positions, cosines = generation.dense.search(question.vector, max(CANDIDATES, count), among)
    if not len(positions):
        return []
    passages = [generation.passages[position] for position in positions]
    tokens = [generation.tokens.passage(int(position)) for position in positions]
    languages = [generation.documents[passage.document].language for passage in passages]
    found = interactions(question, tokens, [means.passage_tokens(language) for language in languages])
    values = np.asarray(list(map(relevance, cosines.tolist(), found)))
    # Equal passages keep the order of the corpus, whatever order FAISS returned them in.
    order = np.lexsort((positions, -values))[:count]
    return [
        Found(passages[place], float(values[place]), best_sentence(passages[place], found[place], tokens[place].spans))
        for place in order
    ]


def best_sentence(passage: Passage, interaction: Interaction, spans: np.ndarray) -> Span:
    """The sentence of a passage whose own tokens the question's tokens match best."""
    if len(passage.sentences) < 2:
        return passage.sentences[0] if passage.sentences else (0, len(passage.text))
    middles = spans.mean(axis=1)
    inside = [np.flatnonzero((middles >= start) & (middles < end)) for start, end in passage.sentences]
    scores = [interaction.best(columns.tolist()) for columns in inside]
    return passage.sentences[int(np.argmax(scores))]
