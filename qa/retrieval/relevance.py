"""How relevant a passage is to a question: five similarities, one number, and where in the passage it comes from.

The similarities are the cosine of the two whole texts; late interaction, over token vectors as they are and over
the same centred by language; and BM25 over the passage's own words and over its headings'. Late interaction (ColBERT's
MaxSim: Khattab and Zaharia, SIGIR 2020) is the mean over the question's tokens of the best cosine with a token of the
passage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from qa.encoding.encoder import Encoding, Floats, normalised
from qa.encoding.means import LanguageMeans
from qa.indexing.tokens import PassageTokens
from qa.language.words import words_of_tokens

# BM25 grows with the length of the question; it is taken per token, and short questions are not trusted more for it.
_SHORT_QUESTION = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question as search needs it; all rows have length one. ``vector`` and ``centred`` are centred by language.

    ``words``: the rows of each word's tokens.
    """

    text: str
    vector: Floats
    tokens: Floats
    centred: Floats
    words: tuple[slice, ...] = ()

    @classmethod
    def of(cls, text: str, encoding: Encoding, means: LanguageMeans, language: str | None) -> Question:
        own = means.centred_question(encoding, language)
        words = words_of_tokens(text, encoding.spans.tolist())
        return cls(text, own.vector, normalised(encoding.tokens), own.tokens, words)


@dataclass(frozen=True, slots=True)
class Interaction:
    """Cosines of each question token (rows) with each passage token (columns), as they are and centred."""

    raw: Floats
    centred: Floats

    def best(self, columns: slice | Sequence[int] = slice(None)) -> tuple[float, float]:
        """Both late interactions with some of the passage's tokens."""
        raw, centred = self.raw[:, columns], self.centred[:, columns]
        return (float(raw.max(axis=1).mean()), float(centred.max(axis=1).mean())) if raw.size else (-1.0, -1.0)


@dataclass(frozen=True, slots=True)
class Similarities:
    """The five similarities of a question and a passage; the lexical ones are BM25 per question token."""

    dense: float
    raw: float
    centred: float
    body: float
    headings: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What each similarity counts; those of the encoder in units of how much they vary (see `Scales`)."""

    dense: float
    raw: float
    centred: float
    body: float
    headings: float

    @classmethod
    @cache
    def shipped(cls) -> Weights:
        """The weights of ``fusion.json``, which `scripts/fit_fusion` writes."""
        return cls(**json.loads((files("qa.retrieval") / "fusion.json").read_text(encoding="utf-8"))["weights"])


@dataclass(frozen=True, slots=True)
class Scales:
    """How much a model's similarities vary from passage to passage for one question: mean standard deviations."""

    dense: float
    raw: float
    centred: float


def relevance(found: Similarities, weights: Weights, scales: Scales) -> float:
    """One number; higher is better. A leg that finds nothing adds nothing."""
    return (
        weights.dense * found.dense / scales.dense
        + weights.raw * found.raw / scales.raw
        + weights.centred * found.centred / scales.centred
        + weights.body * found.body
        + weights.headings * found.headings
    )


def per_token(scores: Floats, question: Question) -> Floats:
    """BM25 scores per token of the question."""
    return scores / np.float32(len(question.tokens) + _SHORT_QUESTION)


def interactions(
    question: Question, passages: Sequence[PassageTokens], languages: Sequence[str | None], means: LanguageMeans
) -> list[Interaction]:
    """The question's late interaction with each passage, centred by the passages' languages."""
    vectors = np.concatenate([passage.vectors for passage in passages])
    scales = np.concatenate([passage.scales for passage in passages])
    mean_of = {language: means.passage_tokens(language) for language in dict.fromkeys(languages)}
    row_of = {language: 2 * len(question.tokens) + row for row, language in enumerate(mean_of)}
    rows = np.concatenate([question.tokens, question.centred, np.stack(list(mean_of.values()))])
    # One product for everything; a centred cosine follows from it without centring each token:
    # q·(t - m) / |t - m|, where |t - m|² = 1 - 2 t·m + |m|² for a token of length one.
    products = (rows @ vectors.astype(np.float32).T) * scales
    count = len(question.tokens)
    found, start = [], 0
    for passage, language in zip(passages, languages, strict=True):
        mean = mean_of[language]
        columns = slice(start, start + len(passage.vectors))
        start = columns.stop
        along = products[row_of[language], columns]
        length = np.sqrt(np.maximum(1 - 2 * along + mean @ mean, 1e-12))
        centred = (products[count : 2 * count, columns] - (question.centred @ mean)[:, None]) / length
        found.append(Interaction(products[:count, columns], centred))
    return found
