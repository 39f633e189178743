"""How relevant a passage is to a question: one number, and where in the passage it comes from.

Three similarities count alike: the cosine of the two whole texts, and late interaction twice, over token vectors
as they are and over the same centred by language. Late interaction (ColBERT's MaxSim: Khattab and Zaharia, SIGIR
2020) is the mean over the question's tokens of the best cosine with a token of the passage. All lie in -1 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.encoding.encoder import Encoding, Floats, normalised
from qa.encoding.means import LanguageMeans
from qa.indexing.tokens import PassageTokens


@dataclass(frozen=True, slots=True)
class Question:
    """A question as search needs it; all rows have length one. ``vector`` and ``centred`` are centred."""

    vector: Floats
    tokens: Floats
    centred: Floats

    @classmethod
    def of(cls, encoding: Encoding, means: LanguageMeans, language: str | None) -> Question:
        own = means.centred_question(encoding, language)
        return cls(own.vector, normalised(encoding.tokens), own.tokens)


@dataclass(frozen=True, slots=True)
class Interaction:
    """Cosines of each question token (rows) with each passage token (columns), as they are and centred."""

    raw: Floats
    centred: Floats

    def best(self, columns: slice | Sequence[int] = slice(None)) -> float:
        """The sum of both late interactions with some of the passage's tokens."""
        raw, centred = self.raw[:, columns], self.centred[:, columns]
        return float(raw.max(axis=1).mean() + centred.max(axis=1).mean()) if raw.size else -2.0


def interactions(question: Question, passages: Sequence[PassageTokens], means: Sequence[Floats]) -> list[Interaction]:
    """The question's late interaction with each passage; ``means`` are the token means of their languages."""
    vectors = np.concatenate([passage.vectors for passage in passages])
    distinct = {id(mean): mean for mean in means}
    rows = np.concatenate([question.tokens, question.centred, np.stack(list(distinct.values()))])
    # One product for everything; a centred cosine follows from it without centring each token:
    # q·(t - m) / |t - m|, where |t - m|² = |t|² - 2 t·m + |m|².
    products = rows @ vectors.T
    squares = np.einsum("ij,ij->i", vectors, vectors)
    count = len(question.tokens)
    found, start = [], 0
    for passage, mean in zip(passages, means, strict=True):
        columns = slice(start, start + len(passage.vectors))
        start = columns.stop
        along = products[2 * count + list(distinct).index(id(mean)), columns]
        length = np.sqrt(np.maximum(squares[columns] - 2 * along + mean @ mean, 1e-12))
        centred = (products[count : 2 * count, columns] - (question.centred @ mean)[:, None]) / length
        found.append(Interaction(products[:count, columns], centred))
    return found


def relevance(cosine: float, interaction: Interaction) -> float:
    """One number out of the three similarities."""
    return (cosine + interaction.best()) / 3
