"""Which passages answer a question best: nearest vectors and most words in common first, the best of them ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.encoding.encoder import Integers
from qa.encoding.means import LanguageMeans
from qa.indexing.dense import Positions
from qa.indexing.generation import Generation
from qa.records import Passage, Span
from qa.retrieval.relevance import (
    Interaction,
    Question,
    Scales,
    Similarities,
    Weights,
    interactions,
    per_token,
    relevance,
)

# Late interaction orders this many of each leg's best passages; all of them in a small corpus.
CANDIDATES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A passage, how relevant it is and why, and the sentence of it (within its text) that is most so."""

    passage: Passage
    relevance: float
    similarities: Similarities
    sentence: Span


def search(
    generation: Generation,
    means: LanguageMeans,
    question: Question,
    weights: Weights,
    scales: Scales,
    count: int,
    documents: Sequence[str] | None = None,
) -> list[Found]:
    """The ``count`` most relevant passages, best first; ``documents`` restricts them to some ids.

    Raises:
        UnknownDocumentError: one of the ids is not in the generation.
    """
    among = generation.positions(documents) if documents else None
    body, headings = (per_token(scores, question) for scores in generation.lexical.scores(question.text))
    nearest = generation.dense.search(question.vector, max(CANDIDATES, count), among)[0]
    positions = np.union1d(nearest, _most_words(body, among))
    if not len(positions):
        return []
    cosines = generation.dense.cosines(question.vector, positions)
    tokens = [generation.tokens.passage(int(position)) for position in positions]
    passages = [generation.passages[position] for position in positions]
    languages = [generation.documents[passage.document].language for passage in passages]
    matched = interactions(question, tokens, languages, means)
    legs = [
        Similarities(float(cosine), *interaction.best(), float(body[position]), float(headings[position]))
        for cosine, interaction, position in zip(cosines, matched, positions, strict=True)
    ]
    values = [relevance(similarities, weights, scales) for similarities in legs]
    # Equal passages keep the order of the corpus, whatever order the legs returned them in.
    order = sorted(range(len(values)), key=lambda place: (-values[place], positions[place]))
    return [
        Found(
            passage=passages[place],
            relevance=values[place],
            similarities=legs[place],
            sentence=best_sentence(passages[place], matched[place], tokens[place].spans),
        )
        for place in order[:count]
    ]


def _most_words(scores: np.ndarray, among: Positions | None) -> Positions:
    """The passages with the highest lexical scores that are above nothing."""
    pool = np.arange(len(scores)) if among is None else among
    pool = pool[scores[pool] > 0]
    if len(pool) > CANDIDATES:
        pool = pool[np.argpartition(-scores[pool], CANDIDATES)[:CANDIDATES]]
    return pool.astype(np.int64)


def best_sentence(passage: Passage, interaction: Interaction, spans: Integers) -> Span:
    """The sentence of a passage whose own tokens the question's tokens match best."""
    if len(passage.sentences) < 2:
        return passage.sentences[0] if passage.sentences else (0, len(passage.text))
    middles = spans.mean(axis=1)
    inside = [np.flatnonzero((middles >= start) & (middles < end)) for start, end in passage.sentences]
    scores = [sum(interaction.best(columns.tolist())) for columns in inside]
    return passage.sentences[int(np.argmax(scores))]
